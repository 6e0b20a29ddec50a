"""Promotion: which version stands in a stage, and what a version must have measured to be put there.

A registry says which version it would have in a stage (an alias, a state, a tag). The catalog says so only
after people approved it, in a pull request that does nothing else. Until then the catalog goes on saying what
it said, whatever else of the model changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from callboard import metrics
from callboard.catalog.entities import lifecycle_word
from callboard.config_promotion import Stage, Threshold
from callboard.model import Evaluation, Model, Promotion, Version


@dataclass(frozen=True)
class Move:
    """A stage in which another version stands from now on."""

    stage: str
    was: str | None
    now: str
    back: bool = False
    """To an earlier version: a rollback."""


@dataclass(frozen=True)
class Gate:
    """One threshold, and what was measured."""

    measure: str
    asked: str
    measured: str
    """``not measured`` where nothing was."""
    met: bool


def standing(model: Model, stages: Sequence[Stage]) -> Model:
    """The record with the newest version that asks for each stage."""
    promotions = (
        Promotion(stage=stage.name, version=version.name)
        for stage in stages
        if (version := next((one for one in model.versions if _asks_for(one, stage)), None)) is not None
    )
    return model.model_copy(update={"promotions": tuple(promotions)})


def kept(model: Model, before: Model | None, stages: Collection[str]) -> Model:
    """The record with what the catalog says of these stages.

    A lifecycle of the name of one of them waits with it.
    """
    there = _versions(before.promotions if before else ())
    promotions = []
    for one in model.promotions:
        if one.stage not in stages:
            promotions.append(one)
        elif one.stage in there:
            promotions.append(Promotion(stage=one.stage, version=there[one.stage]))
    update: dict[str, Any] = {"promotions": tuple(promotions)}
    if lifecycle_word(model.lifecycle) in stages:  # as it would be written
        update["lifecycle"] = before.lifecycle if before else None
        update["said"] = {"lifecycle": model.lifecycle, **model.said}
    return model.model_copy(update=update)


def held_back(model: Model, before: Model | None) -> Model:
    """The record without any promotion that needs approval; one that ended needs none."""
    return kept(model, before, {move.stage for move in moves(before, model)})


def promoted(before: Model, model: Model) -> Model:
    """What the catalog has, with the promotions of the record as read now and nothing else of it.

    A version that the catalog does not have yet comes there first, and is promoted after that.
    """
    had = {version.name for version in before.versions}
    model = kept(model, before, {one.stage for one in model.promotions if one.version not in had})
    said = {field: said for field, said in before.said.items() if field != "lifecycle"}
    said |= {field: said for field, said in model.said.items() if field == "lifecycle"}
    return before.model_copy(
        update={"promotions": model.promotions, "lifecycle": model.lifecycle, "said": said}
    )


def moves(before: Model | None, after: Model | None) -> tuple[Move, ...]:
    """The stages in which another version stands after than before."""
    if after is None:
        return ()
    there = _versions(before.promotions if before else ())
    order = [version.name for version in after.versions]
    return tuple(
        Move(one.stage, was, one.version, back=_is_earlier(one.version, was, order))
        for one in after.promotions
        if one.version != (was := there.get(one.stage))
    )


def gates(model: Model, move: Move, stage: Stage) -> tuple[Gate, ...]:
    """What the stage asks of the version, one by one."""
    now, was = _measured(model, move.now), _measured(model, move.was)
    asked = stage.evaluations
    if move.back:
        asked = tuple(one.model_copy(update={"not_worse": False}) for one in asked if not _only_compares(one))
    return tuple(gate for threshold in asked for gate in _gates(threshold, now, was))


def _only_compares(threshold: Threshold) -> bool:
    return threshold.at_least is None and threshold.at_most is None


def _asks_for(version: Version, stage: Stage) -> bool:
    aliases, states = stage.aliases, stage.states
    if not (aliases or states or stage.tags):
        aliases = states = (stage.name,)
    said = {alias.casefold() for alias in version.aliases}
    state = version.state.casefold() if version.state else None
    return (
        any(alias.casefold() in said for alias in aliases)
        or state in {one.casefold() for one in states}
        or any(version.tags.get(name) == value for name, value in stage.tags.items())
    )


def _versions(promotions: Iterable[Promotion]) -> dict[str, str]:
    return {one.stage: one.version for one in promotions}


def _is_earlier(now: str, was: str | None, newest_first: Sequence[str]) -> bool:
    if was not in newest_first or now not in newest_first:
        return False
    return newest_first.index(now) > newest_first.index(was)


def _measured(model: Model, name: str | None) -> tuple[Evaluation, ...]:
    """What was measured of a version; what the registry says of the model is said of its newest."""
    version = next((one for one in model.versions if one.name == name), None)
    if version is None:
        return ()
    return version.evaluations + (model.evaluations if version == model.latest else ())


def _gates(threshold: Threshold, now: Sequence[Evaluation], was: Sequence[Evaluation]) -> tuple[Gate, ...]:
    found = [one for one in now if _is_about(one, threshold)]
    if not found:
        measure = _name(threshold.metric, threshold.dataset, threshold.split)
        return (Gate(measure, _asked(threshold, None), "not measured", met=False),)
    return tuple(_gate(threshold, one, _same(one, was)) for one in found)


def _gate(threshold: Threshold, now: Evaluation, was: Evaluation | None) -> Gate:
    higher = now.higher_is_better
    if higher is None:
        higher = metrics.higher_is_better(now.metric)
    met = (threshold.at_least is None or now.value >= threshold.at_least) and (
        threshold.at_most is None or now.value <= threshold.at_most
    )
    compared = was if threshold.not_worse else None
    if compared is not None and now.value != compared.value:
        # Of a metric that nobody knows, nobody can say that it did not get worse.
        met = met and higher is not None and (now.value > compared.value) == higher
    return Gate(
        _name(now.metric, now.dataset, now.split), _asked(threshold, compared), metrics.number(now.value), met
    )


def _asked(threshold: Threshold, was: Evaluation | None) -> str:
    parts = []
    if threshold.at_least is not None:
        parts.append(f"at least {metrics.number(threshold.at_least)}")
    if threshold.at_most is not None:
        parts.append(f"at most {metrics.number(threshold.at_most)}")
    if threshold.not_worse:
        parts.append("not worse than before" + (f" ({metrics.number(was.value)})" if was else ""))
    return ", ".join(parts)


def _is_about(one: Evaluation, threshold: Threshold) -> bool:
    return (
        one.metric.casefold() == threshold.metric.casefold()
        and threshold.dataset in (None, one.dataset)
        and threshold.split in (None, one.split)
    )


def _same(one: Evaluation, others: Iterable[Evaluation]) -> Evaluation | None:
    wanted = (one.metric, one.dataset, one.split, one.task)
    return next(
        (other for other in others if (other.metric, other.dataset, other.split, other.task) == wanted), None
    )


def _name(metric: str, dataset: str | None, split: str | None) -> str:
    where = ", ".join(part for part in (dataset, split) if part)
    return f"{metric} ({where})" if where else metric
