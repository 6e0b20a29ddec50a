"""Which files of a folder are catalog files."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.validation.find import Found, find_catalog_files

ENTITY = b"apiVersion: backstage.io/v1alpha1\nkind: Domain\n"


def find(*paths: Path | str) -> Found:
    return find_catalog_files([str(path) for path in paths])


def found(*paths: Path | str) -> list[str]:
    return list(find(*paths).paths)


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


def test_what_is_named_is_taken_if_it_can_hold_entities(tmp_path: Path) -> None:
    for name in ("notes.yaml", "entities.json", "README.md", "mkdocs.yml"):
        (tmp_path / name).write_bytes(b"x")
    assert found(*sorted(tmp_path.iterdir())) == sorted(
        str(tmp_path / name) for name in ("entities.json", "notes.yaml")
    )
    assert find(tmp_path / "README.md").empty == (str(tmp_path / "README.md"),)


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
    assert found(inside) == [(inside / "real.yaml").as_posix()]
    assert [(one.file, one.code, one.severity) for one in find(inside).problems] == [
        ((inside / "catalog-info.yaml").as_posix(), "link-not-followed", "warning"),
        ((inside / "folder").as_posix(), "link-not-followed", "warning"),
    ]


def test_links_that_lead_to_each_other_lead_to_no_file(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_bytes(ENTITY)
    (tmp_path / "catalog-info.yaml").symlink_to(tmp_path / "other.yaml")
    (tmp_path / "other.yaml").symlink_to(tmp_path / "catalog-info.yaml")
    assert find(tmp_path) == Found(((tmp_path / "real.yaml").as_posix(),), (), (), ())


def test_the_order_is_that_of_the_whole_paths(tmp_path: Path) -> None:
    for name in ("a/b", "a-b", "a/b-c", "ab"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "catalog-info.yaml").write_bytes(b"")
    names = found(tmp_path)
    assert len(names) == 4
    assert names == sorted(names)


def test_standard_input_is_one_file() -> None:
    assert found("-") == ["-"]


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(ENTITY)


def test_a_pattern_names_files_at_any_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(
        tmp_path,
        "catalog-info.yaml",
        "a/catalog-info.yaml",
        "a/b/catalog-info.yaml",
        "a/b/other.yaml",
        "a/x.md",
    )
    monkeypatch.chdir(tmp_path)
    assert found("**/catalog-info.yaml") == [
        "a/b/catalog-info.yaml",
        "a/catalog-info.yaml",
        "catalog-info.yaml",
    ]
    assert found("a/*/*") == ["a/b/catalog-info.yaml", "a/b/other.yaml"]
    assert found("a/**/[n-o]ther.y?ml") == ["a/b/other.yaml"]
    assert found("*.yaml", f"{tmp_path}/*.yaml") == ["catalog-info.yaml"]
    assert find("nothing/*", "*.md").empty == ("nothing/*", "*.md")


def test_the_ignore_file_passes_over_what_is_found_and_what_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "catalog-info.yaml", "templates/x/skeleton/catalog-info.yaml", "old/catalog-info.yaml")
    made(tmp_path, "old/kept/catalog-info.yaml", "build/catalog-info.yaml")
    (tmp_path / ".callboardignore").write_text(
        "# of the scaffolder\nskeleton/\n\n/old/*\n!/old/kept\nbuild\n"
    )
    monkeypatch.chdir(tmp_path)
    assert found(".") == ["catalog-info.yaml", "old/kept/catalog-info.yaml"]
    assert found("**/catalog-info.yaml") == found(".")
    assert find("build/catalog-info.yaml") == Found((), (), ("build/catalog-info.yaml",), ())


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        found(tmp_path / "nothing")


def test_a_file_is_one_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "sub/b.yaml", "sub/c.txt")
    (tmp_path / "sub" / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "sub" / "catalog-info.yaml").symlink_to("c.txt")
    (tmp_path / "other").symlink_to("sub")
    monkeypatch.chdir(tmp_path)

    assert found("sub", f"{tmp_path}/sub", "other/b.yaml") == ["sub/b.yaml", "sub/catalog-info.yaml"]
    assert found("sub/../sub/b.yaml", "sub/*.yaml") == ["sub/../sub/b.yaml", "sub/catalog-info.yaml"]
    assert found("sub/a.yaml", "sub/b.yaml") == ["sub/a.yaml"]


def test_a_pattern_means_no_file_that_is_hidden_or_has_no_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, ".gitignore", ".a.yaml", "LICENSE", ".github/catalog-info.yaml", "b.json", "group")
    monkeypatch.chdir(tmp_path)

    assert found("**") == found("**/*") == [".github/catalog-info.yaml", "b.json"]
    assert found("**/.*") == [".a.yaml"]
    assert found("**/group") == ["group"]
