"""Files of overrides are found where the configuration says, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.config import Config
from callboard.sources.overrides import Overrides
from callboard.walk.override_files import load_overrides, matches_path

SOURCES = [{"name": "prod", "type": "files"}]


def load(folder: Path, *patterns: str, mount: str | None = None) -> Overrides:
    said = {"sources": SOURCES, "overrides": patterns, "overrides_folder": mount}
    return load_overrides(Config.model_validate(said), folder)


def titles(found: Overrides) -> list[str]:
    return [one.values["title"] for one in found.entries]


def write(path: Path, title: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"prod: {{one: {{title: {title}}}}}\n")


def test_files_come_in_the_order_of_the_patterns_and_then_of_their_names(tmp_path: Path) -> None:
    for name in (
        "overrides/b.yaml",
        "overrides/a.yaml",
        "z.yaml",
        "overrides/deep/c.yaml",
        "overrides/.d.yaml",
    ):
        write(tmp_path / name, name[0] if name == "z.yaml" else name[10])

    found = load(tmp_path, "z.yaml", "overrides/*.yaml", "nothing/*.yaml")

    assert (titles(found), found.problems, found.unusable) == (["z", "a", "b"], (), False)
    assert [one.places["title"] for one in found.entries][:2] == ["z.yaml:1:21", "overrides/a.yaml:1:21"]


def test_a_file_that_is_named_and_not_there_is_told_and_makes_all_unusable(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")

    found = load(tmp_path, "a.yaml", "b.yaml")

    (problem,) = found.problems
    assert found.unusable
    assert problem.what == "it cannot be read: No such file or directory"
    assert problem.where.endswith("b.yaml")


def mounted(folder: Path, titles: dict[str, str]) -> None:
    """What Kubernetes makes of a ConfigMap."""
    state = folder / "..2026_11_21"
    for key, title in titles.items():
        write(state / key, title)
        (folder / key).symlink_to(f"..data/{key}")
    (folder / "..data").symlink_to(state.name)


def test_a_mounted_config_map_is_read_key_by_key_and_wins(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "file")
    mounted(tmp_path / "mount", {"x.yaml": "x", "b": "b"})

    found = load(tmp_path, "a.yaml", mount="mount")

    assert titles(found) == ["file", "b", "x"]
    assert [one.where for one in found.entries] == ["a.yaml:1:8", "mount/b:1:8", "mount/x.yaml:1:8"]


def test_a_plain_folder_is_read_as_well_and_a_missing_one_is_told(tmp_path: Path) -> None:
    write(tmp_path / "plain" / "a", "a")
    (tmp_path / "plain" / "sub").mkdir()

    assert titles(load(tmp_path, mount=str(tmp_path / "plain"))) == ["a"]
    assert load(tmp_path, mount="gone").unusable


@pytest.mark.parametrize("pattern", ["a.yaml", "*.yaml", "inner/a.yaml"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "secret.yaml", "secret")
    home = tmp_path / "home"
    home.mkdir()
    if "/" in pattern:
        write(tmp_path / "elsewhere" / "a.yaml", "secret")
        (home / "inner").symlink_to(tmp_path / "elsewhere")
    else:
        (home / "a.yaml").symlink_to(tmp_path / "secret.yaml")

    found = load(home, pattern)

    assert (found.entries, found.unusable) == ((), True)
    assert [one.what for one in found.problems] == ["the file leads out of its folder"]


def test_a_mount_whose_data_is_elsewhere_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "a", "secret")
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / "..data").symlink_to(tmp_path / "elsewhere")

    assert load(tmp_path, mount="mount").entries == ()


def test_so_many_files_are_nobody_s_intention(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / f"{number}.yaml").touch()

    found = load(tmp_path, "*.yaml")

    assert found.unusable
    assert found.problems[0].what == "there are more than 1,000 files"


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("overrides/a.yaml", "overrides/*.yaml", True),
        ("overrides/sub/a.yaml", "overrides/*.yaml", False),
        ("overrides/.a.yaml", "overrides/*.yaml", False),
        ("x/overrides/a.yaml", "overrides/*.yaml", False),
        ("a.yaml", "?.yaml", True),
    ],
)
def test_a_star_stays_within_one_name(path: str, pattern: str, fits: bool) -> None:
    assert matches_path(path, pattern) is fits
