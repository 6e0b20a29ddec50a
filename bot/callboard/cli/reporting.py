"""How changes and pull requests are shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from callboard.cli.output import Table

if TYPE_CHECKING:
    from callboard.walk.reconcile import ReconcileResult
    from callboard.walk.sync import SyncResult


def changes_record(result: SyncResult) -> list[dict[str, Any]]:
    """The changes with their files, for programs."""
    return [
        {
            "key": one.change.key,
            "name": one.change.name,
            "kind": one.change.kind,
            "folder": one.change.folder,
            "files": {
                "added": list(one.change.files_added),
                "changed": list(one.change.files_changed),
                "removed": list(one.change.files_removed),
            },
            "differences": [difference.sentence for difference in one.change.differences],
            "kept": [
                {"file": kept.file, "field": kept.field, "registry": kept.registry, "person": kept.person}
                for kept in one.change.kept
            ],
        }
        for one in result.desired.changes
    ]


def changes_table(result: SyncResult) -> Table:
    """The changes, for people: what happens to each model and the most important thing about it."""
    rows = []
    for one in result.desired.changes:
        first = one.change.differences[0].sentence if one.change.differences else "files are written anew"
        count = sum(map(len, (one.change.files_added, one.change.files_changed, one.change.files_removed)))
        rows.append([one.change.kind, one.change.name, str(count), first])
    return ["CHANGE", "MODEL", "FILES", "WHAT"], rows


def sync_record(result: SyncResult, counts: dict[str, int]) -> dict[str, Any]:
    """Everything about a sync, for programs."""
    return {
        "models": result.desired.models,
        "base": result.base,
        "paused": result.paused,
        "reworded": result.desired.reworded,
        "changes": changes_record(result),
        "pull-requests": [
            {
                "branch": proposal.branch,
                "action": proposal.action,
                "why": proposal.why,
                "number": proposal.pull.number if proposal.pull else None,
                "url": proposal.pull.url if proposal.pull else None,
                "models": [one.change.name for one in proposal.group.changes],
            }
            for proposal in result.proposals
        ]
        + [
            {
                "branch": one.pull.head_ref,
                "action": "close",
                "why": " ".join(one.why),
                "number": one.pull.number,
                "url": one.pull.url,
                "models": [],
            }
            for one in result.obsolete
        ],
        "findings": _problems((*result.desired.findings, *result.problems)),
        "forge": counts,
    }


def sync_table(result: SyncResult) -> Table:
    """What was done about each pull request, for people."""
    rows = [
        [
            proposal.action,
            proposal.pull.reference if proposal.pull else "",
            proposal.group.changes[0].change.name
            + (f" and {len(proposal.group.changes) - 1} more" if len(proposal.group.changes) > 1 else ""),
            proposal.why or (proposal.pull.url if proposal.pull else ""),
        ]
        for proposal in result.proposals
    ]
    rows += [["close", one.pull.reference, one.pull.title, " ".join(one.why)] for one in result.obsolete]
    return ["ACTION", "PULL REQUEST", "MODEL", "WHERE OR WHY"], rows


def reconcile_record(result: ReconcileResult, counts: dict[str, int]) -> dict[str, Any]:
    """Everything about a reconcile, for programs."""
    registration = result.registration
    return {
        "pull-requests": [
            {
                "number": one.pull.number,
                "url": one.pull.url,
                "title": one.pull.title,
                "verdict": one.verdict.kind,
                "done": one.done,
                "reasons": [
                    {"code": reason.code, "sentence": reason.sentence, "hint": reason.hint}
                    for reason in one.verdict.reasons
                ],
            }
            for one in result.handled
        ],
        "registered": [
            {
                "target": outcome.target,
                "state": outcome.state,
                "entities": [
                    {"entity": each.entity_ref, "state": each.state, "why": each.why}
                    for each in outcome.confirmations
                ],
            }
            for outcome in (registration.outcomes if registration else ())
        ],
        "unregistered": [location.target for location in (registration.unregistered if registration else ())],
        "findings": _problems(result.problems),
        "forge": counts,
    }


def reconcile_table(result: ReconcileResult) -> Table:
    """What was decided and done, for people."""
    rows = [
        [
            one.pull.reference,
            one.verdict.kind if one.done == "nothing" else one.done,
            one.pull.title,
            one.why or "; ".join(reason.sentence for reason in one.verdict.reasons),
        ]
        for one in result.handled
    ]
    if result.registration:
        rows += [["", one.state, "location", one.target] for one in result.registration.outcomes]
        rows += [["", "unregistered", "location", one.target] for one in result.registration.unregistered]
    return ["PULL REQUEST", "STATE", "TITLE", "WHY"], rows


def _problems(problems: Sequence[Any]) -> list[dict[str, Any]]:
    return [problem.model_dump(mode="json", exclude_none=True) for problem in problems]
