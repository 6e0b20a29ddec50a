"""Regenerating one model in a large catalog, clone included, against the usual clone with a work tree."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
_AT_LEAST = 20


def measure(*, files: int = 10_000, commits: int = 300, rounds: int = 5) -> Figure:
    """The figure, for a repository of ``files`` files with a history of ``commits`` commits."""
    with tempfile.TemporaryDirectory() as name, SandboxForge(Path(name) / "forge") as forge:
        token = forge.add_user("callboard", kind="Bot")
        bare = forge.add_repository(_NAME, collaborators={"callboard[bot]": "write"}).git
        bare.run("fast-import", "--quiet", data=b"".join(_history(files // len(_PAGES), commits)))
        # As a forge serves it: packed, with bitmaps.
        bare.run("repack", "-a", "-d", "-q", "--write-bitmap-index")
        url, folder = forge.git_url(_NAME), Path(name) / "work"
        contenders: dict[str, Callable[[Path, str], None]] = {
            "git room": lambda at, branch: _ours(at, url, token, branch, locks=False),
            "git room, and every lock read": lambda at, branch: _ours(at, url, token, branch, locks=True),
            "clone, checkout, edit, commit, push": lambda at, branch: _plain(at, url, token, branch),
            "the same with --depth=1": lambda at, branch: _plain(at, url, token, branch, "--depth=1"),
        }
        times: dict[str, list[float]] = {contender: [] for contender in contenders}
        for number in range(rounds):
            for at, (contender, work) in enumerate(contenders.items()):
                start = time.perf_counter()
                work(folder, f"callboard/round-{number}-{at}")
                times[contender].append(time.perf_counter() - start)
                shutil.rmtree(folder)
    took = {contender: median(found) for contender, found in times.items()}
    ours = took["git room"]
    reference = took["clone, checkout, edit, commit, push"]
    return Figure(
        title=f"Regenerating 1 model in a base of {files:,} files, clone included",
        how=(
            f"A repository of {files:,} text files of 1.5 to 3 KB ({files // len(_PAGES):,} models of "
            f"{len(_PAGES)} files) with {commits} commits, repacked with bitmaps, is served over git's smart "
            "HTTP on loopback. Every contender starts with nothing on disk, changes one model's three files "
            "and pushes them on a new branch; they take turns, and each figure is the median of "
            f"{rounds} rounds. The git room makes its bare blobless clone, lists the tree, reads the model's "
            "folder, builds the commit and pushes it with a lease. The reference does what scripts do: "
            "`git clone` with a work tree and the whole history, `checkout -b`, edit, `commit -a`, `push`."
        ),
        columns=("contender", "wall time", "the reference takes"),
        rows=tuple((contender, seconds(time), ratio(reference, time)) for contender, time in took.items()),
        bounds=(
            Bound(
                f"the reference takes at least {_AT_LEAST} times as long as the git room: "
                f"{ratio(reference, ours)}",
                reference / ours >= _AT_LEAST,
                is_count=False,
            ),
        ),
    )


def _ours(folder: Path, url: str, token: str, branch: str, *, locks: bool) -> None:
    repository = Repository(folder, url, Secret(token))
    base = repository.fetch("main", "callboard/")
    assert base
    tree = repository.tree(base, "models")
    model = {path: entry.blob for path, entry in tree.items() if path.startswith("models/model-00007/")}
    read = set(model.values())
    if locks:
        read |= {tree[path].blob for path in lock_paths(tree, "models")}
    contents = repository.blobs(read)
    changed: dict[str, bytes | None] = {
        path: contents[blob] + b"changed\n" for path, blob in sorted(model.items())[:3]
    }
    commit = repository.build(base, changed, "Update model-00007", _AUTHOR)
    refused = repository.push({branch: (None, commit)})
    assert refused == {branch: None}, refused


def _plain(folder: Path, url: str, token: str, branch: str, *options: str) -> None:
    with_token = url.replace("://", f"://x-access-token:{token}@")
    _git(None, "clone", "--quiet", *options, with_token, str(folder))
    _git(folder, "checkout", "--quiet", "-b", branch)
    model = folder / "models" / "model-00007"
    for path in sorted(path for path in model.rglob("*") if path.is_file())[:3]:
        path.write_bytes(path.read_bytes() + b"changed\n")
    _git(folder, "commit", "--quiet", "-a", "-m", "Update model-00007")
    _git(folder, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")


def _git(folder: Path | None, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "EMAIL": "callboard@users.noreply.example",
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def _history(models: int, updates: int) -> Iterator[bytes]:
    """A fast-import stream: each model is added by one commit, then ``updates`` commits change one each."""
    chance = random.Random(7)
    words = [
        "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(3000)
    ]

    def line() -> bytes:
        return f"{chance.choice(words)}: {' '.join(chance.choices(words, k=9))}\n".encode()

    pages = {
        (model, path): [line() for _ in range(chance.randint(25, 50))]
        for model in range(models)
        for path in _PAGES
    }
    for number in range(models + updates):
        if number < models:
            model, changed = number, _PAGES
        else:
            model, changed = chance.randrange(models), _PAGES[:_UPDATED]
            for path in changed:
                pages[model, path][chance.randrange(25)] = line()
        yield b"commit refs/heads/main\n"
        yield b"committer robin <robin@users.noreply.example> %d +0000\n" % (1_700_000_000 + number)
        yield b"data <<END\nUpdate model-%05d\nEND\n" % model
        for path in changed:
            data = b"".join(pages[model, path])
            yield b"M 100644 inline models/model-%05d/%s\ndata %d\n%s\n" % (
                model,
                path.encode(),
                len(data),
                data,
            )
