"""Checking files on disk by one call: the whole tree, what is named, or what changed since a commit."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from callboard.validate import CannotCheck, Checked, validate_paths
from callboard.validation.reports import render

OF_FORGES = ("sarif", "github", "codequality")
CHECKOUT = Path(__file__).resolve().parent.parent


def entity(name: str, kind: str = "Component", **spec: str) -> str:
    usual = {"type": "service", "lifecycle": "production", "owner": "team"}
    inner = ", ".join(f"{key}: {value}" for key, value in {**usual, **spec}.items())
    head = f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
    return head + (f"spec: {{{inner}}}\n" if kind == "Component" else "spec: {type: team, children: []}\n")


def git(*arguments: str) -> str:
    told = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *told, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a team and two services on main, and a branch."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "team/catalog-info.yaml": entity("team", "Group"),
        "one/catalog-info.yaml": entity("one"),
        "two/catalog-info.yaml": entity("two", subcomponentOf="one"),
        ".gitignore": "build/\n",
    }.items():
        write(name, text)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    git("switch", "--quiet", "--create=work")
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def said(checked: Checked) -> list[tuple[str, str]]:
    return [(one.file, one.code) for one in checked.report.diagnostics]


def test_what_git_ignores_is_passed_over_but_not_what_it_would_track(tree: Path) -> None:
    write("build/catalog-info.yaml", "a: [")
    write("new/catalog-info.yaml", "a: [")

    assert said(validate_paths()) == [("new/catalog-info.yaml", "yaml-syntax")]
    assert said(validate_paths(["**/catalog-info.yaml"])) == said(validate_paths())
    assert said(validate_paths(["build/catalog-info.yaml"])) == [("build/catalog-info.yaml", "yaml-syntax")]


def test_what_only_this_machine_ignores_counts(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, place in enumerate((".git/info/exclude", "home/git/ignore", "named")):
        write(place, f"new{number}/\n")
        write(f"new{number}/catalog-info.yaml", "a: [")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tree / "home"))
    git("config", "core.excludesFile", str(tree / "named"))
    expected = [(f"new{number}/catalog-info.yaml", "yaml-syntax") for number in range(3)]

    assert said(validate_paths()) == expected
    assert said(validate_paths(changed_since="HEAD")) == expected


def test_what_git_tracks_and_is_not_there_is_not_missed(tree: Path) -> None:
    Path("one/catalog-info.yaml").unlink()

    assert said(validate_paths()) == [("two/catalog-info.yaml", "unresolved-reference")]
    assert said(validate_paths(["**/*.yaml"])) == said(validate_paths())
    git("update-index", "--skip-worktree", "one/catalog-info.yaml")  # as a sparse checkout does
    assert said(validate_paths()) == said(validate_paths(["**/*.yaml"]))


def test_repositories_within_are_looked_into_with_rules_of_their_own(tree: Path) -> None:
    write("inner/catalog-info.yaml", "a: [")
    write("inner/left/catalog-info.yaml", "a: [")
    write("inner/.gitignore", "left\n")
    git("init", "--quiet", "inner")

    assert said(validate_paths()) == [("inner/catalog-info.yaml", "yaml-syntax")]


def test_a_folder_that_a_link_took_the_place_of_is_not_looked_into(tree: Path) -> None:
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "catalog-info.yaml").write_text("secret: [")
    git("mv", "one", "former")
    Path("one").symlink_to(outside)
    git("add", ".")
    git("reset", "--quiet", "HEAD", "one", "former")

    assert ("one/catalog-info.yaml", "yaml-syntax") not in said(validate_paths())
    assert ("one", "link-not-followed") in said(validate_paths())


def test_a_checkout_whose_git_says_nothing_is_walked(tree: Path) -> None:
    Path(".git/HEAD").write_text("broken")
    write("build/catalog-info.yaml", "a: [")

    assert said(validate_paths()) == [("build/catalog-info.yaml", "yaml-syntax")]


def test_another_work_tree_knows_its_repository(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("worktree", "add", "--quiet", "--detach", "../other")
    monkeypatch.chdir("../other")
    write("build/catalog-info.yaml", "a: [")
    write("new/catalog-info.yaml", "a: [")

    assert said(validate_paths(changed_since="main")) == [("new/catalog-info.yaml", "yaml-syntax")]


def test_known_entities_may_be_referred_to_and_nothing_else_is_said_of_them(tree: Path) -> None:
    write("bad/catalog-info.yaml", entity("ONE"))
    assert said(validate_paths(["two"])) == [("two/catalog-info.yaml", "unresolved-reference")] * 2

    assert said(validate_paths(["two"], known=["."])) == []
    assert said(validate_paths(["bad"], known=["."])) == [("bad/catalog-info.yaml", "duplicate-entity")]
    assert said(validate_paths(["two"], known=[str(tree)])) == []
    assert validate_paths(["two"], known=["."]).report.files == 1


def test_only_what_changed_is_checked_against_all_the_rest(tree: Path) -> None:
    write("main/catalog-info.yaml", "on: main\n")
    git("add", ".")
    git("commit", "--quiet", "--message=before")
    git("branch", "--force", "main")
    write("one/catalog-info.yaml", entity("one", owner="nobody"))
    git("commit", "--quiet", "--all", "--message=committed")
    write("two/catalog-info.yaml", entity("team", "Group"))
    write("new/catalog-info.yaml", entity("new", subcomponentOf="one"))

    checked = validate_paths(changed_since="main")

    assert said(checked) == [
        ("one/catalog-info.yaml", "unresolved-reference"),
        ("two/catalog-info.yaml", "duplicate-entity"),
    ]
    assert checked.report.files == 3


def test_what_still_refers_to_something_deleted_is_told_though_it_did_not_change(tree: Path) -> None:
    write("three/catalog-info.yaml", entity("three", subcomponentOf="nothing"))
    git("add", ".")
    git("commit", "--quiet", "--message=dangling before")
    git("branch", "--force", "main")
    git("rm", "--quiet", "one/catalog-info.yaml")

    checked = validate_paths(changed_since="main")

    assert said(checked) == [("two/catalog-info.yaml", "unresolved-reference")]
    assert checked.report.files == 0
    assert said(validate_paths(changed_since="HEAD")) == said(checked)
    git("mv", "two", "one")
    assert ("one/catalog-info.yaml", "unresolved-reference") in said(validate_paths(changed_since="main"))
    git("rm", "--quiet", "-r", "-f", ".")
    assert validate_paths(changed_since="main").report.files == 0


def test_only_what_changed_is_repaired(tree: Path) -> None:
    for name in ("one", "two"):
        write(f"{name}/catalog-info.yaml", entity(name) + "x-date: 2026-01-01\n")
    git("commit", "--quiet", "--message=one", "one")

    checked = validate_paths(changed_since="HEAD", fix=True)

    assert [(one.file, one.code) for one in checked.fixes] == [("two/catalog-info.yaml", "ambiguous-scalar")]
    assert "'2026-01-01'" in Path("two/catalog-info.yaml").read_text()
    assert git("diff", "--name-only", "HEAD") == "two/catalog-info.yaml"


def test_what_cannot_be_repaired_is_a_problem_of_its_file(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    write("one/catalog-info.yaml", entity("one") + "a: no\n")
    monkeypatch.setattr("os.replace", refused)
    assert ("one/catalog-info.yaml", "unwritable-file") in said(validate_paths(["one"], fix=True))


def test_a_defect_in_repairing_costs_one_file(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise KeyError("one")

    write("one/catalog-info.yaml", entity("one") + "a: no\n")
    monkeypatch.setattr("os.replace", failing)
    found = said(validate_paths(["one"], fix=True))
    assert ("one/catalog-info.yaml", "internal-error") in found
    assert ("one/catalog-info.yaml", "unknown-field") in found


@pytest.mark.parametrize("commit", ["nothing", "-x", "--all", ""])
def test_a_commit_that_git_does_not_know_is_refused_with_what_to_do(tree: Path, commit: str) -> None:
    with pytest.raises(CannotCheck, match=r"cannot be told: .*; fetch it with its history"):
        validate_paths(changed_since=commit)


def test_without_a_repository_nothing_can_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotCheck, match="no git repository"):
        validate_paths(changed_since="main")


def test_what_comes_from_standard_input_is_not_repaired() -> None:
    with pytest.raises(CannotCheck, match="standard input"):
        validate_paths(["-"], fix=True)


@pytest.mark.parametrize("one", ["a.yaml", Path("a.yaml")])
def test_one_path_that_is_not_in_a_list_is_refused(one: Any) -> None:
    with pytest.raises(TypeError, match=r"such as \['a.yaml'\]"):
        validate_paths(one)
    with pytest.raises(TypeError, match=r"such as \['a.yaml'\]"):
        validate_paths(known=one)


def test_nothing_that_the_repository_configures_is_run(tree: Path) -> None:
    for key in ("core.fsmonitor", "diff.external", "core.pager"):
        git("config", key, f"touch {tree}/was-run; false")

    validate_paths(changed_since="main")

    assert not (tree / "was-run").exists()


def test_the_example_of_the_docs_runs(tree: Path) -> None:
    page = (CHECKOUT / "docs" / "validate.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    write("catalog/catalog-info.yaml", entity("no name at all", "Group").replace("no name", "no  name"))

    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, env=os.environ, check=False
    )

    assert done.stdout.startswith("catalog/catalog-info.yaml:3:18: error: 'no  name at all' cannot be")
    assert done.returncode == 1, done.stderr


def test_what_unchanged_files_say_of_files_that_went_away_is_told(tree: Path) -> None:
    write(
        "a/catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: a}\n"
        "spec: {targets: [../b/catalog-info.yaml, ../c/catalog-info.yaml, '../*.yaml', "
        "../never.yaml]}\n",
    )
    for name in ("b", "c"):
        write(f"{name}/catalog-info.yaml", entity(name))
    write("e.yaml", entity("e"))
    described = "metadata: {annotations: {backstage.io/techdocs-ref: 'dir:.'}, description: {$text: x.txt}, "
    write("d/catalog-info.yaml", entity("d").replace("metadata: {", described))
    write("d/mkdocs.yml", "site_name: d\n")
    write("d/x.txt", "described\n")
    git("add", ".")
    git("commit", "--quiet", "--message=whole")
    git("rm", "--quiet", "-r", "b", "e.yaml", "d/mkdocs.yml", "d/x.txt")
    write("c/catalog-info.yaml", "a: [")
    git("commit", "--quiet", "--all", "--message=breaks")

    checked = validate_paths(changed_since="HEAD~1")

    assert [(one.file, one.code) for one in checked.report.diagnostics] == [
        ("a/catalog-info.yaml", "location-target-missing"),
        ("a/catalog-info.yaml", "location-target-unreadable"),
        ("a/catalog-info.yaml", "location-target-missing"),
        ("c/catalog-info.yaml", "yaml-syntax"),
        ("d/catalog-info.yaml", "techdocs-missing"),
        ("d/catalog-info.yaml", "placeholder-missing"),
    ]
    assert checked.report.files == 1
    assert said(validate_paths(["d", "c"], changed_since="HEAD~1")) == said(checked)[3:]
    assert said(validate_paths(["c"], known=["."], changed_since="HEAD~1")) == said(checked)[3:4]
    assert {*said(checked)} < {*said(validate_paths())}


@pytest.mark.parametrize(
    "target", ['"a\\0b"', "x" * 5000, '"\\0/*.yaml"', f"{'../' * 20}none/**/*.yaml", "loop/x"]
)
def test_no_target_stops_the_comparison_with_a_commit(tree: Path, target: str) -> None:
    Path("one/loop").symlink_to("loop")
    head = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: a}\n"
    write("one/catalog-info.yaml", f"{head}spec: {{target: {target}}}\n")
    git("add", ".")
    git("commit", "--quiet", "--message=hostile")
    git("rm", "--quiet", "two/catalog-info.yaml")

    assert said(validate_paths(changed_since="HEAD")) == []
    assert said(validate_paths()) == [("one/catalog-info.yaml", "location-target-missing")]


def test_what_only_locations_lead_to_counts_though_only_changes_are_checked(tree: Path) -> None:
    head = "apiVersion: backstage.io/v1alpha1\nkind: Location\n"
    write(
        "a/catalog-info.yaml", f"{head}metadata: {{name: a}}\nspec: {{targets: [./odd.json, ./more.json]}}\n"
    )
    write("a/odd.json", entity("odd"))
    write("a/more.json", entity("more"))
    write("c/catalog-info.yaml", entity("c", dependsOn="[component:odd]"))
    write("bad.json", "a: [")
    git("add", ".")
    git("commit", "--quiet", "--message=whole")
    write("one/catalog-info.yaml", entity("one", subcomponentOf="odd"))
    write("a/more.json", entity("more", owner="nobody"))

    checked = validate_paths(changed_since="HEAD")
    assert said(checked) == [("a/more.json", "unresolved-reference")]
    assert checked.report.files == 2

    write("b/catalog-info.yaml", f"{head}metadata: {{name: b}}\nspec: {{target: ../bad.json}}\n")
    assert ("bad.json", "yaml-syntax") in said(validate_paths(changed_since="HEAD"))
    write("a/odd.json", entity("even"))
    assert ("c/catalog-info.yaml", "unresolved-reference") in said(validate_paths(changed_since="HEAD"))


@pytest.mark.parametrize("in_git", [True, False])
def test_forges_are_told_paths_from_the_top_of_the_repository(
    tree: Path, monkeypatch: pytest.MonkeyPatch, in_git: bool
) -> None:
    write("one/catalog-info.yaml", "a: [")
    if not in_git:
        Path(".git").rename("no.git")
        monkeypatch.setenv("CI_PROJECT_DIR", str(tree))
    Path("link").symlink_to("one")
    monkeypatch.chdir("one")

    for path in (".", "../link/catalog-info.yaml", f"{tree}/one", "-"):
        checked = validate_paths([path], stdin=io.BytesIO(b"a: ["))
        rendered = [render(one, checked.report, checked.files, top=checked.top) for one in OF_FORGES]
        expected = "-" if path == "-" else "one/catalog-info.yaml"
        assert f'"uri": "{expected}"' in rendered[0]
        assert f"file={expected}," in rendered[1]
        assert f'"path": "{expected}"' in rendered[2]
