"""Issues, and what only GitLab keeps: project settings, and what happened to a merge request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .records import Account, Comment

EventKind = Literal["pushed", "approved", "unapproved", "requested-changes", "approvals-reset", "said"]


@dataclass
class ProjectSettings:
    """The merge settings of a project, as GitLab names them."""

    merge_method: Literal["merge", "rebase_merge", "ff"] = "merge"
    squash_option: Literal["never", "always", "default_on", "default_off"] = "default_off"
    only_allow_merge_if_pipeline_succeeds: bool = False
    only_allow_merge_if_all_discussions_are_resolved: bool = False
    remove_source_branch_after_merge: bool = True
    reset_approvals_on_push: bool = False
    author_may_approve: bool = True
    """On GitLab's free tier authors may approve their own merge requests; paid tiers can prevent it."""
    most_diff_files: int = 3000
    """Files beyond this are left out of the diffs, and the version of the merge request overflows."""
    most_diff_lines: int = 2000
    """Longer differences come without text, marked as too large."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a pull request. ``before`` and ``after`` are heads, of a push."""

    id: int
    kind: EventKind
    actor: Account
    created_at: str
    before: str = ""
    after: str = ""
    base: str = ""
    start: str = ""
    text: str = ""


@dataclass(frozen=True)
class AutoMerge:
    """An order to merge this head when its pipeline succeeds."""

    actor: Account
    head: str
    squash: bool
    remove_source_branch: bool
    merge_message: str | None
    squash_message: str | None


@dataclass
class Issue:
    """An issue. GitHub counts issues and pull requests together, GitLab apart."""

    id: int
    number: int
    title: str
    body: str | None
    author: Account
    created_at: str
    updated_at: str
    state: Literal["opened", "closed"] = "opened"
    closed_at: str | None = None
    labels: list[str] = field(default_factory=list)
    notes: list[Comment] = field(default_factory=list)
    """On GitLab; GitHub's stand among the comments of the repository."""
