"""Pull requests."""

from __future__ import annotations

from callboard.sandbox.forge import pulls as rules
from callboard.sandbox.forge.merging import MergeRequest, merge, mergeability, update_branch
from callboard.sandbox.forge.refusal import Refused, invalid, not_found
from callboard.sandbox.forge.shapes import pulls as shapes
from callboard.sandbox.forge.shapes.repositories import diff_entry
from callboard.sandbox.forge.state import Pull, Repository

from .repositories import commits
from .table import Answer, Call, operation

_PULL = "/repos/{owner}/{repo}/pulls/{number}"


def _full(call: Call, repository: Repository, pull: Pull) -> dict[str, object]:
    return shapes.full(call.links, repository, pull, mergeability(repository, pull))


def _is_from(repository: Repository, pull: Pull, owner: str, branch: str) -> bool:
    source = (pull.fork or repository).owner.login
    return (source.lower(), pull.head_ref) == (owner.lower(), branch)


@operation(
    "GET",
    "/repos/{owner}/{repo}/pulls",
    "pulls/list",
    models="`state`, `head`, `base`, `sort` and `direction`",
)
def list_pulls(call: Call) -> Answer:
    """Open ones, newest first, unless asked otherwise."""
    repository, query = call.repository, call.query
    found = list(repository.pulls.values())
    if query.get("state", "open") != "all":
        found = [pull for pull in found if pull.state == query.get("state", "open")]
    if "head" in query:
        owner, _, branch = query["head"].partition(":")
        # A filter without an owner filters nothing, at GitHub too.
        found = [pull for pull in found if not branch or _is_from(repository, pull, owner, branch)]
    if "base" in query:
        found = [pull for pull in found if pull.base_ref == query["base"]]
    sort = query.get("sort", "created")
    found.sort(key=lambda pull: pull.updated_at if sort == "updated" else pull.created_at)
    if query.get("direction", "desc" if sort == "created" else "asc") == "desc":
        found.reverse()
    return call.page([shapes.simple(call.links, repository, pull) for pull in found])


@operation(
    "POST",
    "/repos/{owner}/{repo}/pulls",
    "pulls/create",
    needs="read",
    models="422: a second one for the same head and base, no commits between, a missing branch",
)
def create(call: Call) -> Answer:
    """Open one."""
    repository = call.repository
    opening = rules.Opening(
        title=call.text("title"),
        body=call.optional("body"),
        head=call.text("head"),
        base=call.text("base"),
        draft=bool(call.body.get("draft")),
        number=repository.next_number(),
    )
    pull = rules.open_pull(call.world, repository, call.signed_in, opening)
    return Answer(_full(call, repository, pull), 201)


@operation("GET", _PULL, "pulls/get", models="mergeable null at first when asked for; blocked by protection")
def get(call: Call) -> Answer:
    """One, with its mergeability."""
    return Answer(_full(call, call.repository, call.pull))


@operation("PATCH", _PULL, "pulls/update", models="title, body, base, state; 422 for reopening a merged one")
def update(call: Call) -> Answer:
    """Change one; its author may, and who can write."""
    repository, pull = call.repository, call.pull
    if call.signed_in != pull.author and not repository.allows(call.actor, "triage"):
        raise Refused(403, "Resource not accessible by personal access token")
    if "state" in call.body:
        rules.set_state(call.world, repository, pull, call.text("state"))
    if "base" in call.body:
        rules.set_base(call.world, repository, pull, call.text("base"), call.signed_in)
    changed = (call.text("title", pull.title), call.optional("body") if "body" in call.body else pull.body)
    if changed != (pull.title, pull.body):
        pull.title, pull.body = changed
        pull.updated_at = call.world.now()
    return Answer(_full(call, repository, pull))


@operation("GET", f"{_PULL}/files", "pulls/list-files", models="real differences, renames found")
def files(call: Call) -> Answer:
    """The changed files."""
    repository, pull = call.repository, call.pull
    return call.page(
        [
            diff_entry(call.links, repository, each, pull.head)
            for each in rules.changed_files(repository, pull)
        ]
    )


@operation("GET", f"{_PULL}/commits", "pulls/list-commits")
def list_commits(call: Call) -> Answer:
    """The commits, oldest first."""
    return call.page(commits(call, rules.commits(call.repository, call.pull)))


@operation("GET", f"{_PULL}/merge", "pulls/check-if-merged")
def check_if_merged(call: Call) -> Answer:
    """204 or 404."""
    if call.pull.merged_at is None:
        raise not_found()
    return Answer(status=204)


@operation(
    "PUT",
    f"{_PULL}/merge",
    "pulls/merge",
    needs="write",
    models="merge, squash, rebase as real commits; 409 for a wrong head; 405 for conflict, draft, protection",
)
def merge_pull(call: Call) -> Answer:
    """Merge one."""
    method = call.text("merge_method", "merge")
    if method not in ("merge", "squash", "rebase"):
        raise invalid("PullRequest", "merge_method")
    request = MergeRequest(
        method,  # type: ignore[arg-type]
        call.optional("sha"),
        call.optional("commit_title"),
        call.optional("commit_message"),
    )
    commit = merge(call.world, call.repository, call.pull, call.signed_in, request)
    return Answer({"sha": commit, "merged": True, "message": "Pull Request successfully merged"})


@operation(
    "PUT",
    f"{_PULL}/update-branch",
    "pulls/update-branch",
    needs="write",
    models="a real merge of the base into the head; 422 for a wrong head",
)
def update_head(call: Call) -> Answer:
    """Bring the head up to date; done at once, though GitHub says later."""
    expected = call.optional("expected_head_sha")
    update_branch(call.world, call.repository, call.pull, call.signed_in, expected)
    page = call.links.page(call.repository, "pull", str(call.pull.number))
    return Answer({"message": "Updating pull request branch.", "url": page}, 202)
