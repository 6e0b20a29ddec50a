"""What the configured policy asks of a pull request beyond approvals: checks, its words, its owners.

Each rule looks at the facts alone and answers the reasons that it finds.
"""

from __future__ import annotations

from collections.abc import Iterator

from callboard.config import Merge, RequiredCheck, TextRule
from callboard.expressions import holds
from callboard.forges.protocol import Check
from callboard.pulls.approvals import Approvals
from callboard.pulls.facts import PullFacts
from callboard.pulls.owners import Owner, Requirement
from callboard.pulls.report import CHECK_NAME
from callboard.pulls.verdict import Reason, VerdictKind

_LONGEST = 1_048_576
"""Characters: no forge takes a longer text (GitLab's limit; GitHub's is 65,536)."""


def unchecked(facts: PullFacts, policy: Merge) -> Iterator[Reason]:
    """Checks that failed or run still, and required ones that have not succeeded."""
    checks = facts.pull.checks
    required = {one.name for one in policy.required_checks}
    for check in checks:
        # What ours says is judged already, for this very pass: it would only wait for itself.
        if check.name == CHECK_NAME and check.name not in required:
            continue
        if check.state == "failure":
            said = f"The check {check.name} failed."
            hint = "Look at its log; run it again or correct the cause."
            yield Reason("blocked", "check-failed", said, hint)
        elif check.state == "pending":
            said = f"The check {check.name} is still running."
            yield Reason("wait", "check-pending", said, "Nothing to do: Callboard looks again.")
    for one in dict.fromkeys(policy.required_checks):
        yield from _required(one, [check for check in checks if check.name == one.name])


def _required(required: RequiredCheck, named: list[Check]) -> Iterator[Reason]:
    source = required.source
    counting = [one for one in named if source is None or one.source.casefold() == source.casefold()]
    if named and not counting:
        others = ", ".join(sorted({one.source or "nobody known" for one in named}))
        said = f"The required check {required.name} was reported by {others}; only {source} counts."
        hint = f"See that {source} runs it on this head."
        yield Reason("wait", "check-other-source", said, hint)
    elif not counting:
        said = f"The required check {required} has not reported on this head."
        hint = "See that it runs for branches of this author, or approve its run."
        yield Reason("wait", "check-missing", said, hint)
    elif any(one.state == "neutral" for one in counting):
        said = f"The required check {required} was skipped or did not decide."
        yield Reason("blocked", "check-undecided", said, "Make it run to success on this head.")


def unworded(facts: PullFacts, policy: Merge) -> Iterator[Reason]:
    """Title and text that are not as the policy wants them."""
    pull = facts.pull
    yield from _unlike("title", pull.title, policy.title)
    yield from _unlike("text", pull.body, policy.text)


def _unlike(what: str, text: str, rule: TextRule | None) -> Iterator[Reason]:
    if rule is None:
        return
    if len(text) > _LONGEST:
        said = f"Its {what} is too long to be judged."
        yield Reason("blocked", f"{what}-too-long", said, f"Shorten the {what}.")
        return
    if rule.match is not None and not holds(text, rule.match):
        said = f"Its {what} does not match {rule.match} (merge: {what}: match)."
        yield Reason("blocked", f"{what}-unmatched", said, f"Change the {what} so that it does.")
    if rule.refuse is not None and holds(text, rule.refuse):
        said = f"Its {what} matches {rule.refuse}, which holds it back (merge: {what}: refuse)."
        yield Reason("blocked", f"{what}-refused", said, f"Take that out of the {what} when it may go on.")


def unowned(facts: PullFacts, policy: Merge, given: Approvals) -> Iterator[Reason]:
    """Paths whose code owners have not approved."""
    if not policy.code_owners:
        return
    if facts.owned is None:
        said = "The code owners file of the base branch could not be read, or has more than 256 KiB."
        yield Reason("wait", "owners-unknown", said, "Run callboard reconcile again, or shorten the file.")
        return
    logins = frozenset(account.login.lower() for account in given.by)
    for one in facts.owned:
        approved = sum(any(counts_as(login, owner, facts) for owner in one.owners) for login in logins)
        if approved < one.approvals:
            yield from _missing(one, approved, facts)


def counts_as(login: str, owner: Owner, facts: PullFacts) -> bool:
    """Whether the approval of this login (lower case) is one of this owner."""
    if owner.kind in ("user", "user-or-group") and owner.name == login:
        return True
    of_group = owner.kind in ("group", "user-or-group")
    return of_group and login in (facts.members.get(owner.name) or ())


def _missing(one: Requirement, approved: int, facts: PullFacts) -> Iterator[Reason]:
    more = f" and {len(one.paths) - 1} more" if len(one.paths) > 1 else ""
    section = f", section {one.section}" if one.section else ""
    so_far = f"{approved} of {one.approvals} ({', '.join(map(str, one.owners))})"
    said = f"Approvals by code owners for {one.paths[0]}{more}{section}: {so_far}."
    unknown = [owner for owner in one.owners if _is_unknown(owner, facts)]
    hopeless: VerdictKind = "blocked" if len(unknown) == len(one.owners) else "wait"
    hint = "Ask one of them, other than the author and with write permission, to review and approve it."
    if hopeless == "blocked":
        hint = "Have a person or a group that the forge tells about named in the code owners file."
    yield Reason(hopeless, "owner-approval-missing", said, hint)
    for owner in unknown:
        yield _unknown(owner, hopeless)


def _is_unknown(owner: Owner, facts: PullFacts) -> bool:
    return owner.kind in ("email", "role") or (
        owner.kind == "group" and facts.members.get(owner.name) is None
    )


def _unknown(owner: Owner, kind: VerdictKind) -> Reason:
    if owner.kind == "email":
        said = f"The code owner {owner} is an e-mail address, and the forge does not tell whose."
        return Reason(kind, "owner-unknown", said, "Write the person's @name into the code owners file.")
    if owner.kind == "role":
        said = f"The code owner {owner} is a role, and the forge does not tell who has it."
        return Reason(kind, "owner-unknown", said, "Name people or groups in the code owners file.")
    said = f"The forge does not tell who is in {owner}, so no approval counts as theirs."
    hint = "Allow the token to read the members of groups, or name people in the code owners file."
    return Reason(kind, "owner-unknown", said, hint)
