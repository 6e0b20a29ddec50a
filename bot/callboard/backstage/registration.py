"""Registering what was merged, and staying until Backstage has it, for a bounded time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.backstage.client import Catalog, Location
from callboard.backstage.confirmation import Confirmation, State, confirm, entity_ref, location_ref
from callboard.backstage.confirmation import processing_errors as errors_of
from callboard.http import HttpProblem

Document = Mapping[str, Any]

_ORDER: tuple[State, ...] = ("error", "foreign", "stale", "pending", "confirmed")
_SETTLED_AFTER = 5
"""A bad state may be from before Backstage read our change: it is believed when seen so often in a row."""
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of one target."""

    target: str
    confirmations: tuple[Confirmation, ...]
    """One for each document, in the documents' order."""

    @property
    def state(self) -> State:
        """The worst state of the entities."""
        return min((each.state for each in self.confirmations), key=_ORDER.index, default="confirmed")


def register_and_confirm(
    catalog: Catalog,
    targets: Mapping[str, Sequence[Document]],
    *,
    within: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Outcome, ...]:
    """Register each target (a catalog file's address) and ask for its entities until all are settled.

    ``targets`` gives the merged documents of each. Entities that are not settled after ``within`` seconds are
    answered as they are, ``pending`` or ``stale``: the next walk asks again. A target that Backstage cannot
    read is not registered; what is wrong with one target never stops the others. Raises HttpProblem when
    Backstage does not answer at all or does not know our token.
    """
    give_up = clock() + within
    watched = {target: _Watch(target, documents) for target, documents in targets.items()}
    for watch in watched.values():
        _register(catalog, watch)
    pause = 0.5
    while any(watch.is_open for watch in watched.values()):
        _look(catalog, [watch for watch in watched.values() if watch.is_open])
        left = give_up - clock()
        if left <= 0 or not any(watch.is_open for watch in watched.values()):
            break
        sleep(min(pause, left))
        pause = min(pause * 1.5, max(_LONGEST_PAUSE, within / 50))
    return tuple(Outcome(target, watch.confirmations) for target, watch in watched.items())


def targets_to_register(registered: Iterable[Location], wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of the wanted targets that are not registered yet, in their order."""
    known = {location.target for location in registered}
    return tuple(target for target in dict.fromkeys(wanted) if target not in known)


def locations_to_unregister(
    registered: Iterable[Location], wanted: Collection[str], *, prefix: str
) -> tuple[Location, ...]:
    """Our own former locations: those of model folders below ``prefix`` that are no longer wanted.

    ``prefix`` is the address of the catalog's folder on the base branch, as it stands in targets; ``wanted``
    are the targets of all models on the base branch, whoever wrote them. Only a target of the very form that
    we register (``<prefix>/<model>/catalog-info.yaml``) is ever taken for ours: what people registered by
    hand elsewhere, with a pattern or for another file stays.
    """
    ours = re.compile(re.escape(prefix.rstrip("/")) + r"/(?!\.{1,2}/)[A-Za-z0-9._-]+/catalog-info\.yaml")
    return tuple(
        location
        for location in registered
        if location.type == "url" and location.target not in wanted and ours.fullmatch(location.target)
    )


class _Watch:
    """The entities of one target, on their way to being settled."""

    def __init__(self, target: str, documents: Sequence[Document]) -> None:
        self.target, self.documents = target, documents
        self.problem: str | None = None
        self.is_settled = False
        self.confirmations = tuple(
            Confirmation(entity_ref(each), "pending", f"Backstage was not asked for it yet ({target})")
            for each in documents
        )
        self._times_seen = 0

    @property
    def is_open(self) -> bool:
        return not self.is_settled and bool(self.documents)

    def fail(self, why: str) -> None:
        """Nothing more can be learned about this target now."""
        self.is_settled = True
        self.confirmations = tuple(Confirmation(each.entity_ref, "error", why) for each in self.confirmations)

    def miss(self, why: str) -> None:
        """Backstage could not be asked this time; what it said before, if anything, still holds."""
        if not self._times_seen:
            self.confirmations = tuple(
                Confirmation(each.entity_ref, "pending", why) for each in self.confirmations
            )

    def see(self, found: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Judge by what was just read."""
        errors = errors_of(found.get(location_ref(self.target)))
        errors += (self.problem,) if self.problem else ()
        now = tuple(
            confirm(each, found.get(entity_ref(each)), target=self.target, location_errors=errors)
            for each in self.documents
        )
        self._times_seen = self._times_seen + 1 if now == self.confirmations else 1
        self.confirmations = now
        states = {each.state for each in now}
        is_final = states <= {"confirmed", "error", "foreign"}
        self.is_settled = states == {"confirmed"} or (is_final and self._times_seen >= _SETTLED_AFTER)


def _register(catalog: Catalog, watch: _Watch) -> None:
    try:
        watch.problem = catalog.dry_run(watch.target).problem
        if watch.problem is not None and catalog.entity(location_ref(watch.target)) is None:
            watch.fail(f"Backstage cannot read {watch.target}, so it was not registered: {watch.problem}")
            return
        catalog.register(watch.target)
    except HttpProblem as problem:
        if problem.kind in ("unreachable", "unauthorized"):
            raise
        watch.fail(f"{watch.target} could not be registered: {problem}")


def _look(catalog: Catalog, watches: Sequence[_Watch]) -> None:
    refs = [location_ref(watch.target) for watch in watches]
    refs += [entity_ref(document) for watch in watches for document in watch.documents]
    try:
        found = catalog.entities_by_refs(refs)
    except HttpProblem as problem:
        # It answered a moment ago: it may be starting again, and there is time to ask again.
        if problem.kind in ("unauthorized", "forbidden"):
            raise
        for watch in watches:
            watch.miss(f"Backstage could not be asked for it: {problem}")
        return
    for watch in watches:
        watch.see(found)
