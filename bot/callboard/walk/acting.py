"""Carrying out what was decided about a pull request. Each effect is safe to lose: the next pass goes on."""

from __future__ import annotations

from dataclasses import dataclass

from callboard.changes.group import Group
from callboard.forges.protocol import ForgeError, PullRequest
from callboard.git.command import GitError
from callboard.pulls.commits import squash_message
from callboard.pulls.decide import Verdict
from callboard.pulls.texts import VERDICT_MARKER, verdict_comment
from callboard.walk.base import Base
from callboard.walk.sync import push_groups
from callboard.walk.workplace import Workplace

_QUIET = {"wait", "hold", "not-ours"}
"""Verdicts that the pull request's own text and page already explain: no comment is begun for them."""


@dataclass(frozen=True)
class Handled:
    """What was decided and done about one pull request."""

    pull: PullRequest
    verdict: Verdict
    done: str = "nothing"
    """``merged``, ``queued``, ``rewritten``, ``nothing`` or ``failed``."""
    why: str = ""


def act(
    workplace: Workplace,
    base: Base,
    pull: PullRequest,
    verdict: Verdict,
    anew: Group | None,
    *,
    queue: bool,
) -> Handled:
    """Do what the verdict says.

    ``anew``: what would be written now, where that is known. ``queue``: merges go through the forge's queue.
    """
    try:
        if verdict.kind == "merge":
            return Handled(pull, verdict, _merge(workplace, pull, verdict, queue=queue))
        if verdict.kind == "regenerate" and anew is not None and anew.changes:
            refused = push_groups(workplace, base, {pull.head_ref: (pull.head, anew)})
            if (why := refused.get(pull.head_ref)) is not None:
                return Handled(pull, verdict, "failed", f"the branch moved while it was written anew: {why}")
            return Handled(pull, verdict, "rewritten")
        _explain(workplace, pull, verdict)
    except (ForgeError, GitError) as error:
        return Handled(pull, verdict, "failed", str(error))
    return Handled(pull, verdict)


def _merge(workplace: Workplace, pull: PullRequest, verdict: Verdict, *, queue: bool) -> str:
    if queue:
        workplace.forge.enqueue(pull.number, head=verdict.head)
        return "queued"
    workplace.forge.merge(
        pull.number,
        head=verdict.head,
        method=workplace.config.merge.method,
        title=f"{pull.title} ({pull.reference})",
        message=squash_message(pull, verdict),
    )
    return "merged"


def _explain(workplace: Workplace, pull: PullRequest, verdict: Verdict) -> None:
    said = pull.comment_of(workplace.forge.identity(), VERDICT_MARKER)
    if said is None and verdict.kind in _QUIET:
        return
    if any(reason.code == "paused" for reason in verdict.reasons):
        return
    workplace.forge.comment(pull, verdict_comment(verdict, workplace.forge.word), marker=VERDICT_MARKER)
