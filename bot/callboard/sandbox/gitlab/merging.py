"""The merge and the rebase of a merge request: real commits, as GitLab makes them."""

from __future__ import annotations

from dataclasses import dataclass

from callboard.sandbox.forge import pulls
from callboard.sandbox.forge.merging import rebased
from callboard.sandbox.forge.pushes import mark_merged, settle
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.state import Account, AutoMerge, Pull, Repository, World

from .pipelines import UNFINISHED, pipeline_of
from .refusal import Denied, unauthorized
from .shapes.merge_requests import title
from .shapes.people import signature
from .status import CI_STATUSES, decided

_BLOCKED_BY_STATE = ("not_open", "draft_status", "discussions_not_resolved", *CI_STATUSES)


@dataclass(frozen=True)
class Order:
    """How to merge; ``sha`` pins the head, ``when_green`` waits for a pipeline that runs."""

    sha: str | None
    squash: bool
    remove_source_branch: bool
    when_green: bool
    merge_message: str | None
    squash_message: str | None


def accept(world: World, repository: Repository, pull: Pull, actor: Account, order: Order) -> None:
    """Merge, or promise to. Raises Denied in the order of GitLab's own checks: 401, 405, 422, 409."""
    if not repository.allows(actor, "write"):
        raise unauthorized()
    pipeline = pipeline_of(repository, pull.head)
    waits = order.when_green and pipeline is not None and pipeline.status in UNFINISHED
    status = decided(repository, pull)
    if waits and status in CI_STATUSES:
        status = "mergeable"
    if status in _BLOCKED_BY_STATE:
        raise Denied(405, "405 Method Not Allowed")
    if status != "mergeable":
        raise Denied(422, "Branch cannot be merged")
    if order.sha is not None and order.sha != pull.head:
        raise Denied(409, f"SHA does not match HEAD of source branch: {pull.head}")
    if waits:
        pull.auto_merge = AutoMerge(
            actor,
            pull.head,
            order.squash,
            order.remove_source_branch,
            order.merge_message,
            order.squash_message,
        )
        pull.updated_at = world.now()
        return
    _merge(world, repository, pull, actor, order)


def merge_what_waited(world: World, repository: Repository) -> None:
    """Merge what was to merge when its pipeline succeeds. A push to the head has called that off."""
    for pull in list(repository.pulls.values()):
        order = pull.auto_merge
        pipeline = pipeline_of(repository, pull.head)
        if order is None or pull.state != "open" or order.head != pull.head or pipeline is None:
            continue
        if pipeline.status == "success" and decided(repository, pull) == "mergeable":
            _merge(
                world,
                repository,
                pull,
                order.actor,
                Order(
                    None,
                    order.squash,
                    order.remove_source_branch,
                    False,
                    order.merge_message,
                    order.squash_message,
                ),
            )


def _merge(world: World, repository: Repository, pull: Pull, actor: Account, order: Order) -> None:
    git, who = repository.git, signature(actor)
    base = repository.refs[f"refs/heads/{pull.base_ref}"]
    landing = pull.head
    if order.squash:
        parted = git.merge_base(base, pull.head) or base
        message = order.squash_message or title(pull)
        landing = git.commit_tree(f"{pull.head}^{{tree}}", [parted], message, signature(pull.author), who)
        pull.squash_commit = landing
    if repository.settings.merge_method == "ff" and git.is_ancestor(base, landing):
        commit = landing
    else:
        tree = git.merge_tree(base, landing)
        if tree is None:
            raise Denied(422, "Branch cannot be merged")
        said = (
            f"Merge branch '{pull.head_ref}' into '{pull.base_ref}'\n\n{pull.title}\n\n"
            f"See merge request {repository.full_name}!{pull.number}"
        )
        commit = git.commit_tree(tree, [base, landing], order.merge_message or said, who, who)
    git.update_ref(f"refs/heads/{pull.base_ref}", commit, base)
    # Before the other merge requests follow, so that this one is not taken for pushed by hand.
    mark_merged(world, pull, actor, commit)
    pull.auto_merge = None
    if order.remove_source_branch and pull.fork is None:
        git.delete_ref(f"refs/heads/{pull.head_ref}", repository.refs[f"refs/heads/{pull.head_ref}"])
    settle(world, repository, actor)


def rebase(world: World, repository: Repository, pull: Pull, actor: Account) -> None:
    """Put the commits on top of the target branch, done at once. Raises Denied (403)."""
    if not repository.allows(actor, "write"):
        raise Denied(403, "403 Forbidden - Cannot push to source branch")
    if pull.fork is not None:
        raise Denied(403, "403 Forbidden - Source branch is in a fork")
    base = repository.git.resolve(pull.base_ref)
    pull.merge_error = None
    if base is None or pull.state != "open" or repository.git.is_ancestor(base, pull.head):
        return
    try:
        head = rebased(repository.git, pulls.commits(repository, pull), base, signature(actor))
    except Refused:
        pull.merge_error = "Rebase failed: Rebase locally, resolve all conflicts, then push the branch."
        return
    repository.git.update_ref(f"refs/heads/{pull.head_ref}", head, pull.head)
    settle(world, repository, actor)
