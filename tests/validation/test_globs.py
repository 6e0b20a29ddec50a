"""Patterns of paths, and the lines of an ignore file, judged by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callboard.validation.globs import Ignored, matches, split_glob

NAMES = st.sampled_from(["a", "b", "ab", "a.yaml"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PART = st.sampled_from(["a", "b", "*", "a*", "?", "**", "[ab]", "*.yaml"])
LINE = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "/"]),
    st.lists(PART, min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "", "/"]),
    st.just(""),
)


@pytest.mark.parametrize(
    ("pattern", "folder", "rest"),
    [("**/x", "", "**/x"), ("a/b/*.y", "a/b", "*.y"), ("/*", "/", "*"), ("/a/?", "/a", "?")],
)
def test_a_pattern_begins_with_a_folder(pattern: str, folder: str, rest: str) -> None:
    assert split_glob(pattern) == (folder, rest)


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matches("*a" * 40 + "b", "a" * 250)
    assert not matches("/".join(["**", "a"] * 40), "/".join("b" * 200))
    assert "a" * 250 not in Ignored(["*a" * 40 + "b"])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("globs")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


@example(line="a/**", paths=["a", "a/b", "a/b/c"])
@example(line="**", paths=["a", "a/b"])
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(LINE, st.lists(PATHS, min_size=5, max_size=5))
def test_a_line_ignores_what_git_would(repository: Path, line: str, paths: list[str]) -> None:
    (repository / ".gitignore").write_text(f"# one\n{line}\n")
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=repository,
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    assert {path for path in paths if path in Ignored(["# one", line])} == set(told.stdout.split())
