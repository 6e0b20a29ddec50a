"""Regenerating one model in a large catalog, clone included, against the usual clone with a work tree."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.report import Bound, Figure, median, ratio, seconds
from callboard.catalog.shelf import lock_paths
from callboard.git.repository import Repository
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge

_NAME = "acme/model-catalog"
_AUTHOR = "callboard <callboard@users.noreply.example>"
_PAGES: tuple[str, ...] = (
    "catalog-info.yaml", "mkdocs.yml", ".callboard.lock", "docs/index.md", "docs/usage.md",
    "docs/evaluation.md", "docs/versions.md", "docs/limitations.md", "docs/license.md",
    "docs/assets/metrics.svg",
)  # fmt: skip
_UPDATED = 5
"""So many files of a model change with a new version."""
_WRITTEN = {f"models/model-00007/{path}": f"new {path}\n".encode() * 100 for path in _PAGES[:3]}
_OURS, _REFERENCE = "git room", "reference: clone with a work tree"
_AT_LEAST = 20


def measure(
    *, files: int = 10_000, histories: Sequence[int] = (300, 3_000, 12_000), rounds: int = 5
) -> Figure:
    """The figure, for a repository of ``files`` files after so many commits, for each of ``histories``."""
    measured = {commits: _at_depth(files // len(_PAGES), commits, rounds) for commits in histories}
    return Figure(
        title=f"Regenerating 1 model in a base of {files:,} files, clone included",
        how=(
            f"A repository of {files:,} text files of 1.5 to 3 KB ({files // len(_PAGES):,} models of "
            f"{len(_PAGES)} files); the first commit adds them, each later one changes a line in {_UPDATED} "
            "files of one model. It is packed, has bitmaps, and is served over git's smart HTTP on loopback, "
            "where there is neither latency nor a limit on bandwidth. Every contender starts with nothing on "
            "a settled disk, writes three files of one model and pushes them on a new branch; they take "
            f"turns, and each time is the median of {rounds}. The git room fetches into a new bare blobless "
            "clone, lists the tree, builds the commit and pushes it with a lease. A sync with an empty cache "
            "also reads the lock of every model, in one batch. The reference does what scripts do: "
            "`git clone` with a work tree, `checkout -b`, edit, `add --all`, `commit`, `push`."
        ),
        columns=("commits", "contender", "on disk", "wall time", "the reference takes"),
        rows=tuple(
            (f"{commits:,}", name, f"{one.size / 1e6:.1f} MB", seconds(one.took),
             ratio(found[_REFERENCE].took, one.took))
            for commits, found in measured.items()
            for name, one in found.items()
        ),
        bounds=tuple(
            Bound(
                f"with {commits:,} commits the reference takes at least {_AT_LEAST} times as long as the git "
                f"room: {ratio(found[_REFERENCE].took, found[_OURS].took)}",
                found[_REFERENCE].took / found[_OURS].took >= _AT_LEAST,
                is_count=False,
            )
            for commits, found in measured.items()
        ),
    )  # fmt: skip


class _Measured(NamedTuple):
    took: float
    """Median seconds."""
    size: int
    """Bytes that the contender left in files."""


def _at_depth(models: int, commits: int, rounds: int) -> dict[str, _Measured]:
    with tempfile.TemporaryDirectory() as name, SandboxForge(Path(name) / "forge") as forge:
        token = forge.add_user("callboard", kind="Bot")
        bare = forge.add_repository(_NAME, collaborators={"callboard[bot]": "write"}).git
        with (Path(name) / "history").open("w+b") as stream:
            stream.writelines(_history(models, commits))
            stream.seek(0)
            subprocess.run(["git", "fast-import", "--quiet"], cwd=bare.path, stdin=stream, check=True)
        bare.run("repack", "-a", "-d", "-q", "--write-bitmap-index")
        url = forge.git_url(_NAME)
        contenders: dict[str, Callable[[Path, str], None]] = {
            _OURS: lambda folder, branch: _ours(folder, url, token, branch, locks=False),
            "git room, every lock read": lambda folder, branch: _ours(folder, url, token, branch, locks=True),
            _REFERENCE: lambda folder, branch: _plain(folder, url, token, branch),
            "reference with --depth=1": lambda folder, branch: _plain(
                folder, url, token, branch, "--depth=1"
            ),
        }
        times: dict[str, list[float]] = {contender: [] for contender in contenders}
        sizes = {}
        for number in range(rounds):
            for at, (contender, work) in enumerate(contenders.items()):
                branch = f"callboard/round-{number}-{at}"
                folder = Path(name) / branch
                os.sync()
                start = time.perf_counter()
                work(folder, branch)
                times[contender].append(time.perf_counter() - start)
                # The next one meets the same repository. The folder stays until the end: removing ten
                # thousand files would keep the disk busy under whoever comes next.
                bare.run("update-ref", "-d", f"refs/heads/{branch}")
                sizes[contender] = sum(path.lstat().st_size for path in folder.rglob("*"))
    return {contender: _Measured(median(found), sizes[contender]) for contender, found in times.items()}


def _ours(folder: Path, url: str, token: str, branch: str, *, locks: bool) -> None:
    repository = Repository(folder, url, Secret(token))
    base = repository.fetch("main", "callboard/")
    assert base
    tree = repository.tree(base, "models")
    if locks:
        repository.blobs(tree[path].blob for path in lock_paths(tree, "models"))
    commit = repository.build(base, dict(_WRITTEN), "Update model-00007", _AUTHOR)
    refused = repository.push({branch: (None, commit)})
    assert refused == {branch: None}, refused


def _plain(folder: Path, url: str, token: str, branch: str, *options: str) -> None:
    with_token = url.replace("://", f"://x-access-token:{token}@")
    _git(None, "clone", "--quiet", *options, with_token, str(folder))
    _git(folder, "checkout", "--quiet", "-b", branch)
    for path, content in _WRITTEN.items():
        (folder / path).write_bytes(content)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", "Update model-00007")
    _git(folder, "push", "--quiet", "origin", branch)


def _git(folder: Path | None, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "EMAIL": "callboard@users.noreply.example",
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def _history(models: int, commits: int) -> Iterator[bytes]:
    """A fast-import stream: the first commit adds all models, each later one changes some files of one."""
    chance = random.Random(7)
    words = [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(3000)
    ]

    def line() -> bytes:
        return f"{chance.choice(words)}: {' '.join(chance.choices(words, k=9))}\n".encode()

    pages = {
        (model, path): [line() for _ in range(chance.randint(22, 42))]
        for model in range(models)
        for path in _PAGES
    }
    for number in range(commits):
        yield b"commit refs/heads/main\n"
        yield b"committer robin <robin@users.noreply.example> %d +0000\n" % (1_700_000_000 + number)
        yield b"data <<END\nUpdate %d\nEND\n" % number
        changed = list(pages)
        if number:
            model = chance.randrange(models)
            changed = [(model, path) for path in _PAGES[:_UPDATED]]
            for page in changed:
                pages[page][chance.randrange(22)] = line()
        for model, path in changed:
            data = b"".join(pages[model, path])
            yield b"M 100644 inline models/model-%05d/%s\ndata %d\n%s\n" % (
                model,
                path.encode(),
                len(data),
                data,
            )
