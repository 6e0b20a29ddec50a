"""What a model can do, in words that are the same for all registries: tasks and categories.

Only what a registry says counts: its words for tasks, the capabilities that it names, and where that is
certain the types of what a model puts out. A model's name tells something only where people said so in
callboard.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from callboard.config_models import NamedRow, SignatureRow, TaskRow, Tasks
from callboard.model import Model
from callboard.sources.selection import matches
from callboard.sources.tables import folded, merged, shipped_table

TABLE = "the table of tasks"
"""Who says what comes from here."""


@dataclass(frozen=True)
class TaskTable:
    """The rows, by folded words."""

    words: Mapping[str, TaskRow]
    capabilities: Mapping[str, TaskRow]
    signatures: tuple[SignatureRow, ...]
    models: tuple[NamedRow, ...]


def task_table(own: Tasks) -> TaskTable:
    """The shipped table with ``own`` rows on top."""
    base = shipped_table("tasks", Tasks)
    return TaskTable(
        merged(base.words, own.words),
        merged(base.capabilities, own.capabilities),
        (*base.signatures, *own.signatures),
        (*base.models, *own.models),
    )


def tasks_and_categories(model: Model, table: TaskTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tasks, in the registry's order and those that follow from other things after them, and the
    categories, in alphabetical order. Each once."""
    tasks: list[str] = []
    categories = set(model.categories)
    for word in model.tasks:
        row = table.words.get(folded(word))
        tasks += row.tasks if row and row.tasks else (word,)
        categories.update(row.categories if row else ())
    for row in _rows_of_others(model, table):
        tasks += row.tasks
        categories.update(row.categories)
    return tuple(dict.fromkeys(tasks)), tuple(sorted(categories))


def _rows_of_others(model: Model, table: TaskTable) -> list[TaskRow]:
    rows = [table.capabilities.get(folded(word)) for word in model.capabilities]
    outputs = _outputs(model)
    rows += [one for one in table.signatures if matches((one.output,), outputs.get(one.format, ()))]
    if model.provider:
        rows += [
            one
            for one in table.models
            if matches((one.provider,), (model.provider,)) and matches((one.name,), (model.name,))
        ]
    return [row for row in rows if row is not None]


def _outputs(model: Model) -> dict[str, list[str]]:
    """The types of what the newest version puts out, by the formats that it comes in."""
    latest = model.latest
    signature = (latest.signature if latest else None) or model.signature
    if latest is None or signature is None:
        return {}
    types = [port.type for port in signature.outputs]
    return {artifact.format: types for artifact in latest.artifacts if artifact.format}
