"""The repository, its branches, commits and comparisons."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.bare import Commit
from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import repositories as shapes

from .table import Answer, Call, operation

_BRANCH = "refs/heads/"


def resolve(call: Call, reference: str) -> str:
    """The commit that ``reference`` names. Raises Refused (404)."""
    found = call.repository.git.resolve(reference)
    if found is None:
        raise not_found()
    return found


@operation("GET", "/repos/{owner}/{repo}", "repos/get", models="404 for a private repository of others")
def get(call: Call) -> Answer:
    """The repository."""
    return Answer(shapes.full(call.links, call.repository, call.actor))


@operation("GET", "/repos/{owner}/{repo}/branches", "repos/list-branches")
def list_branches(call: Call) -> Answer:
    """All branches."""
    repository = call.repository
    found = [
        shapes.short_branch(call.links, repository, name.removeprefix(_BRANCH), sha)
        for name, sha in sorted(repository.refs.items())
        if name.startswith(_BRANCH)
    ]
    protected = call.query.get("protected")
    return call.page([one for one in found if protected is None or one["protected"] == (protected == "true")])


def commits(call: Call, found: list[Commit]) -> list[dict[str, Any]]:
    """Their JSON."""
    return [shapes.commit(call.links, call.repository, each) for each in found]


@operation("GET", "/repos/{owner}/{repo}/commits", "repos/list-commits", models="`sha` and `path` filters")
def list_commits(call: Call) -> Answer:
    """The history of a branch, newest first."""
    repository = call.repository
    start = resolve(call, call.query.get("sha") or repository.default_branch)
    return call.page(commits(call, repository.git.commits(start, path=call.query.get("path"))))


@operation(
    "GET",
    "/repos/{owner}/{repo}/compare/{basehead:path}",
    "repos/compare-commits-with-basehead",
    models="from the merge base, real counts and files",
)
def compare(call: Call) -> Answer:
    """Two commits."""
    repository, git = call.repository, call.repository.git
    base_name, dots, head_name = call.path["basehead"].partition("...")
    if not dots:
        raise not_found()
    base, head = resolve(call, base_name), resolve(call, head_name)
    parted = git.merge_base(base, head)
    if parted is None:
        raise Refused(404, f"No common ancestor between {base_name} and {head_name}.")
    ahead = git.commits(f"{base}..{head}", oldest_first=True)
    behind = len(git.commits(f"{head}..{base}"))
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    url = f"{call.links.repository(repository)}/compare/{base_name}...{head_name}"
    page = call.links.page(repository, "compare", f"{base_name}...{head_name}")
    return Answer(
        {
            "url": url,
            "html_url": page,
            "permalink_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": shapes.commit(call.links, repository, git.commit(base)),
            "merge_base_commit": shapes.commit(call.links, repository, git.commit(parted)),
            "status": status.get((bool(ahead), bool(behind)), "diverged"),
            "ahead_by": len(ahead),
            "behind_by": behind,
            "total_commits": len(ahead),
            "commits": commits(call, ahead),
            "files": [
                shapes.diff_entry(call.links, repository, each, head) for each in git.changes(parted, head)
            ],
        }
    )
