"""People's commits, put on another commit without a work tree: their changes, authors and messages stay.

What ``git rebase`` does, by three-way merges of trees: a file that only one side changed is taken from it,
one that both changed is merged by lines. A renamed file counts as removed and added. What conflicts stops it
all, and nothing is written anywhere but into our own clone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from callboard.changes.fingerprint import blob_id
from callboard.git.command import GitError
from callboard.git.formats import Entry, quoted
from callboard.git.repository import Repository

_HISTORY = 1000
"""So far back the commit is looked for that both have in common."""
_MOST_COMMITS = 100
Tree = Mapping[str, Entry]


class CannotRebase(Exception):
    """It was not done: why, in one sentence, and the files that conflict, if that is why."""

    def __init__(self, why: str, conflicts: tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why, self.conflicts = why, conflicts


def rebase(repository: Repository, head: str, onto: str, committer: str) -> str:
    """The commits of ``head`` that ``onto`` does not have, on top of it; answers the new head.

    ``head`` itself when it stands on ``onto`` already. ``committer`` is ``Name <e-mail>``. Nothing is pushed.
    Raises CannotRebase, and GitError when git itself fails.
    """
    _git(
        repository, "fetch", "--quiet", "--no-tags", f"--depth={_HISTORY}", "--filter=blob:none",
        "--no-write-fetch-head", "origin", head, onto, remote=True,
    )  # fmt: skip
    try:
        common = _lines(repository, "merge-base", "--all", head, onto)
    except GitError:
        common = []
    if not common:
        raise CannotRebase(f"the branch has nothing in common with the newest {_HISTORY} commits of the base")
    if onto in common:
        return head
    commits = _lines(repository, "rev-list", "--reverse", "--topo-order", "--no-merges", f"{onto}..{head}")
    if len(commits) > _MOST_COMMITS:
        raise CannotRebase(f"the branch has {len(commits)} commits, more than {_MOST_COMMITS}")
    new, now = onto, _tree(repository, onto)
    for commit in (_picked(repository, one) for one in commits):
        after = _applied(repository, commit.before, now, commit.after)
        if after.entries != now:  # else the base has it already
            new = _written(repository, commit, new, now, after, committer)
            now = after.entries
    if new == onto:
        raise CannotRebase("the base has everything that the branch changes")
    if _lines(repository, "rev-list", "--merges", f"{onto}..{head}"):
        # Merges are left out, so what was done in them must not be lost.
        whole = _applied(
            repository, _tree(repository, common[0]), _tree(repository, onto), _tree(repository, head)
        )
        if whole.entries != now:
            raise CannotRebase("a merge on the branch changes more than what it merges")
    return new


@dataclass(frozen=True)
class _Picked:
    """A commit with what it changes."""

    author: bytes
    encoding: bytes
    message: bytes
    before: Tree
    after: Tree


@dataclass(frozen=True)
class _Applied:
    """A tree after a change, and the contents in it that no repository has yet, by their ids."""

    entries: Tree
    made: Mapping[str, bytes]


def _picked(repository: Repository, commit: str) -> _Picked:
    head, _, message = _git(repository, "cat-file", "commit", commit).partition(b"\n\n")
    fields = [line.partition(b" ")[::2] for line in head.split(b"\n")]
    said = dict(reversed(fields))  # of several parents the first
    parent = said.get(b"parent", b"").decode()
    before = _tree(repository, parent) if parent else {}
    return _Picked(said[b"author"], said.get(b"encoding", b""), message, before, _tree(repository, commit))


def _applied(repository: Repository, before: Tree, onto: Tree, after: Tree) -> _Applied:
    """What ``onto`` becomes by the change from ``before`` to ``after``. Raises CannotRebase."""
    result = dict(onto)
    conflicts, both = set(), {}
    changed = [path for path in sorted({**before, **after}) if before.get(path) != after.get(path)]
    for path in changed:
        was, here, there = before.get(path), onto.get(path), after.get(path)
        if here == was:
            if there is None:
                result.pop(path, None)
            else:
                result[path] = there
        elif here != there:
            if was and here and there and was.is_file and here.is_file and there.is_file:
                both[path] = (here, was, there)
            else:
                conflicts.add(path)
    contents = repository.blobs(side.blob for sides in both.values() for side in sides)
    made: dict[str, bytes] = {}
    for path, (here, was, there) in both.items():
        merged = repository.merge_file(contents[here.blob], contents[was.blob], contents[there.blob])
        if merged is None:
            conflicts.add(path)
            continue
        mode = there.mode if here.mode == was.mode else here.mode
        result[path] = Entry(mode, blob_id(merged))
        made[result[path].blob] = merged
    folders = {path[:at] for path in result for at, char in enumerate(path) if char == "/"}
    conflicts |= folders & result.keys()
    if conflicts:
        raise CannotRebase("both sides changed the same lines", tuple(sorted(conflicts)))
    return _Applied(result, made)


def _written(
    repository: Repository, commit: _Picked, parent: str, now: Tree, after: _Applied, committer: str
) -> str:
    changed = [path for path in sorted({**now, **after.entries}) if now.get(path) != after.entries.get(path)]
    entries = {path: after.entries.get(path) for path in changed}
    # Else git would fetch them one by one.
    repository.blobs(
        one.blob for one in entries.values() if one and one.mode != "160000" and one.blob not in after.made
    )
    lines = [b"feature done\ncommit refs/callboard/rebased\nmark :1\nauthor %s\n" % commit.author]
    lines.append(f"committer {committer} {int(time.time())} +0000\n".encode())
    if commit.encoding:
        lines.append(b"encoding %s\n" % commit.encoding)
    lines.append(b"data %d\n%s\nfrom %s\n" % (len(commit.message), commit.message, parent.encode()))
    for path, entry in entries.items():
        if entry is None:
            lines.append(b"D %s\n" % quoted(path))
        elif entry.blob in after.made:
            content = after.made[entry.blob]
            lines.append(b"M %s inline %s\n" % (entry.mode.encode(), quoted(path)))
            lines.append(b"data %d\n%s\n" % (len(content), content))
        else:
            lines.append(b"M %s %s %s\n" % (entry.mode.encode(), entry.blob.encode(), quoted(path)))
    stream = b"".join([*lines, b"\nget-mark :1\nreset refs/callboard/rebased\n", b"done\n"])
    said = _git(
        repository,
        "fast-import",
        "--quiet",
        "--date-format=raw",
        "--cat-blob-fd=1",
        stdin=stream,
        remote=True,
    )
    return said.decode().strip()


def _tree(repository: Repository, commit: str) -> Tree:
    # Brings the trees that are not here yet, with our credential.
    _git(repository, "ls-tree", "-r", "-z", "--name-only", commit, remote=True)
    return repository.tree(commit)


def _lines(repository: Repository, *arguments: str) -> list[str]:
    return _git(repository, *arguments).decode().split()


def _git(repository: Repository, *arguments: str, stdin: bytes = b"", remote: bool = False) -> bytes:
    return repository._git(*arguments, stdin=stdin, remote=remote)  # noqa: SLF001 (of the same room)
