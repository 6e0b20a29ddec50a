"""Values from outside in one line of plain text: titles of pull requests and lines of commit messages.

Neither is Markdown, so nothing can be escaped there. A forge still acts on what it finds in them: mentions,
issue references (``Fixes #1`` closes one), ``[skip ci]``, a title that begins with ``Draft:``. A zero-width
space takes the meaning away and leaves the looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from callboard.catalog.inert import BREAK
from callboard.catalog.promotion import Move, moves
from callboard.catalog.text import shortened
from callboard.changes.change import ModelChange
from callboard.changes.difference import Difference, Kind
from callboard.redaction import redact

LONGEST_TITLE = 120
"""Characters. The forges take 256 (GitHub) and 255 (GitLab), and show fewer."""

_ACTING = (
    re.compile(r"(@)(?=\w)"),
    re.compile(r"([#!$%&])(?=[0-9])"),
    re.compile(r"(?i)\b(GH-)(?=[0-9])"),
    re.compile(r"(\[)"),
    re.compile(r"(\*{3})"),
    re.compile(r"(:)(?=//)"),
)
_DRAFT = re.compile(r"(?i)^(?=\W*(draft|wip|fixup!|squash!|amend!))")

_COUNTED: dict[Kind, str] = {
    "promotion": "promotion",
    "new-version": "new version",
    "version-removed": "version removed",
    "newest-version": "version change",
    "version-state": "version change",
    "files-replaced": "replaced file",
    "signature": "signature change",
    "endpoint": "endpoint change",
    "alias": "alias move",
    "license": "license change",
    "owner": "owner change",
    "lifecycle": "lifecycle change",
    "metric": "new measurement",
    "base-model": "base model change",
    "name": "new name",
}

_REWORDED = "written anew"
_NOT_COUNTED = ("new", "removed", _REWORDED)
"""These stand behind any number as they are."""


def one_line(text: str, limit: int) -> str:
    """``text`` as one line of at most ``limit`` shown characters that no forge acts on."""
    line = shortened(redact(text), limit)
    for pattern in _ACTING:
        line = pattern.sub(rf"\1{BREAK}", line)
    return _DRAFT.sub(BREAK, line)


def title(changes: Sequence[ModelChange], limit: int = LONGEST_TITLE) -> str:
    """What some changes do, in one line of at most ``limit`` shown characters: one model, or how many."""
    if len(changes) != 1:
        return _counted(changes, limit)
    (change,) = changes
    if change.kind == "removed":
        return f"Remove {one_line(change.title, limit - 24)} from the catalog"
    if change.kind == "new":
        version = f", {summary(change, 40)}" if change.after and change.after.latest else ""
        return f"New model: {one_line(change.title, limit - 53)}{version}"
    name = one_line(change.title, limit // 2)
    return f"{name}: {summary(change, limit - len(name) - 2)}"


def summary(change: ModelChange, limit: int) -> str:
    """What happens to one model, without its name, in at most ``limit`` shown characters."""
    latest = change.after.latest if change.after else None
    if change.kind == "removed":
        return "removed"
    if change.kind == "new":
        return f"version {one_line(latest.name, limit - 8)}" if latest else "no version yet"
    return _joined(_phrases(change), limit)


def _counted(changes: Sequence[ModelChange], limit: int) -> str:
    if all(change.kind == "removed" for change in changes):
        return f"Remove {len(changes):,} models from the catalog"
    breaking = sum(breaks_callers(change) for change in changes)
    alarm = f" ({breaking:,} {'breaks' if breaking == 1 else 'break'} callers)" if breaking else ""
    lead = f"{len(changes):,} models{alarm}: "
    return lead + counts(changes, limit - len(lead))


def counts(changes: Sequence[ModelChange], limit: int) -> str:
    """How many of the models are new, have a new version, …, in at most ``limit`` shown characters."""
    words: dict[str, int] = {}
    for change in changes:
        word = _main_word(change)
        words[word] = words.get(word, 0) + 1
    order = ["new", "removed", *_COUNTED.values(), "other change", _REWORDED]
    parts = [
        f"{words[word]:,} {word}{'s' if words[word] > 1 and word not in _NOT_COUNTED else ''}"
        for word in dict.fromkeys(order)
        if word in words
    ]
    return _joined(parts, limit)


def _main_word(change: ModelChange) -> str:
    if change.kind != "changed":
        return change.kind
    kinds = [difference.kind for difference in change.differences]
    if not kinds:
        return _REWORDED
    if "new-version" in kinds:
        return _COUNTED["new-version"]
    return next((_COUNTED[kind] for kind in kinds if kind in _COUNTED), "other change")


def breaks_callers(change: ModelChange) -> bool:
    """Whether callers of a model that stays must do something."""
    return change.kind == "changed" and any(one.severity == "breaking" for one in change.differences)


def _phrases(change: ModelChange) -> list[str]:
    """The most telling first; at least one."""
    found = change.differences
    new = {one.after for one in found if one.kind == "new-version"}
    aliases = [one for one in found if one.kind == "alias" and one.after not in new]
    promoted = [_promotion(one) for one in moves(change.before, change.after)]
    if promoted:
        return promoted  # the lifecycle that comes with it says the same
    phrases = [
        *(_version(one) for one in found if one.kind == "new-version"),
        *(["breaks callers"] if breaks_callers(change) else []),
        *(one_line(f"{one.subject} replaced", 50) for one in found if one.kind == "files-replaced"),
        *_metric(found),
        *(_moved(one) for one in found if one.kind in ("license", "owner", "lifecycle")),
        *(one_line(f"{one.subject} {one.after or 'gone'}", 40) for one in aliases),
    ]
    rest = [one.subject if one.kind in ("details", "name") else one.kind.replace("-", " ") for one in found]
    return phrases or list(dict.fromkeys(one_line(word, 40) for word in rest)) or ["catalog files"]


def _promotion(one: Move) -> str:
    version, stage = one_line(one.now, 30), one_line(one.stage, 40)
    return f"{stage} back to version {version}" if one.back else f"version {version} to {stage}"


def _version(one: Difference) -> str:
    return f"version {one_line(one.after or '', 30)}"


def _moved(one: Difference) -> str:
    return f"{one.kind} {one_line(one.before or 'none', 40)} → {one_line(one.after or 'none', 40)}"


def _metric(found: Iterable[Difference]) -> list[str]:
    # One is enough for a title: a worse one, because that is what a reviewer must not miss, else the first.
    measured = [one for one in found if one.kind == "metric" and one.before and one.after]
    chosen = sorted(
        measured, key=lambda one: ("worse", "better", "changed").index(one.direction or "changed")
    )
    return [
        f"{one_line(one.subject.partition(' (')[0], 40)} {one.before} → {one.after}" for one in chosen[:1]
    ]


def _joined(parts: Sequence[str], room: int) -> str:
    """As many parts as there is room for, and at least one."""
    kept = list(parts)
    while len(kept) > 1 and len(", ".join(kept)) > room:
        kept.pop()
    said = ", ".join(kept)
    return said if len(said) <= room else f"{said[: room - 1]}…"
