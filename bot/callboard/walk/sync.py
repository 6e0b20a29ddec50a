"""A walk up to open pull requests: read, decide, build commits, push them in one go, open or update."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from callboard.changes.grouping import Rules, group
from callboard.changes.shards import Room
from callboard.config import SourceSettings
from callboard.forges.protocol import Account, ForgeError, NewPullRequest, PullRequest
from callboard.model import Listing, Model, Problem
from callboard.pulls.comments import NEWS_MARKER
from callboard.pulls.commits import fingerprint_in
from callboard.pulls.promoting import promotions
from callboard.pulls.seal import is_our_body, is_our_title, sealed
from callboard.pulls.texts import Text, pull_request_text
from callboard.sources.overrides import Override
from callboard.walk.base import base_of_commit
from callboard.walk.dashboard import orders_on, write_sync_on_dashboard
from callboard.walk.desired import Desired, desire, members, without_rewording
from callboard.walk.folders import folders_of
from callboard.walk.holding import given_back, locks_beyond_base, open_in, pending_names, pending_parts
from callboard.walk.known_owners import check_owners
from callboard.walk.listings import list_sources
from callboard.walk.moves import at_its_name
from callboard.walk.obsolete import Needs, Obsolete, close_obsolete
from callboard.walk.owning import kind_of
from callboard.walk.pausing import pause_reason
from callboard.walk.proposing import Proposal, Reading, find_obsolete, holds, ours, propose
from callboard.walk.pushing import push_groups
from callboard.walk.workplace import WORKFLOW_LOGIN, NotConfigured, Workplace

_MOST_FILES = {"pull request": 2_500, "merge request": 900}
"""In one of them. GitHub tells at most 3,000 paths, GitLab 1,000, and what is not told cannot be merged."""


@dataclass(frozen=True)
class SyncResult:
    """What a sync found and did."""

    desired: Desired
    proposals: tuple[Proposal, ...]
    problems: tuple[Problem, ...] = ()
    """What the forge refused."""
    base: str | None = None
    sources: int = 0
    obsolete: tuple[Obsolete, ...] = ()
    """Open pull requests of ours that nothing asks for any more: closed."""
    silent_sources: tuple[str, ...] = ()
    """Sources that answered nothing at all."""
    paused: str | None = None
    """Who stopped all writes: then nothing of this was done."""


def sync(
    workplace: Workplace,
    *,
    dry_run: bool,
    prune: bool,
    progress: Callable[[str, int], None],
    refresh: bool = False,
    assigned: Sequence[Override] = (),
    environ: Mapping[str, str] = os.environ,
    now: datetime | None = None,
) -> SyncResult:
    """Propose what the catalog should hold.

    ``assigned``: overrides that win over those of all files. ``refresh``: also propose what only this version
    of Callboard would write otherwise. ``environ``: where a pause may be set. ``now``: what counts as lately;
    the present by default.

    Raises GitError or ForgeError when the forge cannot be read, NotConfigured without such a base branch.
    """
    workplace, about = at_its_name(workplace)
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    root = config.catalog.path
    commit = repository.fetch(config.catalog.base, config.pull_requests.branch_prefix)
    if commit is None:
        raise NotConfigured(
            f"{forge.repository} has no branch {config.catalog.base}; make a first commit on it, "
            "or set catalog: base: to the branch that you use"
        )
    base = base_of_commit(repository, commit, root)
    pulls_now = forge.open_pull_requests()
    reading = Reading(base, about.identity, repository.heads(), pulls_now, now or datetime.now(UTC))

    def known(settings: SourceSettings) -> Mapping[str, Model]:
        return base.shelf.known(workplace.scope, (settings.name, *settings.formerly))

    listings = list_sources(config, workplace.folder, known, progress, assigned=assigned)
    rules = _rules(workplace)
    desired, held = _desired(workplace, reading, listings, rules, prune=prune, refresh=refresh)
    owners = check_owners(config, listings, environ)
    desired = replace(desired, findings=(*desired.findings, *owners))
    groups = group(desired.changes, members(base, root), rules, held)
    needs = Needs(config, workplace.scope, base, desired, listings)
    obsolete = find_obsolete(workplace, reading, groups, needs)
    orders = orders_on(workplace, about)
    proposals = propose(workplace, reading, groups, obsolete, {one.branch for one in orders})
    result = SyncResult(
        desired,
        proposals,
        base=commit,
        sources=len(listings),
        obsolete=obsolete,
        silent_sources=tuple(one.source for one in listings if not one.models and not one.complete),
        paused=pause_reason(config, environ, about),
    )
    if dry_run or result.paused:
        return result
    result = _carry_out(workplace, reading, result)
    told = write_sync_on_dashboard(workplace, about, result.proposals)
    return replace(result, problems=(*result.problems, *([told] if told else [])))


def _desired(
    workplace: Workplace,
    reading: Reading,
    listings: Sequence[Listing],
    rules: Rules,
    *,
    prune: bool,
    refresh: bool,
) -> tuple[Desired, Mapping[str, str]]:
    """What the catalog needs, and the branch of the open pull request that holds a model, by its key."""
    config, base = workplace.config, reading.base
    pulls = ours(workplace, reading)
    locks = locks_beyond_base(workplace.repository, reading.heads, base, config.catalog.path)
    held = open_in(pulls, locks, base, config.catalog.path)
    desired = desire(
        config,
        workplace.scope,
        base,
        listings,
        pending_names(locks),
        prune=prune,
        refresh=refresh,
        handed_back=given_back(pulls, held, reading.identity, workplace.forge.can_write),
        open_in=held,
        parts=pending_parts(locks),
    )
    return desired if refresh else without_rewording(desired, held, rules), held


def _rules(workplace: Workplace) -> Rules:
    settings = workplace.config.pull_requests
    room = Room(settings.models, _MOST_FILES[workplace.forge.word])
    return Rules(settings.group_by, workplace.scope, room, at_once=settings.limit)


def _close_obsolete(workplace: Workplace, result: SyncResult) -> SyncResult:
    """Close first: what goes on in another pull request is open in one only."""
    closed, problems, proposals = [], [], result.proposals
    for one in result.obsolete:
        try:
            close_obsolete(workplace.forge, one)
            closed.append(one)
        except ForgeError as error:
            where = f"{workplace.forge.repository}, {one.pull.head_ref}"
            problems.append(Problem(source="forge", what=error.what, where=where, hint=error.hint))
            still = folders_of(one.pull, workplace.config.catalog.path)
            proposals = tuple(_after(proposal, one.pull, still) for proposal in proposals)
    return replace(result, proposals=proposals, problems=tuple(problems), obsolete=tuple(closed))


def _after(proposal: Proposal, other: PullRequest, folders: frozenset[str]) -> Proposal:
    if proposal.action not in ("open", "update"):
        return proposal
    if not any(one.change.folder in folders for one in proposal.group.changes):
        return proposal
    return replace(
        proposal, action="leave", why=f"{other.reference} could not be closed; this comes after it"
    )


def _carry_out(workplace: Workplace, reading: Reading, result: SyncResult) -> SyncResult:
    result = _close_obsolete(workplace, result)
    due = {
        proposal.branch: (proposal.head, proposal.group)
        for proposal in result.proposals
        if proposal.action in ("open", "update")
        # Else it was pushed by an earlier walk that did not come to open the pull request.
        and not (proposal.head and holds(workplace.repository, proposal.head, proposal.group))
    }
    closed = {one.pull.head_ref: one.pull.head for one in result.obsolete}
    refused = push_groups(workplace, reading.base, due, closed)
    proposals, problems = [], list(result.problems)
    for proposal in result.proposals:
        done = proposal
        why = refused.get(proposal.branch) if proposal.action in ("open", "update") else None
        try:
            if why is not None:
                done = replace(proposal, action="leave", why=f"the branch was not updated: {why}")
                problems.append(_problem(workplace, proposal, done.why, "run again: the branch has moved"))
            elif proposal.action == "open":
                done = replace(proposal, pull=workplace.forge.open(_new(workplace, proposal)))
            elif proposal.action == "update" or _tells_of_other_content(proposal, reading.identity):
                _rewrite(workplace, proposal)
            elif _was_left_unlabeled(proposal):
                assert proposal.pull is not None
                workplace.forge.label(proposal.pull.number, add=workplace.config.pull_requests.labels)
        except ForgeError as error:
            problems.append(_problem(workplace, proposal, error.what, error.hint))
        proposals.append(done)
    return replace(result, proposals=tuple(proposals), problems=tuple(problems))


def _text(workplace: Workplace, proposal: Proposal) -> Text:
    config = workplace.config
    changes = [one.change for one in proposal.group.changes]
    text = pull_request_text(
        changes,
        fingerprint=proposal.group.fingerprint,
        policy=config.merge,
        backstage=config.backstage is not None,
        word=workplace.forge.word,
        starts_workflows=workplace.forge.identity().login != WORKFLOW_LOGIN,
        promoting=[
            promoting
            for one in changes
            for promoting in promotions(
                one.title, one.before, one.after, config.promotion, kind_of(workplace)
            )
        ],
    )
    return Text(text.title, sealed(text.title, text.body))


def _new(workplace: Workplace, proposal: Proposal) -> NewPullRequest:
    text = _text(workplace, proposal)
    config = workplace.config
    labels = config.pull_requests.labels
    return NewPullRequest(proposal.branch, config.catalog.base, text.title, text.body, labels)


def _was_left_unlabeled(proposal: Proposal) -> bool:
    """Whether an earlier walk opened it and died before the label: nothing has happened to it since.

    A label that a person took off is not put back.
    """
    pull = proposal.pull
    if proposal.action != "unchanged" or pull is None:
        return False
    return not pull.labels and pull.created_at == pull.updated_at != ""


def _tells_of_other_content(proposal: Proposal, identity: Account) -> bool:
    """Whether an earlier walk wrote the branch and died before the text, or reconcile wrote it anew."""
    if proposal.action != "unchanged" or proposal.pull is None:
        return False
    told = fingerprint_in(proposal.pull.body)
    news = proposal.pull.comment_of(identity, NEWS_MARKER)
    if news is not None and not is_our_body(proposal.pull.body):
        told = fingerprint_in(news.body)
    return told is not None and told != proposal.group.fingerprint


def _rewrite(workplace: Workplace, proposal: Proposal) -> None:
    """Bring the text up to date; where a person has made it their own, say what is new in a comment."""
    pull = proposal.pull
    assert pull is not None
    text = _text(workplace, proposal)
    if not is_our_body(pull.body):
        workplace.forge.comment(pull, text.body, marker=NEWS_MARKER)
        return
    title = text.title if is_our_title(pull.title, pull.body) else pull.title
    new_title = title if title != pull.title else None
    new_body = text.body if text.body.rstrip() != pull.body.replace("\r\n", "\n").rstrip() else None
    if new_title or new_body:
        workplace.forge.edit(pull.number, title=new_title, body=new_body)


def _problem(workplace: Workplace, proposal: Proposal, what: str, hint: str) -> Problem:
    return Problem(
        source="forge", what=what, where=f"{workplace.forge.repository}, {proposal.branch}", hint=hint
    )
