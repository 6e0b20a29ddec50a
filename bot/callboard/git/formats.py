"""Git's own formats: what it answers, read, and what it is told, written. Nothing here runs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from callboard.git.command import GitError


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


def read_commit(identity: str, raw: str) -> Commit:
    """What ``cat-file commit`` answers."""
    head, _, message = raw.partition("\n\n")
    fields = [line.partition(" ")[::2] for line in head.splitlines()]
    parents = tuple(value for name, value in fields if name == "parent")
    seconds = next((value.rsplit(" ", 2)[1] for name, value in fields if name == "committer"), "")
    at = datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds.isdigit() else ""
    author = next((value.partition(" <")[0] for name, value in fields if name == "author"), "")
    return Commit(identity, parents, message, at, author)


def read_changes(output: bytes) -> dict[str, str | None]:
    """What ``diff-tree -z --raw`` answers: path to the new mode and blob id, None for a removed one."""
    fields = output.split(b"\0")
    changed: dict[str, str | None] = {}
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, status = meta.decode().split()
        changed[path.decode("utf-8", "surrogateescape")] = None if status == "D" else f"{mode} {blob}"
    return changed


def read_tree(output: bytes) -> dict[str, Entry]:
    """What ``ls-tree -r -z`` answers, by path."""
    entries = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, name = line.partition("\t")
        mode, _kind, blob = meta.split(" ")
        entries[name] = Entry(mode, blob)
    return entries


def read_blobs(output: bytes) -> dict[str, bytes]:
    """What ``cat-file --batch`` answers: blob id to content. Raises GitError when one is missing."""
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


def import_stream(parent: str | None, files: Mapping[str, bytes | None], message: str, author: str) -> bytes:
    """What ``fast-import`` is told for a commit that writes ``files`` (None: removes the file)."""
    text = message.encode()
    lines = [b"feature done\ncommit refs/callboard/built\nmark :1\n", f"committer {author} now\n".encode()]
    lines.append(b"data %d\n%s\n" % (len(text), text))
    if parent is not None:
        lines.append(f"from {parent}\n".encode())
    for path, content in sorted(files.items()):
        name = quoted(path)
        if content is None:
            lines.append(b"D %s\n" % name)
        else:
            lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(content), content))
    return b"".join([*lines, b"\nreset refs/callboard/built\n", b"done\n"])


def quoted(path: str) -> bytes:
    """A path as ``fast-import`` is told it."""
    raw = path.encode("utf-8", "surrogateescape")
    return b'"%s"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def read_push(output: str, branches: Collection[str]) -> dict[str, str | None]:
    """What ``push --porcelain`` answers: branch to None when it is done, or to why it was refused."""
    results: dict[str, str | None] = dict.fromkeys(branches, "the forge did not answer for this branch")
    for line in output.splitlines():
        flag, _, rest = line.partition("\t")
        refs, _, summary = rest.partition("\t")
        branch = refs.rpartition(":")[2].removeprefix("refs/heads/")
        if branch in results:
            results[branch] = summary if flag == "!" else None
    return results
