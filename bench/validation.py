"""``callboard validate`` on a large catalog, against Backstage's own pipeline and Roadie's validator."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import catalog_tree
from bench.catalog_tree import Tree
from bench.report import Bound, Figure, median, ratio, seconds
from bench.turns import in_turns
from callboard.checking.workers import cores
from tools import environments

_ROADIE = "@roadiehq/backstage-entity-validator@0.7.0"
_ROADIE_FOLDER = "CALLBOARD_BENCH_ROADIE"
"""Names a folder that holds Roadie's ``bin/bev``, such as a checkout, where npm does not have the package."""
_MOST_MEMORY = 100
Command = Sequence[str | Path]
_CALLBOARD: Command = (Path(sys.executable).with_name("callboard"), "validate", "-o", "json")


@dataclass(frozen=True)
class _Run:
    """One process and all that it started, from its start to its end."""

    wall: float
    cpu: float
    output: str
    code: int


def measure(*, services: int = 3000, rounds: int = 5, roadie: bool = True) -> Figure:
    """The figure, for a catalog with so many services: 3,000 have 10,000 entities in 3,334 files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = catalog_tree.write(folder / "good", services=services)
        bad = catalog_tree.write(folder / "bad", services=services)
        _break(bad)
        return _measured(good, bad, folder / "cache", rounds, _roadie() if roadie else None)


def _measured(good: Tree, bad: Tree, cache: Path, rounds: int, roadie: Command | None) -> Figure:
    ours, backstage = [*_CALLBOARD, "--no-cache"], _backstage()
    contenders: dict[str, Callable[[], _Run]] = {
        "callboard": lambda: _run(ours, good),
        "Backstage's own pipeline": lambda: _run(backstage, good),
        "callboard, one process": lambda: _run([*ours, "--jobs", "1"], good),
        "callboard, two processes": lambda: _run([*ours, "--jobs", "2"], good),
        "callboard, one bad file": lambda: _run(ours, bad),
        "callboard, first run with a cache": lambda: _first(_CALLBOARD, good, cache),
        "callboard, second run": lambda: _second(_CALLBOARD, good, cache),
    }
    if roadie is not None:
        contenders["Roadie's validator"] = lambda: _run([*roadie, "-q", *good.files], good)
    runs = in_turns(contenders, rounds)
    for name, found in runs.items():
        # Roadie's stops at the first file that it does not like, which would be a short way to the end.
        assert {run.code for run in found} == {int("bad" in name)}, name
    wall = {name: median(run.wall for run in found) for name, found in runs.items()}
    cpu = {name: median(run.cpu for run in found) for name, found in runs.items()}
    whole, largest = _memory(ours, good)
    theirs = _run(backstage, bad)
    return Figure(
        title=f"Validating {good.entities:,} entities in {len(good.files):,} files",
        how=(
            "Components, APIs with OpenAPI definitions, resources, systems, domains, groups, users; "
            f"{sum((good.root / file).stat().st_size for file in good.files) / 1e6:.0f} MB. Whole processes, "
            f"in turns, median of {rounds}. Backstage's own pipeline is its `yaml`, the policies and the "
            "kinds' validators of its catalog-model, in node, from npm; it looks at no reference and into no "
            "definition, which Callboard does. Only where a cache is named, anything is remembered from run "
            "to run. Memory is that of the whole tree of processes at its peak, shared pages counted once."
        ),
        columns=("process", "wall time", "CPU time", "entities per second", "wall time against callboard's"),
        rows=tuple(
            (
                name,
                seconds(wall[name]),
                seconds(cpu[name]),
                f"{good.entities / wall[name]:,.0f}",
                ratio(wall[name], wall["callboard"]),
            )
            for name in contenders
        ),
        bounds=(
            Bound(
                f"same verdicts: {good.entities:,} right ones, and {_bad(theirs)} bad one of Backstage's, "
                f"{_errors(runs['callboard, one bad file'][0])} of ours",
                _counts(runs["callboard"][0]) == _their_counts(runs["Backstage's own pipeline"][0])
                and _counts(runs["callboard, second run"][0]) == _counts(runs["callboard"][0])
                and _bad(theirs) == _errors(runs["callboard, one bad file"][0]) == 1,
            ),
            *_times(wall, cpu),
            Bound(
                f"peak memory under {_MOST_MEMORY} MB: {whole:.0f} MB for all processes together, "
                f"{largest:.0f} MB for the largest",
                whole < _MOST_MEMORY,
                is_count=False,
            ),
        ),
    )


def _times(wall: dict[str, float], cpu: dict[str, float]) -> Iterator[Bound]:
    faster = wall["Backstage's own pipeline"] / wall["callboard"]
    yield Bound(
        f"at least 4 times as fast as Backstage's own pipeline, on {cores()} cores: {faster:.1f}",
        faster >= 4,
        is_count=False,
    )
    share = cpu["callboard"] / cpu["Backstage's own pipeline"]
    yield Bound(f"at most a third of its CPU time: {share:.2f}", share <= 1 / 3, is_count=False)
    if "Roadie's validator" in wall:
        faster = wall["Roadie's validator"] / wall["callboard"]
        yield Bound(f"at least 25 times Roadie's validator: {faster:.0f}", faster >= 25, is_count=False)
    else:
        what = f"at least 25 times Roadie's validator: not measured, for want of it; set {_ROADIE_FOLDER}"
        yield Bound(what, False, is_count=False)
    faster = wall["callboard, one process"] / wall["callboard, two processes"]
    yield Bound(f"two processes at least 1.7 times one: {faster:.2f}", faster >= 1.7, is_count=False)
    faster = wall["callboard, first run with a cache"] / wall["callboard, second run"]
    yield Bound(f"a second run at least 10 times as fast: {faster:.1f}", faster >= 10, is_count=False)
    more = wall["callboard, one bad file"] / wall["callboard"]
    what = f"one bad file costs at most 20 % more than none: {more - 1:+.0%}"
    yield Bound(what, more <= 1.2, is_count=False)


def _break(tree: Tree) -> None:
    file = tree.root / tree.files[len(tree.files) // 2]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  owner: group:", "  owners: group:", 1), encoding="utf-8")


def _second(command: Command, tree: Tree, cache: Path) -> _Run:
    if not cache.exists():
        _first(command, tree, cache)
    return _run([*command, "--cache", cache], tree)


def _first(command: Command, tree: Tree, cache: Path) -> _Run:
    shutil.rmtree(cache, ignore_errors=True)
    return _run([*command, "--cache", cache], tree)


def _run(command: Command, tree: Tree) -> _Run:
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=tree.root, stdout=output)
        # With what its own children used, once it has waited for them.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return _Run(wall, used.ru_utime + used.ru_stime, output.read(), process.returncode)


def _counts(run: _Run) -> tuple[int, int, int]:
    said = json.loads(run.output)
    return said["files"], said["entities"], _errors(run)


def _errors(run: _Run) -> int:
    """Entities with errors."""
    said = json.loads(run.output)
    return len({one["entity"] for one in said["diagnostics"] if one["severity"] == "error"})


def _their_counts(run: _Run) -> tuple[int, int, int]:
    said = json.loads(run.output)
    return said["files"], said["entities"], said["bad"]


def _bad(run: _Run) -> int:
    return _their_counts(run)[2]


def _memory(command: Command, tree: Tree) -> tuple[float, float]:
    """Megabytes at the peak: of all processes together, and of the largest. From Linux's own books."""
    whole, largest = [0.0], [0.0]
    process = subprocess.Popen(command, cwd=tree.root, stdout=subprocess.DEVNULL)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            sizes = [_size(pid) for pid in _family(process.pid)]
            whole.append(sum(pss for pss, _ in sizes))
            largest.append(max((rss for _, rss in sizes), default=0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    ended.set()
    watcher.join()
    return max(whole), max(largest)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _size(pid: int) -> tuple[float, float]:
    """Megabytes: with the shared pages divided by those who share them, and with all of them."""
    sizes = {"Pss:": 0.0, "Rss:": 0.0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, *rest = line.split()
            if name in sizes:
                sizes[name] = int(rest[0]) / 1000
    return sizes["Pss:"], sizes["Rss:"]


def _backstage() -> Command:
    """How Backstage's own pipeline is called."""
    script = Path(__file__).with_name("backstage_pipeline.cjs")
    return [environments.node().executable, script, environments.backstage(), "."]


def _roadie() -> Command | None:
    """How Roadie's validator is called; None where neither npm nor the environment has it."""
    node = environments.node()
    if named := os.environ.get(_ROADIE_FOLDER):
        return [node.executable, Path(named) / "bin" / "bev"]
    folder = Path.home() / ".cache" / "callboard" / "roadie"
    command = folder / "node_modules" / _ROADIE.rpartition("@")[0] / "bin" / "bev"
    if not command.exists():
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        install: Command = [*node.npm, "install", "--prefix", folder, *quiet, _ROADIE]
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(install, env=os.environ | node.variables, stdout=sys.stderr, check=False)
        if done.returncode:
            return None
    return [node.executable, command]
