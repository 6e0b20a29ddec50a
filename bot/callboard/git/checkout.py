"""A checkout that people work in: what git would track of it, and what changed in it since a commit.

Only asked, never written to. The user's own git configuration stays out (see ``command``), and so do ignores
of their own, so that everybody gets the same answer; and nothing that the repository configures is run by
listing its files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.git.command import run
from callboard.validation.listing import Name

_LINK, _SUBMODULE = "120000", "160000"
_LISTED = re.compile(r"(?:(H|S|M|R|C|K) ([0-7]{6}) [0-9a-f]+ [0-3]\t|\? )(.*)", re.DOTALL)
_IGNORES = "--exclude-per-directory=.gitignore"
"""Of what belongs to the repository: neither .git/info/exclude nor what this machine ignores everywhere."""
_GITDIR = "gitdir: "


@dataclass(frozen=True)
class Changes:
    """What is otherwise in the checkout than in a commit."""

    base: str
    """The commit: the merge base of what was asked for and of what is checked out."""
    changed: frozenset[str]
    """Added or edited, committed or not: paths from the top, with ``/``."""
    before: frozenset[str]
    """What of the commit is not as it was: edited, or deleted."""


@dataclass(frozen=True)
class Checkout:
    """A work tree with its repository."""

    top: Path
    """Without symbolic links."""
    _git_folder: Path

    def listed(self, folder: Path) -> list[Name]:
        """What stands in ``folder`` and below it that git tracks, or would track if it were added.

        Raises GitError.
        """
        below = folder.resolve().relative_to(self.top)
        where = f":(top,literal){below.as_posix()}" if below.parts else ":/"
        before = f"{below.as_posix()}/" if below.parts else ""
        listing = ["ls-files", "-z", "-t", "--stage", "--cached", "--others", _IGNORES]
        found: dict[str, Name] = {}
        through_link = {"": False}
        for line in self._names([*listing, "--full-name", "--", where]):
            if match := _LISTED.fullmatch(line):
                _, mode, listed = match.groups()
                name = listed.removesuffix("/")
                # git lists what it tracks, even where a link stands for the folder by now.
                if name.startswith(before) and not self._leads_through_link(name, through_link):
                    is_link = mode == _LINK if mode else (self.top / name).is_symlink()
                    path = name.removeprefix(before)
                    found[path] = Name(path, is_link, mode == _SUBMODULE or name != listed)
        return list(found.values())

    def _leads_through_link(self, name: str, known: dict[str, bool]) -> bool:
        """Whether any folder above is a symbolic link; ``known`` has the answers for folders."""
        folder = name.rpartition("/")[0]
        unknown = []
        while folder not in known:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        for one in reversed(unknown):
            known[one] = known[folder] or (self.top / one).is_symlink()
            folder = one
        return known[folder]

    def changes_since(self, commit: str) -> Changes:
        """What changed since the merge base with ``commit``. Raises GitError if there is none."""
        (base,) = self._git(["merge-base", "--end-of-options", commit, "HEAD"]).decode().split()
        comparing = ["diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules", "-z"]
        fields = self._names([*comparing, "--name-status", base, "--"])
        states = dict(zip(fields[1::2], fields[::2], strict=True))
        new = self._names(["ls-files", "-z", "--others", _IGNORES, "--full-name", "--", ":/"])
        changed = [name for name, state in states.items() if state != "D"]
        before = frozenset(name for name, state in states.items() if state != "A")
        return Changes(base, frozenset([*changed, *new]), before)

    def contents(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """What files were in a commit; what was not there, or is no file, is left out. Raises GitError."""
        asked = [path for path in paths if "\n" not in path]
        request = b"".join(os.fsencode(f"{commit}:{path}\n") for path in asked)
        answer = self._git(["cat-file", "--batch=%(objecttype) %(objectsize)"], request)
        found: dict[str, bytes] = {}
        at = 0
        for path in asked:
            end = answer.index(b"\n", at)
            header = answer[at:end]
            at = end + 1
            if not header.endswith((b" missing", b" ambiguous")):
                kind, size = header.split()
                if kind == b"blob":
                    found[path] = answer[at : at + int(size)]
                at += int(size) + 1
        return found

    def _names(self, arguments: Sequence[str]) -> list[str]:
        return [os.fsdecode(name) for name in self._git(arguments).split(b"\0") if name]

    def _git(self, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
        settings = {"core.fsmonitor": "false"}
        return run(self._git_folder, [f"--work-tree={self.top}", *arguments], settings=settings, stdin=stdin)


def checkout_of(folder: Path) -> Checkout | None:
    """The checkout that a folder belongs to; None where it belongs to none."""
    real = folder.resolve()
    for place in (real, *real.parents):
        git = place / ".git"
        if git.is_dir():
            return Checkout(place, git)
        if git.is_file():
            # A submodule or another work tree of the same repository: the file says where the repository is.
            said = git.read_text(encoding="utf-8", errors="surrogateescape").strip()
            there = place / said.removeprefix(_GITDIR)
            return Checkout(place, there) if said.startswith(_GITDIR) and there.is_dir() else None
    return None
