"""Every text that a person reads on a pull request. Equal input, equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from callboard import metrics
from callboard.changes.change import KeptEdit, ModelChange
from callboard.changes.difference import Difference, Kind
from callboard.changes.measures import subject_of
from callboard.config import Merge
from callboard.model import Model, Problem
from callboard.pulls.commands import spelling
from callboard.pulls.commits import fingerprint_marker
from callboard.pulls.facts import Promoting
from callboard.pulls.problems import LineAddress, counted, table
from callboard.pulls.rendering import Markdown, filled
from callboard.pulls.verdict import Verdict
from callboard.pulls.words import breaks_callers, counts, summary, title
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

_FIRST_SCREEN = 20
"""So many models are told at the top; of more only the first, so that what is to decide is not far below."""
_FIRST_ROWS = 8
_TOLD_IN_WORDS: frozenset[Kind] = frozenset({"card", "description", "details", "version-state"})


@dataclass(frozen=True)
class Text:
    """What a pull request says."""

    title: str
    body: str


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


def pull_request_text(
    changes: Sequence[ModelChange],
    *,
    fingerprint: str,
    policy: Merge,
    backstage: bool = True,
    problems: Sequence[Problem] = (),
    word: str = "pull request",
    starts_workflows: bool = True,
    promoting: Sequence[Promoting] = (),
) -> Text:
    """Title and body of a pull request that makes ``changes``: all deletions, or none of them.

    ``backstage``: whether merged files are registered. ``problems``: what the reviewer should know was met
    while these models were read. ``word``: what the forge calls a pull request. ``starts_workflows``: whether
    the forge starts workflows for what we open. ``promoting``: what the changes promote.
    """
    common: dict[str, Any] = {
        "policy": policy,
        "backstage": backstage,
        "problems": problems,
        "word": word,
        "starts_workflows": starts_workflows,
        "command": _command(word),
        "files": _files(changes),
        "promoting": promoting,
        "approvals": max([policy.approvals, *(one.approvals for one in promoting)]),
        "marker": Markdown(fingerprint_marker(fingerprint)),
    }
    if all(change.kind == "removed" for change in changes):
        return Text(title(changes), filled("deletion.md", changes=changes, **common))
    common |= _decisions(changes)
    if len(changes) == 1:
        return Text(title(changes), filled("model.md", **common, **_one(changes[0])))
    return Text(title(changes), filled("models.md", **common, **_many(changes)))


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
        command=_command(word),
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
        command=_command(word),
        **table(diagnostics, address),
    )


def nudge_comment(verdict: Verdict, days: int, word: str = "pull request") -> str:
    """The comment under ``NUDGE_MARKER``: what a pull request waits for that nobody touched for ``days``."""
    return filled("nudge.md", verdict=verdict, days=days, word=word, command=_command(word))


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


def _command(word: str) -> Callable[[str], Markdown]:
    """How commands are written on this forge, as code."""
    explicit = word == "merge request"  # GitLab takes some of the short ones for its own
    return lambda name: Markdown(f"`{spelling(name, explicit=explicit)}`")


def _decisions(changes: Sequence[ModelChange]) -> dict[str, Any]:
    """What the reviewer of these changes is asked."""
    found = [one for change in changes for one in change.differences]
    new = [change.after for change in changes if change.kind == "new" and change.after is not None]
    kinds = {one.kind for one in found if one.kind == "new-model" or one.severity != "minor"}
    kept = [edit for change in changes for edit in change.kept]
    breaking = [one for one in found if one.severity == "breaking"]
    replaced = [one for one in found if one.kind == "files-replaced"]
    many = len(changes) > 1
    worse = [
        f"{one.subject} of {change.title}" if many else one.subject
        for change in changes
        for one in change.differences
        if one.direction == "worse"
    ]
    asked = bool(
        breaking or replaced or worse or kept or kinds & {"new-model", "license", "owner", "base-model"}
    )
    return {
        "kinds": kinds,
        "missing": {word for model in new for word in ("owner", "license") if getattr(model, word) is None},
        "breaking": breaking,
        "replaced": replaced,
        "worse": worse,
        "many": many,
        "kept": kept,
        "asked": asked,
    }


def _one(change: ModelChange) -> dict[str, Any]:
    telling = [one.sentence for one in change.differences if one.kind in ("promotion", "new-version")]
    headline = telling[0] if telling else ""
    return {
        "change": change,
        "headline": headline,
        "facts": _facts(change.after) if change.after else [],
        "rows": [one for one in change.differences if _in_table(one)],
    }


def _in_table(one: Difference) -> bool:
    return (
        one.severity != "breaking"
        and one.kind not in _TOLD_IN_WORDS
        and (one.before is not None or one.after is not None)
    )


def _many(changes: Sequence[ModelChange]) -> dict[str, Any]:
    ordered = sorted(
        changes, key=lambda change: (not breaks_callers(change), change.kind != "new", change.key)
    )
    return {
        "breaking_models": [change for change in ordered if breaks_callers(change)],
        "breaking_lines": [
            (change, one) for change in ordered for one in change.differences if one.severity == "breaking"
        ],
        "replaced_lines": [
            (change, one) for change in ordered for one in change.differences if one.kind == "files-replaced"
        ],
        "overview": [(change, summary(change, 200)) for change in ordered],
        "first": _rows_at_the_top(ordered),
        "lead": counts(changes, 300) if len(ordered) > _FIRST_SCREEN else "",
        "detailed": [
            change for change in ordered if change.kind == "changed" and len(change.differences) > 1
        ],
    }


def _rows_at_the_top(ordered: Sequence[ModelChange]) -> int:
    if len(ordered) <= _FIRST_SCREEN:
        return len(ordered)
    # Those that break callers come first, and stand above the table already.
    return 0 if breaks_callers(ordered[0]) else _FIRST_ROWS


def _files(changes: Sequence[ModelChange]) -> list[tuple[str, str]]:
    return [
        (mark, f"{change.folder}/{path}")
        for change in changes
        for mark, paths in (
            ("new", change.files_added),
            ("changed", change.files_changed),
            ("removed", change.files_removed),
        )
        for path in paths
    ]


def _facts(model: Model) -> list[tuple[str, str]]:
    """What a reviewer wants to know of a model that the catalog does not have yet."""
    latest = model.latest
    evaluations = (*(latest.evaluations if latest else ()), *model.evaluations)
    signature = (latest.signature if latest else None) or model.signature
    facts = [
        ("Version", latest.name if latest else "none yet"),
        ("What it is", model.description or "not stated"),
        ("Task", ", ".join(model.tasks)),
        ("Categories", ", ".join(model.categories)),
        ("Owner", model.owner or "not stated"),
        ("License", model.license.id if model.license else "not stated"),
        ("Made from", ", ".join(model.lineage.base_models)),
        ("Measured", ", ".join(f"{subject_of(one)} {metrics.number(one.value)}" for one in evaluations[:6])),
        (
            "Takes",
            ", ".join(f"{port.name} ({port.type})" for port in signature.inputs[:8]) if signature else "",
        ),
        (
            "Gives",
            ", ".join(f"{port.name} ({port.type})" for port in signature.outputs[:8]) if signature else "",
        ),
        ("Served at", ", ".join(endpoint.url for endpoint in model.endpoints[:4])),
        ("Read from", ", ".join(f"{one.source} ({one.name})" for one in model.known_in) or model.source),
    ]
    return [(label, value) for label, value in facts if value]
