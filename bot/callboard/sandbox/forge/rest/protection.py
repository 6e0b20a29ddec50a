"""Protected branches. These stand before the branches themselves, whose names may hold slashes."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import repositories as shapes
from callboard.sandbox.forge.state import Protection

from .table import Answer, Call, operation

_PATH = "/repos/{owner}/{repo}/branches/{branch:path}/protection"


@operation("GET", _PATH, "repos/get-branch-protection", needs="write", models="404 where there is none")
def get(call: Call) -> Answer:
    """The rules of a branch."""
    branch, rules = call.path["branch"], call.repository.protections.get(call.path["branch"])
    if rules is None:
        raise Refused(404, "Branch not protected")
    return Answer(shapes.protection(call.links, call.repository, branch, rules))


@operation(
    "PUT",
    _PATH,
    "repos/update-branch-protection",
    needs="admin",
    models="approvals, stale reviews, checks and strictness block merging; pushes to the branch stay allowed",
)
def update(call: Call) -> Answer:
    """Set the rules of a branch."""
    branch = call.path["branch"]
    if f"refs/heads/{branch}" not in call.repository.refs:
        raise not_found()
    reviews: dict[str, Any] = call.body.get("required_pull_request_reviews") or {}
    checks: dict[str, Any] = call.body.get("required_status_checks") or {}
    named = [each["context"] for each in checks.get("checks") or []]
    rules = Protection(
        approvals=int(reviews.get("required_approving_review_count", 1 if reviews else 0)),
        checks=tuple(named or checks.get("contexts") or ()),
        strict=bool(checks.get("strict")),
        dismiss_stale_reviews=bool(reviews.get("dismiss_stale_reviews")),
    )
    call.repository.protections[branch] = rules
    return Answer(shapes.protection(call.links, call.repository, branch, rules))


@operation("DELETE", _PATH, "repos/delete-branch-protection", needs="admin")
def delete(call: Call) -> Answer:
    """Lift the rules of a branch."""
    if call.repository.protections.pop(call.path["branch"], None) is None:
        raise Refused(404, "Branch not protected")
    return Answer(status=204)


@operation("GET", "/repos/{owner}/{repo}/branches/{branch:path}", "repos/get-branch")
def get_branch(call: Call) -> Answer:
    """One branch."""
    repository, branch = call.repository, call.path["branch"]
    sha = repository.refs.get(f"refs/heads/{branch}")
    if sha is None:
        raise Refused(404, "Branch not found")
    return Answer(shapes.branch(call.links, repository, branch, repository.git.commit(sha)))
