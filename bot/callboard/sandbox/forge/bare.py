"""A bare repository, read and written through git itself."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SHA = re.compile(r"[0-9a-f]{40}")
ZERO = "0" * 40
_LASTING = re.compile(rf"{SHA.pattern}(\.\.{SHA.pattern})?")
_CONFIG = """\
[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[receive]
\thideRefs = refs/pull
\thideRefs = refs/merge-requests
\tautogc = false
[gc]
\tauto = 0
"""
_COMMIT_FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
_COMMIT_FIELDS = 10


class GitFailed(Exception):
    """git refused; the message is its own."""


@dataclass(frozen=True)
class Person:
    """Who wrote or committed, and when (ISO 8601)."""

    name: str
    email: str
    date: str = ""


@dataclass(frozen=True)
class Commit:
    """A commit."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a tree. ``size`` is None for what is not a blob."""

    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True)
class FileChange:
    """One changed file between two commits; ``patch`` is empty for binary files and pure renames."""

    status: str
    """added, removed, modified or renamed."""
    path: str
    previous: str | None
    sha: str
    additions: int
    deletions: int
    patch: str


def git_environment() -> dict[str, str]:
    """An environment in which no configuration of this machine reaches git."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


class Bare:
    """The bare repository at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[tuple[str, ...], subprocess.CompletedProcess[bytes]] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> Bare:
        """A new, empty repository."""
        path.mkdir(parents=True)
        bare = cls(path)
        # As GitHub and GitLab do, whatever git itself would choose.
        form = ("--object-format=sha1", f"--initial-branch={default_branch}")
        bare.run("init", "--quiet", "--bare", *form, ".")
        with (path / "config").open("a", encoding="utf-8") as config:
            config.write(_CONFIG)
        return bare

    def run(self, *arguments: str, data: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
        """git's output. Raises GitFailed."""
        return _output(self._run(arguments, data, env), arguments[0])

    def _run(
        self, arguments: Iterable[str], data: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=data if data is not None else b"",
            capture_output=True,
            env=git_environment() | dict(env or {}),
            check=False,
        )

    def _lasting(self, *arguments: str, of: Iterable[str]) -> subprocess.CompletedProcess[bytes]:
        """What git says ``of`` objects, asked once where their ids name them: that never changes.

        What failed for want of an object, which may still come, is asked again. 1 is git's word for no.
        """
        done = self._known.get(arguments)
        if done is None:
            done = self._run(arguments)
            if done.returncode in (0, 1) and all(_LASTING.fullmatch(name) for name in of):
                self._known[arguments] = done
        return done

    def _said(self, *arguments: str, of: Iterable[str]) -> bytes:
        return _output(self._lasting(*arguments, of=of), arguments[0])

    def refs(self) -> dict[str, str]:
        """All refs with their commits."""
        lines = self.run("for-each-ref", "--format=%(objectname) %(refname)").decode().splitlines()
        return {name: sha for sha, _, name in (line.partition(" ") for line in lines)}

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag, ref or commit id names; None: none."""
        if SHA.fullmatch(revision):
            return revision if self.object_type(revision) == "commit" else None
        if revision != "HEAD" and not self.valid_ref(f"refs/heads/{revision}"):
            return None
        for name in (f"refs/heads/{revision}", f"refs/tags/{revision}", revision):
            if at_hand := self._branch(name):
                return at_hand
            done = self._run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"])
            if not done.returncode:
                return done.stdout.decode().strip()
        return None

    def _branch(self, name: str) -> str | None:
        """The commit of a well-formed branch that has a file of its own, for which git need not start."""
        if not name.startswith("refs/heads/"):
            return None
        try:
            said = (self.path / name).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, ValueError):
            return None
        return said if SHA.fullmatch(said) else None

    def valid_ref(self, name: str) -> bool:
        """Whether ``name`` is a well-formed ref name."""
        return _well_formed(name)

    def update_ref(self, name: str, new: str, old: str | None = None) -> None:
        """Move a ref, if it still is at ``old``. Raises GitFailed."""
        self.run("update-ref", "--no-deref", name, new, *([old] if old is not None else []))

    def delete_ref(self, name: str, old: str) -> None:
        """Delete a ref, if it still is at ``old``. Raises GitFailed."""
        self.run("update-ref", "--no-deref", "-d", name, old)

    def take(self, other: Bare, sha: str) -> None:
        """Copy a commit, with all that it needs, from another repository. Raises GitFailed."""
        self.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(other.path), sha)

    def object_type(self, sha: str) -> str | None:
        """commit, tree, blob or tag; None when there is no such object."""
        done = self._lasting("cat-file", "-t", sha, of=[sha])
        return None if done.returncode else done.stdout.decode().strip()

    def blob(self, sha: str) -> bytes:
        """The bytes of a blob. Raises GitFailed."""
        return self._said("cat-file", "blob", sha, of=[sha])

    def write_blobs(self, contents: Iterable[bytes]) -> list[str]:
        """The ids of blobs with these bytes, written by one process."""
        stream = b"".join(
            b"blob\nmark :%d\ndata %d\n%b\n" % (at, len(data), data) for at, data in enumerate(contents, 1)
        )
        with tempfile.TemporaryDirectory() as folder:
            marks = Path(folder) / "marks"
            self.run("fast-import", "--quiet", f"--export-marks={marks}", data=stream)
            lines = (line.split() for line in marks.read_text().splitlines())
            ids = {int(mark.removeprefix(":")): sha for mark, sha in lines}
        return [ids[at] for at in sorted(ids)]

    def tree(self, treeish: str, *, recursive: bool = False) -> list[TreeEntry]:
        """The entries; recursive, with the folders between. Raises GitFailed."""
        options = ["-r", "-t"] if recursive else []
        output = self._said("ls-tree", "-z", "--long", "--full-tree", *options, treeish, of=[treeish])
        entries = []
        for line in output.decode(errors="surrogateescape").split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, kind, sha, size = facts.split()
            entries.append(TreeEntry(mode, kind, sha, None if size == "-" else int(size), path))
        return entries

    def entry(self, commit: str, path: str) -> TreeEntry | None:
        """What stands at ``path`` in ``commit``; nothing outside of it does."""
        if path.startswith("/") or ".." in path.split("/"):
            return None
        output = self._said("ls-tree", "-z", "--long", "--full-tree", commit, "--", path, of=[commit])
        if not output:
            return None
        facts, _, name = output.decode(errors="surrogateescape").rstrip("\0").partition("\t")
        mode, kind, sha, size = facts.split()
        return TreeEntry(mode, kind, sha, None if size == "-" else int(size), name)

    def write_tree(self, base: str | None, entries: Iterable[tuple[str, str, str | None]]) -> str:
        """The id of ``base`` changed by ``(mode, path, blob id)``; a blob id of None removes the path."""
        lines = [
            f"0 {ZERO}\t{path}\0" if sha is None else f"{mode} {sha}\t{path}\0" for mode, path, sha in entries
        ]
        with tempfile.TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.run("read-tree", *([base] if base else ["--empty"]), env=env)
            self.run("update-index", "-z", "--index-info", data="".join(lines).encode(), env=env)
            return self.run("write-tree", env=env).decode().strip()

    def commit(self, sha: str) -> Commit:
        """A commit. Raises GitFailed."""
        return self.commits(sha, limit=1)[0]

    def commits(
        self, revisions: str, *, limit: int | None = None, path: str | None = None, oldest_first: bool = False
    ) -> list[Commit]:
        """Commits as ``git log`` lists them. Raises GitFailed."""
        options = [f"--format=tformat:{_COMMIT_FORMAT}"]
        options += [f"--max-count={limit}"] if limit is not None else []
        options += ["--reverse"] if oldest_first else []
        paths = [f":(literal){path}"] if path else []
        asked = ("log", "-z", *options, "--end-of-options", revisions, "--", *paths)
        output = self._said(*asked, of=[revisions])
        fields = output.decode(errors="replace").split("\0")[:-1]
        return [
            Commit(
                sha=part[0],
                tree=part[1],
                parents=tuple(part[2].split()),
                author=Person(*part[3:6]),
                committer=Person(*part[6:9]),
                message=part[9].removesuffix("\n"),
            )
            for part in (fields[at : at + _COMMIT_FIELDS] for at in range(0, len(fields), _COMMIT_FIELDS))
        ]

    def commit_tree(
        self, tree: str, parents: Iterable[str], message: str, author: Person, committer: Person
    ) -> str:
        """The id of a new commit. Raises GitFailed."""
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
        }
        if author.date:
            env["GIT_AUTHOR_DATE"] = author.date
        if committer.date:
            env["GIT_COMMITTER_DATE"] = committer.date
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, data=message.encode(), env=env).decode().strip()

    def write_commit(
        self, ref: str, parent: str | None, files: Mapping[str, bytes | None], message: str, who: Person
    ) -> str:
        """The id of a new commit at ``ref``, made by one process; None as content removes a file.

        Raises GitFailed, as when the ref is not at ``parent`` any more.
        """
        text = message.encode()
        head = f"commit {ref}\nmark :1\ncommitter {who.name} <{who.email}> now\n".encode()
        stream = [head, b"data %d\n%b\n" % (len(text), text), f"from {parent}\n".encode() if parent else b""]
        for path, data in files.items():
            name = '"' + path.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") + '"'
            if data is None:
                stream.append(f"D {name}\n".encode())
            else:
                stream.append(f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n")
        stream.append(b"\nget-mark :1\n")
        told = self.run("fast-import", "--quiet", "--date-format=now", data=b"".join(stream))
        return told.decode().strip()

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; None: unrelated."""
        done = self._lasting("merge-base", one, other, of=[one, other])
        return None if done.returncode else done.stdout.decode().split()[0]

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether ``other`` contains ``one``."""
        return not self._lasting("merge-base", "--is-ancestor", one, other, of=[one, other]).returncode

    def merge_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a clean merge of two commits; None: they conflict, or are unrelated."""
        asked = ("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        done = self._lasting(*asked, of=[ours, theirs])
        return None if done.returncode else done.stdout.decode().split()[0]

    def changes(self, old: str, new: str) -> list[FileChange]:
        """The files that differ between two commits, renames found, in the order of their paths."""
        flags = ("diff", "--no-ext-diff", "--no-color", "-M", "--no-abbrev")
        output = self._said(*flags, "--raw", "--numstat", "-z", old, new, of=[old, new])
        raw, counts = _parse_raw(output.decode(errors="surrogateescape").split("\0")[:-1])
        patch = self._said(*flags, "--patch", old, new, of=[old, new]).decode(errors="replace")
        patches = re.split(r"^diff --git .*\n", patch, flags=re.MULTILINE)[1:]
        return [
            FileChange(status, path, previous, sha, *counts[at], patch=_hunks(patches[at]))
            for at, (status, path, previous, sha) in enumerate(raw)
        ]


def _output(done: subprocess.CompletedProcess[bytes], command: str) -> bytes:
    if done.returncode:
        raise GitFailed(done.stderr.decode(errors="replace").strip() or f"git {command} failed")
    return done.stdout


@lru_cache(maxsize=4096)
def _well_formed(name: str) -> bool:
    asked = ["git", "check-ref-format", name]
    return not subprocess.run(asked, env=git_environment(), capture_output=True, check=False).returncode


def _hunks(patch: str) -> str:
    at = patch.find("@@ ") if patch.startswith("@@ ") else patch.find("\n@@ ") + 1
    return patch[at:].removesuffix("\n") if at or patch.startswith("@@ ") else ""


_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed", "C": "copied"}


def _parse_raw(
    fields: list[str],
) -> tuple[list[tuple[str, str, str | None, str]], list[tuple[int, int]]]:
    raw: list[tuple[str, str, str | None, str]] = []
    counts: list[tuple[int, int]] = []
    rest = iter(fields)
    for item in rest:
        if item.startswith(":"):
            _, _, old, new, letter = item[1:].split(" ")
            path = next(rest)
            previous = None
            if letter[0] in "RC":
                previous, path = path, next(rest)
            raw.append((_STATUS[letter[0]], path, previous, old if letter == "D" else new))
        else:
            added, deleted, path = item.split("\t", 2)
            if not path:
                next(rest), next(rest)
            counts.append((0, 0) if added == "-" else (int(added), int(deleted)))
    return raw, counts
