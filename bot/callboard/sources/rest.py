"""Any registry that answers JSON over HTTP, read by a mapping in callboard.yaml.

The mapping says where the list of models stands, how it is paged, what else is asked, and which expression
gives which field of the record. ``rest_lists`` reads lists, ``rest_records`` makes records.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, model_validator

from callboard.config import RemoteSettings, SecretReference
from callboard.http import Client, HttpProblem
from callboard.model import Listing, Model
from callboard.sources import rest_records as records
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, Unread
from callboard.sources.remote import as_problem, never_raising, open_client
from callboard.sources.rest_fields import Details, Joined, ModelFields
from callboard.sources.rest_lists import Lists, address_of, as_text, bad_entry
from callboard.sources.rest_pages import Request

_MOST_WARNINGS = 100
_NO_KEYS = frozenset({"connection", "content-length", "cookie", "host", "transfer-encoding", "user-agent"})
_FAILED_READS = 3  # in a row, until no more details are asked for


class Settings(RemoteSettings):
    """A registry of your own. ``url`` is where all paths start."""

    type: Literal["rest"] = "rest"
    api_key: SecretReference | None = None
    """Sent in the header ``api-key-header``."""
    api_key_header: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z][A-Za-z0-9-]*$",
            max_length=60,
            description="the name of a header, such as X-API-Key",
        ),
    ] = "X-API-Key"
    models: Request
    """The list of models."""
    each: Literal["model", "version"] = "model"
    """What an entry of the list is. Versions with the same id become one model."""
    details: Details | None = None
    joined: tuple[Joined, ...] = ()
    fields: ModelFields

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.each == "version" and self.fields.versions is None:
            raise ValueError("with each: version, give fields: versions: what of an entry is the version")
        if self.api_key_header.lower() in _NO_KEYS:
            raise ValueError(f"the header {self.api_key_header} is not for keys")
        names = [one.name for one in self.joined]
        if len(set(names)) < len(names) or "details" in names:
            raise ValueError("give each joined list a name of its own, and none that of details")
        return self


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell.

    An empty answer is not taken for an empty registry.
    """
    key = None if settings.api_key is None else settings.api_key.read()
    headers = None if key is None else {settings.api_key_header: key}
    with open_client(settings, context.folder, headers) as client:
        return _Reading(settings, context, address_of(client, settings.models), client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    warnings: int = 0
    failed_reads: int = 0
    skipped_reads: int = 0

    def listing(self) -> Listing:
        lists = Lists(self, self.client, self.settings.fields, each_version=self.settings.each == "version")
        found = lists.models(self.settings.models)
        joined = {one.name: lists.joined(one) for one in self.settings.joined} if found else {}
        broken = any(items is None for items in joined.values())
        models: list[Model] = []
        for id_ in sorted(found):
            if broken or id_ in self.unread:
                self.unread.add(id_)
                continue
            try:
                models.append(self._model(id_, found[id_], joined))
            except HttpProblem as error:
                self.unread.add(id_)
                self.problems.append(
                    as_problem(self.settings.name, error, model=id_, doing="reading its details")
                )
            except Unread:
                self.unread.add(id_)
            except ValueError as error:
                bad_entry(self, error, id_)
            self.context.progress(len(models))
        if self.skipped_reads:
            self.report(
                f"{self.skipped_reads} models were not read: {_FAILED_READS} requests in a row failed",
                hint="look into the server's log, then run again",
            )
        if self.warnings > _MOST_WARNINGS:
            self.report(
                f"{self.warnings - _MOST_WARNINGS} more models have fields that were left out",
                hint="compare `fields` of this source with what the registry answers",
                severity="warning",
            )
        return self.listing_of(models)

    def _model(
        self,
        id_: str,
        entries: list[dict[str, Any]],
        joined: dict[str, dict[str, list[dict[str, Any]]] | None],
    ) -> Model:
        fields = self.settings.fields
        entries = [entry | self._belonging(entry, joined) for entry in entries]
        revision = self._revision(entries)
        known = self.context.known.get(id_)
        if (
            known is not None
            and self.settings.details is not None
            and revision is not None
            and known.revision == revision
            and set(known.provenance.values()) <= {self.settings.name}
        ):
            own = {"source": self.settings.name, "promotions": (), "said": {}}
            return with_provenance(known.model_copy(update=own))
        if self.settings.details is not None:
            answers: dict[str, Any] = {}
            entries = [
                entry | {"details": self._details(entry, self.settings.details, answers)} for entry in entries
            ]
        model, faults = records.model_of(
            self.settings.name, id_, entries, fields, self.place, each_version=self.settings.each == "version"
        )
        if faults:
            self.warnings += 1
            if self.warnings <= _MOST_WARNINGS:
                self.report(
                    f"not as they should be, and left out or cut: {', '.join(sorted(faults)[:10])}",
                    hint="correct the model in the registry, or `fields` of this source",
                    model=id_,
                    severity="warning",
                )
        return with_provenance(model.model_copy(update={"revision": revision}))

    def _belonging(
        self, entry: dict[str, Any], joined: dict[str, dict[str, list[dict[str, Any]]] | None]
    ) -> dict[str, Any]:
        belonging = {}
        for wanted in self.settings.joined:
            own = records.key_of(entry, wanted.of or self.settings.fields.id)
            belonging[wanted.name] = (joined[wanted.name] or {}).get(own, [])
        return belonging

    def _details(self, entry: dict[str, Any], wanted: Details, answers: dict[str, Any]) -> Any:
        """The answer for an entry. ``answers``: those for the model's other entries, by their keys."""
        key = records.key_of(entry, wanted.key or self.settings.fields.id)
        if key in answers:
            return answers[key]
        if self.failed_reads >= _FAILED_READS:
            self.skipped_reads += 1
            raise Unread
        if any(part in (".", "..") for part in re.split(r"[/\\]", key)):
            raise records.BadEntry("its key would lead to another path")
        try:
            answer = self.client.get_json(wanted.path.replace("{key}", quote(key, safe="")))
        except HttpProblem:
            self.failed_reads += 1
            raise
        self.failed_reads = 0
        answers[key] = answer
        return answer

    def _revision(self, entries: list[dict[str, Any]]) -> str | None:
        """What changes whenever the record could: the registry's revisions, what was joined, the mapping."""
        if self.settings.fields.revision is None:
            return None
        names = [one.name for one in self.settings.joined]
        said = []
        for entry in entries:
            revision = records.revision_of(entry, self.settings.fields.revision)
            if revision is None:
                return None
            said.append([revision, [entry[name] for name in names]])
        said.sort(key=as_text)
        mapping = self.settings.model_dump(mode="json", include={"fields", "details", "joined", "each"})
        content = as_text([mapping, said])
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
