"""Open pull requests of ours that nothing asks for any more: which they are, and closing them.

The registry went back to what the base branch says, a model went before it was ever merged, or the same
change belongs to another pull request now because the grouping changed. An approved or merged mistake cannot
be taken back by a registry, an unasked question can: so such a pull request is closed, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callboard.catalog.identity import Key
from callboard.catalog.lock import FILE, BadLock, read_lock
from callboard.config import Config
from callboard.forges.protocol import Forge, PullRequest
from callboard.git.repository import Repository
from callboard.model import Listing
from callboard.pulls.comments import OBSOLETE_MARKER, obsolete_comment
from callboard.pulls.decide import decide
from callboard.pulls.facts import PullFacts
from callboard.walk.base import Base
from callboard.walk.desired import Desired
from callboard.walk.folders import folders_of

OBSOLETE_LABEL = "no-longer-needed"
"""Marks a pull request that we closed ourselves, so that nobody takes its end for a person's no."""


@dataclass(frozen=True)
class Obsolete:
    """A pull request that is to be closed."""

    pull: PullRequest
    why: tuple[str, ...]
    """What became of its models, in sentences."""


@dataclass(frozen=True)
class Needs:
    """What the catalog needs, to judge pull requests by."""

    config: Config
    scope: str
    base: Base
    desired: Desired
    listings: Sequence[Listing]

    def why_not(self, key: Key) -> str | None:
        """Why nothing has to be done any more for this key in a pull request of another name; None: unknown.

        Only what a registry said counts: one that answered nothing, or not all, ends nothing.
        """
        root, branch = self.config.catalog.path, self.config.catalog.base
        if any(change.change.key == str(key) for change in self.desired.changes):
            return "What the registry says now is proposed on another branch."
        if key in self.desired.settled:
            held_back = self.desired.unpromoted.get(key)
            held = f"{branch} holds in {root}/ what the registry says"
            return f"{held}; and {held_back}" if held_back else f"{held}."
        if key in self.desired.joined and key not in self.base.shelf.folders:
            return "The model is one with that of another registry, and is in the catalog with it."
        if key.scope != self.scope or key in self.desired.listed or key in self.base.shelf.folders:
            return None
        sources = {name: one.name for one in self.config.sources for name in (one.name, *one.formerly)}
        listing = next((one for one in self.listings if one.source == sources.get(key.source)), None)
        if listing is None or not listing.complete or not listing.models or key.id in listing.unread:
            return None
        if key.id in listing.deselected:
            return "The configuration does not ask for the model."
        if key.id in listing.archived:
            return "The registry has archived the model."
        return "The registry does not list the model any more."


def obsolete_pulls(repository: Repository, needs: Needs, facts: Iterable[PullFacts]) -> tuple[Obsolete, ...]:
    """Those of the pull requests that may be closed.

    Left alone: what people committed to or hold, and what is approved and can be merged. A deletion is closed
    even then: merged, it would take a model away that is there.
    """
    found = []
    for one in facts:
        if not one.made_by_us or one.errors is None:
            continue
        verdict = decide(one, needs.config.merge, needs.config.pull_requests.rebase)
        if verdict.kind in ("not-ours", "hold", "step-back"):
            continue
        if verdict.kind != "regenerate" and not one.deletion:
            continue
        why = _why(repository, needs, one.pull)
        if why:
            found.append(Obsolete(one.pull, why))
    return tuple(found)


def close_obsolete(forge: Forge, one: Obsolete) -> None:
    """Say why, mark it as ours to have closed, close it. Raises ForgeError.

    In this order: dying between any two of them leaves something that the next walk takes up again.
    """
    forge.comment(one.pull, obsolete_comment(one.why), marker=OBSOLETE_MARKER)
    if OBSOLETE_LABEL not in one.pull.labels:
        forge.label(one.pull.number, add=(OBSOLETE_LABEL,))
    forge.close(one.pull.number)


def _why(repository: Repository, needs: Needs, pull: PullRequest) -> tuple[str, ...]:
    """What became of each of its models; empty when that of one of them is not known."""
    root = needs.config.catalog.path
    entries = repository.tree(pull.head, root)
    paths = {folder: f"{folder}/{FILE}" for folder in sorted(folders_of(pull, root))}
    locks = {folder: entries[path].blob for folder, path in paths.items() if path in entries}
    contents = repository.blobs(locks.values())
    on_base = {folder.path: key for key, folder in needs.base.shelf.folders.items()}
    why: dict[str, None] = {}
    for folder in paths:
        try:
            key = read_lock(contents[locks[folder]]).key if folder in locks else on_base.get(folder)
        except BadLock:
            return ()
        if key is None:
            said = f"{folder} is gone already." if f"{folder}/{FILE}" not in needs.base.blobs else None
        else:
            said = needs.why_not(key)
        if said is None:
            return ()
        why[said] = None
    return tuple(why)
