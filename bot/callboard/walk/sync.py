"""A walk up to open pull requests: read, decide, build commits, push them in one go, open or update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from callboard.catalog.identity import Key
from callboard.catalog.lock import BadLock, read_lock
from callboard.catalog.shelf import lock_paths
from callboard.changes.fingerprint import blob_id
from callboard.changes.group import Group, group
from callboard.config import SourceSettings
from callboard.forges.protocol import Account, ForgeError, NewPullRequest, PullRequest
from callboard.git.repository import Repository
from callboard.model import Model, Problem
from callboard.pulls.commits import commit_message, fingerprint_in
from callboard.pulls.decide import decide
from callboard.pulls.seal import is_our_body, is_our_title, sealed
from callboard.pulls.texts import NEWS_MARKER, Text, pull_request_text
from callboard.walk.base import Base, base_of_commit
from callboard.walk.desired import Desired, desire
from callboard.walk.facts import gather, might_be_ours
from callboard.walk.listings import list_sources
from callboard.walk.workplace import Workplace

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
class SyncResult:
    """What a sync found and did."""

    desired: Desired
    proposals: tuple[Proposal, ...]
    problems: tuple[Problem, ...] = ()
    """What the forge refused."""
    base: str | None = None
    sources: int = 0
    silent_sources: tuple[str, ...] = ()
    """Sources that answered nothing at all."""


@dataclass(frozen=True)
class Reading:
    """Everything read before anything is decided."""

    base: Base
    identity: Account
    heads: Mapping[str, str]
    pulls: tuple[PullRequest, ...]


def sync(
    workplace: Workplace, *, dry_run: bool, prune: bool, progress: Callable[[str, int], None]
) -> SyncResult:
    """Propose what the catalog should hold. Raises GitError or ForgeError when the forge cannot be read."""
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    commit = repository.fetch(config.catalog.base, config.pull_requests.branch_prefix)
    if commit is None:
        raise ForgeError(
            f"the repository has no branch {config.catalog.base}",
            where=forge.repository,
            hint="make a first commit on it, or set catalog: base: to the branch that you use",
        )
    base = base_of_commit(repository, commit, config.catalog.path)
    reading = Reading(base, forge.identity(), repository.heads(), forge.open_pull_requests())

    def known(settings: SourceSettings) -> Mapping[str, Model]:
        return base.shelf.known(workplace.scope, (settings.name, *settings.formerly))

    listings = list_sources(config.sources, workplace.folder, known, progress)
    pending = pending_names(repository, reading.heads.values(), base, config.catalog.path)
    desired = desire(config, workplace.scope, base, listings, pending, prune=prune)
    proposals = propose(workplace, reading, group(desired.changes, config.pull_requests.group_by))
    silent = tuple(one.source for one in listings if not one.models and not one.complete)
    result = SyncResult(desired, proposals, base=commit, sources=len(listings), silent_sources=silent)
    return result if dry_run else _carry_out(workplace, reading, result)


def pending_names(repository: Repository, heads: Iterable[str], base: Base, root: str) -> dict[Key, str]:
    """The entity names that our branches propose for models that the base does not have."""
    found: dict[Key, str] = {}
    wanted: dict[str, str] = {}
    for head in heads:
        entries = repository.tree(head, root)
        wanted |= {path: entries[path].blob for path in lock_paths(entries, root) if path not in base.blobs}
    contents = repository.blobs(wanted.values())
    for path, blob in sorted(wanted.items()):
        try:
            found.setdefault(read_lock(contents[blob]).key, path.split("/")[-2])
        except BadLock:
            continue
    return found


def propose(workplace: Workplace, reading: Reading, groups: Iterable[Group]) -> tuple[Proposal, ...]:
    """What to do about each group, from what is on the forge. Reads, never writes."""
    settings = workplace.config.pull_requests
    ours = [
        pull
        for pull in reading.pulls
        if might_be_ours(pull, workplace.forge.repository, reading.identity, workplace.config)
    ]
    pull_of = {pull.head_ref: pull for pull in ours}
    free = settings.limit - len(ours)
    proposals = []
    for one in groups:
        branch = one.branch(settings.branch_prefix, reading.heads)
        head, pull = reading.heads.get(branch), pull_of.get(branch)
        proposal = Proposal(one, branch, "open", head=head, pull=pull)
        if head is not None and _holds(workplace.repository, head, one) and pull:
            proposal = replace(proposal, action="unchanged")
        elif pull:
            proposal = _update(workplace, reading, proposal)
        elif free <= 0:
            why = f"{settings.limit} are open already (pull-requests: limit)"
            proposal = replace(proposal, action="wait", why=why)
        else:
            proposal = _open(workplace, proposal)
            free -= proposal.action == "open"
        proposals.append(proposal)
    return tuple(proposals)


def _holds(repository: Repository, head: str, one: Group) -> bool:
    """Whether the branch already has exactly what we would write."""
    if fingerprint_in(repository.commit(head).message) != one.fingerprint:
        return False
    entries = repository.tree(head)
    return all(
        path not in entries if content is None else path in entries and entries[path].blob == blob_id(content)
        for path, content in one.files.items()
    )


def _update(workplace: Workplace, reading: Reading, proposal: Proposal) -> Proposal:
    assert proposal.pull is not None
    facts = gather(
        workplace.config,
        workplace.repository,
        workplace.forge.repository,
        reading.identity,
        [proposal.pull],
        lambda _pull: False,
    )[0]
    verdict = decide(facts, workplace.config.merge)
    if verdict.kind == "regenerate":
        return replace(proposal, action="update", head=proposal.pull.head)
    if verdict.kind == "merge":
        why = "it is approved and can be merged; what is newer comes after it"
    else:
        why = verdict.reasons[0].sentence
    return replace(proposal, action="leave", why=why)


def _open(workplace: Workplace, proposal: Proposal) -> Proposal:
    closed = workplace.forge.last_closed(proposal.branch)
    if closed is not None and closed.state == "closed":
        # The commit tells what was refused; the text may have been rewritten by whoever refused it.
        had = workplace.repository.fetch_commits([closed.head])
        said = workplace.repository.commit(closed.head).message if had else closed.body
        if fingerprint_in(said) == proposal.group.fingerprint:
            why = f"{closed.reference} proposed the same and was closed; it comes again when it changes"
            return replace(proposal, action="declined", why=why, pull=closed)
    if proposal.head is not None and not _made_by_us(workplace.repository, proposal.head):
        why = "the branch is there with commits of people and has no pull request; delete it to start anew"
        return replace(proposal, action="leave", why=why)
    return proposal


def _made_by_us(repository: Repository, head: str) -> bool:
    return fingerprint_in(repository.commit(head).message) is not None


def _carry_out(workplace: Workplace, reading: Reading, result: SyncResult) -> SyncResult:
    due = {
        proposal.branch: (proposal.head, proposal.group)
        for proposal in result.proposals
        if proposal.action in ("open", "update")
        # Else it was pushed by an earlier walk that did not come to open the pull request.
        and not (proposal.head and _holds(workplace.repository, proposal.head, proposal.group))
    }
    refused = push_groups(workplace, reading.base, due)
    proposals, problems = [], []
    for proposal in result.proposals:
        done, why = proposal, refused.get(proposal.branch)
        try:
            if why is not None:
                done = replace(proposal, action="leave", why=f"the branch was not updated: {why}")
                problems.append(_problem(workplace, proposal, done.why, "run again: the branch has moved"))
            elif proposal.action == "open":
                done = replace(proposal, pull=workplace.forge.open(_new(workplace, proposal)))
            elif proposal.action == "update":
                _rewrite(workplace, proposal)
        except ForgeError as error:
            problems.append(_problem(workplace, proposal, error.what, error.hint))
        proposals.append(done)
    return replace(result, proposals=tuple(proposals), problems=tuple(problems))


def push_groups(
    workplace: Workplace, base: Base, groups: Mapping[str, tuple[str | None, Group]]
) -> dict[str, str | None]:
    """Write groups to their branches on the present base, in one push; branch to (expected head, group).

    Answers branch to None when done, or why it was refused. Raises GitError when the push as a whole failed.
    """
    updates = {}
    for branch, (expected, one) in groups.items():
        message = commit_message(
            [change.change for change in one.changes], key=one.key, fingerprint=one.fingerprint
        )
        built = workplace.repository.build(base.commit, one.files, message, workplace.forge.commit_author())
        updates[branch] = (expected, built)
    return workplace.repository.push(updates) if updates else {}


def _text(workplace: Workplace, proposal: Proposal) -> Text:
    config = workplace.config
    text = pull_request_text(
        [one.change for one in proposal.group.changes],
        fingerprint=proposal.group.fingerprint,
        policy=config.merge,
        backstage=config.backstage is not None,
        word=workplace.forge.word,
    )
    return Text(text.title, sealed(text.title, text.body))


def _new(workplace: Workplace, proposal: Proposal) -> NewPullRequest:
    text = _text(workplace, proposal)
    config = workplace.config
    labels = config.pull_requests.labels
    return NewPullRequest(proposal.branch, config.catalog.base, text.title, text.body, labels)


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
