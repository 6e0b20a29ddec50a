"""What of a model is written now and what is promoted later, in a pull request of its own."""

from __future__ import annotations

from collections.abc import Sequence

from callboard.catalog.identity import Key
from callboard.catalog.promotion import Move, gates, held_back, kept, moves, promoted, standing
from callboard.catalog.shelf import Shelf
from callboard.changes.grouping import is_promotion
from callboard.config_promotion import Stage
from callboard.model import Model, Problem
from callboard.pulls.promoting import unmet
from callboard.walk.findings import of_model
from callboard.walk.linking import Parts


def records_to_write(
    key: Key, model: Model, parts: Parts, shelf: Shelf, stages: Sequence[Stage], branch: str
) -> tuple[tuple[tuple[Model, Parts], ...], tuple[Problem, ...]]:
    """The records to write of a model, with its parts, each after the one before it is on the base branch.

    A promotion comes when nothing else of the model is left to write; one that is open already goes first,
    so that nothing that people are reviewing changes under them. ``branch``: of the open pull request that
    holds the model.
    """
    if not stages:
        return ((model, parts),), ()
    there = shelf.folders.get(key)
    before = there.lock.record if there else None
    model = standing(model, stages)
    missing = {
        move.stage: unmet(move, gates(model, move, stage)) for move, stage in _moves(before, model, stages)
    }
    model = kept(model, before, {stage for stage, said in missing.items() if said})
    findings = tuple(_not_promoted(model, stage, said) for stage, said in missing.items() if said)
    normal = held_back(model, before), parts
    if there is None or not moves(before, promoting := promoted(there.lock.record, model)):
        return (normal,), findings
    promotion = promoting, there.lock.parts
    return ((promotion, normal) if is_promotion(branch, str(key)) else (normal, promotion)), findings


def _moves(before: Model | None, model: Model, stages: Sequence[Stage]) -> list[tuple[Move, Stage]]:
    by_name = {stage.name: stage for stage in stages}
    return [(move, by_name[move.stage]) for move in moves(before, model)]


def _not_promoted(model: Model, stage: str, said: Sequence[str]) -> Problem:
    return of_model(
        model,
        f"it is not proposed for {stage}: {' '.join(said)}",
        "promote another version in the registry, or change what the stage asks for (promotion:)",
        "warning",
    )
