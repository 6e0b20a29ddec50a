"""Files that mean harm end in a diagnostic: no crash, no hang, no swapped machine.

The corpus holds what once broke a reader, ours or another's. Each run tries some mutations of it, always the
same ones; ``CALLBOARD_FUZZ=5000`` tries so many others.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.validation.check import validate_files
from callboard.validation.fix import fixed
from callboard.validation.reports import OUTPUTS, render

FUZZ = int(os.environ.get("CALLBOARD_FUZZ", "0"))
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
TEXTS = [file.read_bytes() for file in CORPUS]
MEBIBYTE = 1024 * 1024


def survives(text: bytes) -> None:
    files = {"a/catalog-info.yaml": text}
    report = validate_files(files)
    for output in OUTPUTS:
        assert render(output, report, files).encode()
    after, fixes = fixed(text, "a")
    assert bool(fixes) == (after != text)
    assert fixed(after, "a") == (after, ())
    for one in report.diagnostics:
        assert one.code != "internal-error", one.message
        assert one.line >= 1
        assert one.column >= 1
        assert one.line <= text.count(b"\n") + text.count(b"\r") + 1
        assert "\n" not in one.message


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in CORPUS])
def test_the_corpus_is_survived(file: Path) -> None:
    survives(file.read_bytes())


BITS = st.sampled_from(
    [
        *b"[ { } ] ? : - &a *a !!int ' | > --- ... << # null %YAML".split(),
        b"\t",
        b"\r",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b": ",
        b"- ",
        b"? ",
        b"&a ",
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 6))):
        at, other = draw(st.integers(0, len(text))), draw(st.sampled_from(TEXTS))
        cut = draw(st.integers(0, 20))
        some = other[: draw(st.integers(0, len(other)))]
        new = draw(BITS | st.binary(max_size=4) | st.just(some))
        text = text[:at] + new + text[at + cut :]
    return text[:20_000]


@settings(
    max_examples=FUZZ or 60,
    derandomize=not FUZZ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(mutations())
def test_mutations_of_the_corpus_are_survived(text: bytes) -> None:
    survives(text)


HUGE = {
    "brackets": b"[" * 30_000,
    "braces": b"{a: " * 30_000,
    "dashes": b"- " * 30_000,
    "keys": b"? " * 30_000,
    "blocks": b"\n".join(b" " * depth + b"a:" for depth in range(1500)),
    "quotes": b"'" * MEBIBYTE,
    "stars": b"a: " + b"*" * MEBIBYTE,
    "blanks": b" " * MEBIBYTE + b"a",
    "tags": b"metadata: {tags: [" + b"A," * 3_000 + b"]}\n",
    "unknown": b"kind: Domain\n" + b"".join(b"k%d: v\n" % number for number in range(3_000)),
    "documents": b"---\na: [\n" * 3_000,
    "items": b"[&a b, " + b"c," * 300_000,
    "lines": b"a: &b |\n" + b"  c\n" * 450_000,
}


def test_huge_files_are_refused_in_little_memory(tmp_path: Path) -> None:
    for name, text in HUGE.items():
        (tmp_path / f"{name}-catalog-info.yaml").write_bytes(text)
    with (tmp_path / "scalar-catalog-info.yaml").open("wb") as file:
        file.write(b"a: '")
        file.truncate(100 * MEBIBYTE)
    os.mkfifo(tmp_path / "pipe-catalog-info.yaml")
    (tmp_path / "zero-catalog-info.yaml").symlink_to("/dev/zero")

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1024 * MEBIBYTE, 1024 * MEBIBYTE))

    command = [sys.executable, "-m", "callboard.cli.main", "validate", ".", "--no-cache", "-j1", "-o", "json"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, preexec_fn=little, check=False
    )

    assert done.returncode == 1, done.stderr
    diagnostics = json.loads(done.stdout)["diagnostics"]
    codes = {one["file"].removesuffix("-catalog-info.yaml"): set[str]() for one in diagnostics}
    for one in diagnostics:
        codes[one["file"].removesuffix("-catalog-info.yaml")].add(one["code"])
    assert codes.keys() == {*HUGE, "scalar", "pipe", "zero"}
    assert all("yaml-too-deep" in codes[name] for name in ("brackets", "braces", "dashes", "keys", "blocks"))
    assert all(codes[name] == {"yaml-too-large"} for name in ("scalar", "items", "lines"))
    assert codes["pipe"] == {"unreadable-file"}
    assert codes["zero"] == {"link-not-followed"}
    assert all("too-many-problems" in codes[name] for name in ("tags", "unknown", "documents"))
