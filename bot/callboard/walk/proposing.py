"""What to do about each group of changes, and about open pull requests that nothing asks for. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from callboard.catalog.lock import FILE, BadLock, read_lock
from callboard.changes.group import Group
from callboard.forges.protocol import Account, PullRequest
from callboard.git.repository import Repository
from callboard.pulls.asked import is_declined
from callboard.pulls.commits import fingerprint_in
from callboard.pulls.decide import Verdict, decide
from callboard.pulls.facts import PullFacts
from callboard.walk.base import Base
from callboard.walk.facts import gather, might_be_ours
from callboard.walk.folders import folders_of
from callboard.walk.history import made_by_us
from callboard.walk.obsolete import OBSOLETE_LABEL, Needs, Obsolete, obsolete_pulls
from callboard.walk.rewriting import head_holds
from callboard.walk.workplace import Workplace

_HOUR = timedelta(hours=1)
Action = Literal["open", "update", "unchanged", "declined", "wait", "leave"]


@dataclass(frozen=True)
class Proposal:
    """What is done about one group of changes."""

    group: Group
    branch: str
    action: Action
    why: str = ""
    head: str | None = None
    """The commit that the branch is at; None when there is no such branch."""
    pull: PullRequest | None = None


@dataclass(frozen=True)
class Reading:
    """Everything read before anything is decided."""

    base: Base
    identity: Account
    heads: Mapping[str, str]
    pulls: tuple[PullRequest, ...]
    now: datetime


def ours(workplace: Workplace, reading: Reading) -> dict[str, PullRequest]:
    """Our open pull requests by their branches."""
    return {
        pull.head_ref: pull
        for pull in reading.pulls
        if might_be_ours(pull, workplace.forge.repository, reading.identity, workplace.config)
    }


def find_obsolete(
    workplace: Workplace, reading: Reading, groups: Iterable[Group], needs: Needs
) -> tuple[Obsolete, ...]:
    """The pull requests that no group is for, and that may be closed."""
    prefix = workplace.config.pull_requests.branch_prefix
    asked_for = {one.branch(prefix, reading.heads) for one in groups}
    stray = [pull for branch, pull in ours(workplace, reading).items() if branch not in asked_for]
    if not stray:
        return ()
    return obsolete_pulls(workplace.repository, needs, _facts(workplace, reading, stray))


def propose(
    workplace: Workplace,
    reading: Reading,
    groups: Iterable[Group],
    obsolete: Iterable[Obsolete],
    wanted: Collection[str | None] = (),
) -> tuple[Proposal, ...]:
    """What to do about each group, from what is on the forge. Reads, never writes.

    ``wanted``: branches whose pull requests somebody asked for on the dashboard, whatever the limits.

    A folder that another open pull request of ours changes, and goes on to change, waits for that one.
    """
    root = workplace.config.catalog.path
    closing = {one.pull.head_ref for one in obsolete}
    pull_of = {branch: pull for branch, pull in ours(workplace, reading).items() if branch not in closing}
    allowance = _Allowance(workplace, reading, len(pull_of))
    found = _decided(workplace, reading, [_followed(workplace, reading, one, pull_of) for one in groups])
    followed = {proposal.branch for proposal in found if proposal.action in ("update", "unchanged")}
    taken = {
        folder: pull
        for branch, pull in pull_of.items()
        if branch not in followed
        for folder in folders_of(pull, root)
    }
    proposals = []
    for proposal in found:
        changes = proposal.group.changes
        late = tuple(
            one for one in changes if taken.get(one.change.folder, proposal.pull) is not proposal.pull
        )
        if late:
            other = taken[late[0].change.folder]
            why = f"{other.reference} changes {late[0].change.folder} already; this comes after it"
            proposals.append(
                replace(proposal, group=replace(proposal.group, changes=late), action="leave", why=why)
            )
            rest = replace(proposal.group, changes=tuple(one for one in changes if one not in late))
            if not rest.changes:
                continue
            (proposal,) = _decided(workplace, reading, [_followed(workplace, reading, rest, pull_of)])
        asked = proposal.branch in wanted
        if proposal.action == "open" and not asked and (not_yet := allowance.why_wait()):
            proposal = replace(proposal, action="wait", why=not_yet)
        elif proposal.action == "open":
            proposal = _open(workplace, proposal)
            allowance.opened += proposal.action == "open"
        proposals.append(proposal)
    return tuple(proposals)


class _Allowance:
    """How many pull requests may still be opened."""

    def __init__(self, workplace: Workplace, reading: Reading, now_open: int) -> None:
        self._workplace, self._reading, self._now_open = workplace, reading, now_open
        self.opened = 0
        """By this walk."""

    def why_wait(self) -> str | None:
        """Why none may be opened now; None when one may."""
        settings = self._workplace.config.pull_requests
        if self._now_open + self.opened >= settings.limit:
            return f"{settings.limit} are open already (pull-requests: limit)"
        times = sorted([*self._lately, *[self._reading.now] * self.opened])
        if len(times) < settings.per_hour:
            return None
        at = (times[-settings.per_hour] + _HOUR).astimezone(UTC)
        opened = f"{settings.per_hour} were opened within an hour (pull-requests: per-hour)"
        return f"{opened}; the next may be opened from {at:%H:%M:%S} UTC on"

    @cached_property
    def _lately(self) -> tuple[datetime, ...]:
        """When ours of the last hour were opened: the open ones, and those that have ended since."""
        workplace, identity = self._workplace, self._reading.identity
        pulls = {one.number: one for one in (*workplace.forge.finished_lately(), *self._reading.pulls)}
        times = [
            datetime.fromisoformat(one.created_at)
            for one in pulls.values()
            if one.created_at and might_be_ours(one, workplace.forge.repository, identity, workplace.config)
        ]
        return tuple(time for time in times if time > self._reading.now - _HOUR)


def _followed(
    workplace: Workplace, reading: Reading, one: Group, pull_of: Mapping[str, PullRequest]
) -> Proposal:
    """To open a pull request for a group, or what its open one needs by its content alone."""
    branch = one.branch(workplace.config.pull_requests.branch_prefix, reading.heads)
    head, pull = reading.heads.get(branch), pull_of.get(branch)
    proposal = Proposal(one, branch, "open", head=head, pull=pull)
    if pull is None:
        return proposal
    if head is not None and holds(workplace.repository, head, one):
        return replace(proposal, action="unchanged")
    return replace(proposal, action="update")


def holds(repository: Repository, head: str, one: Group) -> bool:
    """Whether the branch already has exactly what we would write."""
    if fingerprint_in(repository.commit(head).message) != one.fingerprint:
        return False
    return head_holds(repository, head, one)


def _decided(workplace: Workplace, reading: Reading, proposals: Sequence[Proposal]) -> list[Proposal]:
    """The same, where what holds other content is updated only if it may be."""
    stale = [one.pull for one in proposals if one.action == "update" and one.pull is not None]
    if not stale:
        return [*proposals]
    config = workplace.config
    verdicts = {
        facts.pull.number: decide(facts, config.merge, config.pull_requests.rebase)
        for facts in _facts(workplace, reading, stale)
    }
    return [
        _as_decided(one, verdicts[one.pull.number]) if one.action == "update" and one.pull else one
        for one in proposals
    ]


def _as_decided(proposal: Proposal, verdict: Verdict) -> Proposal:
    assert proposal.pull is not None
    if verdict.kind == "regenerate":
        return replace(proposal, head=proposal.pull.head)
    if verdict.kind == "merge":
        why = "it is approved and can be merged; what is newer comes after it"
    else:
        why = verdict.reasons[0].sentence
    return replace(proposal, action="leave", why=why)


def _facts(workplace: Workplace, reading: Reading, pulls: Sequence[PullRequest]) -> tuple[PullFacts, ...]:
    """The facts of pull requests that do not hold what would be written now."""
    examined = gather(workplace, reading.base, reading.identity, pulls, None, now=reading.now)
    return tuple(one.facts for one in examined)


def _open(workplace: Workplace, proposal: Proposal) -> Proposal:
    closed = workplace.forge.last_closed(proposal.branch)
    if closed is not None and closed.state == "closed" and OBSOLETE_LABEL not in closed.labels:
        # The commit tells what was refused; the text may have been rewritten by whoever refused it.
        had = workplace.repository.fetch_commits([closed.head])
        said = workplace.repository.commit(closed.head).message if had else closed.body
        same = fingerprint_in(said) == proposal.group.fingerprint
        if had and not same:
            same = _promotes_the_same(workplace.repository, closed.head, proposal.group)
        declined = is_declined(closed, same=same)
        if declined is not None:
            return replace(proposal, action="declined", why=declined, pull=closed)
    if proposal.head is not None and not made_by_us(workplace.repository, proposal.head):
        why = "the branch is there with commits of people and has no pull request; delete it to start anew"
        return replace(proposal, action="leave", why=why)
    return proposal


def _promotes_the_same(repository: Repository, head: str, group: Group) -> bool:
    """Whether a commit promotes what the group does, whatever else of the model has changed since."""
    change = group.changes[0].change
    if not change.promotes or change.after is None:
        return False
    entry = repository.entry(head, f"{change.folder}/{FILE}")
    if entry is None or not entry.is_file:
        return False
    try:
        refused = read_lock(repository.blobs([entry.blob])[entry.blob]).record
    except BadLock:
        return False
    return refused.promotions == change.after.promotions
