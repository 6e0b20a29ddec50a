"""The check of a set of files: the place, the code and the words of each diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.documents.building import Limits
from callboard.validation.check import OWN_OUTPUT, validate_files
from callboard.validation.diagnostics import Diagnostic, Report, shown

DOCS = Path(__file__).parents[2] / "docs" / "diagnostics.md"
FINE = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: fraud
spec:
  type: ai-model
  owner: group:default/ml
"""
NAME = "  name: fraud"
KNOWN = frozenset({"group:default/ml"})


def check(text: str, **others: str) -> Report:
    files = {
        "catalog-info.yaml": text.encode(),
        **{name: content.encode() for name, content in others.items()},
    }
    return validate_files(files, known_references=KNOWN)


def said(report: Report) -> list[tuple[int, int, str, str]]:
    return [(one.line, one.column, one.severity, one.code) for one in report.diagnostics]


def test_a_right_entity_leaves_nothing_to_say() -> None:
    assert check(FINE) == Report(files=1, entities=1, diagnostics=())
    assert not check(FINE).errors


def test_a_diagnostic_says_where_what_and_what_would_be_right() -> None:
    report = check(FINE.replace("fraud", "fraud detector"))
    assert report.errors
    assert report.diagnostics == (
        Diagnostic(
            file="catalog-info.yaml",
            line=4,
            column=9,
            severity="error",
            code="name-format",
            message="'fraud detector' cannot be the name of an entity; write 1 to 63 letters, digits, '-', "
            "'_' or '.', beginning and ending with a letter or digit",
            entity="resource:default/fraud detector",
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected", "words"),
    [
        ("  owner: group:default/ml\n", "", "5:1 error missing-field", "spec.owner is missing"),
        ("  type: ai-model", "  type: 3", "6:9 error wrong-type", "put it in quotes, as in '3'"),
        (
            "  type: ai-model",
            "  type: ~",
            "6:9 error wrong-type",
            "spec.type: null stands where a string belongs",
        ),
        (
            "backstage.io/v1alpha1",
            "backstage.io/v1",
            "1:13 error unknown-value",
            "mean 'backstage.io/v1alpha1'?",
        ),
        ("backstage.io/v1alpha1", "a/b/c", "1:13 error unknown-value", "allowed: backstage.io/v1alpha1"),
        ("  type: ai-model", "  type: ''", "6:9 error empty-value", "spec.type"),
        ("spec:", "status: {}\nspec:", "5:1 error unknown-field", "known here: apiVersion"),
        ("spec:", "specs: {}\nspec:", "5:1 error unknown-field", "did you mean 'spec'?"),
        ("v1alpha1", "v1alpah1", "1:13 error unknown-value", "did you mean 'backstage.io/v1alpha1'?"),
        ("Resource", "resource", "2:7 error unknown-kind", "write 'Resource'"),
        ("Resource", "Resourcs", "2:7 warning unknown-kind", "did you mean 'Resource'?"),
        ("Resource", "Template", "2:7 warning unknown-kind", "only what all kinds share"),
        ("Resource", "9", "2:7 error wrong-type", "as in '9'"),
        ("Resource", "a-b", "2:7 error kind-format", "beginning with a letter"),
        (NAME, f"{NAME}\n  namespace: A", "5:14 error namespace-format", "small letters"),
        (NAME, f"{NAME}\n  tags: [ok, '3.1']", "5:14 error tag-format", "small letters"),
        (NAME, f"{NAME}\n  tags: ok", "5:9 error wrong-type", "write a list"),
        (NAME, f"{NAME}\n  labels: {{a: b/c}}", "5:15 error label-value-format", "nothing, or"),
        (NAME, f"{NAME}\n  labels: {{a b: c}}", "5:12 error label-key-format", "prefix"),
        (NAME, f"{NAME}\n  annotations: {{a b: c}}", "5:17 error annotation-key-format", "prefix"),
        (NAME, f"{NAME}\n  annotations: {{a: [1]}}", "5:20 error wrong-type", "a string"),
        (NAME, f"{NAME}\n  links: [{{url: a}}]", "5:17 error link-url-format", "https://"),
        (
            NAME,
            f"{NAME}\n  links: [{{url: 'https://a', title: ' '}}]",
            "5:37 error empty-value",
            "title is blank",
        ),
        (
            NAME,
            f"{NAME}\n  links:\n    - url: ' JavaScript:alert(1)'",
            "6:12 warning unsafe-link",
            "scheme javascript",
        ),
        (
            NAME,
            f"{NAME}\n  annotations: {{backstage.io/view-url: 'data:text/html,x'}}",
            "5:40 warning unsafe-link",
            "scheme data",
        ),
        ("spec:", "spec:\n  dependsOn:\n    - a", "7:7 error reference-format", "has no kind"),
        ("group:default/ml", "group:default/", "7:10 error reference-format", "not of the form"),
        ("group:default/ml", "user:ml", "7:10 warning unresolved-reference", "'user:default/ml'"),
        ("type: ai-model", "type: no", "6:9 warning ambiguous-scalar", "put it in quotes"),
        ("type: ai-model", "type: [", "7:3 error yaml-syntax", "not YAML"),
        ("  type: ai-model", "  owner: a", "7:3 error yaml-duplicate-key", "'owner' stands twice"),
    ],
)
def test_each_problem_stands_where_it_is(old: str, new: str, expected: str, words: str) -> None:
    assert old in FINE
    report = check(FINE.replace(old, new))
    one = report.diagnostics[0]
    assert f"{one.line}:{one.column} {one.severity} {one.code}" == expected
    assert len(report.diagnostics) == 1
    assert words in report.diagnostics[0].message


@pytest.mark.parametrize("written", ["1.10", "0x1F", "0o17", "1e3", "True", "+.5", "&a 1.10", "!!float 1.10"])
def test_a_value_that_belongs_in_quotes_is_told_as_it_is_written(written: str) -> None:
    report = check(FINE.replace("ai-model", written))
    (message,) = (one.message for one in report.diagnostics if one.code == "wrong-type")
    assert message.endswith(f"; put it in quotes, as in '{written.split()[-1]}'")


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("API", "{type: mcp-server, lifecycle: l, owner: ml, remotes: []}", "empty-list"),
        ("API", "{type: mcp-server, lifecycle: l, owner: ml, definition: d}", "missing-field"),
        ("API", "{type: openapi, lifecycle: l, owner: ml, remotes: []}", "missing-field"),
        ("Location", "{presence: never}", "unknown-value"),
        ("AiResource", "{type: plugin, lifecycle: l, owner: ml}", "missing-field"),
        ("AiResource", f"{{type: skill, lifecycle: l, owner: ml, compatibility: {'x' * 501}}}", "too-long"),
        ("User", "{}", "missing-field"),
        ("Group", "{type: team}", "missing-field"),
    ],
)
def test_each_kind_and_type_has_its_own_schema(kind: str, spec: str, expected: str) -> None:
    text = f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n"
    assert [one.code for one in check(text).diagnostics] == [expected]


def test_a_missing_part_is_told_with_what_it_is() -> None:
    for text, words in (
        (FINE.partition("spec:")[0], "add 'spec' (a mapping with type, owner)"),
        (
            FINE.replace("Resource", "Location").partition("spec:")[0],
            "add 'spec' (a mapping, if only an empty one: {})",
        ),
        (FINE.replace("metadata:\n  name: fraud\n", ""), "add 'metadata' (A mapping with the name, and"),
    ):
        (one,) = check(text).diagnostics
        assert words in one.message


def test_a_value_is_shown_in_the_words_of_yaml() -> None:
    value = [None, True, {"a": False, "b": [], "c": {}}, 1.5, float("nan"), float("-inf"), "it's"]
    assert shown(value) == """[null, true, {'a': false, 'b': [], 'c': {}}, 1.5, .nan, -.inf, "it's"]"""
    assert len(shown([[value] * 1000] * 1000)) == 80
    assert check("- no: null").diagnostics[0].message.startswith("[{'no': null}] is no entity")


def test_of_two_that_backstage_refuses_it_keeps_neither() -> None:
    twice = FINE.replace("fraud", "a b")
    assert [one.code for one in check(f"{twice}---\n{twice}").diagnostics] == ["name-format"] * 2


def test_a_version_of_no_format_is_an_error_for_a_kind_of_ones_own_too() -> None:
    report = check(FINE.replace("backstage.io/v1alpha1", "a/b/c").replace("Resource", "Mine"))
    assert said(report) == [(1, 13, "error", "api-version-format"), (2, 7, "warning", "unknown-kind")]


def test_two_entities_that_differ_by_case_are_one() -> None:
    report = check(f"{FINE}---\n{FINE.replace('fraud', 'Fraud')}")
    assert said(report) == [(12, 9, "warning", "duplicate-entity")]
    assert "already in catalog-info.yaml:4:9" in report.diagnostics[0].message


def test_references_are_looked_up_in_all_files_and_by_the_entitys_own_namespace() -> None:
    group = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: Team, namespace: a}\n"
    group += "spec: {type: team, children: []}\n"
    mine = FINE.replace("fraud", "fraud\n  namespace: a").replace("group:default/ml", "team")
    assert said(check(mine, **{"groups.yaml": group})) == []
    assert said(check(mine)) == [(8, 10, "warning", "unresolved-reference")]


def test_techdocs_need_a_site_in_their_folder() -> None:
    text = FINE.replace("fraud", "fraud\n  annotations:\n    backstage.io/techdocs-ref: dir:./docs")
    report = check(text)
    assert said(report) == [(6, 32, "warning", "techdocs-missing")]
    assert "docs/mkdocs.yml" in report.diagnostics[0].message
    assert said(check(text, **{"docs/mkdocs.yml": "site_name: x"})) == []
    assert said(check(text, **{"docs/mkdocs.yaml": "site_name: x"})) == []
    elsewhere = {"models/a/catalog-info.yaml": text.encode()}
    asked: list[str] = []
    validate_files(elsewhere, known_references=KNOWN, exists=lambda path: bool(asked.append(path)))  # type: ignore[func-returns-value]
    assert asked == ["models/a/docs/mkdocs.yml", "models/a/docs/mkdocs.yaml"]


def test_warnings_about_our_own_output_are_errors() -> None:
    text = FINE.replace("name: fraud", "name: fraud\n  links: [{url: 'vbscript:x'}]")
    assert not check(text).errors
    assert validate_files({"a.yaml": text.encode()}, known_references=KNOWN, as_errors=OWN_OUTPUT).errors


def test_all_problems_of_all_files_are_found_in_one_run() -> None:
    bad = FINE.replace("fraud", "no way").replace("ai-model", "''")
    report = validate_files(
        {
            "b/catalog-info.yaml": f"{bad}---\n[1, 2]\n---\na: b: c\n---\n{FINE}".encode(),
            "a.yaml": b"---\n",
            "a/mkdocs.yml": b"a: b: c",
            "a/docs/index.md": b"# x",
            "a/.callboard.lock": b"{",
        },
        known_references=KNOWN,
    )
    assert (report.files, report.entities) == (2, 2)
    assert [(one.line, one.code) for one in report.diagnostics] == [
        (4, "name-format"),
        (6, "empty-value"),
        (9, "not-an-entity"),
        (11, "yaml-syntax"),
    ]


@pytest.mark.parametrize(
    "metadata", ["[]", "1", "{labels: [], annotations: 1, tags: {}, links: 1}", "{links: [1]}"]
)
def test_metadata_of_any_shape_is_answered(metadata: str) -> None:
    assert check(f"apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {metadata}\nspec: []\n").errors


@given(
    st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
)
def test_no_mapping_makes_the_check_fail(value: dict[str, object]) -> None:
    import json

    assert check(json.dumps(value)).files == 1


def test_no_number_of_warnings_keeps_an_error_from_being_told() -> None:
    ambiguous = "".join(f"  k{number}: 0{number}\n" for number in range(1_100))
    report = check(f"apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata:\n  name: a\n{ambiguous}")
    codes = [one.code for one in report.diagnostics]
    assert codes.count("ambiguous-scalar") + codes.count("missing-field") == 1000
    assert {"missing-field", "too-many-problems"} <= {*codes}


def test_a_large_value_does_not_make_a_large_message() -> None:
    report = check(FINE.replace("ai-model", str(["x" * 1000] * 20)))
    assert all(len(one.message) < 600 for one in report.diagnostics)
    assert report.errors


def test_the_documented_limits_are_those_of_the_reader() -> None:
    text = DOCS.read_text()
    assert Limits().depth == 100
    assert "100 levels" in text
    assert Limits().bytes == 10 * 1024 * 1024
    assert "10 MiB" in text
    large = text.partition("### yaml-too-large")[2].partition("###")[0]
    for limit in (Limits().documents, Limits().tokens_of_one, Limits().tokens):
        assert f"{limit:,}" in large


HUGE = "n" * 70_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"kind: Domain\nmetadata: {{name: {HUGE}}}\n---\n" * 2, id="name"),
        pytest.param(f"kind: {HUGE}\nmetadata: {{name: a}}\n", id="kind"),
        pytest.param(f"a: {'!' * 70_000}\n", id="tag"),
        pytest.param(f"kind: Domain\na: *{HUGE}\n", id="alias"),
        pytest.param(f"? {HUGE}\n: a\n? {HUGE}\n: b\n", id="key twice"),
        pytest.param(f"kind: Component\nspec: {{owner: '{HUGE}'}}\n", id="reference"),
        pytest.param(
            f"kind: A\nmetadata: {{name: a, annotations: {{backstage.io/techdocs-ref: 'dir:{HUGE}'}}}}\n",
            id="site",
        ),
        pytest.param(f"kind: Location\nspec: {{target: ./{HUGE}.yaml}}\n", id="target"),
        pytest.param(f"kind: A\nspec: {{definition: {{$text: {HUGE}}}}}\n", id="placeholder"),
    ],
)
def test_nothing_huge_is_repeated_in_full(text: str) -> None:
    report = validate_files({"catalog-info.yaml": text.encode()}, exists=lambda _: False)
    assert report.diagnostics
    assert all(len(one.message) <= 1000 and len(one.entity or "") <= 200 for one in report.diagnostics)
    assert all("; " in one.message for one in report.diagnostics)
