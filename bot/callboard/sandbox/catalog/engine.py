"""The catalog's state and its processing, as eventual as Backstage's: registering reads nothing by itself."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from callboard.sandbox.catalog import entities
from callboard.sandbox.catalog.entities import Document, Problem

Read = Callable[[str], list[Document]]
"""The documents at a target. Raises Problem."""


@dataclass(frozen=True)
class Location:
    """A registered target."""

    id: str
    target: str

    @property
    def entity(self) -> Document:
        """The entity that stands for it in the catalog."""
        name = hashlib.sha1(f"url:{self.target}".encode(), usedforsecurity=False).hexdigest()
        return {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Location",
            "metadata": {"name": f"generated-{name}", "namespace": "default"},
            "spec": {"type": "url", "target": self.target},
        }

    @property
    def ref(self) -> str:
        """The reference of that entity."""
        return entities.ref_of(self.entity)

    def json(self) -> dict[str, str]:
        """As the API answers it."""
        return {"id": self.id, "type": "url", "target": self.target, "entityRef": self.ref}


@dataclass
class _Kept:
    origin: str
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    document: Document | None = None
    """As it was when it was last processed without an error; None: never, and nobody sees the entity."""
    errors: tuple[Problem, ...] = ()


class Engine:
    """A catalog. Every method may be called from any thread."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._locations: dict[str, Location] = {}
        self._kept: dict[str, _Kept] = {}
        self._due: set[str] = set()

    @contextlib.contextmanager
    def processing(self, *, pause: float, interval: float) -> Iterator[None]:
        """Process in the background: what is due every ``pause`` seconds, everything every ``interval``."""
        stop = threading.Event()

        def loop() -> None:
            whole_at = time.monotonic() + interval
            while not stop.wait(pause):
                if time.monotonic() >= whole_at:
                    whole_at = time.monotonic() + interval
                    self.mark_all()
                self.process()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(30)

    def register(self, target: str) -> tuple[Location, bool]:
        """The location of a target, and whether it was there already. It is processed soon."""
        with self._lock:
            existing = next((each for each in self._locations.values() if each.target == target), None)
            location = existing or Location(str(uuid.uuid4()), target)
            self._locations[location.id] = location
            self._due.add(target)
            return location, existing is not None

    def unregister(self, location_id: str) -> bool:
        """Remove a location with its entities. False when there is none."""
        with self._lock:
            location = self._locations.pop(location_id, None)
            if location is None:
                return False
            self._kept = {ref: kept for ref, kept in self._kept.items() if kept.origin != location.target}
            return True

    def locations(self) -> list[Location]:
        """All locations."""
        with self._lock:
            return list(self._locations.values())

    def refresh(self, ref: str) -> bool:
        """Process the location that an entity comes from soon. False when there is no such entity."""
        with self._lock:
            kept = self._kept.get(ref)
            if kept is None:
                return False
            self._due.add(kept.origin)
            return True

    def mark_all(self) -> None:
        """Process everything soon."""
        with self._lock:
            self._due |= {location.target for location in self._locations.values()}

    def dry_run(self, target: str) -> list[Document]:
        """What a target would become. Raises Problem for the first thing that is wrong."""
        location = Location("", target)
        found: list[Document] = []
        seen: set[str] = set()
        pending: list[tuple[Document, str]] = [(location.entity, target)]
        while pending:
            document, where = pending.pop(0)
            entities.check(document)
            found.append(entities.annotated(document, target=where, origin=target))
            for child, at in self._emitted(document, where, location):
                entities.check_envelope(child)
                ref = entities.ref_of(child)
                if ref in seen:
                    raise Problem("Error", f"Duplicate nested entity: {ref}")
                seen.add(ref)
                pending.append((child, at))
        return found

    def process(self) -> None:
        """Process what is due, now."""
        with self._lock:
            registered = [each for each in self._locations.values() if each.target in self._due]
            self._due.clear()
        for location in registered:
            self._process_location(location)

    def visible(self) -> dict[str, dict[str, Any]]:
        """Every entity that can be seen, by its reference, with relations and status."""
        with self._lock:
            shown = {
                ref: (kept, kept.document) for ref, kept in self._kept.items() if kept.document is not None
            }
        related: dict[str, set[tuple[str, str]]] = {}
        for _, document in shown.values():
            for source, relation, target in entities.relations(document):
                related.setdefault(source, set()).add((relation, target))
        return {
            ref: _finished(document, kept, sorted(related.get(ref, ())))
            for ref, (kept, document) in shown.items()
        }

    def _emitted(self, document: Document, where: str, root: Location) -> list[tuple[Document, str]]:
        """What a Location entity leads to: each document and where it stands. Raises Problem."""
        if document["kind"] != "Location":
            return []
        found: list[tuple[Document, str]] = []
        for target in entities.children(document, where):
            for child in self._read(target):
                entities.check_envelope(child)
                entities.check_allowed(child, root.target)
                found.append((child, target))
        return found

    def _process_location(self, location: Location) -> None:
        emitted: dict[str, tuple[Document, str]] = {location.ref: (location.entity, location.target)}
        pending, whole = [location.ref], True
        while pending:
            ref = pending.pop(0)
            document, where = emitted[ref]
            try:
                children = self._emitted(document, where, location)
            except Problem as problem:
                # One target that cannot be read blocks all that this Location leads to.
                self._keep(ref, location, where, document, problem)
                whole = False
                continue
            self._keep(ref, location, where, document, None)
            for child, at in children:
                # The last of two with the same reference wins; a Location is followed once.
                if entities.ref_of(child) not in emitted:
                    pending.append(entities.ref_of(child))
                emitted[entities.ref_of(child)] = (child, at)
        if whole:
            self._forget_others(location, emitted.keys())

    def _keep(
        self, ref: str, location: Location, where: str, document: Document, problem: Problem | None
    ) -> None:
        if problem is None:
            try:
                entities.check(document)
            except Problem as own:
                problem = own
        with self._lock:
            if location.id not in self._locations:
                return
            kept = self._kept.setdefault(ref, _Kept(location.target))
            if kept.origin != location.target:
                return  # the first keeps it
            kept.errors = () if problem is None else (problem,)
            if problem is None:
                kept.document = entities.annotated(document, target=where, origin=location.target)

    def _forget_others(self, location: Location, refs: Any) -> None:
        with self._lock:
            self._kept = {
                ref: kept for ref, kept in self._kept.items() if kept.origin != location.target or ref in refs
            }


def _finished(document: Document, kept: _Kept, related: list[tuple[str, str]]) -> dict[str, Any]:
    entity: dict[str, Any] = {
        **document,
        "metadata": {**document["metadata"], "uid": kept.uid},
        "relations": [{"type": relation, "targetRef": target} for relation, target in related],
    }
    if kept.errors:
        entity["status"] = {
            "items": [
                {
                    "type": "backstage.io/catalog-processing",
                    "level": "error",
                    "message": str(error),
                    "error": {"name": error.name, "message": error.message},
                }
                for error in kept.errors
            ]
        }
    etag = hashlib.sha1(json.dumps(entity).encode(), usedforsecurity=False)
    entity["metadata"]["etag"] = etag.hexdigest()
    return entity
