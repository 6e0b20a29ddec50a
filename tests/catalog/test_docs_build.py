from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from callboard.catalog.docs import render_docs, site_sources
from callboard.catalog.docs.build import METADATA, EngineMissing, build_sites
from callboard.cli.main import callboard
from callboard.model import Model
from tests.catalog.examples import ATTACK, BARE, FRAUD
from tests.catalog.reader import CANARY, assert_harmless

ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: {name}
  annotations:
    backstage.io/techdocs-ref: dir:.
spec: {{type: ai-model, owner: x}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}-server, annotations: {{backstage.io/techdocs-entity: "resource:default/{name}"}}}}
"""


def put(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def put_model(tree: Path, name: str, model: Model, **files: str) -> Path:
    pages = render_docs(
        model,
        title=model.title or model.name,
        entity_name=name,
        owner="group:default/ml",
        lifecycle="production",
        system=None,
    )
    return put(tree / "models" / name, {**pages, "catalog-info.yaml": ENTITY.format(name=name), **files})


def article(page: Path) -> str:
    """The part of a built page that is not the theme's."""
    found = re.search(r"<article\b[^>]*>(.*?)</article>", page.read_text(), re.DOTALL)
    assert found
    return found[1]


def scripts(page: Path) -> list[str]:
    return re.findall(r"<script\b.*?</script>", page.read_text(), re.DOTALL)


class Inert(HTMLParser):
    """Fails on what a whole page, the theme's part included, must not have."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src"}:
                assert not re.match(r"(?i)\s*(?:javascript|data|vbscript):", value or ""), (tag, value)
                assert tag == "a" or not re.match(r"(?:https?:)?//", value or ""), (
                    "nothing is loaded from elsewhere"
                )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a secret in it, as a runner's has."""
    (tmp_path / "canary.txt").write_text(CANARY)
    (tmp_path / "tree").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_site_is_where_backstage_looks_for_it(place: Path) -> None:
    put_model(place / "tree", "Fraud-Detector", FRAUD)
    report = build_sites(place / "tree", place / "out")
    assert report.built == ("resource:default/fraud-detector",)
    assert report.problems == ()
    site = place / "out" / "default" / "resource" / "fraud-detector"
    assert "Scores card payments for fraud." in article(site / "index.html")
    assert (site / "search" / "search_index.json").is_file()
    metadata = json.loads((site / METADATA).read_text())
    assert metadata["site_name"] == "Fraud detector"
    assert metadata["site_description"] == "Scores card payments for fraud."
    assert metadata["build_timestamp"] > 1_700_000_000_000
    assert len(metadata["etag"]) == 64
    files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    assert metadata["files"] == files
    assert {"index.html", "evaluation/index.html", "assets/evaluation.svg"} <= set(files)
    assert not [path for path in site.parent.iterdir() if path != site], "no scratch is left"


def test_what_did_not_change_is_left_alone(place: Path) -> None:
    folder = put_model(place / "tree", "a", FRAUD)
    put_model(place / "tree", "b", BARE)
    assert build_sites(place / "tree", place / "out").built == ("resource:default/a", "resource:default/b")
    stamp = (place / "out/default/resource/b" / METADATA).read_bytes()
    (folder / "docs" / "index.md").write_text("# Changed by a person")
    report = build_sites(place / "tree", place / "out")
    assert (report.built, report.unchanged) == (("resource:default/a",), ("resource:default/b",))
    assert (place / "out/default/resource/b" / METADATA).read_bytes() == stamp
    assert "Changed by a person" in article(place / "out/default/resource/a/index.html")
    assert build_sites(place / "tree", place / "out").built == ()


def test_a_hostile_model_makes_a_harmless_site(place: Path) -> None:
    put_model(place / "tree", "attack", ATTACK)
    put_model(place / "tree", "bare", BARE)
    assert build_sites(place / "tree", place / "out").problems == ()
    out = place / "out" / "default" / "resource"
    expected = len(scripts(out / "bare" / "index.html"))
    pages = sorted((out / "attack").rglob("*.html"))
    assert len(pages) > 4
    for page in pages:
        html = page.read_text()
        if page.name != "404.html":
            assert_harmless(article(page), also="img")
            assert len(scripts(page)) == expected, "only the theme has scripts"
        Inert().feed(html)
        assert CANARY not in html


def test_a_page_written_by_hand_reaches_nothing_outside_its_site(place: Path) -> None:
    folder = put_model(place / "tree", "x", BARE)
    put(folder, {"docs/secret.txt": "its own file", ".callboard.lock": CANARY})
    outside = [
        "canary.txt",
        "../canary.txt",
        str(place / "canary.txt"),
        "../.callboard.lock",
        ".callboard.lock",
    ]
    includes = "\n".join(f'--8<-- "{path}"\n' for path in outside)
    programs = '{% dot a.svg\ndigraph {}\n%}\n\n```plantuml source="../canary.txt"\nA -> B\n```\n\n'
    (folder / "docs" / "index.md").write_text(f'# x\n\n{includes}\n\n{programs}\n\n--8<-- "secret.txt"\n')
    (folder / "docs" / "link.md").symlink_to(place / "canary.txt")
    (folder / "docs" / "folder").symlink_to(place)
    assert build_sites(place / "tree", place / "out").problems == ()
    site = place / "out/default/resource/x"
    for path in site.rglob("*"):
        assert not path.is_symlink()
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
    shown = article(site / "index.html")
    assert "its own file" in shown
    assert "digraph" in shown
    assert not (site / "link").exists()


def test_settings_that_act_are_not_taken_over(place: Path) -> None:
    folder = put_model(place / "tree", "x", BARE)
    put(
        folder,
        {"hook.py": f"open({str(place / 'ran')!r}, 'w')\n", "other.yml": f"site_name: o\nextra: {CANARY}\n"},
    )
    put(folder, {"theme/main.html": CANARY})
    settings: dict[str, Any] = {
        "site_name": "</title><script>alert(1)</script>",
        "INHERIT": "other.yml",
        "hooks": ["hook.py"],
        "theme": {"name": "material", "custom_dir": "theme"},
        "extra_javascript": ["https://evil.example/x.js"],
        "plugins": ["techdocs-core", "no-such-plugin"],
        "nav": ["index.md", {"Out": "!include ../other.yml"}, {"Deep": [{"Up": "../../canary.txt"}]}],
    }
    (folder / "mkdocs.yml").write_text(json.dumps(settings))
    report = build_sites(place / "tree", place / "out")
    assert report.problems == ()
    html = (place / "out/default/resource/x/index.html").read_text()
    assert "<script>alert(1)" not in html
    assert "evil.example" not in html
    assert CANARY not in html
    assert not (place / "ran").exists()


@pytest.mark.parametrize(
    ("mkdocs", "what"),
    [
        ("site_name: [", "mkdocs.yml:1"),
        ("- a", "not one mapping"),
        ("site_name: x\ndocs_dir: ..", "leads out of the folder"),
        ("site_name: x\ndocs_dir: /etc", "leads out of the folder"),
        ("site_name: x\ndocs_dir: nowhere", "is not there"),
        (None, "mkdocs.yml cannot be read"),
    ],
)
def test_a_bad_site_is_named_and_stops_no_other(place: Path, mkdocs: str | None, what: str) -> None:
    folder = put_model(place / "tree", "bad", BARE)
    put_model(place / "tree", "good", BARE)
    if mkdocs is None:
        (folder / "mkdocs.yml").unlink()
    else:
        (folder / "mkdocs.yml").write_text(mkdocs)
    report = build_sites(place / "tree", place / "out")
    assert report.built == ("resource:default/good",)
    [problem] = report.problems
    assert problem.where == "models/bad/catalog-info.yaml"
    assert what in problem.what
    assert problem.hint


def test_a_page_that_mkdocs_refuses_keeps_the_site_that_was_there(place: Path) -> None:
    folder = put_model(place / "tree", "x", BARE)
    put_model(place / "tree", "y", BARE)
    build_sites(place / "tree", place / "out")
    before = article(place / "out/default/resource/x/index.html")
    (folder / "docs" / "index.md").write_text("---\ntemplate: nowhere.html\n---\n\n# x\n")
    report = build_sites(place / "tree", place / "out")
    [problem] = report.problems
    assert problem.model == "resource:default/x"
    assert "nowhere.html" in problem.what
    assert report.unchanged == ("resource:default/y",)
    assert article(place / "out/default/resource/x/index.html") == before


def test_catalog_files_that_say_nothing_of_docs_are_passed_over(place: Path) -> None:
    other = "kind: {kind}\nmetadata:\n  name: {name}\n  annotations: {{backstage.io/techdocs-ref: {ref}}}\n"
    tree = place / "tree"
    put(tree / "a", {"catalog-info.yaml": other.format(kind="Resource", name="a", ref="url:https://x.y")})
    put(tree / "b", {"catalog-info.yaml": other.format(kind="../../up", name="b", ref="dir:.")})
    put(tree / "c", {"catalog-info.yaml": other.format(kind="Resource", name="..", ref="dir:.")})
    put(tree / "d", {"catalog-info.yaml": "just text\n---\n- a list\n"})
    put(tree / ".git", {"catalog-info.yaml": ENTITY.format(name="hidden")})
    report = build_sites(tree, place / "out")
    assert (report.built, report.unchanged, report.problems) == ((), (), ())
    put(tree / "e", {"catalog-info.yaml": "a: [\n"})
    [problem] = build_sites(tree, place / "out").problems
    assert problem.where.startswith("e/catalog-info.yaml:")


def test_an_entity_has_its_docs_in_one_place(place: Path) -> None:
    put_model(place / "tree" / "one", "x", BARE)
    put_model(place / "tree" / "two", "X", BARE)
    report = build_sites(place / "tree", place / "out")
    assert report.built == ("resource:default/x",)
    assert "one/models/x/catalog-info.yaml" in report.problems[0].what


def test_a_site_has_a_largest_size(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(place / "tree", "x", FRAUD)
    monkeypatch.setattr(site_sources, "_MOST_FILES", 3)
    [problem] = build_sites(place / "tree", place / "out").problems
    assert "more than 3 files" in problem.what


def test_without_the_engine_it_says_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EngineMissing, match=r"pip install '\.\[docs\]' in a checkout$"):
        build_sites(place / "tree", place / "out")
    result = CliRunner().invoke(callboard, ["docs", "build", "tree", "--out", "out"])
    assert "pip install '.[docs]' in a checkout" in result.output
    assert result.exit_code != 0


def test_the_command_builds_and_ends_with_findings(place: Path) -> None:
    put_model(place / "tree", "x", BARE)
    good = CliRunner().invoke(callboard, ["docs", "build", "tree", "--out", "out"])
    assert good.exception is None, good.exc_info
    assert (good.exit_code, good.output) == (0, "1 site built, 0 unchanged in out\n")
    put(place / "tree" / "e", {"catalog-info.yaml": "a: [\n"})
    bad = CliRunner().invoke(callboard, ["docs", "build", "tree", "--out", "out"])
    assert bad.exit_code == 1
    assert "0 sites built, 1 unchanged in out\n" in bad.output
    assert "e/catalog-info.yaml:" in bad.output
