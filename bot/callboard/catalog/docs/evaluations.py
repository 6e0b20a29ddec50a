"""Evaluations as tables, the newest versions side by side, and as a plot; validations; who says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callboard.catalog.docs.facts import NONE, link_to
from callboard.catalog.docs.numbers import more, number
from callboard.catalog.markdown import plain
from callboard.catalog.text import shortened
from callboard.model import Evaluation, Model, Version

_MOST_TABLES = 30
_MOST_ROWS = 100
_MOST_VERSIONS = 4
_MOST_BARS = 12
_MOST_SOURCES = 5
_WIDTH = 760
_LEFT = 250
_TOP = 20
_BAR = 36

_Group = tuple[str, str, str]


def evaluation_tables(model: Model) -> dict[str, Any]:
    """A table per task, dataset and split: a row per metric, a column per version, the newest first."""
    columns: list[tuple[str, Sequence[Evaluation]]] = []
    if model.evaluations:
        columns.append(("", model.evaluations))
    measured = [version for version in model.versions if version.evaluations]
    columns += [(version.name, version.evaluations) for version in measured[:_MOST_VERSIONS]]
    groups = dict.fromkeys(_group(one) for _, evaluations in columns for one in evaluations)
    ordered = sorted(groups)
    tables = [_table(group, columns) for group in ordered[:_MOST_TABLES]]
    return {
        "tables": tables,
        "compared": any(
            mark in cell for table in tables for row in table["rows"] for cell in row for mark in "▲▼"
        ),
        "more_tables": more(len(groups) - _MOST_TABLES, "datasets"),
    }


def validation_table(model: Model) -> dict[str, Any] | None:
    """The checks that somebody ran on the newest versions, and their outcomes; None when there are none."""
    checked = [version for version in model.versions if version.validations]
    if not checked:
        return None
    every = [(version, one) for version in checked[:_MOST_VERSIONS] for one in version.validations]
    rows = [
        [
            plain(one.name, 100),
            plain(version.name, 40),
            "passed" if one.passed else "**failed**",
            plain(one.details or "", 300) or NONE,
            _origin(one.source) if one.source else NONE,
        ]
        for version, one in every[:_MOST_ROWS]
    ]
    return {"rows": rows, "more": more(len(every) - _MOST_ROWS, "checks")}


def _origin(source: str) -> str:
    return link_to(source, source) if len(source) <= 200 else plain(source, 200)


def _origins(held: list[tuple[str, dict[str, Evaluation]]]) -> list[str]:
    """Who says the values of each column, where that is said; once where it is the same for all."""
    said: dict[str, list[str]] = {}
    for name, values in held:
        sources = sorted({one.source for one in values.values() if one.source})
        shown = [*map(_origin, sources[:_MOST_SOURCES]), more(len(sources) - _MOST_SOURCES, "")]
        said.setdefault(", ".join(filter(None, shown)).strip(), []).append(name)
    if len(said) == 1:
        return list(filter(None, said))
    return [
        f"{', '.join(f'version {plain(name, 40)}' for name in names if name) or 'the model'}: {sources}"
        for sources, names in said.items()
        if sources
    ]


def _group(evaluation: Evaluation) -> _Group:
    return evaluation.task or "", evaluation.dataset or "", evaluation.split or ""


def _title(group: _Group) -> str:
    task, dataset, split = (plain(part, 100) for part in group)
    named = " · ".join(filter(None, [dataset, task])) or "Metrics"
    return f"{named} ({split})" if split else named


def _table(group: _Group, columns: list[tuple[str, Sequence[Evaluation]]]) -> dict[str, Any]:
    held: list[tuple[str, dict[str, Evaluation]]] = []
    for name, evaluations in columns:
        # A metric that stands twice: the first one counts, as sources give the newest first.
        values = {one.metric: one for one in reversed(evaluations) if _group(one) == group}
        if values:
            held.append((name, values))
    metrics = sorted(
        {metric for _, values in held for metric in values}, key=lambda metric: (metric.lower(), metric)
    )
    rows = []
    for metric in metrics[:_MOST_ROWS]:
        cells = [values.get(metric) for _, values in held]
        # The evaluations of the model itself belong to no version: nothing is compared with them.
        older = [*cells[1:], None]
        shown = [
            _cell(now, before if held[index][0] else None)
            for index, (now, before) in enumerate(zip(cells, older, strict=True))
        ]
        rows.append([plain(metric, 100), *shown])
    names = [f"Version {plain(name, 40)}" if name else "Value" for name, _ in held]
    return {
        "title": _title(group),
        "columns": ["Metric", *names],
        "rows": rows,
        "more": more(len(metrics) - _MOST_ROWS, "metrics"),
        "origins": _origins(held),
    }


def _cell(now: Evaluation | None, before: Evaluation | None) -> str:
    if now is None:
        return NONE
    better = now.higher_is_better
    if before is None or better is None or now.value == before.value:
        return number(now.value)
    return f"{number(now.value)} {'▲' if (now.value > before.value) == better else '▼'}"


def plot(model: Model) -> dict[str, Any] | None:
    """The bars of the plot: shares and percentages of the newest version measured; None below two."""
    named: tuple[str, Sequence[Evaluation]] | None = _newest(model)
    if named is None:
        return None
    of, every = named
    # A longer bar must not mean a worse model.
    evaluations = [one for one in every if one.higher_is_better is not False]
    shares = [one for one in evaluations if 0 <= one.value <= 1]
    percents = [one for one in evaluations if 0 <= one.value <= 100]
    chosen, most = (shares, 1.0) if len(shares) >= len(percents) - len(shares) else (percents, 100.0)
    # A metric that stands twice: the first one counts.
    distinct = {_key(one): one for one in reversed(chosen)}
    ones = [distinct[key] for key in sorted(distinct)][:_MOST_BARS]
    if len(ones) < 2:
        return None
    full = _WIDTH - _LEFT - 90
    bars = []
    for index, one in enumerate(ones):
        width = round(one.value / most * full, 1)
        bars.append(
            {
                "name": shortened(one.metric, 30),
                "detail": shortened(" · ".join(filter(None, [one.dataset, one.split])) or one.task or "", 40),
                "y": _TOP + index * _BAR,
                "width": f"{width:g}",
                "end": f"{_LEFT + width + 8:g}",
                "value": number(one.value),
            }
        )
    ticks = [{"x": f"{_LEFT + full * part / 4:g}", "text": number(most * part / 4)} for part in range(5)]
    sentence = "; ".join(f"{bar['name']} {bar['detail']} {bar['value']}".replace("  ", " ") for bar in bars)
    return {
        "width": _WIDTH,
        "height": _TOP + len(bars) * _BAR + 38,
        "left": _LEFT,
        "top": _TOP,
        "title": f"Evaluation{of}",
        "description": sentence,
        "bars": bars,
        "ticks": ticks,
    }


def _key(one: Evaluation) -> tuple[str, str, str, str]:
    return (one.metric.lower(), *_group(one))


def _newest(model: Model) -> tuple[str, Sequence[Evaluation]] | None:
    version: Version | None = next((version for version in model.versions if version.evaluations), None)
    if version is not None:
        return f" of version {shortened(version.name, 40)}", version.evaluations
    return ("", model.evaluations) if model.evaluations else None
