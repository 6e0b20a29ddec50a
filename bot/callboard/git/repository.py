"""A bare, blobless clone of one repository, and what is read from it.

Blobs are not fetched with the commits: trees tell what is equal (blob ids), and what must be read is asked
for in one batch, because git's own lazy reading would start one process and one request per blob.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from callboard.git.command import GitError, credential, run
from callboard.redaction import Secret

_BASE = "refs/callboard/base"
_HEADS = "refs/callboard/heads/"
_HISTORY = 1000
"""So many commits of the base branch are looked at to tell whether a commit was on it."""


class Entry(NamedTuple):
    """An entry of a tree that is no folder: a file, a symbolic link or a submodule."""

    mode: str
    blob: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, executable or not."""
        return self.mode in ("100644", "100755")

    def __str__(self) -> str:
        return f"{self.mode} {self.blob}"


@dataclass(frozen=True)
class Commit:
    """What a commit says of itself."""

    id: str
    parents: tuple[str, ...]
    message: str
    committed_at: str = ""
    """When, as the committer's clock said: ISO 8601, in UTC."""
    author: str = ""
    """The name of who wrote it, as they say: anybody can say any name."""


class Repository:
    """One repository on a forge, seen through a bare clone in ``folder``.

    The folder may be thrown away at any time: it only saves reading.
    """

    def __init__(self, folder: Path, url: str, token: Secret | None = None) -> None:
        self.folder, self.url, self._token = folder, url, token
        self.fetches = 0
        """How often the forge was asked for objects."""
        self.pushes = 0
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            # The forges' form: git 3 makes another one unless told.
            self._git("init", "--quiet", "--bare", "--template=", "--object-format=sha1", ".")

    def fetch(self, base: str, branch_prefix: str) -> str | None:
        """Bring the base branch and our branches, newest commits only; answer the base commit.

        None when the base branch does not exist (an empty repository). Raises GitError.
        """
        wanted = [f"+refs/heads/{base}:{_BASE}", f"+refs/heads/{branch_prefix}*:{_HEADS}{branch_prefix}*"]
        try:
            self._fetch(wanted)
        except GitError as error:
            if "couldn't find remote ref" not in error.said:
                raise
            return None
        return self._git("rev-parse", "--verify", f"{_BASE}^{{commit}}").decode().strip()

    def _fetch(self, refspecs: Sequence[str]) -> None:
        self._git(
            "fetch", "--quiet", "--prune", "--no-tags", "--depth=1", "--filter=blob:none",
            "--no-write-fetch-head", "origin", *refspecs, remote=True,
        )  # fmt: skip

    def fetch_commits(self, commits: Iterable[str]) -> frozenset[str]:
        """Bring single commits that need not be on a branch any more; answer those that could be had."""
        wanted = set(commits) - {""}
        missing = sorted(wanted - self._local_objects())
        if missing and not self._brought(missing):
            # One that the forge no longer has refuses them all.
            wanted -= {commit for commit in missing if not self._brought([commit])}
        return frozenset(wanted)

    def _brought(self, commits: Sequence[str]) -> bool:
        try:
            self._git(
                "fetch", "--quiet", "--no-tags", "--depth=1", "--filter=blob:none", "--no-write-fetch-head",
                "origin", *commits, remote=True,
            )  # fmt: skip
        except GitError:
            return False
        return True

    def on_base(self, commits: Iterable[str]) -> frozenset[str]:
        """Those of ``commits`` that are among the base branch's newest (first-parent or merged) commits."""
        wanted = set(commits)
        here = self._git("rev-parse", "--verify", f"{_BASE}^{{commit}}").decode().strip()
        if not wanted - {here}:
            return frozenset(wanted)
        self._git(
            "fetch", "--quiet", "--no-tags", f"--depth={_HISTORY}", "--filter=tree:0",
            "--no-write-fetch-head", "origin", here, remote=True,
        )  # fmt: skip
        history = self._git("rev-list", f"--max-count={_HISTORY}", here).decode().split()
        return frozenset(wanted & set(history))

    def heads(self) -> Mapping[str, str]:
        """Our branches as last fetched: name to commit."""
        lines = self._git("for-each-ref", "--format=%(objectname) %(refname)", _HEADS).decode().splitlines()
        return {
            ref.removeprefix(_HEADS): commit for commit, _, ref in (line.partition(" ") for line in lines)
        }

    def commit(self, commit: str) -> Commit:
        """What the commit says of itself."""
        # Not "git show": in a shallow clone it hides the parents that the commit really names.
        raw = self._git("cat-file", "commit", commit).decode("utf-8", "replace")
        head, _, message = raw.partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.splitlines()]
        parents = tuple(value for name, value in fields if name == "parent")
        seconds = next((value.rsplit(" ", 2)[1] for name, value in fields if name == "committer"), "")
        at = datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds.isdigit() else ""
        author = next((value.partition(" <")[0] for name, value in fields if name == "author"), "")
        return Commit(commit, parents, message, at, author)

    def changes(self, commit: Commit) -> dict[str, str | None]:
        """What the commit did to its first parent: path to the new mode and blob id, None for a removed one.

        The parent must have been brought before. Renames are a removal and an addition.
        """
        output = self._git(
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            commit.parents[0],
            commit.id,
            "--",
        )
        fields = output.split(b"\0")
        changed: dict[str, str | None] = {}
        for meta, path in zip(fields[::2], fields[1::2], strict=False):
            _, mode, _, blob, status = meta.decode().split()
            changed[path.decode("utf-8", "surrogateescape")] = None if status == "D" else f"{mode} {blob}"
        return changed

    def tree(self, commit: str, path: str = "") -> dict[str, Entry]:
        """Every file below ``path`` at that commit, by its full path. Symlinks and submodules included."""
        arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, *(["--", f"{path}/"] if path else [])]
        entries = {}
        for line in self._git(*arguments).decode("utf-8", "surrogateescape").split("\0")[:-1]:
            meta, _, name = line.partition("\t")
            mode, _kind, blob = meta.split(" ")
            entries[name] = Entry(mode, blob)
        return entries

    def entry(self, commit: str, path: str) -> Entry | None:
        """What stands at one path of that commit; None for nothing and for a folder."""
        said = self._git("ls-tree", "-z", "--full-tree", commit, "--", path)
        meta = said.partition(b"\t")[0].decode().split(" ")
        return Entry(meta[0], meta[2]) if len(meta) == 3 and meta[1] != "tree" else None

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The contents of blobs, brought in one request where they are not here yet. Raises GitError."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        self._bring(wanted)
        output = self._git("cat-file", "--batch", stdin=("\n".join(wanted) + "\n").encode())
        return _batch(output)

    def sizes(self, ids: Iterable[str]) -> dict[str, int]:
        """The sizes of blobs in bytes, which are brought as by ``blobs``, but not read. Raises GitError."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        self._bring(wanted)
        lines = self._git(
            "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=("\n".join(wanted) + "\n").encode()
        )
        return {blob: int(size) for blob, size in (line.split() for line in lines.decode().splitlines())}

    def _bring(self, wanted: Collection[str]) -> None:
        """Have these blobs here, with one request for those that are not."""
        missing = sorted(set(wanted) - self._local_objects())
        if missing:
            self._git(
                "-c", "fetch.negotiationAlgorithm=noop",
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin",
                "origin",
                remote=True, stdin=("\n".join(missing) + "\n").encode(),
            )  # fmt: skip

    def merge_file(self, ours: bytes, ancestor: bytes, theirs: bytes) -> bytes | None:
        """What git makes of two changes to the same file; None when they conflict."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            paths = [Path(place) / name for name in ("ours", "ancestor", "theirs")]
            for path, content in zip(paths, (ours, ancestor, theirs), strict=True):
                path.write_bytes(content)
            try:
                return self._git("merge-file", "-p", "--quiet", *map(str, paths))
            except GitError:
                return None

    def build(self, parent: str | None, files: Mapping[str, bytes | None], message: str, author: str) -> str:
        """A commit on ``parent`` that writes ``files`` (None: removes the file); answers its id.

        ``author`` is ``Name <e-mail>``. Nothing is pushed. Reads no blob and makes no work tree.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as marks:
            marks_file = Path(marks) / "marks"
            self._git(
                "fast-import", "--quiet", "--date-format=now", f"--export-marks={marks_file}",
                stdin=_import_stream(parent, files, message, author),
            )  # fmt: skip
            return marks_file.read_text().split()[1]

    def push(self, updates: Mapping[str, tuple[str | None, str | None]]) -> dict[str, str | None]:
        """Push branches in one go, each only if it still is where we saw it.

        ``updates``: branch to (commit that it must be at now, or None when it must not exist;
        new commit, or None to delete it).
        Answers branch to None when done, or to the reason why that branch was refused (somebody moved it).
        Raises GitError when the push as a whole failed.
        """
        leases, refspecs = [], []
        for branch, (expected, commit) in sorted(updates.items()):
            leases.append(f"--force-with-lease=refs/heads/{branch}:{expected or ''}")
            refspecs.append(f"{commit or ''}:refs/heads/{branch}")
        try:
            output = self._git(
                # A pack of differences would first fetch what each changed file was. --no-thin says so too,
                # but git does not pass it on over HTTP.
                "-c", "pack.window=0",
                "push", "--porcelain", "--no-verify", *leases, "origin", *refspecs,
                remote=True,
            ).decode("utf-8", "replace")  # fmt: skip
        except GitError as error:
            output = error.output
            if not any(line[:1] in "!=+*- " and "\t" in line for line in output.splitlines()):
                raise
        return _push_results(output, updates)

    def has_any(self, names: Iterable[str]) -> bool:
        """Whether the forge has a branch or a tag of one of these names now. Raises GitError."""
        # Letter by letter: git takes what it is given here for a pattern.
        wanted = {f"refs/{kind}/{name}" for name in names for kind in ("heads", "tags")}
        told = self._git("ls-remote", "--heads", "--tags", "--refs", "origin", remote=True)
        return any(line.partition("\t")[2] in wanted for line in told.decode("utf-8", "replace").splitlines())

    def try_push(self, commit: str) -> None:
        """Ask whether this token may push branches, and push nothing. Raises GitError when it may not.

        GitHub's API does not tell: of the token of an App, it says that it may not push whenever asked.
        """
        branch = f"{commit}:refs/heads/callboard/may-push"
        self._git("push", "--dry-run", "--porcelain", "--no-verify", "origin", branch, remote=True)

    def _local_objects(self) -> set[str]:
        # The one listing of every git version that never fetches what is missing.
        listing = self._git("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
        return set(listing.decode().split())

    def _git(self, *arguments: str, stdin: bytes = b"", remote: bool = False) -> bytes:
        if remote:
            self.fetches += "fetch" in arguments
            self.pushes += "push" in arguments and "--dry-run" not in arguments
        # Said each time, not written down: one process less for each, and a clone never has an old address.
        settings = {
            "remote.origin.url": self.url,
            "remote.origin.promisor": "true",
            "remote.origin.partialclonefilter": "blob:none",
        }
        if remote and self._token is not None:
            settings |= credential(self.url, self._token)
        return run(self.folder, arguments, settings=settings, stdin=stdin)


def _batch(output: bytes) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        identity, _, rest = output[at:end].decode().partition(" ")
        if rest == "missing":
            raise GitError("the repository lacks an object that its own tree names", identity, "")
        size = int(rest.split()[1])
        contents[identity] = output[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return contents


def _import_stream(parent: str | None, files: Mapping[str, bytes | None], message: str, author: str) -> bytes:
    text = message.encode()
    lines = [b"feature done\ncommit refs/callboard/built\nmark :1\n", f"committer {author} now\n".encode()]
    lines.append(b"data %d\n%s\n" % (len(text), text))
    if parent is not None:
        lines.append(f"from {parent}\n".encode())
    for path, content in sorted(files.items()):
        quoted = _quoted(path)
        if content is None:
            lines.append(b"D %s\n" % quoted)
        else:
            lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (quoted, len(content), content))
    return b"".join([*lines, b"\nreset refs/callboard/built\n", b"done\n"])


def _quoted(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    return b'"%s"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def _push_results(output: str, updates: Collection[str]) -> dict[str, str | None]:
    results: dict[str, str | None] = dict.fromkeys(updates, "the forge did not answer for this branch")
    for line in output.splitlines():
        flag, _, rest = line.partition("\t")
        refs, _, summary = rest.partition("\t")
        branch = refs.rpartition(":")[2].removeprefix("refs/heads/")
        if branch in results:
            results[branch] = summary if flag == "!" else None
    return results
