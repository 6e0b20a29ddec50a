"""What everybody in a town looks at: the forge, its repository, and the book of what people did."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.bare import ZERO, Bare
from callboard.sandbox.forge.state import Pull, Repository
from tests.walk.house import House

BOT = "callboard[bot]"
WRITERS = ("robin", "sam")
ROOT = "models"
LOCK = ".callboard.lock"
GATE, GATEKEEPER = "gate", "gatekeeper"
"""The check that the policy asks for, and whose word on it counts."""


@dataclass
class Book:
    """What people did, as they remember it."""

    approved: dict[tuple[int, str], Mapping[str, str | None]] = field(default_factory=dict)
    """Pull request and person to the content that they approved."""
    against: set[tuple[int, str]] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    labelled: set[int] = field(default_factory=set)
    """Where a person put the label that holds."""
    unheld: set[int] = field(default_factory=set)
    """Where somebody who may asked the bot to let go; when it does is not known."""
    commits: dict[str, str] = field(default_factory=dict)
    """What people pushed and did not throw away themselves, to a word that only it has."""
    rewritten: set[int] = field(default_factory=set)
    """Where somebody who may asked the bot to rebase or to replace what stands on the branch."""
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What people wrote into the catalog on the base branch, to the folder where it stands and what it is."""
    titles: dict[int, str] = field(default_factory=dict)
    bodies: dict[int, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    """The model folders that the base branch should have."""
    closed: set[int] = field(default_factory=set)
    may_close: set[int] = field(default_factory=set)
    may_return: set[int] = field(default_factory=set)
    judged: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    spoiled: dict[str, str] = field(default_factory=dict)
    """Catalog files that the forge merged with other bytes than the approved ones, to their blobs."""
    first: str = ""
    """The commit that the town began with."""


@dataclass
class Scene:
    """One repository on a forge, and what people did there."""

    forge: SandboxForge
    house: House
    repository: Repository
    with_dashboard: bool = True
    book: Book = field(default_factory=Book)
    said: list[str] = field(default_factory=list)
    """All that walks put out."""
    count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def git(self) -> Bare:
        return self.repository.git

    @property
    def base(self) -> str:
        return self.repository.refs["refs/heads/main"]

    def pulls(self, *, ours: bool = True) -> list[Pull]:
        """The open pull requests: the bot's, or all."""
        return [
            pull
            for pull in self.repository.pulls.values()
            if pull.state == "open" and (not ours or pull.author.login == BOT)
        ]

    def content(self, commit: str) -> dict[str, str | None]:
        """What a commit does to the base branch: path to blob id, None for a removed file."""
        start = self.git.merge_base("refs/heads/main", commit) or ZERO
        output = self.git.run("diff-tree", "-r", "-z", "--no-renames", start, commit).decode()
        fields = output.split("\0")[:-1]
        found: dict[str, str | None] = {}
        for facts, path in zip(fields[::2], fields[1::2], strict=True):
            blob, status = facts.split()[3:5]
            found[path] = None if status == "D" else blob
        return found

    def folder_in(self, branch: str) -> str | None:
        """The first model folder that a branch changes."""
        head = self.git.resolve(branch)
        paths = sorted(self.content(head)) if head else []
        return next(("/".join(path.split("/")[:2]) for path in paths if path.startswith(f"{ROOT}/")), None)

    def folders(self) -> set[str]:
        """The model folders of the base branch."""
        names = self.git.run("ls-tree", "-r", "--name-only", "refs/heads/main", "--", f"{ROOT}/").decode()
        return {name.removesuffix(f"/{LOCK}") for name in names.splitlines() if name.endswith(f"/{LOCK}")}

    def base_text(self) -> str:
        """All files of the catalog on the base branch."""
        return self.git.run("grep", "-h", "-a", "-e", "", "refs/heads/main", "--", f"{ROOT}/").decode()

    def reachable(self) -> set[str]:
        return set(self.git.run("rev-list", "--all").decode().split())
