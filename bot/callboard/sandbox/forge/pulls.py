"""Opening and changing pull requests, by GitHub's rules."""

from __future__ import annotations

from dataclasses import dataclass

from .bare import Commit, FileChange
from .pushes import close, remember_head, remember_push
from .refusal import Refused, custom, invalid
from .state import Account, BaseChanged, Issue, Label, Pull, Repository, World


@dataclass(frozen=True)
class Opening:
    """What opens a pull request. ``head`` may be ``owner:branch``, in the repository or a fork of it.

    ``number``: None takes the next one of the pull requests alone, as GitLab does.
    """

    title: str
    body: str | None
    head: str
    base: str
    draft: bool = False
    number: int | None = None


def open_pull(world: World, repository: Repository, actor: Account, opening: Opening) -> Pull:
    """The new pull request. Raises Refused (422) as GitHub does."""
    source, head_ref = _source(world, repository, opening.head)
    fork = None if source is repository else source
    head, base = source.refs.get(f"refs/heads/{head_ref}"), repository.git.resolve(opening.base)
    if head is None or (fork and not fork.allows(actor, "write")):
        raise invalid("PullRequest", "head")
    if f"refs/heads/{opening.base}" not in repository.refs or base is None:
        raise invalid("PullRequest", "base")
    for pull in repository.pulls.values():
        same = pull.fork is fork and (pull.head_ref, pull.base_ref) == (head_ref, opening.base)
        if pull.state == "open" and same:
            owner = source.owner.login
            raise custom("PullRequest", f"A pull request already exists for {owner}:{head_ref}.")
    if fork:
        repository.git.take(fork.git, head)
    if repository.git.is_ancestor(head, base):
        raise custom("PullRequest", f"No commits between {opening.base} and {head_ref}")
    if not opening.title:
        raise Refused(
            422,
            "Validation Failed",
            [{"resource": "PullRequest", "code": "missing_field", "field": "title"}],
        )
    now = world.now()
    pull = Pull(
        id=world.new_id(),
        number=opening.number or max(repository.pulls, default=0) + 1,
        title=opening.title,
        body=opening.body,
        author=actor,
        head_ref=head_ref,
        head=head,
        base_ref=opening.base,
        base=base,
        created_at=now,
        updated_at=now,
        draft=opening.draft,
        undecided_reads=world.undecided_reads,
        fork=fork,
    )
    repository.pulls[pull.number] = pull
    remember_head(repository, pull)
    remember_push(world, repository, pull, actor, "")
    return pull


def _source(world: World, repository: Repository, head: str) -> tuple[Repository, str]:
    """Where the head branch is, and its name."""
    owner, colon, branch = head.partition(":")
    if not colon:
        return repository, head
    for each in world.repositories.values():
        is_related = each is repository or each.parent is repository
        if is_related and each.owner.login.lower() == owner.lower():
            return each, branch
    raise invalid("PullRequest", "head")


def set_state(world: World, repository: Repository, pull: Pull, state: str) -> None:
    """Close or reopen. Raises Refused (422) when it cannot be reopened."""
    if state == pull.state:
        return
    if state == "closed":
        close(world, pull)
        return
    if state != "open":
        raise invalid("PullRequest", "state")
    refusal, source = None, pull.fork or repository
    if pull.merged_at:
        refusal = "state cannot be changed. The pull request cannot be reopened."
    elif source.refs.get(f"refs/heads/{pull.head_ref}") is None:
        refusal = f"state cannot be changed. The {pull.head_ref} branch has been deleted."
    elif source.refs[f"refs/heads/{pull.head_ref}"] != pull.head:
        refusal = f"state cannot be changed. The {pull.head_ref} branch was force-pushed or recreated."
    if refusal:
        raise custom("PullRequest", refusal)
    pull.state, pull.closed_at, pull.updated_at = "open", None, world.now()


def set_base(world: World, repository: Repository, pull: Pull, base_ref: str, actor: Account) -> None:
    """Aim the pull request at another branch. Raises Refused (422)."""
    base = repository.git.resolve(base_ref)
    if base is None or f"refs/heads/{base_ref}" not in repository.refs:
        raise invalid("PullRequest", "base")
    previous, pull.base_ref, pull.base = pull.base_ref, base_ref, base
    pull.undecided_reads, pull.updated_at = world.undecided_reads, world.now()
    pull.base_changes.append(BaseChanged(world.new_id(), actor, previous, base_ref, pull.updated_at))


def set_labels(world: World, repository: Repository, pull: Pull | Issue, names: list[str]) -> None:
    """Give exactly these labels; the repository learns those that it did not have."""
    labels = []
    for name in names:
        label = repository.label(name) or add_label(world, repository, name)
        if label.name not in labels:
            labels.append(label.name)
    if labels != pull.labels:
        pull.labels, pull.updated_at = labels, world.now()


def add_label(
    world: World, repository: Repository, name: str, color: str = "ededed", description: str | None = None
) -> Label:
    """A new label of the repository. Raises Refused (422) when there is one of that name."""
    if repository.label(name):
        raise invalid("Label", "name", "already_exists")
    if not name or len(name) > 50:
        raise invalid("Label", "name")
    label = Label(world.new_id(), name, color, description)
    repository.labels[name.lower()] = label
    return label


def _span(repository: Repository, pull: Pull) -> tuple[str, str]:
    # After the merge the base branch holds the head, so the comparison stays where it was.
    base = None if pull.merged_at else repository.git.resolve(pull.base_ref)
    return repository.git.merge_base(base or pull.base, pull.head) or pull.base, pull.head


def changed_files(repository: Repository, pull: Pull) -> list[FileChange]:
    """The files that the pull request changes, from where head and base parted."""
    return repository.git.changes(*_span(repository, pull))


def commits(repository: Repository, pull: Pull) -> list[Commit]:
    """The commits of the pull request, oldest first."""
    base, head = _span(repository, pull)
    return repository.git.commits(f"{base}..{head}", oldest_first=True)
