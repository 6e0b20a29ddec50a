"""Models behind any gateway that speaks OpenAI's API: vLLM, LiteLLM, llama.cpp and others.

One request lists them; LiteLLM's ``/model/info``, where it is there, says more of each in one further
request. Whether a key is needed is found by asking without one, for the list and, since llama.cpp lists its
models to everybody, by a GET of ``/chat/completions``, which nothing can come of. ``openai_records`` says
what becomes what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from callboard.config import RemoteSettings
from callboard.http import Client, HttpProblem
from callboard.model import Endpoint, Listing, Model
from callboard.sources import openai_records as records
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, id_in
from callboard.sources.remote import as_problem, never_raising, open_client
from callboard.sources.without_credentials import ask_without_credentials, has_credentials

_MODELS = "/models"
_INFO = "/model/info"
_CHAT = "/chat/completions"
_LARGEST_LIST = 16 * 1024 * 1024
_PASSING = frozenset({"unreachable", "timeout", "rate-limited", "server-error"})


class Settings(RemoteSettings):
    """A gateway. ``url`` is where its API begins, usually with ``/v1`` at its end."""

    type: Literal["openai"] = "openai"


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell."""
    with open_client(settings, context.folder) as client:
        return _Reading(settings, context, f"{client.base_url}{_MODELS}", client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    capabilities: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def listing(self) -> Listing:
        listed = self._listed()
        deployments = self._deployments(listed) if listed else {}
        endpoint = self._endpoint() if listed else None
        models: list[Model] = []
        for name in sorted(listed.keys() - self.unread):
            assert endpoint is not None
            try:
                model = records.model_of(
                    self.settings.name,
                    listed[name],
                    deployments.get(name, []),
                    self.capabilities.get(name, ()),
                    endpoint,
                )
                models.append(with_provenance(model))
            except ValueError as error:
                self.bad(error, _MODELS, name)
            self.context.progress(len(models))
        return self.listing_of(models)

    def _listed(self) -> dict[str, records.Listed]:
        found: dict[str, records.Listed] = {}
        try:
            answer = self.client.get(_MODELS, limit=_LARGEST_LIST).json()
            entries = _entries(answer, _MODELS)
        except HttpProblem as error:
            self.complete = False
            problem = as_problem(self.settings.name, error, doing="listing the models")
            if error.kind == "not-found":
                hint = "write the address at which the API begins, usually with /v1 at its end"
                problem = problem.model_copy(update={"hint": hint})
            self.problems.append(problem)
            return found
        for entry in self.wanted(records.Listed, entries, _MODELS, _id):
            if not entry.is_route:
                found.setdefault(entry.id, entry)
        if isinstance(answer, dict):
            self.capabilities = records.capabilities_by_name(answer)
            if answer.get("has_more") is True:
                self.complete = False
                self.report(
                    "the gateway lists its models in pages, of which only the first was read",
                    hint="ask for support of this gateway, and name it",
                )
        if not entries:
            self.incomplete(
                "the gateway answers no models at all",
                hint="check that the token may use them; if there are really none, ignore this",
            )
        return found

    def _deployments(self, listed: dict[str, records.Listed]) -> dict[str, list[records.Deployment]]:
        """What LiteLLM says of each model; nothing where the gateway is another, or does not tell us."""
        found: dict[str, list[records.Deployment]] = {}
        try:
            entries = _entries(self.client.get(_INFO, limit=_LARGEST_LIST).json(), _INFO)
        except HttpProblem as error:
            if error.kind in _PASSING and self._was_told():
                # It was told before: without it, what the catalog has of these models would look withdrawn.
                self.unread.update(listed)
                self.problems.append(
                    as_problem(self.settings.name, error, doing="reading what LiteLLM says of the models")
                )
            return found
        for said in entries:
            name = said.get("model_name") if isinstance(said, dict) else None
            if not isinstance(name, str) or name not in listed:
                continue
            try:
                found.setdefault(name, []).append(records.Deployment.model_validate(said))
            except ValidationError as error:
                self.bad(error, _INFO, name)
        return found

    def _was_told(self) -> bool:
        return any(records.UPSTREAM in known.properties for known in self.context.known.values())

    def _endpoint(self) -> Endpoint:
        return Endpoint(url=self.client.base_url, protocol="openai-v1", needs_key=self._needs_key())

    def _needs_key(self) -> bool | None:
        """None also where strangers are not refused although a key is configured: it may be for something."""
        has_key = has_credentials(self.settings)
        for path in (_MODELS, _CHAT) if has_key else (_CHAT,):
            reply = ask_without_credentials(self.settings, self.context.folder, self.client, path)
            if reply == "needs key":
                return True
            if reply == "unknown":
                known = (one for model in self.context.known.values() for one in model.endpoints)
                return next((one.needs_key for one in known if one.url == self.client.base_url), None)
        return None if has_key else False


def _entries(answer: Any, where: str) -> list[Any]:
    """The list in an answer; a few gateways answer the bare list."""
    entries = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(entries, list):
        raise HttpProblem("bad-answer", "the answer holds no list of models", where=where)
    return entries


def _id(said: Any) -> str | None:
    return id_in(said, records.ID, records.LONGEST_ID)
