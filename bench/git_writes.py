"""Regenerating one model in a large catalog, clone included, against the usual clone with a work tree."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.link import link
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
_LINK, _LOOPBACK = "link", "loopback"
_AT_LEAST = 20


def measure(
    *, files: int = 10_000, histories: Sequence[int] = (300, 3_000, 12_000), rounds: int = 5
) -> Figure:
    """The figure, for a repository of ``files`` files after so many commits, for each of ``histories``."""
    depths = {commits: _at_depth(files // len(_PAGES), commits, rounds) for commits in histories}
    measured = {
        (over, commits): depths[commits][over] for over in (_LINK, _LOOPBACK) for commits in histories
    }
    times = {
        over: {
            commits: depths[commits][over][_REFERENCE].took / depths[commits][over][_OURS].took
            for commits in histories
        }
        for over in (_LINK, _LOOPBACK)
    }
    return Figure(
        title=f"Regenerating 1 model in a base of {files:,} files, clone included",
        how=(
            f"A repository of {files:,} text files of 1.5 to 3 KB ({files // len(_PAGES):,} models of "
            f"{len(_PAGES)} files); the first commit adds them, each later one changes a line in {_UPDATED} "
            "files of one model; 3,000 commits are one for each version of 1,000 models with 3,000 versions. "
            "It is repacked with new deltas, as git's manual asks for after fast-import, whose own are never "
            "met in real use; it has bitmaps, and is served over git's smart HTTP: over a link "
            "as an office or a CI runner has it, of 100 Mbit/s each way and a round trip of 20 ms, and over "
            "loopback, which has neither limit nor delay. The link is a proxy that both sides go through; "
            "a new connection takes a round trip before its first byte, as TCP does, but there is no TLS, no "
            "slow start and no loss. Every contender starts with nothing on "
            "a settled disk, writes three files of one model and pushes them on a new branch; they take "
            f"turns, and each time is the median of {rounds}. The git room fetches into a new bare blobless "
            "clone, lists the tree, builds the commit and pushes it with a lease. A sync with an empty cache "
            "also reads the lock of every model, in one batch. The reference does what scripts do: "
            "`git clone` with a work tree, `checkout -b`, edit, `add --all`, `commit`, `push`, with the "
            "token in the URL, which git sends only after a refusal: one more round trip each for `clone` "
            "and `push`. "
            f"{_verdict('Over the link', times[_LINK])} {_verdict('On loopback', times[_LOOPBACK])}"
        ),
        columns=("over", "commits", "contender", "transferred", "on disk", "wall time",
                 "the reference takes"),
        rows=tuple(
            (over, f"{commits:,}", name, _megabytes(one.transferred), _megabytes(one.size), seconds(one.took),
             ratio(found[_REFERENCE].took, one.took))
            for (over, commits), found in measured.items()
            for name, one in found.items()
        ),
        bounds=tuple(
            Bound(
                f"{over}, {commits:,} commits: the reference takes at least {_AT_LEAST} times as long as the "
                f"git room ({found:.1f} times)",
                found >= _AT_LEAST,
                is_count=False,
            )
            for over, found_over in times.items()
            for commits, found in found_over.items()
        ),
    )  # fmt: skip


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1e6:.1f} MB"


def _verdict(where: str, times: Mapping[int, float]) -> str:
    reached = [f"{commits:,}" for commits, found in times.items() if found >= _AT_LEAST]
    missed = [f"{commits:,}" for commits, found in times.items() if found < _AT_LEAST]
    said = [f"reached with {', '.join(reached)} commits"] * bool(reached)
    said += [f"not reached with {', '.join(missed)} commits"] * bool(missed)
    return f"{where}, {_AT_LEAST} times is {' and '.join(said)}."


class _Measured(NamedTuple):
    took: float
    """Median seconds."""
    size: int
    """Bytes that the contender left in files."""
    transferred: int | None
    """Bytes both ways, where a link counted them."""


def _at_depth(models: int, commits: int, rounds: int) -> dict[str, dict[str, _Measured]]:
    with (
        tempfile.TemporaryDirectory() as name,
        SandboxForge(Path(name) / "forge") as forge,
        link(forge.url) as wire,
    ):
        token = forge.add_user("callboard", kind="Bot")
        bare = forge.add_repository(_NAME, collaborators={"callboard[bot]": "write"}).git
        with (Path(name) / "history").open("w+b") as stream:
            stream.writelines(_history(models, commits))
            stream.seek(0)
            subprocess.run(["git", "fast-import", "--quiet"], cwd=bare.path, stdin=stream, check=True)
        # fast-import holds a tree as its difference to an older one. Repacked, the newest is whole, as it is
        # after a forge has packed what Callboard pushes, which brings no differences.
        bare.run("repack", "-a", "-d", "-f", "-q", "--write-bitmap-index")
        loopback = forge.git_url(_NAME)
        urls = {_LINK: loopback.replace(forge.url, wire.url), _LOOPBACK: loopback}
        contenders: dict[str, Callable[[Path, str, str], None]] = {
            _OURS: lambda folder, url, branch: _ours(folder, url, token, branch, locks=False),
            "git room, every lock read": lambda folder, url, branch: _ours(
                folder, url, token, branch, locks=True
            ),
            _REFERENCE: lambda folder, url, branch: _plain(folder, url, token, branch),
            "reference with --depth=1": lambda folder, url, branch: _plain(
                folder, url, token, branch, "--depth=1"
            ),
        }
        found: dict[str, dict[str, _Measured]] = {over: {} for over in urls}
        times: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds):
            for at, (over, contender) in enumerate(itertools.product(urls, contenders)):
                branch = f"callboard/round-{number}-{at}"
                folder = Path(name) / branch
                before = wire.up.carried + wire.down.carried
                os.sync()
                start = time.perf_counter()
                contenders[contender](folder, urls[over], branch)
                times.setdefault((over, contender), []).append(time.perf_counter() - start)
                # The next one meets the same repository. The folder stays until the end: removing ten
                # thousand files would keep the disk busy under whoever comes next.
                bare.run("update-ref", "-d", f"refs/heads/{branch}")
                found[over][contender] = _Measured(
                    median(times[over, contender]),
                    sum(path.lstat().st_size for path in folder.rglob("*")),
                    wire.up.carried + wire.down.carried - before if over == _LINK else None,
                )
    return found


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
