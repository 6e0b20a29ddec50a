"""Whether a pull request may be merged, and if not, why not and what to do: one pure function.

Each rule below looks at the facts alone and answers the reasons that it finds; ``decide`` collects them all,
and the gravest says what is done.
"""

from __future__ import annotations

from collections.abc import Iterator

from callboard.config import Merge, Rebase
from callboard.pulls.approvals import Approvals, approvals
from callboard.pulls.commands import spelling
from callboard.pulls.facts import PullFacts
from callboard.pulls.promoting import unlanded, unpromotable
from callboard.pulls.quiet import quiet
from callboard.pulls.rules import unchecked, unowned, unworded
from callboard.pulls.verdict import Reason, Verdict, VerdictKind, gravest_first

__all__ = ["Reason", "Verdict", "VerdictKind", "decide"]


def decide(facts: PullFacts, policy: Merge, rebase: Rebase = "conflicted") -> Verdict:
    """What to do with a pull request. Total: every input has an answer, and every refusal its reasons.

    ``rebase``: when ours are written anew because the base branch went on. What is approved and can be merged
    never is; what a registry says newer of always is.

    People may commit to a pull request of ours. Such a head is merged when it is approved like any other,
    by one person more than the policy asks for: the approvers may include who committed, and nobody approves
    their own work. Until then the bot leaves the branch alone.
    """
    given = approvals(facts)
    needed = max([policy.approvals, *(one.approvals for one in facts.promotions)])
    needed += 0 if facts.made_by_us else 1
    approved = len(given.by) >= needed and not given.against
    if foreign := [*_not_ours(facts)]:
        reasons = [*foreign, *(_invalid(facts) if facts.errors else ())]
    else:
        reasons = [*_closed(facts)] or [
            *_held(facts, policy),
            *_moved_by_people(facts, approved),
            *_conflicting(facts, rebase),
            *_outdated(facts, rebase, approved),
            *_invalid(facts),
            *unworded(facts, policy),
            *unchecked(facts, policy),
            *_unapproved(facts, given, needed),
            *unowned(facts, policy, given),
            *unpromotable(facts, given),
            *_queued(facts),
        ]
        reasons = reasons or [*unlanded(facts)] or [*quiet(facts, policy)] or [*_refused_by_forge(facts)]
    ordered = gravest_first(reasons)
    kind: VerdictKind = ordered[0].calls_for if ordered else "merge"
    by = tuple(account.login for account in given.by)
    return Verdict(kind, facts.pull.head, ordered, by, needed, given.enough_since(needed))


def _not_ours(facts: PullFacts) -> Iterator[Reason]:
    pull = facts.pull
    theirs = "Callboard validates it and says what it finds; a person has to merge it."
    if not facts.identity.id or pull.author.id != facts.identity.id:
        said = f"It was opened by {pull.author.login}, not by Callboard ({facts.identity.login})."
        yield Reason("not-ours", "other-author", said, theirs)
    if not facts.repository or pull.head_repository.lower() != facts.repository.lower():
        said = f"Its branch is in {pull.head_repository or 'a repository that was deleted'}."
        yield Reason("not-ours", "other-repository", said, theirs)
    if not facts.branch_prefix or not pull.head_ref.startswith(facts.branch_prefix):
        said = f"Its branch {pull.head_ref} does not begin with {facts.branch_prefix}."
        yield Reason("not-ours", "other-branch", said, theirs)
    outside = [path for path in pull.paths if not _inside(path, facts.path)]
    if outside:
        more = f" and {len(outside) - 1} more" if len(outside) > 1 else ""
        said = f"It changes {outside[0]}{more}, outside {facts.path}/."
        take_out = f"Take what is outside {facts.path}/ out of the branch, or merge it yourself."
        yield Reason("not-ours", "other-paths", said, take_out)
    if not pull.paths_complete:
        said = "The forge did not tell all the paths that it changes."
        yield Reason("not-ours", "paths-unknown", said, "Split it (pull-requests: group-by), or merge it.")


def _closed(facts: PullFacts) -> Iterator[Reason]:
    pull = facts.pull
    if pull.state != "open":
        said = f"It is {pull.state}."
        yield Reason("blocked", "not-open", said, "Reopen it if it should still be merged.")
    elif not pull.paths:
        said = "It changes nothing."
        yield Reason("blocked", "empty", said, "Close it: Callboard opens a new one when there is something.")


def _held(facts: PullFacts, policy: Merge) -> Iterator[Reason]:
    pull = facts.pull
    if facts.paused:
        said = "Callboard is paused: it writes nothing."
        yield Reason("hold", "paused", said, "Ask who runs Callboard to take the pause off.")
    if pull.draft:
        yield Reason("hold", "draft", "It is a draft.", "Mark it as ready for review.")
    holding = {label.lower() for label in policy.hold_labels}
    for label in pull.labels:
        if label.lower() in holding:
            said = f"The label {label} holds it."
            yield Reason("hold", "hold-label", said, f"Take the label {label} off when it may go on.")


def _moved_by_people(facts: PullFacts, approved: bool) -> Iterator[Reason]:
    pull = facts.pull
    if pull.base_ref != facts.base_ref:
        said = f"It goes into {pull.base_ref}, and Callboard merges into {facts.base_ref} only."
        yield Reason("step-back", "other-base", said, f"Set its base branch back to {facts.base_ref}.")
    if facts.made_by_us:
        return
    if pull.mergeable is False:
        said = "People committed to the branch, and it conflicts with the base branch."
        hint = "Solve the conflict on the branch, or close it: Callboard then opens a new one."
        yield Reason("step-back", "people-conflicting", said, hint)
    elif not (approved and pull.mergeable):
        said = "People committed to the branch; Callboard leaves it as it is."
        hint = "Review it as it stands, or close it: Callboard then opens a new one."
        yield Reason("step-back", "people-committed", said, hint)


def _conflicting(facts: PullFacts, rebase: Rebase) -> Iterator[Reason]:
    if facts.pull.mergeable is None:
        said = "The forge has not yet said whether it conflicts with the base branch."
        yield Reason("wait", "mergeable-unknown", said, "Nothing to do: Callboard asks again.")
    elif not facts.pull.mergeable and facts.made_by_us:
        said = "It conflicts with the base branch."
        if rebase == "never":
            command = spelling("rebase", explicit=facts.pull.mark == "!")
            hint = f"Comment {command} to have it written anew on the present base branch."
            yield Reason("blocked", "conflicting", said, hint)
        else:
            yield Reason("regenerate", "conflicting", said, "Nothing to do: Callboard writes it anew.")


def _outdated(facts: PullFacts, rebase: Rebase, approved: bool) -> Iterator[Reason]:
    # What is approved and can be merged is never taken away from its reviewers: what is newer comes after it.
    # As long as the forge does not know whether it can, it may be so.
    # Nor is what stands in the forge's queue: somebody put it there, and a push would throw it out.
    if not facts.made_by_us or facts.pull.in_queue or (approved and facts.pull.mergeable is not False):
        return
    hint = "Nothing to do: Callboard writes it anew."
    if facts.registry_newer or (not facts.current and rebase != "never"):
        said = "The registry or the base branch says something newer than the branch."
        yield Reason("regenerate", "outdated", said, hint)
    elif facts.behind and rebase == "behind":
        said = "The base branch went on since it was written (pull-requests: rebase: behind)."
        yield Reason("regenerate", "behind", said, hint)


def _invalid(facts: PullFacts) -> Iterator[Reason]:
    if facts.errors is None:
        yield Reason(
            "wait", "not-validated", "Its files have not been validated.", "Run callboard reconcile again."
        )
    for error in facts.errors or ():
        said = error if error.endswith(".") else f"{error}."
        yield Reason("blocked", "invalid", said, "Correct it where it comes from, or on the branch.")


def _unapproved(facts: PullFacts, given: Approvals, needed: int) -> Iterator[Reason]:
    for account in given.against:
        said = f"{account.login} asked for changes."
        hint = f"Talk with {account.login}, who can approve or dismiss that review."
        yield Reason("blocked", "changes-requested", said, hint)
    missing = needed - len(given.by)
    if missing <= 0:
        return
    said = f"Approvals: {len(given.by)} of {needed}."
    if facts.deletion:
        said += " Removing a model from the catalog is for a person to decide."
    if not facts.made_by_us:
        said += (
            " One more than usual, since people committed to the branch and do not approve their own work."
        )
    hint = "Ask somebody with write permission, who did not open it, to review and approve it."
    yield Reason("wait", "approvals-missing", said, hint)
    for one in given.uncounted:
        yield Reason("wait", one.code, one.sentence, one.hint)


def _queued(facts: PullFacts) -> Iterator[Reason]:
    if facts.pull.in_queue:
        said = "It stands in the merge queue of the forge."
        yield Reason("wait", "in-queue", said, "Nothing to do: the forge merges it when its turn comes.")


def _refused_by_forge(facts: PullFacts) -> Iterator[Reason]:
    # Asked last: as long as a condition of ours is not met, the forge's refusal says nothing new.
    if facts.pull.blocked_by_forge:
        said = "All conditions of Callboard are met, and the protection of the branch on the forge refuses."
        hint = "See what the forge asks for on the page; Callboard never works around it."
        yield Reason("blocked", "protected", said, hint)


def _inside(path: str, folder: str) -> bool:
    parts = path.split("/")
    return (
        bool(folder)
        and path.startswith(f"{folder}/")
        and not {"", ".", ".."} & set(parts)
        and not any(character in path for character in "\\\0")
    )
