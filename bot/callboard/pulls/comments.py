"""What we say on pull requests: one comment for each occasion, found again by its marker, and rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from callboard.changes.change import KeptEdit
from callboard.pulls.problems import LineAddress, counted, table
from callboard.pulls.rendering import command_in, filled
from callboard.pulls.verdict import Verdict
from callboard.validation.diagnostics import Diagnostic

VERDICT_MARKER = "<!-- callboard:verdict -->"
"""Begins our one comment that says why a pull request is not merged."""
LANDING_MARKER = "<!-- callboard:landing -->"
"""Begins our one comment that says what became of a merged pull request."""

NEWS_MARKER = "<!-- callboard:news -->"
"""Begins our one comment that says what is new, where a person has made the text their own."""

OBSOLETE_MARKER = "<!-- callboard:obsolete -->"
"""Begins our one comment that says why we closed a pull request ourselves."""

VALIDATION_MARKER = "<!-- callboard:validation -->"
"""Begins our one comment on a pull request of somebody else that changes the catalog."""

NUDGE_MARKER = "<!-- callboard:nudge -->"
"""Begins our one reminder on a pull request that nobody touches."""


class Confirmed(Protocol):
    """What Backstage makes of one merged entity."""

    @property
    def entity_ref(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def why(self) -> str: ...


class Registered(Protocol):
    """What became of one registered catalog file."""

    @property
    def confirmations(self) -> Sequence[Confirmed]: ...


def verdict_comment(
    verdict: Verdict,
    word: str = "pull request",
    *,
    diagnostics: Sequence[Diagnostic] = (),
    address: LineAddress | None = None,
    edited_by: str = "",
) -> str:
    """The comment under ``VERDICT_MARKER``: what is done with a pull request, and why.

    ``diagnostics``: what is wrong with the head's files, shown as a table with links that ``address`` gives
    in place of the reasons about them. ``edited_by``: who made the head's commit, if a person did.
    """
    errors = [one for one in diagnostics if one.severity == "error"]
    reasons = [one for one in verdict.reasons if not (errors and one.code == "invalid")]
    return filled(
        "verdict.md",
        verdict=verdict,
        reasons=reasons,
        edited_by=edited_by,
        word=word,
        command=command_in(word),
        **table(errors, address),
    )


def validation_comment(
    head: str,
    diagnostics: Sequence[Diagnostic],
    edits: Sequence[KeptEdit] = (),
    *,
    address: LineAddress | None = None,
    word: str = "pull request",
) -> str:
    """The comment under ``VALIDATION_MARKER``: whether somebody's change of the catalog is valid.

    ``edits``: what it changes in files that Callboard writes, and that therefore stays.
    """
    wrong = any(one.severity == "error" for one in diagnostics)
    return filled(
        "validation.md",
        head=head,
        wrong=wrong,
        counts=counted(diagnostics),
        edits=edits,
        word=word,
        command=command_in(word),
        **table(diagnostics, address),
    )


def nudge_comment(verdict: Verdict, days: int, word: str = "pull request") -> str:
    """The comment under ``NUDGE_MARKER``: what a pull request waits for that nobody touched for ``days``."""
    return filled("nudge.md", verdict=verdict, days=days, word=word, command=command_in(word))


def landing_comment(outcomes: Sequence[Registered], wrong: str = "", word: str = "pull request") -> str:
    """The comment under ``LANDING_MARKER``: what became of the entities of a merged pull request.

    ``wrong``: what went wrong before Backstage could be asked about any entity.
    """
    entities = [entity for outcome in outcomes for entity in outcome.confirmations]
    # What needs somebody comes first.
    entities.sort(key=lambda entity: (entity.state == "confirmed", entity.state == "pending"))
    states = {entity.state for entity in entities}
    return filled(
        "landing.md",
        wrong=wrong,
        word=word,
        entities=entities,
        states=states,
        all_confirmed=states == {"confirmed"},
        any_failed=bool(states - {"confirmed", "pending"}),
    )


def obsolete_comment(why: Sequence[str]) -> str:
    """The comment under ``OBSOLETE_MARKER``: why nothing asks for a pull request any more."""
    return filled("obsolete.md", why=why)
