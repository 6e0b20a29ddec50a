"""Which files of a folder are catalog files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from callboard.documents.building import Limits
from callboard.validation.find import find_catalog_files

ENTITY = b"apiVersion: backstage.io/v1alpha1\nkind: Domain\n"


def found(*paths: Path | str) -> list[str]:
    return [path for path, _ in find_catalog_files([str(path) for path in paths], io.BytesIO())]


def test_a_folder_gives_its_catalog_files_in_order(tmp_path: Path) -> None:
    for name, content in {
        "b/catalog-info.yaml": b"",
        "b/catalog-info.prod.yml": b"",
        "b/my-catalog-info.yaml": b"",
        "a/groups.yaml": b"---\n'apiVersion': \"backstage.io/v1beta1\"\n",
        "a/groups.json": ENTITY,
        "a/deployment.yaml": b"apiVersion: apps/v1\n",
        "a/notes.yaml": b"# apiVersion: backstage.io/v1alpha1\n",
        "a/mkdocs.yml": ENTITY,
        ".git/catalog-info.yaml": ENTITY,
        "node_modules/x/catalog-info.yaml": ENTITY,
        ".github/catalog-info.yaml": ENTITY,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(content)
    expected = [
        ".github/catalog-info.yaml",
        "a/groups.yaml",
        "b/catalog-info.prod.yml",
        "b/catalog-info.yaml",
        "b/my-catalog-info.yaml",
    ]
    assert found(tmp_path) == [(tmp_path / name).as_posix() for name in expected]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert found(tmp_path / "notes.txt") == [(tmp_path / "notes.txt").as_posix()]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "catalog-info.yaml").write_bytes(ENTITY)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "real.yaml").write_bytes(ENTITY)
    (inside / "catalog-info.yaml").symlink_to(tmp_path / "outside" / "catalog-info.yaml")
    (inside / "folder").symlink_to(tmp_path / "outside")
    (inside / "same.yaml").symlink_to(inside / "real.yaml")
    (inside / "dangling.yaml").symlink_to(inside / "nothing")
    assert found(inside) == [(inside / "real.yaml").as_posix(), (inside / "same.yaml").as_posix()]


def test_standard_input_is_one_file() -> None:
    assert list(find_catalog_files(["-"], io.BytesIO(ENTITY))) == [("-", ENTITY)]


def test_what_is_too_large_is_cut_behind_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "catalog-info.yaml").open("wb") as file:
        file.truncate(Limits().bytes * 3)
    ((_, content),) = find_catalog_files([str(tmp_path)], io.BytesIO())
    assert len(content) == Limits().bytes + 1


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        found(tmp_path / "nothing")
