"""The dashboard: one issue that lists everything open, held, blocked and failed, with boxes to act.

Its text is a pure function of what is so, and holds no time of ours: equal facts give equal bytes. Two walks
write it. The one that reads the registries knows what waits to be opened; the one that looks after pull
requests knows the rest. What one of them does not know it leaves as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from callboard.catalog import inert
from callboard.catalog.markdown import plain
from callboard.pulls.commands import PERMISSION
from callboard.pulls.dashboard_rows import Row, Section
from callboard.pulls.limits import LONGEST_BODY
from callboard.pulls.rendering import Markdown, filled

DASHBOARD_TITLE = "Callboard: model catalog"

Deed = Literal["check-all", "rebase", "recreate", "hold", "unhold", "merge", "reopen", "open"]

_BOXES: Mapping[Section, tuple[Deed, ...]] = {
    "blocked": ("rebase", "recreate", "hold"),
    "edited": ("rebase", "recreate", "hold"),
    "review": ("rebase", "recreate", "hold", "merge"),
    "ready": ("merge", "hold"),
    "held": ("unhold", "rebase"),
    "waiting": ("open",),
    "declined": ("reopen",),
}
_FOR_WRITERS: frozenset[str] = frozenset(name for name, who in PERMISSION.items() if who == "write")
"""On GitLab who may not push can edit an issue (role Reporter), so there is no box for these."""
_SHOWN_MODELS = 3
_SHOWN_DONE = 20
_NONE = "–"  # noqa: RUF001

_BRANCH = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,254}"
_BOX = re.compile(
    r"- \[(?P<mark>[ xX])\] (?P<words>[^<]*)<!-- callboard:do (?P<deed>[a-z-]+)(?: (?P<target>\S+))? -->"
)
_PART = re.compile(
    r"^<!-- callboard:part ([a-z]+) ([0-9]{1,9}) -->\n(.*?)^<!-- /callboard:part -->$",
    re.MULTILINE | re.DOTALL,
)
_DONE = re.compile(r"^<!-- callboard:done -->\n(.*?)^<!-- /callboard:done -->$", re.MULTILINE | re.DOTALL)
_NOTES = "<!-- callboard:notes -->"
_NOTES_END = "<!-- /callboard:notes -->"
_NO_NOTES = "\n_What you write here stays._\n"


@dataclass(frozen=True)
class Order:
    """A box that somebody ticked."""

    deed: Deed
    number: int | None = None
    """Of a pull request; None for ``check-all`` and ``open``."""
    branch: str | None = None
    """Of a group of changes that is not open yet; only for ``open``."""

    @property
    def target(self) -> str:
        """What stands in the box's marker behind the deed."""
        return self.branch or ("" if self.number is None else str(self.number))


def ticked(body: str, word: str = "pull request") -> tuple[Order, ...]:
    """What people ordered by ticking boxes, in the order of the text. What is not exactly a box is none.

    ``word``: what the forge calls a pull request. The forge does not tell who ticked, only that they may edit
    the issue: on GitHub with write permission, on GitLab even without, where some deeds are no orders.
    """
    ours, _ = _split(body)
    found: dict[Order, None] = {}
    for line in ours.split("\n"):
        box = _BOX.fullmatch(line.rstrip())
        order = _order(box["deed"], box["target"]) if box and box["mark"] != " " else None
        if order and _may_be_ordered(order.deed, word):
            found[order] = None
    return tuple(found)


def dashboard_text(
    rows: Iterable[Row],
    known: Collection[Section],
    *,
    before: str = "",
    handled: Collection[Order] = (),
    done: Sequence[str] = (),
    word: str = "pull request",
) -> str:
    """The whole text of the dashboard.

    ``known``: the sections that ``rows`` says everything about; the others stay as in ``before``, the text
    as it stands. ``handled``: the orders in ``before`` that were dealt with; a box with another order stays
    ticked. ``done``: what came of them; without any, what was said last time stays. The notes of people
    stay. It can be longer than a forge takes only if those notes alone are.
    """
    ours, notes = _split(before)
    still = set(ticked(before, word)) - set(handled)
    parts = _kept(ours, frozenset(get_args(Section)) - frozenset(known), still)
    by_section: dict[Section, list[Row]] = {}
    for row in rows:
        by_section.setdefault(row.section, []).append(row)
    for section, found in by_section.items():
        ordered = sorted(found, key=lambda row: (row.since, len(row.target), row.target, row.title))
        parts[section] = _Part(
            len(ordered),
            [_line(row) for row in ordered],
            [
                _box(Order(deed, *_target(row)), _subject(row), still)
                for row in ordered
                for deed in _BOXES.get(section, ())
                if _may_be_ordered(deed, word)
            ],
        )
    end = f"{_NOTES}\n{notes.strip(chr(10)) or _NO_NOTES.strip()}\n{_NOTES_END}\n"
    body = filled(
        "dashboard.md",
        limit=max(0, LONGEST_BODY - len(end) - 1),
        parts=[(section, parts[section]) for section in get_args(Section) if section in parts],
        check_all=_box(Order("check-all"), Markdown(""), still),
        done=[Markdown(f"- {plain(one)}") for one in done[:_SHOWN_DONE]] if done else _told(ours),
        word=word,
    )
    return f"{body}\n{end}"


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but in what forges and browsers do to line ends."""
    return _lines(one).strip() == _lines(other).strip()


@dataclass(frozen=True)
class _Part:
    """A section as it is written."""

    total: int
    rows: list[Markdown]
    boxes: list[Markdown]


def _order(deed: str, target: str | None) -> Order | None:
    if deed == "check-all":
        return Order("check-all") if target is None else None
    if deed == "open":
        return Order("open", branch=target) if target and re.fullmatch(_BRANCH, target) else None
    for known in get_args(Deed):
        if deed == known and target and re.fullmatch("[1-9][0-9]{0,9}", target):
            return Order(known, int(target))
    return None


def _may_be_ordered(deed: Deed, word: str) -> bool:
    return word == "pull request" or deed not in _FOR_WRITERS


def _target(row: Row) -> tuple[int | None, str | None]:
    return (None, row.target) if row.section == "waiting" else (int(row.target), None)


def _subject(row: Row) -> Markdown:
    said = plain(row.title, 90)
    return Markdown(f"{_link(row)} {said}" if row.reference else said)


def _link(row: Row) -> Markdown:
    href = inert.link(row.url)
    # A reference of the forge, which may well be one.
    return Markdown(f"[{row.reference}]({href})" if href else row.reference)


def _box(order: Order, subject: Markdown, still: Collection[Order]) -> Markdown:
    mark = "x" if order in still else " "
    words = f"**{order.deed}** {subject}" if subject else "**check everything again now**"
    target = f" {order.target}" if order.target else ""
    return Markdown(f"- [{mark}] {words} <!-- callboard:do {order.deed}{target} -->")


def _line(row: Row) -> Markdown:
    # The title of what changes one model names it.
    shown = [plain(name, 80) for name in row.models[:_SHOWN_MODELS]] if len(row.models) > 1 else []
    if len(row.models) > _SHOWN_MODELS:
        shown.append(f"and {len(row.models) - _SHOWN_MODELS:,} more")
    models = f" ({', '.join(shown)})" if shown else ""
    cells = (f"{_subject(row)}{models}", plain(row.missing, 300), plain(row.since, 10) or _NONE)
    return Markdown(f"| {' | '.join(cells)} |")


def _kept(ours: str, sections: Collection[str], still: Collection[Order]) -> dict[Section, _Part]:
    parts: dict[Section, _Part] = {}
    for name, total, content in _PART.findall(ours):
        section = next((one for one in get_args(Section) if one == name and one in sections), None)
        if section is None:
            continue
        lines = content.split("\n")
        table = [line for line in lines if line.startswith("| ") and line.endswith(" |")]
        parts[section] = _Part(
            int(total),
            [Markdown(line) for line in table[1:]],
            [Markdown(_remarked(box, still)) for line in lines if (box := _BOX.fullmatch(line.rstrip()))],
        )
    return parts


def _remarked(box: re.Match[str], still: Collection[Order]) -> str:
    mark = "x" if _order(box["deed"], box["target"]) in still else " "
    return f"- [{mark}]{box[0][5:]}"


def _told(ours: str) -> list[Markdown]:
    found = _DONE.search(ours)
    return [Markdown(line) for line in found[1].split("\n") if line.startswith("- ")] if found else []


def _split(body: str) -> tuple[str, str]:
    """What is ours, and the notes of people."""
    ours, _, rest = _lines(body).partition(_NOTES)
    notes, end, after = rest.rpartition(_NOTES_END)
    # Ours was never longer. Finding its parts takes quadratic time, and on GitLab a Reporter may write a lot.
    return ours[:LONGEST_BODY], (notes if end else after).strip("\n")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
