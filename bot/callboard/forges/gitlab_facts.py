"""GitLab's answers about merge requests, turned into the forge-neutral facts.

Names follow GitLab's REST API v4 (docs.gitlab.com, "Merge requests API", "Merge request approvals API",
"Notes API", "Commits API"). GitLab keeps no list of reviews with the commits that they were given for. It
keeps who approves now, a system note of each approval with its time, and a version of the merge request for
each push with its time: together they tell which head somebody approved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from callboard.forges.protocol import Account, Check, Comment, ForcePush, PullRequest, Review

WRITERS = 30
"""The access level of a Developer, the least that may push and merge ("Members API"). Protected branches may
ask for more, which GitLab itself enforces."""

Answer = Mapping[str, Any]


UNTOLD = ""
"""The source of a check whose reporter was not asked for."""
STATUSES: Mapping[str, str] = {"success": "success", "failure": "failed", "neutral": "skipped"}
"""What a report says, in GitLab's words for the states of a commit status."""


@dataclass(frozen=True)
class Me:
    """Who we are."""

    account: Account
    email: str
    """The address that GitLab commits with for us; empty when it does not tell."""


@dataclass(frozen=True)
class Person:
    """What counts about somebody who reviewed."""

    can_write: bool
    is_person: bool


@dataclass(frozen=True)
class Around:
    """What stands around a merge request, each read from a place of its own."""

    notes: Sequence[Answer] = ()
    approved_by: Sequence[Answer] = ()
    reviewers: Sequence[Answer] = ()
    versions: Sequence[Answer] = ()
    """Newest first, as GitLab lists them."""
    statuses: Sequence[Answer] = ()
    diffs: Sequence[Answer] = ()
    cut: tuple[str, ...] = ()
    """Lists that were too long to be read to their end, in words."""


_STATES: Mapping[str, Literal["open", "closed", "merged"]] = {
    "opened": "open",
    # While it is being merged nothing else can be done with it; it becomes merged, or opened again.
    "locked": "open",
    "merged": "merged",
}
_NOT_DECIDED = frozenset({"", "approvals_syncing", "checking", "preparing", "unchecked"})
_CONFLICTING = frozenset({"broken_status", "conflict", "need_rebase"})

_PIPELINES: Mapping[str, Literal["success", "failure", "neutral"]] = {
    "success": "success",
    "failed": "failure",
    "canceled": "failure",
    "skipped": "neutral",
}
_RETARGETED = "changed target branch from"
_APPROVED, _UNAPPROVED = "approved this merge request", "unapproved this merge request"
_ASKED_FOR_CHANGES = "requested changes"


def account(user: Answer | None) -> Account:
    """The account of a user; a deleted one is nobody."""
    if not user:
        return Account(id="", login="ghost")
    return Account(id=str(user["id"]), login=str(user["username"]))


def is_person(user: Answer | None) -> bool:
    """Whether a user is no bot; where GitLab does not say, by the names that it gives the bots of tokens."""
    if not user:
        return False
    named = re.fullmatch(r"(project|group)_\d+_bot(_\w*|\d*)", str(user["username"])) is not None
    return not named and user.get("bot") is not True


def me(user: Answer) -> Me:
    """Who we are, from our own profile."""
    return Me(account(user), str(user.get("commit_email") or ""))


def may_write(member: Answer) -> bool:
    """Whether a membership allows to write."""
    return int(member.get("access_level", 0)) >= WRITERS and member.get("state") == "active"


def finished_at(mr: Answer) -> tuple[str, int]:
    """When it was closed or merged, to compare by."""
    return str(mr.get("merged_at") or mr.get("closed_at") or ""), int(mr["iid"])


def pull_request(mr: Answer, around: Around, *, source: str, person: Callable[[str], Person]) -> PullRequest:
    """The facts of one merge request.

    ``source``: the path of the project that the source branch is in, empty when it was deleted. ``person``
    tells about a user by id.
    """
    status = str(mr.get("detailed_merge_status") or "")
    conflicting = status in _CONFLICTING or bool(mr.get("has_conflicts"))
    mergeable = False if conflicting else None if status in _NOT_DECIDED else True
    heads = _heads(around.versions)
    paths = {str(diff[side]) for diff in around.diffs for side in ("old_path", "new_path")}
    state = _STATES.get(mr["state"], "closed")
    return PullRequest(
        number=mr["iid"],
        url=mr["web_url"],
        title=mr["title"],
        body=mr["description"] or "",
        author=account(mr["author"]),
        state=state,
        draft=bool(mr.get("draft")),
        head_ref=mr["source_branch"],
        head=mr["sha"] or "",
        head_repository=source,
        base_ref=mr["target_branch"],
        base=(mr.get("diff_refs") or {}).get("start_sha") or "",
        labels=tuple(sorted(mr["labels"])),
        mergeable=mergeable,
        blocked_by_forge=mergeable is True and status != "mergeable",
        reviews=_reviews(around, heads, person),
        checks=_checks(mr, around),
        paths=tuple(sorted(paths)),
        paths_complete=_is_complete(mr, around),
        force_pushes=tuple(
            ForcePush(before=before, after=after, at=at)
            for (_, before), (at, after) in pairwise(heads)
            if before != after
        ),
        retargeted_at=tuple(
            str(note["created_at"])
            for note in around.notes
            if note["system"] and _said(note).startswith(_RETARGETED)
        ),
        created_at=mr["created_at"],
        updated_at=mr["updated_at"],
        merge_commit=merge_commit(mr) if state == "merged" else None,
        comments=tuple(
            Comment(
                id=note["id"],
                author=account(note["author"]),
                body=note["body"],
                created_at=note["created_at"],
                edited=_is_edited(note),
                author_is_person=is_person(note["author"]),
            )
            for note in around.notes
            if not note["system"]
        ),
        mark="!",
    )


def merge_commit(mr: Answer) -> str | None:
    """The commit that the merge put on the base branch: of its own, or the head where it was fast-forward."""
    return mr.get("merge_commit_sha") or mr.get("squash_commit_sha") or mr.get("sha")


def _heads(versions: Sequence[Answer]) -> list[tuple[str, str]]:
    """When each head came, oldest first. GitLab makes a version for each push, ordinary ones too."""
    return [
        (str(one["created_at"]), str(one["head_commit_sha"] or ""))
        for one in sorted(versions, key=lambda version: int(version["id"]))
    ]


def _reviews(
    around: Around, heads: Sequence[tuple[str, str]], person: Callable[[str], Person]
) -> tuple[Review, ...]:
    """Who approves now, for which head, and who asks for changes.

    An approval whose time is not known has no commit, and so does not count.
    """
    last: dict[str, tuple[str, str]] = {}
    authors: dict[str, Account] = {}
    for note in sorted(around.notes, key=lambda one: int(one["id"])):
        if note["system"] and _said(note) in (_APPROVED, _UNAPPROVED, _ASKED_FOR_CHANGES):
            who = account(note["author"])
            authors[who.id] = who
            last[who.id] = (_said(note), str(note["created_at"]))
    approving = {who.id: who for who in (account(one["user"]) for one in around.approved_by)}
    refusing = {
        who.id: who
        for who in (account(one["user"]) for one in around.reviewers if one["state"] == "requested_changes")
    }
    reviews = []
    for who in {**authors, **approving, **refusing}.values():
        said, at = last.get(who.id, ("", ""))
        state: Literal["approved", "changes-requested"]
        if said == _ASKED_FOR_CHANGES or who.id in refusing:
            state = "changes-requested"
        elif who.id in approving:
            state, at = "approved", at if said == _APPROVED else ""
        else:
            continue
        about = person(who.id)
        reviews.append(
            Review(
                author=who,
                state=state,
                commit=_head_at(heads, at),
                submitted_at=at,
                author_can_write=about.can_write,
                author_is_person=about.is_person,
            )
        )
    return tuple(reviews)


def _head_at(heads: Sequence[tuple[str, str]], at: str) -> str:
    """The head at a time; empty when that is not known."""
    try:
        return next((head for since, head in reversed(heads) if _time(since) <= _time(at)), "")
    except (ValueError, TypeError):
        return ""


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_edited(note: Answer) -> bool:
    known = note.get("edited")
    return note.get("updated_at", note["created_at"]) != note["created_at"] if known is None else bool(known)


def _said(note: Answer) -> str:
    return str(note["body"]).strip().lower()


def _is_complete(mr: Answer, around: Around) -> bool:
    """Whether the diffs are all: of this head, and as many as GitLab counts (up to a thousand: "1000+").

    GitLab works them out some time after a push.
    """
    counted = str(mr.get("changes_count") or "")
    overflow = bool(around.versions) and around.versions[0].get("state") not in ("collected", None)
    of_head = (mr.get("diff_refs") or {}).get("head_sha") == mr["sha"]
    return of_head and counted.isdigit() and len(around.diffs) >= int(counted) and not overflow


def _checks(mr: Answer, around: Around) -> tuple[Check, ...]:
    checks = [_job(status) for status in _newest(around.statuses)]
    if pipeline := mr.get("head_pipeline"):
        state = _state(pipeline["status"])
        checks.append(Check("pipeline", state, str(pipeline.get("source") or "")))
    # What was not read may say no: in doubt, not merged.
    checks += [Check(f"more {what} than can be read", "pending", "callboard") for what in around.cut]
    return tuple(sorted(checks, key=lambda check: (check.name, check.source, check.state)))


def _state(status: str) -> Literal["success", "failure", "pending", "neutral"]:
    return _PIPELINES.get(status, "pending")


def _newest(statuses: Sequence[Answer]) -> list[Answer]:
    """The last status of each name and ref: an earlier pipeline of the same commit was run again."""
    return list({(one["name"], one["ref"]): one for one in sorted(statuses, key=_identifier)}.values())


def _identifier(status: Answer) -> int:
    return int(status["id"])


def _job(status: Answer) -> Check:
    state = _state(status["status"])
    if status.get("allow_failure") and status["status"] in ("failed", "manual"):
        state = "neutral"
    source = str((status.get("author") or {}).get("username", ""))
    return Check(str(status["name"]), state, source, str(status.get("description") or ""))
