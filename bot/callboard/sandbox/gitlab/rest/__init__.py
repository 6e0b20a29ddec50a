"""GitLab's operations. Importing the package fills the table."""

from callboard.sandbox.gitlab.table import OPERATIONS, Answer, Call, Operation

from . import (
    approvals,
    branches,
    commits,
    files,
    issues,
    labels,
    merge_requests,
    merging,
    notes,
    pipelines,
    projects,
    trains,
    users,
)

__all__ = [
    "OPERATIONS",
    "Answer",
    "Call",
    "Operation",
    "approvals",
    "branches",
    "commits",
    "files",
    "issues",
    "labels",
    "merge_requests",
    "merging",
    "notes",
    "pipelines",
    "projects",
    "trains",
    "users",
]
