"""A bare, blobless clone of one repository, and what is read from it.

Blobs are not fetched with the commits: trees tell what is equal (blob ids), and what must be read is asked
for in one batch, because git's own lazy reading would start one process and one request per blob.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from callboard.git.command import GitError, credential, run
from callboard.git.formats import (
    Commit,
    Entry,
    import_stream,
    read_blobs,
    read_changes,
    read_commit,
    read_push,
    read_tree,
)
from callboard.redaction import Secret

_BASE = "refs/callboard/base"
_HEADS = "refs/callboard/heads/"
_HISTORY = 1000
"""So many commits of the base branch are looked at to tell whether a commit was on it."""


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
        return read_commit(commit, raw)

    def changes(self, commit: Commit) -> dict[str, str | None]:
        """What the commit did to its first parent: path to the new mode and blob id, None for a removed one.

        The parent must have been brought before. Renames are a removal and an addition.
        """
        return read_changes(
            self._git(
                "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
                commit.parents[0], commit.id, "--",
            )
        )  # fmt: skip

    def tree(self, commit: str, path: str = "") -> dict[str, Entry]:
        """Every file below ``path`` at that commit, by its full path. Symlinks and submodules included."""
        arguments = ["ls-tree", "-r", "-z", "--full-tree", commit, *(["--", f"{path}/"] if path else [])]
        return read_tree(self._git(*arguments))

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
        return read_blobs(output)

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
                stdin=import_stream(parent, files, message, author),
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
        return read_push(output, updates)

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
