"""The lists of a ``rest`` source: which models there are, and what another list has that belongs to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callboard.http import Client, HttpProblem
from callboard.sources import rest_records as records
from callboard.sources.queries import BadQuery
from callboard.sources.reading import SourceReading
from callboard.sources.remote import as_problem
from callboard.sources.rest_fields import Joined, ModelFields
from callboard.sources.rest_pages import Request, Unending, pages
from callboard.sources.selection import selected


@dataclass(frozen=True)
class _Entries:
    """What a list holds."""

    found: list[dict[str, Any]]
    whole: bool
    """Whether all pages could be read."""
    sure: bool
    """Whether there is surely nothing beyond."""


@dataclass(frozen=True)
class Lists:
    """Reads them, and tells ``reading`` what is wrong with them."""

    reading: SourceReading
    client: Client
    fields: ModelFields
    each_version: bool
    """Whether an entry of the list of models is a version, else a model."""

    def models(self, request: Request) -> dict[str, list[dict[str, Any]]]:
        """The entries of each wanted model, by its id, each entry once."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        answered = twice = 0
        listed = self._entries(request, self._identity, "listing the models")
        self.reading.complete = listed.sure
        for entry in listed.found:
            answered += 1
            try:
                id_, name = records.identity(entry, self.fields)
            except ValueError as error:
                bad_entry(self.reading, error, None)
                continue
            if not selected(name, self.reading.settings.select):
                continue
            version = ""
            if self.each_version:
                try:
                    version = records.version_identity(entry, self.fields)
                except ValueError as error:
                    bad_entry(self.reading, error, id_)
                    found.setdefault(id_, {})
                    continue
            entries = found.setdefault(id_, {})
            twice += version in entries
            entries.setdefault(version, entry)
        if twice:
            self.reading.report(
                f"{twice} entries have the id of another; the first of them counts",
                hint="if entries are versions, write each: version; otherwise choose another `fields: id`",
                severity="warning",
            )
        if self.reading.complete and not answered:
            self.reading.incomplete(
                "the registry answers no models at all",
                hint="check `models` of this source, and that the credentials may list them; if the registry"
                " is really empty, ignore this",
            )
        return {id_: list(entries.values()) for id_, entries in found.items()}

    def _identity(self, entry: Any) -> str:
        try:
            id_, _ = records.identity(entry, self.fields)
            version = records.version_identity(entry, self.fields) if self.each_version else ""
        except ValueError:
            return as_text(entry)
        return json.dumps([id_, version])

    def joined(self, wanted: Joined) -> dict[str, list[dict[str, Any]]] | None:
        """The items of a joined list by the keys of their entries; None when it could not all be read."""
        found: dict[str, list[dict[str, Any]]] = {}
        strange = 0
        entries = self._entries(wanted, as_text, f"listing {wanted.name}")
        for item in entries.found:
            try:
                keys = records.keys(item, wanted.keys)
            except ValueError:
                strange += 1
                continue
            for key in keys:
                found.setdefault(key, []).append({"key": key, "item": item})
        if strange:
            self.reading.report(
                f"{strange} items of {wanted.name} do not say what they belong to, and were left out",
                hint="correct them, or `keys` of this list",
                severity="warning",
            )
        return found if entries.whole else None

    def _entries(self, request: Request, identity: Callable[[Any], str], doing: str) -> _Entries:
        """The entries of all pages that could be read."""
        entries: list[dict[str, Any]] = []
        strange = 0
        whole = sure = True
        where = address_of(self.client, request)
        try:
            for page in pages(self.client, request, identity):
                sure = page.sure
                entries += [entry for entry in page.entries if isinstance(entry, dict)]
                strange += sum(not isinstance(entry, dict) for entry in page.entries)
        except HttpProblem as error:
            whole = False
            self.reading.problems.append(as_problem(self.reading.settings.name, error, doing=doing))
        except (Unending, BadQuery) as error:
            whole = False
            hint = "run again; if it stays, correct `paging` and `items` of this source"
            self.reading.report(f"{doing}: {error}", hint=hint, where=where)
        if strange:
            what = f"{doing}: {strange} entries are no objects, and were left out"
            self.reading.report(what, hint="correct `items` of this source", where=where)
        return _Entries(entries, whole, whole and sure and not strange)


def address_of(client: Client, request: Request) -> str:
    """The address of a list, for people."""
    return f"{client.base_url}{request.path.partition('?')[0]}"


def bad_entry(reading: SourceReading, error: ValueError, model: str | None) -> None:
    """An entry of the list of models cannot be read."""
    if isinstance(error, records.BadEntry | BadQuery):
        reading.doubt(model)
        reading.report(
            f"an entry of the registry cannot be read: {error}",
            hint="correct it in the registry, or `fields` of this source",
            model=model,
        )
    else:
        reading.bad(error, reading.place, model)


def as_text(entry: Any) -> str:
    """What tells an entry from others that say something else."""
    try:
        return json.dumps(entry, sort_keys=True)
    except RecursionError:
        return "nested too deeply to be told from others"
