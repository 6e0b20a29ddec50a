"""The part of a Backstage catalog's REST API that Callboard uses.

Every method may raise ``HttpProblem``. What is read comes from outside and is only checked for its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from callboard.backstage.confirmation import ORIGIN, location_ref, one_line
from callboard.http import Client, HttpProblem

_API = "api/catalog"
_PAGE = 200
_REFS_AT_ONCE = 50

Entity = Mapping[str, Any]


@dataclass(frozen=True)
class Location:
    """A target that is registered with Backstage."""

    id: str
    target: str
    type: str = "url"

    @property
    def entity_ref(self) -> str:
        """The entity that stands for this location in the catalog."""
        return location_ref(self.target)


@dataclass(frozen=True)
class DryRun:
    """What Backstage would make of a target."""

    entities: tuple[Entity, ...] = ()
    problem: str | None = None
    """Why Backstage could not take it; None when it could."""


class Catalog:
    """A Backstage catalog, spoken to through a client for Backstage's own address."""

    def __init__(self, http: Client) -> None:
        self._http = http

    def locations(self) -> tuple[Location, ...]:
        """The registered locations.

        None does not prove that there are none: a token without the permission ``catalog.location.read`` is
        answered 200 and an empty list.
        """
        found = self._http.get_json(f"{_API}/locations")
        return tuple(_location(item.get("data")) for item in _mappings(found))

    def dry_run(self, target: str) -> DryRun:
        """Let Backstage read a target, and all that it refers to, without registering it."""
        try:
            answer = self._http.post_json(
                f"{_API}/locations?dryRun=true", {"type": "url", "target": target}, idempotent=True
            )
        except HttpProblem as problem:
            if problem.status != 400:
                raise
            said = problem.what.partition(": ")[2]
            return DryRun(problem=one_line(said or problem.what))
        return DryRun(tuple(_mappings(_mapping(answer).get("entities"))))

    def register(self, target: str) -> Location:
        """Register a target; one that is registered already is read again.

        Backstage answers before it reads anything, so that this says nothing about what is at the target.
        """
        body = {"type": "url", "target": target}
        try:
            answer = self._http.post_json(f"{_API}/locations?onConflict=refresh", body, idempotent=True)
        except HttpProblem as problem:
            # Backstage before onConflict existed, or configured otherwise.
            if problem.kind != "conflict":
                raise
            existing = self.location(target)
            if existing is None:
                raise
            self.refresh(existing.entity_ref)
            return existing
        return _location(_mapping(answer).get("location"))

    def location(self, target: str) -> Location | None:
        """The registered location of a target. None, as in ``locations``, may mean that we cannot see it."""
        return next((each for each in self.locations() if each.target == target), None)

    def unregister(self, location_id: str) -> bool:
        """Remove a location and the entities that come from it. False when it was not there (any more)."""
        try:
            self._http.delete(f"{_API}/locations/{quote(location_id, safe='')}")
        except HttpProblem as problem:
            if problem.kind != "not-found":
                raise
            return False
        return True

    def refresh(self, entity_ref: str) -> bool:
        """Ask Backstage to read an entity's location again soon. False when it does not know the entity."""
        try:
            self._http.post_json(f"{_API}/refresh", {"entityRef": entity_ref}, idempotent=True)
        except HttpProblem as problem:
            if problem.kind != "not-found":
                raise
            return False
        return True

    def entity(self, entity_ref: str) -> Entity | None:
        """One entity by its full reference (``kind:namespace/name``), or None."""
        return self.entities_by_refs([entity_ref])[entity_ref]

    def entities_by_refs(
        self, entity_refs: Iterable[str], *, fields: Sequence[str] = ()
    ) -> dict[str, Entity | None]:
        """The entities with these references; None for one that Backstage does not have.

        ``fields`` narrows what is read of each.
        """
        narrowed = {"fields": list(fields)} if fields else {}
        found: dict[str, Entity | None] = {}
        asked = list(dict.fromkeys(entity_refs))
        for start in range(0, len(asked), _REFS_AT_ONCE):
            refs = asked[start : start + _REFS_AT_ONCE]
            body = {"entityRefs": refs, **narrowed}
            answer = self._http.post_json(f"{_API}/entities/by-refs", body, idempotent=True)
            items = _mapping(answer).get("items")
            if not isinstance(items, list) or len(items) != len(refs):
                raise _unexpected("by-refs did not answer one item for each reference")
            found |= {
                ref: None if item is None else _mapping(item) for ref, item in zip(refs, items, strict=True)
            }
        return found

    def entities(self, *filters: Mapping[str, str], fields: Sequence[str] = ()) -> Iterator[Entity]:
        """All entities that one of the filters fits (no filter: all), page by page, in the order of names.

        A filter is field path and value (``{"kind": "resource", "spec.type": "ai-model"}``), all of which
        must fit. ``fields`` narrows what is read of each.
        """
        query: list[tuple[str, str]] = [("limit", str(_PAGE))]
        if fields:
            query.append(("fields", ",".join(fields)))
        first = [("filter", ",".join(f"{key}={value}" for key, value in each.items())) for each in filters]
        first += [("orderField", "metadata.name,asc")]
        seen: set[str] = set()
        step = first
        while True:
            page = _mapping(self._http.get_json(f"{_API}/entities/by-query?{urlencode(query + step)}"))
            yield from _mappings(page.get("items"))
            cursor = _mapping(page.get("pageInfo") or {}).get("nextCursor")
            if cursor is None:
                return
            if not isinstance(cursor, str) or cursor in seen:
                raise _unexpected("by-query does not come to an end")
            seen.add(cursor)
            step = [("cursor", cursor)]

    def entities_from(self, target: str, *, fields: Sequence[str] = ()) -> Iterator[Entity]:
        """All entities that come from a registered target."""
        return self.entities({f"metadata.annotations.{ORIGIN}": f"url:{target}"}, fields=fields)


def _location(value: object) -> Location:
    found = _mapping(value)
    parts = [found.get(key) for key in ("id", "target", "type")]
    if not all(isinstance(part, str) for part in parts):
        raise _unexpected("a location without id, target or type")
    return Location(*map(str, parts))


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _unexpected("something else than an object where the catalog's API has one")
    return value


def _mappings(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise _unexpected("something else than a list where the catalog's API has one")
    return [_mapping(item) for item in value]


def _unexpected(what: str) -> HttpProblem:
    return HttpProblem("bad-answer", f"Backstage answered {what}", where="the catalog's API")
