"""What a pull request says for itself: its title, and what its reviewer needs to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from callboard import metrics
from callboard.changes.change import ModelChange
from callboard.changes.difference import Difference, Kind
from callboard.changes.measures import subject_of
from callboard.config import Merge
from callboard.model import Model, Problem
from callboard.pulls.commits import fingerprint_marker
from callboard.pulls.facts import Promoting
from callboard.pulls.rendering import Markdown, command_in, filled
from callboard.pulls.words import breaks_callers, counts, summary, title

_FIRST_SCREEN = 20
"""So many models are told at the top; of more only the first, so that what is to decide is not far below."""
_FIRST_ROWS = 8
_TOLD_IN_WORDS: frozenset[Kind] = frozenset({"card", "description", "details", "version-state"})


@dataclass(frozen=True)
class Text:
    """What a pull request says."""

    title: str
    body: str


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
        "command": command_in(word),
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
