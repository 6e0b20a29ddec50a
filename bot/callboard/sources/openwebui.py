"""Models that are described in Open WebUI.

An administrator's token lists all records in one request. Another person's lists, in pages, only what that
person may use, and of that only what has a base model: such a listing is never complete. ``/api/models`` is
of no use, since it lists what is connected at the moment. ``openwebui_records`` says what becomes what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from callboard.config import RemoteSettings
from callboard.http import Client, HttpProblem
from callboard.model import Endpoint, Listing, Model
from callboard.sources import openwebui_records as records
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, id_in
from callboard.sources.remote import as_problem, never_raising, open_client
from callboard.sources.without_credentials import ask_without_credentials

_ALL = "/api/v1/models/all"
_LIST = "/api/v1/models/list"
_OPENAI = "/api"
_LIVE = f"{_OPENAI}/models"
_LARGEST_LIST = 32 * 1024 * 1024  # records may hold pictures
_MOST_PAGES = 1000
_FAILED_READS = 3  # in a row, until no more people are asked for


class Settings(RemoteSettings):
    """An Open WebUI. ``url`` is its address, ``token`` a person's API key or session token."""

    type: Literal["openwebui"] = "openwebui"


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell."""
    with open_client(settings, context.folder) as client:
        return _Reading(settings, context, f"{client.base_url}{_ALL}", client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    people: dict[str, str | None] = field(default_factory=dict)
    """Id to e-mail address, or name."""
    failed_reads: int = 0

    def listing(self) -> Listing:
        described: dict[str, records.Described] = {}
        for record in self.wanted(records.Described, self._entries(), _ALL, _id):
            described.setdefault(record.id, record)
        if self.complete and not self.answered:
            self.incomplete(
                "the server has no records of models at all",
                hint="if people have described models there, check the address; if not, ignore this",
            )
        endpoint = self._endpoint() if described else None
        models: list[Model] = []
        for name in sorted(described.keys() - self.unread):
            assert endpoint is not None
            said = described[name]
            try:
                model = records.model_of(self.settings.name, said, self._owner(said), endpoint)
                models.append(with_provenance(model))
            except ValueError as error:
                self.bad(error, _ALL, name)
            self.context.progress(len(models))
        return self.listing_of(models)

    def _entries(self) -> Iterator[Any]:
        """The records. Raises HttpProblem, also for a list that does not end."""
        try:
            answer = self.client.get(_ALL, limit=_LARGEST_LIST).json()
        except HttpProblem as error:
            # Open WebUI answers 401 both for a wrong token and for one that is not an administrator's.
            if error.kind not in ("unauthorized", "forbidden"):
                raise
            yield from self._shared()
            self.incomplete(
                "the token is not an administrator's: only assistants that it may use were listed",
                hint="give an administrator's API key, so that what is gone can be told from what is hidden",
            )
            return
        if not isinstance(answer, list):
            raise HttpProblem("bad-answer", "the answer is not a list of models", where=_ALL)
        yield from answer

    def _shared(self) -> Iterator[Any]:
        """What the person of the token may use: pages by offset, which move when somebody adds a model."""
        seen: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            answer = self.client.get(_LIST, {"page": page}, limit=_LARGEST_LIST).json()
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise HttpProblem("bad-answer", "the answer holds no list of models", where=_LIST)
            fresh = [said for said in items if not (isinstance(said, dict) and str(said.get("id")) in seen)]
            yield from fresh
            seen.update(str(said.get("id")) for said in items if isinstance(said, dict))
            total = answer.get("total")
            if not fresh or (isinstance(total, int) and len(seen) >= total):
                return
        raise HttpProblem("bad-answer", "the list of pages does not end", where=_LIST)

    def _endpoint(self) -> Endpoint:
        """Open WebUI passes requests on, in OpenAI's form. Whether the model behind is up is not said."""
        url = f"{self.client.base_url}{_OPENAI}"
        reply = ask_without_credentials(self.settings, self.context.folder, self.client, _LIVE)
        needs_key = {"open": False, "needs key": True}.get(reply)
        if needs_key is None:
            known = (one for model in self.context.known.values() for one in model.endpoints)
            needs_key = next((one.needs_key for one in known if one.url == url), None)
        return Endpoint(url=url, protocol="openai-v1", needs_key=needs_key)

    def _owner(self, said: records.Described) -> str | None:
        """Who made the record: an e-mail address, or a name. None where they are gone."""
        if said.user_id is None:
            return None
        if said.user_id not in self.people:
            path = f"/api/v1/users/{said.user_id}/info"
            try:
                if self.failed_reads >= _FAILED_READS:
                    return self._known_owner(said.id)
                answer = self.client.get_json(path)
            except HttpProblem as error:
                if error.kind not in ("unreachable", "timeout", "rate-limited", "server-error"):
                    self.people[said.user_id] = None
                    return None
                self.failed_reads += 1
                problem = as_problem(self.settings.name, error, model=said.id, doing="asking who made it")
                self.problems.append(problem.model_copy(update={"severity": "warning"}))
                return self._known_owner(said.id)
            self.failed_reads = 0
            answer = answer if isinstance(answer, dict) else {}
            words = (answer.get(key) for key in ("email", "name"))
            self.people[said.user_id] = next((word for word in words if isinstance(word, str) and word), None)
        return self.people[said.user_id]

    def _known_owner(self, name: str) -> str | None:
        known = self.context.known.get(name)
        return known.owner if known else None


def _id(said: Any) -> str | None:
    return id_in(said, records.ID, records.LONGEST_ID)
