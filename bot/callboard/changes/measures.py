"""How a model's measured values moved, and whether that is better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from callboard import metrics
from callboard.catalog.text import shortened
from callboard.changes.difference import Difference, Direction
from callboard.model import Evaluation, Model

_Measure = tuple[str, str | None, str | None, str | None, str | None]


def measure_differences(before: Model, after: Model) -> Iterator[Difference]:
    """The differences between what was measured of the newest version before and now.

    The same metric on the same dataset, split and task is the same measure, whoever measured it.
    """
    old, new = _measures(before), _measures(after)
    for measure, now in new.items():
        subject = subject_of(now)
        was = old.get(measure)
        value = metrics.number(now.value)
        if was is None:
            yield Difference(
                "metric", "minor", f"{subject} is measured now: {value}.", subject, None, value, "changed"
            )
        elif was.value != now.value:
            yield _moved(subject, was, now)
    for measure, was in old.items():
        if measure not in new:
            subject = subject_of(was)
            value = metrics.number(was.value)
            said = f"{subject} is no longer measured (it was {value})."
            yield Difference("metric", "minor", said, subject, value, None, "changed")


def _moved(subject: str, was: Evaluation, now: Evaluation) -> Difference:
    higher = now.higher_is_better
    if higher is None:
        higher = metrics.higher_is_better(now.metric)
    direction: Direction = "changed"
    if higher is not None:
        direction = "better" if (now.value > was.value) == higher else "worse"
    before, after = metrics.number_pair(was.value, now.value)
    return Difference(
        "metric",
        "important" if direction == "worse" else "minor",
        f"{subject} went from {before} to {after}{'' if direction == 'changed' else f': {direction}'}.",
        subject,
        before,
        after,
        direction,
    )


def _measures(model: Model) -> dict[_Measure, Evaluation]:
    latest = model.latest
    evaluations = (*(latest.evaluations if latest else ()), *model.evaluations)
    times = Counter(_measure(evaluation) for evaluation in evaluations)
    measures: dict[_Measure, Evaluation] = {}
    for evaluation in evaluations:
        measure = _measure(evaluation)
        # Two sources that measured the same are told apart by their names; else the name does not matter,
        # since a registry's run id is another one for each version.
        if times[measure] > 1:
            measure = (*measure[:4], evaluation.source)
        measures.setdefault(measure, evaluation)
    return measures


def _measure(evaluation: Evaluation) -> _Measure:
    return evaluation.metric, evaluation.dataset, evaluation.split, evaluation.task, None


def subject_of(evaluation: Evaluation) -> str:
    """What was measured, as people say it: the metric, and on what where that is known."""
    where = ", ".join(shortened(part, 40) for part in (evaluation.dataset, evaluation.split) if part)
    name = shortened(evaluation.metric, 60) or "a metric without a name"
    return f"{name} ({where})" if where else name
