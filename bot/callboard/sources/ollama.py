"""Models of an Ollama server.

The list comes in one request and gives each tag its digest; ``/api/show`` is asked only for a digest that the
known records do not hold, and once for all tags of a digest. What is loaded (``/api/ps``) changes by the
minute: it is read only to notice a model that the list leaves out. ``ollama_records`` says what becomes what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from callboard.config import RemoteSettings
from callboard.http import Client, HttpProblem
from callboard.model import Endpoint, Listing, Model, Version
from callboard.sources import ollama_records as records
from callboard.sources.content import content_of_known
from callboard.sources.context import Context
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, Unread
from callboard.sources.remote import as_problem, bad_record, never_raising, open_client
from callboard.sources.selection import selected
from callboard.sources.without_credentials import ask_without_credentials, has_credentials

_TAGS = "/api/tags"
_SHOW = "/api/show"
_PS = "/api/ps"
_OPENAI = "/v1"
_LARGEST_LIST = 16 * 1024 * 1024  # some 20,000 models
_FAILED_READS = 3  # in a row, until no more digests are asked for


class Settings(RemoteSettings):
    """An Ollama server. ``url`` is its address, without ``/api`` and ``/v1``."""

    type: Literal["ollama"] = "ollama"


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell."""
    with open_client(settings, context.folder) as client:
        return _Reading(settings, context, client.base_url, client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    shown: dict[str, records.Shown] = field(default_factory=dict)
    """By digest."""
    failed_reads: int = 0
    skipped: int = 0

    def listing(self) -> Listing:
        tagged = self._tagged()
        endpoints = self._endpoints() if tagged else ()
        models = []
        for name in sorted(tagged.keys() - self.unread):
            try:
                models.append(self._model(name, list(tagged[name].values()), endpoints))
            except Unread as unread:
                self.unread.add(name)
                self.problems += unread.problems
            except (ValueError, OverflowError, RecursionError) as error:
                self.bad(error, _SHOW, name)
            self.context.progress(len(models))
        if self.skipped:
            self.report(
                f"{self.skipped} models were not read further: {_FAILED_READS} requests in a row failed",
                where=f"{self.place}{_SHOW}",
                hint="look into the server's log, then run again",
            )
        self._look_for_loaded(tagged)
        return self.listing_of(models)

    def _tagged(self) -> dict[str, dict[str, records.Tagged]]:
        """Model to tag to what the list says."""
        found: dict[str, dict[str, records.Tagged]] = {}
        try:
            entries = _entries(self.client.get(_TAGS, limit=_LARGEST_LIST).json(), _TAGS)
        except HttpProblem as error:
            self.broken_off(error, doing="listing the models")
            return found
        for entry in self.wanted(records.Tagged, entries, _TAGS, _name):
            found.setdefault(entry.model, {}).setdefault(entry.tag, entry)
        if not entries:
            self.incomplete(
                "the server answers no models at all",
                where=f"{self.place}{_TAGS}",
                hint="check that it is the right server and that its disk is there;"
                " if it is really empty, ignore this",
            )
        return found

    def _look_for_loaded(self, tagged: dict[str, dict[str, records.Tagged]]) -> None:
        """A model that is loaded and not listed: Ollama leaves out of the list what it cannot read."""
        try:
            loaded = _entries(self.client.get(_PS, limit=_LARGEST_LIST).json(), _PS)
        except HttpProblem:
            return  # It can only add to what is known.
        missing = {_name(said) for said in loaded} - tagged.keys() - self.unread
        for name in sorted(one for one in missing if one and selected(one, self.settings.select)):
            self.unread.add(name)
            self.report(
                "the server has loaded this model and does not list it",
                where=f"{self.place}{_PS}",
                hint="if it was removed just now, run again later; if not, look into the server's log",
                model=name,
                severity="warning",
            )

    def _endpoints(self) -> tuple[Endpoint, ...]:
        """Where the models are served: Ollama's own API, and OpenAI's where the server has it."""
        url = self.client.base_url
        reply = ask_without_credentials(self.settings, self.context.folder, self.client, f"{_OPENAI}/models")
        if reply == "unknown":
            for known in self.context.known.values():
                if known.endpoints and {one.url for one in known.endpoints} <= {url, f"{url}{_OPENAI}"}:
                    return known.endpoints
        needs_key = {"open": False, "needs key": True}.get(reply)
        if needs_key is None and not has_credentials(self.settings):
            needs_key = False  # The list has just been answered to a stranger.
        own = Endpoint(url=url, protocol="ollama", needs_key=needs_key)
        if reply not in ("open", "needs key"):
            return (own,)
        return (Endpoint(url=f"{url}{_OPENAI}", protocol="openai-v1", needs_key=needs_key), own)

    def _model(self, name: str, entries: list[records.Tagged], endpoints: tuple[Endpoint, ...]) -> Model:
        by_tag = {entry.tag: entry for entry in entries}
        known = self.context.known.get(name)
        seen = {version.id: version for version in known.versions} if known else {}
        versions = records.newest_first(
            self._version(entry, aliases, seen) for entry, aliases in records.by_digest(entries)
        )
        newest = versions[0]
        if known is not None and newest.id is not None and known.revision == newest.id:
            about = content_of_known(known)
        else:
            about = records.about_of(self._show(by_tag[newest.name]))
        return with_provenance(records.model_of(self.settings.name, name, versions, about, endpoints))

    def _version(
        self, entry: records.Tagged, aliases: tuple[str, ...], seen: dict[str | None, Version]
    ) -> Version:
        if entry.id is not None and entry.id in seen:
            return records.known_version(entry, aliases, seen[entry.id])
        return records.version_of(entry, aliases, self._show(entry))

    def _show(self, entry: records.Tagged) -> records.Shown:
        """What the server says of a digest. Raises Unread."""
        key = entry.id or entry.name
        if key in self.shown:
            return self.shown[key]
        if self.failed_reads >= _FAILED_READS:
            self.skipped += 1
            raise Unread
        try:
            said = self.client.post_json(_SHOW, {"model": entry.name}, idempotent=True)
            self.shown[key] = records.Shown.model_validate(said)
        except HttpProblem as error:
            self.failed_reads += error.kind != "not-found"
            doing = f"asking about {entry.name}"
            raise Unread(as_problem(self.settings.name, error, model=entry.model, doing=doing)) from None
        except ValidationError as error:
            raise Unread(bad_record(self.settings.name, error, _SHOW, entry.model)) from None
        self.failed_reads = 0
        return self.shown[key]


def _entries(answer: Any, where: str) -> list[Any]:
    """The list in an answer; Go writes an empty one as null."""
    entries = answer.get("models", ()) if isinstance(answer, dict) else ()
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise HttpProblem("bad-answer", "the answer holds no list of models", where=where)
    return entries


def _name(said: Any) -> str | None:
    """The model's name without its tag, where the record has a usable one."""
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str) or not records.is_name(name):
        return None
    return records.split_name(name)[0]
