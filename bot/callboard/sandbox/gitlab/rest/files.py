"""Trees, files and archives."""

from __future__ import annotations

from urllib.parse import quote

from callboard.sandbox.forge.bare import TreeEntry
from callboard.sandbox.gitlab.refusal import missing
from callboard.sandbox.gitlab.shapes import commits as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

from .commits import resolve

_REPOSITORY = "/projects/:id/repository"


@operation("GET", f"{_REPOSITORY}/tree", "repository/tree", models="`path`, `ref`, `recursive`")
def tree(call: Call) -> Answer:
    """What a folder holds."""
    repository, git = call.repository, call.repository.git
    commit, path = (
        resolve(repository, call.query.get("ref", ""), "Tree"),
        call.query.get("path", "").strip("/"),
    )
    top = git.entry(commit, path) if path else None
    if path and (top is None or top.type != "tree"):
        raise missing("invalid revision or path Tree" if top is None else "Tree")
    prefix = f"{path}/" if path else ""
    entries = git.tree(f"{commit}:{path}", recursive=call.flag("recursive"))
    shown = [TreeEntry(each.mode, each.type, each.sha, each.size, prefix + each.path) for each in entries]
    return call.page([shapes.tree_entry(each) for each in shown])


def _file(call: Call) -> tuple[str, TreeEntry, str]:
    reference = call.query.get("ref", "") or "HEAD"
    repository = call.repository
    commit = resolve(repository, "" if reference == "HEAD" else reference)
    entry = repository.git.entry(commit, call.path["file"])
    if entry is None or entry.type != "blob":
        raise missing("File")
    return reference, entry, commit


@operation("GET", f"{_REPOSITORY}/files/:file", "files/get", models="404 for a missing file or commit")
def get(call: Call) -> Answer:
    """A file with what is known of it."""
    reference, entry, commit = _file(call)
    return Answer(shapes.file(call.repository, entry, reference, commit))


@operation("GET", f"{_REPOSITORY}/files/:file/raw", "files/raw", models="the bytes, a conditional read, too")
def raw(call: Call) -> Answer:
    """The bytes of a file."""
    reference, entry, commit = _file(call)
    headers = {
        "x-gitlab-blob-id": entry.sha,
        "x-gitlab-commit-id": commit,
        "x-gitlab-file-path": quote(entry.path),
        "x-gitlab-ref": quote(reference),
        "x-gitlab-size": str(entry.size),
    }
    data = call.repository.git.blob(entry.sha)
    return Answer(data, headers=headers, media="application/octet-stream")


@operation("GET", f"{_REPOSITORY}/archive", "repository/archive", models="a real tar.gz by `sha` and `path`")
def archive(call: Call) -> Answer:
    """A folder at a commit, packed."""
    repository, asked = call.repository, call.query.get("sha", "")
    commit, path = resolve(repository, asked, "File"), call.query.get("path", "").strip("/")
    if path and repository.git.entry(commit, path) is None:
        raise missing("File")
    reference = (asked or repository.default_branch).replace("/", "-")
    suffix = f"-{path.replace('/', '-')}" if path else ""
    name = f"{repository.name}-{reference}-{commit}{suffix}"
    only = ["--", f":(literal){path}"] if path else []
    data = repository.git.run("archive", "--format=tar.gz", f"--prefix={name}/", commit, *only)
    headers = {"content-disposition": f'attachment; filename="{quote(name)}.tar.gz"'}
    return Answer(data, headers=headers, media="application/octet-stream")


@operation("GET", f"{_REPOSITORY}/archive.tar.gz", "repository/archive-tar-gz", models="the same")
def archive_tar_gz(call: Call) -> Answer:
    """The same, asked for by its ending."""
    return archive(call)
