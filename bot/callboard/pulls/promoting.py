"""What a promotion asks for beyond other pull requests: its gates, its approvers, and a person to land it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from callboard.catalog.promotion import Gate, Move, gates, moves
from callboard.catalog.text import shortened
from callboard.config import ForgeKind
from callboard.config_promotion import Stage
from callboard.model import Model
from callboard.pulls.approvals import Approvals
from callboard.pulls.commands import spelling
from callboard.pulls.facts import Promoting, PullFacts
from callboard.pulls.owners import owners_named
from callboard.pulls.rules import counts_as
from callboard.pulls.verdict import Reason


def promotions(
    title: str, before: Model | None, after: Model | None, stages: Sequence[Stage], kind: ForgeKind
) -> tuple[Promoting, ...]:
    """What a change from one record of a model to another promotes.

    To a stage that the configuration does not name any more too: a person lands that like any other. What was
    measured is what the record before says, since whoever commits to a branch can write anything there.
    """
    if after is None:
        return ()
    by_name = {stage.name: stage for stage in stages}
    record = before.model_copy(update={"promotions": after.promotions}) if before else after
    return tuple(
        _promoting(title, record, move, by_name.get(move.stage), kind) for move in moves(before, record)
    )


def _promoting(title: str, record: Model, move: Move, stage: Stage | None, kind: ForgeKind) -> Promoting:
    if stage is None:
        return Promoting(title, move)
    approvers = owners_named(stage.approvers, kind)
    return Promoting(title, move, gates(record, move, stage), stage.approvals, approvers)


def unmet(move: Move, asked: Iterable[Gate]) -> tuple[str, ...]:
    """What stands between the version and its stage, a sentence each."""
    return tuple(
        f"{shortened(gate.measure, 80)} of version {shortened(move.now, 60)} is {gate.measured}; "
        f"{move.stage} asks for {gate.asked}."
        for gate in asked
        if not gate.met
    )


def unpromotable(facts: PullFacts, given: Approvals) -> Iterator[Reason]:
    """Gates that are not met, and approvers who have not approved."""
    logins = frozenset(account.login.lower() for account in given.by)
    for one in facts.promotions:
        for said in unmet(one.move, one.gates):
            hint = f"Promote another version, or change what {one.move.stage} asks for (promotion:)."
            yield Reason("blocked", "promotion-gate", said, hint)
        approved = any(counts_as(login, owner, facts) for login in logins for owner in one.approvers)
        if one.approvers and not approved:
            names = ", ".join(map(str, one.approvers))
            said = f"None of those who approve for {one.move.stage} has approved it ({names})."
            hint = "Ask one of them, with write permission, to review and approve it."
            yield Reason("wait", "promotion-approver-missing", said, hint)


def unlanded(facts: PullFacts) -> Iterator[Reason]:
    """A promotion that nobody has said to land: Callboard never does it by itself."""
    if facts.promotions and not facts.merge_asked:
        command = spelling("merge", explicit=facts.pull.mark == "!")
        said = "All is met, and a promotion is landed by a person."
        yield Reason("wait", "promotion-by-people", said, f"Merge it, or comment {command}.")
