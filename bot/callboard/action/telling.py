"""A result in the words of the runner: outputs, annotations, the job's summary, lines of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callboard.catalog.text import shortened
from callboard.validation.reports.github import MOST as MOST_ANNOTATIONS
from callboard.validation.reports.github import command
from callboard.validation.reports.markdown import code
from callboard.validation.reports.words import counted, one_line

_MOST_ROWS = 100
_LONGEST = 400
"""Characters of one value: a summary holds 1 MiB, and is dropped as a whole when it has more."""
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.:/_-]+")
_STUCK = ("blocked", "step-back")

Record = Mapping[str, Any]
"""What ``callboard sync -o json`` or ``callboard reconcile -o json`` prints."""


def outputs(record: Record) -> dict[str, str]:
    """The outputs of the step. ``changes`` only where the command decides about any."""
    pulls = [pull for pull in record["pull-requests"] if pull["number"] is not None]
    changes = {"changes": str(len(record["changes"]))} if "changes" in record else {}
    return {**changes, "pull-requests": json.dumps(pulls), "findings": str(len(record["findings"]))}


def file_command(values: Mapping[str, str], delimiter: str) -> str:
    """Values as the runner's files take them. The delimiter must be one that no value can know."""
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def alerts(record: Record) -> list[str]:
    """Workflow commands that annotate the run: findings, and pull requests that cannot proceed."""
    said = [
        (str(one["severity"]), f"{one['where']}: {one['what']}. {one['hint']}", _about(one))
        for one in record["findings"]
    ]
    said += [
        ("error", f"{one['url']}: {_why(one)}", f"#{one['number']} cannot proceed")
        for one in record["pull-requests"]
        if one.get("verdict") in _STUCK
    ]
    lines = []
    for severity in ("error", "warning"):
        mine = [
            command(severity, _short(text), title=_short(title))
            for one, text, title in said
            if one == severity
        ]
        lines += mine[:MOST_ANNOTATIONS]
        if left_out := mine[MOST_ANNOTATIONS:]:
            lines.append(f"{counted(len(left_out), severity)} more; see the summary of this job")
    return lines


def log(record: Record) -> list[str]:
    """What was done, a line each."""
    lines = [
        one_line(f"{_state(one)} {_subject(one)} {one['url'] or ''} {_why(one)}").rstrip()
        for one in record["pull-requests"]
    ]
    lines += [one_line(f"{one['state']} {one['target']}") for one in record.get("registered", ())]
    lines += [one_line(f"unregistered {target}") for target in record.get("unregistered", ())]
    if record.get("paused"):
        lines.append(one_line(f"paused by {record['paused']}: nothing was written"))
    return [*lines, _counts(record)]


def summary(title: str, record: Record) -> str:
    """Markdown for the job's summary."""
    lines = [f"## Callboard: {title}", "", f"{_counts(record)}.", ""]
    pulls = record["pull-requests"]
    lines += _table(
        ("Pull request", "State", "What", "Why"),
        [(_link(one), _state(one), _cell(_subject(one)), _cell(_why(one))) for one in pulls],
    )
    places = [(one["state"], one["target"]) for one in record.get("registered", ())]
    places += [("unregistered", target) for target in record.get("unregistered", ())]
    lines += _table(("State", "Location"), [(state, _cell(target)) for state, target in places])
    lines += _table(
        ("Severity", "About", "Where", "Finding", "What to do"),
        [
            (one["severity"], _cell(_about(one)), *(_cell(one[key]) for key in ("where", "what", "hint")))
            for one in record["findings"]
        ],
    )
    return "\n".join(lines)


def _counts(record: Record) -> str:
    read = [counted(record["models"], "model")] if "models" in record else []
    changes = [counted(len(record["changes"]), "change")] if "changes" in record else []
    pulls = counted(len(record["pull-requests"]), "pull request")
    said = [*read, *changes, pulls, counted(len(record["findings"]), "finding")]
    if record.get("reworded"):
        said.append(f"{counted(record['reworded'], 'model')} to be refreshed when asked (input refresh)")
    return ", ".join([*said, *(["paused: nothing was written"] if record.get("paused") else [])])


def _table(columns: Sequence[str], rows: Sequence[Iterable[str]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows[:_MOST_ROWS]]
    more = [f"{len(rows) - _MOST_ROWS} more.", ""] if len(rows) > _MOST_ROWS else []
    return [*lines, "", *more]


def _state(pull: Record) -> str:
    """Our own words: what was done, else what was decided."""
    if "action" in pull:
        return str(pull["action"])
    return str(pull["verdict"] if pull["done"] == "nothing" else pull["done"])


def _why(pull: Record) -> str:
    if "why" in pull:
        return str(pull["why"])
    return " ".join(f"{reason['sentence']} {reason['hint']}".rstrip() for reason in pull["reasons"])


def _subject(pull: Record) -> str:
    return str(pull["title"]) if "title" in pull else ", ".join(pull["models"])


def _about(finding: Record) -> str:
    return " ".join(finding[key] for key in ("source", "model") if finding.get(key))


def _link(pull: Record) -> str:
    number, url = pull["number"], pull["url"]
    if number is None:
        return ""
    return f"[#{number}]({url})" if _PLAIN_URL.fullmatch(url or "") else f"#{number}"


def _cell(text: str) -> str:
    return code(_short(text)) if text else ""


def _short(text: str) -> str:
    return shortened(text, _LONGEST)
