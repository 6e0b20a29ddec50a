"""Carrying out what was decided about a pull request. Each effect is safe to lose: the next pass goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callboard.changes.group import Group
from callboard.forges.protocol import ForgeError, PullRequest
from callboard.git.command import GitError
from callboard.pulls.comments import VERDICT_MARKER, verdict_comment
from callboard.pulls.commits import squash_message
from callboard.pulls.decide import Verdict
from callboard.validation.diagnostics import Diagnostic
from callboard.walk.base import Base
from callboard.walk.checking import line_address
from callboard.walk.pushing import push_groups
from callboard.walk.workplace import Workplace

_QUIET = {"wait", "hold", "not-ours"}
"""Verdicts that the pull request's own text and page already explain: no comment is begun for them."""


@dataclass(frozen=True)
class Handled:
    """What was decided and done about one pull request."""

    pull: PullRequest
    verdict: Verdict
    done: str = "nothing"
    """``merged``, ``queued``, ``rewritten``, ``closed``, ``nothing`` or ``failed``."""
    why: str = ""


def act(
    workplace: Workplace,
    base: Base,
    pull: PullRequest,
    verdict: Verdict,
    anew: Group | None,
    *,
    queue: bool,
    diagnostics: Sequence[Diagnostic] = (),
) -> Handled:
    """Do what the verdict says.

    ``anew``: what would be written now, where that is known. ``queue``: merges go through the forge's queue.
    ``diagnostics``: what validation found in the head.
    """
    try:
        if verdict.kind == "merge":
            return Handled(pull, verdict, _merge(workplace, pull, verdict, queue=queue))
        if verdict.kind == "regenerate" and anew is not None and anew.changes:
            refused = push_groups(workplace, base, {pull.head_ref: (pull.head, anew)})
            if (why := refused.get(pull.head_ref)) is not None:
                return Handled(pull, verdict, "failed", f"the branch moved while it was written anew: {why}")
            return Handled(pull, verdict, "rewritten")
        if any(reason.code == "paused" for reason in verdict.reasons):
            return Handled(pull, verdict)
        if verdict.kind == "hold" and pull.in_queue:
            workplace.forge.dequeue(pull.number)
        _explain(workplace, pull, verdict, diagnostics)
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


def _explain(
    workplace: Workplace, pull: PullRequest, verdict: Verdict, diagnostics: Sequence[Diagnostic]
) -> None:
    forge = workplace.forge
    said = pull.comment_of(forge.identity(), VERDICT_MARKER)
    if said is None and verdict.kind in _QUIET:
        return
    comment = verdict_comment(
        verdict,
        forge.word,
        diagnostics=diagnostics,
        address=line_address(forge, pull),
        edited_by=_who_edited(workplace, pull, verdict),
    )
    forge.comment(pull, comment, marker=VERDICT_MARKER)


def _who_edited(workplace: Workplace, pull: PullRequest, verdict: Verdict) -> str:
    """The name in the head's commit; nobody where it is not known to be a person's."""
    if not any(reason.code in ("people-committed", "people-conflicting") for reason in verdict.reasons):
        return ""
    author = workplace.repository.commit(pull.head).author
    ours = workplace.forge.commit_author().partition(" <")[0]
    return "" if author == ours else author
