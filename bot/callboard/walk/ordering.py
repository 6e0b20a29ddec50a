"""Carrying out the boxes that people ticked on the dashboard: like commands in comments, but once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from callboard.forges.protocol import ForgeError
from callboard.git.command import GitError
from callboard.pulls.asked import IGNORED_LABEL, REOPENED_LABEL
from callboard.pulls.commands import PERMISSION, Command, Name
from callboard.pulls.dashboard import Order
from callboard.walk.acting import Handled
from callboard.walk.base import Base
from callboard.walk.commanding import Desk
from callboard.walk.facts import Examined
from callboard.walk.workplace import Workplace

_DASHBOARD = "who ticked the box on the dashboard"


@dataclass(frozen=True)
class Ordered:
    """The open pull requests after the orders about them were carried out."""

    examined: tuple[Examined, ...]
    """Those that can still be decided about, as they are now."""
    handled: tuple[Handled, ...] = ()
    """Those whose branch or state was changed: the next pass sees what they are now."""
    orders: tuple[Order, ...] = ()
    """Those that were dealt with, and are to be unticked."""
    done: tuple[str, ...] = ()
    """What came of each, in one line."""


def obey_boxes(
    workplace: Workplace, base: Base, orders: Iterable[Order], examined: Iterable[Examined]
) -> Ordered:
    """Carry out what was ticked, but for what a sync opens. Nothing may be paused.

    An order that failed is unticked like any other: what went wrong is said, and it can be ticked again.
    """
    desks = {one.facts.pull.number: (one, Desk(workplace, base, one.facts)) for one in examined}
    dealt: list[Order] = []
    done: list[str] = []
    for order in orders:
        if order.deed == "open":
            continue
        dealt.append(order)
        if order.number is None:
            continue
        _, desk = desks.get(order.number, (None, None))
        name = desk.facts.pull.reference if desk else f"number {order.number}"
        try:
            said = _carry_out(desk, order) if desk else _of_closed(workplace, order.number, order)
        except (ForgeError, GitError) as error:
            said = f"it failed: {error}"
        done.append(f"{order.deed} {name}: {said}")
    return Ordered(
        tuple(replace(one, facts=desk.facts) for one, desk in desks.values() if desk.ended is None),
        tuple(
            Handled(one.facts.pull, desk.verdict(), desk.ended)
            for one, desk in desks.values()
            if desk.ended is not None
        ),
        tuple(dealt),
        tuple(done),
    )


def _carry_out(desk: Desk, order: Order) -> str:
    if order.deed == "merge":
        desk.facts = replace(desk.facts, merge_asked=_DASHBOARD)
        verdict = desk.verdict()
        return (
            f"not merged. {verdict.reasons[0].sentence}"
            if verdict.reasons
            else "nothing is missing; it is merged in its turn"
        )
    name: Name | None = next((one for one in PERMISSION if one == order.deed), None)
    answer = desk.carry_out(Command(order.deed, name)) if name else None
    return answer.said if answer else "nothing to do"


def _of_closed(workplace: Workplace, number: int, order: Order) -> str:
    if order.deed != "reopen":
        return "it is not open any more"
    workplace.forge.label(number, add=(REOPENED_LABEL,))
    workplace.forge.label(number, remove=(IGNORED_LABEL,))
    return f"the next sync proposes it again in a new {workplace.forge.word}"
