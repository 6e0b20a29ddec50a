"""What has happened in a repository since the last look, whichever way it was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .bare import ZERO
from .state import Account, Comment, Issue, Pull, Repository

Kind = Literal[
    "pull_request",
    "pull_request_review",
    "pull_request_review_thread",
    "issue_comment",
    "push",
    "check_run",
    "status",
    "issues",
]
_BRANCH = "refs/heads/"


@dataclass(frozen=True)
class Happening:
    """One thing that happened, in GitHub's words. ``about`` is what it happened to."""

    kind: Kind
    action: str
    """Empty for a push and a status."""
    actor: Account
    about: Pull | Issue | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """What a webhook tells besides: objects of the sandbox, or values as they are sent."""


@dataclass(frozen=True)
class _Said:
    """A pull request or issue as it was."""

    is_open: bool
    title: str
    body: str | None
    labels: tuple[str, ...]
    head: str = ""
    base_ref: str = ""
    draft: bool = False


class Snapshot:
    """A repository at one moment."""

    def __init__(self, repository: Repository) -> None:
        self.refs = {name: sha for name, sha in repository.refs.items() if name.startswith(_BRANCH)}
        discussed: tuple[Pull | Issue, ...] = (*repository.issues.values(), *repository.pulls.values())
        self.discussed = {each.id: (each, _said(each)) for each in discussed}
        self.reviews = {
            review.id: (pull, review, review.state)
            for pull in repository.pulls.values()
            for review in pull.reviews
        }
        self.comments = {
            each.id: (each, each.body, each.resolved)
            for each in (
                *repository.comments.values(),
                *(note for issue in repository.issues.values() for note in issue.notes),
            )
        }
        self.statuses = {each.id: (each, each.native_state or each.state) for each in repository.statuses}
        self.runs = {each.id: (each, each.status) for each in repository.check_runs.values()}


def _said(each: Pull | Issue) -> _Said:
    is_open = each.state in ("open", "opened")
    if isinstance(each, Issue):
        return _Said(is_open, each.title, each.body, tuple(each.labels))
    return _Said(is_open, each.title, each.body, tuple(each.labels), each.head, each.base_ref, each.draft)


def happened(
    repository: Repository, before: Snapshot, after: Snapshot, actor: Account
) -> Iterator[Happening]:
    """What was done between two looks, pushes first."""
    for name in sorted(before.refs.keys() | after.refs.keys()):
        old, new = before.refs.get(name, ZERO), after.refs.get(name, ZERO)
        if old != new:
            yield Happening("push", "", actor, more={"ref": name, "before": old, "after": new})
    for number, (each, now) in after.discussed.items():
        was = before.discussed.get(number)
        yield from _changed(each, was[1] if was else None, now, actor)
    for number, (pull, review, state) in after.reviews.items():
        known = before.reviews.get(number)
        if known is None:
            yield Happening("pull_request_review", "submitted", actor, pull, {"review": review})
        elif state == "DISMISSED" != known[2]:
            yield Happening(
                "pull_request_review", "dismissed", actor, pull, {"review": review, "was": known[2]}
            )
    for number, (comment, body, resolved) in after.comments.items():
        about = _about(repository, comment)
        said = before.comments.get(number)
        if said is None:
            yield Happening("issue_comment", "created", actor, about, {"comment": comment})
        elif said[1] != body:
            more = {"comment": comment, "changes": {"body": {"from": said[1]}}}
            yield Happening("issue_comment", "edited", actor, about, more)
        if said is not None and said[2] is not resolved:
            action = "resolved" if resolved else "unresolved"
            yield Happening("pull_request_review_thread", action, actor, about)
    for number, (run, status) in after.runs.items():
        ran = before.runs.get(number)
        if ran is None or ran[1] != status:
            action = "completed" if status == "completed" else "created"
            yield Happening("check_run", action, actor, more={"check_run": run})
    for number, (reported, word) in after.statuses.items():
        before_that = before.statuses.get(number)
        if before_that is None or before_that[1] != word:
            yield Happening("status", "", actor, more={"status": reported})


def _about(repository: Repository, comment: Comment) -> Pull | Issue | None:
    if comment.id in repository.comments:
        return repository.pulls.get(comment.number) or repository.issues.get(comment.number)
    return repository.issues[comment.number]  # GitLab counts issues and merge requests apart


def _changed(each: Pull | Issue, was: _Said | None, now: _Said, actor: Account) -> Iterator[Happening]:
    kind: Kind = "pull_request" if isinstance(each, Pull) else "issues"
    if was is None:
        yield Happening(kind, "opened", actor, each)
        was = _Said(True, now.title, now.body, (), now.head, now.base_ref, now.draft)
    if now.head != was.head:
        yield Happening(kind, "synchronize", actor, each, {"before": was.head, "after": now.head})
    changes: dict[str, Any] = {
        name: {"from": old or ""}
        for name, old, new in (("title", was.title, now.title), ("body", was.body, now.body))
        if old != new
    }
    if now.base_ref != was.base_ref:
        changes["base"] = {"ref": {"from": was.base_ref}, "sha": {"from": ZERO}}
    if changes:
        yield Happening(kind, "edited", actor, each, {"changes": changes})
    if now.draft != was.draft:
        yield Happening(kind, "converted_to_draft" if now.draft else "ready_for_review", actor, each)
    for action, names in (
        ("labeled", [name for name in now.labels if name not in was.labels]),
        ("unlabeled", [name for name in was.labels if name not in now.labels]),
    ):
        for name in names:
            yield Happening(kind, action, actor, each, {"label": name})
    if now.is_open != was.is_open:
        yield Happening(kind, "reopened" if now.is_open else "closed", actor, each)
