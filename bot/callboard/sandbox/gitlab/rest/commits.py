"""Commits, comparisons and merge bases."""

from __future__ import annotations

from callboard.sandbox.forge.bare import Person
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.forge.state import Repository
from callboard.sandbox.gitlab.pipelines import basic as pipeline_basic
from callboard.sandbox.gitlab.pipelines import pipeline_of
from callboard.sandbox.gitlab.refusal import missing, wrong
from callboard.sandbox.gitlab.shapes import commits as shapes
from callboard.sandbox.gitlab.shapes.people import signature
from callboard.sandbox.gitlab.table import Answer, Call, operation
from callboard.sandbox.gitlab.writing import NewCommit, write_commit

_COMMITS = "/projects/:id/repository/commits"


def resolve(repository: Repository, reference: str, what: str = "Commit") -> str:
    """The commit that a branch, tag or id names. Raises Denied (404)."""
    found = repository.git.resolve(reference or repository.default_branch)
    if found is None:
        raise missing(what)
    return found


@operation("GET", _COMMITS, "commits/list", models="`ref_name` (a range, too) and `path`")
def list_commits(call: Call) -> Answer:
    """The history, newest first."""
    repository, asked = call.repository, call.query.get("ref_name", "")
    low, dots, high = asked.partition("..")
    revisions = resolve(repository, high.removeprefix(".") if dots else asked, "Tree")
    if dots:
        revisions = f"{resolve(repository, low, 'Tree')}..{revisions}"
    found = repository.git.commits(revisions, path=call.query.get("path"))
    return call.page([shapes.basic(call.links, repository, each) for each in found])


def _detail(call: Call, sha: str) -> dict[str, object]:
    repository = call.repository
    pipeline = pipeline_of(repository, sha)
    told = pipeline_basic(call.links, repository, pipeline) if pipeline else None
    return shapes.detail(call.links, repository, repository.git.commit(sha), told)


@operation(
    "POST",
    _COMMITS,
    "commits/create",
    needs="write",
    models="create, update, delete, move, chmod in one commit; `start_branch`, `start_sha`, `force`; 400s; "
    "signed by the forge",
)
def create(call: Call) -> Answer:
    """Several files in one commit."""
    repository, actor = call.repository, call.signed_in
    actions = call.given.get("actions", [])
    if not isinstance(actions, list) or not all(isinstance(each, dict) for each in actions):
        raise wrong("actions", "is invalid")
    committer = signature(actor)
    author = Person(
        call.optional("author_name") or committer.name, call.optional("author_email") or committer.email
    )
    new = NewCommit(
        branch=call.text("branch"),
        message=call.text("commit_message"),
        author=author,
        committer=committer,
        actions=actions,
        start=call.optional("start_sha") or call.optional("start_branch"),
        force=call.flag("force"),
    )
    sha = write_commit(repository, new)
    repository.signed.add(sha)
    settle(call.world, repository, actor)
    return Answer(_detail(call, sha), 201)


@operation("GET", f"{_COMMITS}/:sha", "commits/get")
def get(call: Call) -> Answer:
    """One commit."""
    return Answer(_detail(call, resolve(call.repository, call.path["sha"])))


@operation("GET", f"{_COMMITS}/:sha/signature", "commits/signature", models="404 for what is not signed")
def signature_of(call: Call) -> Answer:
    """Who vouches for a commit: GitLab itself, for those made through its API."""
    repository = call.repository
    sha = resolve(repository, call.path["sha"])
    if sha not in repository.signed:
        raise missing("Signature")
    return Answer(shapes.signature())


@operation("GET", f"{_COMMITS}/:sha/diff", "commits/diff")
def diff(call: Call) -> Answer:
    """What a commit changed."""
    repository = call.repository
    commit = repository.git.commit(resolve(repository, call.path["sha"]))
    return call.page(shapes.diffs(repository, shapes.changed(repository, commit)))


@operation("GET", "/projects/:id/repository/compare", "repository/compare", models="`straight`")
def compare(call: Call) -> Answer:
    """What stands between two commits."""
    repository, git = call.repository, call.repository.git
    old, new = resolve(repository, call.text("from"), "Ref"), resolve(repository, call.text("to"), "Ref")
    start = old if call.flag("straight") else git.merge_base(old, new) or old
    commits = git.commits(f"{start}..{new}", oldest_first=True)
    listed = [shapes.basic(call.links, repository, each) for each in commits]
    return Answer(
        {
            "commit": listed[-1] if listed else None,
            "commits": listed,
            "diffs": shapes.diffs(repository, git.changes(start, new)),
            "compare_timeout": False,
            "compare_same_ref": old == new,
            "web_url": call.links.page(repository, "compare", f"{old}...{new}"),
        }
    )


@operation(
    "GET", "/projects/:id/repository/merge_base", "repository/merge-base", models="404 for unrelated ones"
)
def merge_base(call: Call) -> Answer:
    """Where two commits parted."""
    repository = call.repository
    refs = call.names("refs") or []
    if len(refs) != 2:
        raise wrong("refs", "is missing")
    one, other = (resolve(repository, ref, "Merge Base") for ref in refs)
    found = repository.git.merge_base(one, other)
    if found is None:
        raise missing("Merge Base")
    return Answer(shapes.basic(call.links, repository, repository.git.commit(found)))
