"""Evaluations as people write them beside a model: ``model-index``, ``.eval_results/*.yaml`` and our own.

The formats of ``model-index`` and ``.eval_results`` are those of the Hugging Face Hub (hub-docs,
``modelcard.md`` and ``eval_results.yaml``). Each bad result is lost alone.
"""

from __future__ import annotations

from functools import partial

from callboard.documents.place import Fault, Path, Place
from callboard.documents.reader import Document, read_documents
from callboard.metrics import higher_is_better
from callboard.model import Evaluation
from callboard.sources.fields import Fields, Origin


def from_model_index(card: Fields) -> tuple[Evaluation, ...]:
    """The results in a card's ``model-index``."""
    found: list[Evaluation] = []
    for entry in card.records("model-index"):
        for result in entry.records("results"):
            task = result.record("task").text("type", "name")
            data = result.record("dataset")
            source = result.record("source")
            for metric in result.records("metrics"):
                name = metric.text("type", "name")
                value = _value(metric)
                if name is None:
                    metric.missing("type")
                elif value is not None:
                    found.append(
                        Evaluation(
                            metric=name,
                            value=value,
                            dataset=_dataset(data),
                            split=data.text("split"),
                            task=task,
                            source=source.text("url", "name"),
                            higher_is_better=higher_is_better(name),
                        )
                    )
    return tuple(found)


def from_list(owner: Fields, name: str) -> tuple[Evaluation, ...]:
    """Evaluations in Callboard's own short form: ``{metric, value, dataset, split, task, source}``."""
    found: list[Evaluation] = []
    for item in owner.records(name):
        metric = item.text("metric")
        value = _value(item)
        if metric is None:
            item.missing("metric")
        elif value is not None:
            stated = item.flag("higher-is-better")
            found.append(
                Evaluation(
                    metric=metric,
                    value=value,
                    dataset=item.text("dataset"),
                    split=item.text("split"),
                    task=item.text("task"),
                    source=item.text("source"),
                    higher_is_better=higher_is_better(metric) if stated is None else stated,
                )
            )
    return tuple(found)


def read_eval_results(content: bytes, file: str) -> tuple[tuple[Evaluation, ...], tuple[Fault, ...]]:
    """The evaluations in one ``.eval_results/*.yaml`` file, and what was wrong with it.

    The format names a benchmark and not a metric: the metric is ``score``, with the author's note (``with
    tools``) in parentheses, since one benchmark may be run in several ways.
    """
    reading = read_documents(content, file)
    faults = list(reading.faults)
    found: list[Evaluation] = []
    lines = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for document in reading.documents:
        origin = Origin(partial(_place_in_root, document), lines, faults)
        root = Fields({"results": document.value}, origin)
        for item in root.records("results"):
            dataset = item.record("dataset")
            value = _value(item)
            if dataset.text("id") is None:
                item.missing("dataset")
            elif value is not None:
                note = item.text("notes")
                source = item.record("source")
                found.append(
                    Evaluation(
                        metric=f"score ({note})" if note else "score",
                        value=value,
                        dataset=dataset.text("id"),
                        task=dataset.text("task_id"),
                        source=source.text("url", "name"),
                    )
                )
    return tuple(found), tuple(faults)


def _place_in_root(document: Document, path: Path) -> Place:
    return document.place(path[1:])


def _value(item: Fields) -> float | None:
    if item.values.get("value") is None:
        item.missing("value")
    return item.number("value")


def _dataset(data: Fields) -> str | None:
    name = data.text("name", "type")
    config = data.text("config")
    if name and config and config != "default" and config.lower() not in name.lower():
        return f"{name} ({config})"
    return name
