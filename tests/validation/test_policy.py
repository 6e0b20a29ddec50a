"""Policies: what they find, where, and that the page about them tells the truth."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config_file import ConfigError
from callboard.documents.reader import read_documents
from callboard.resources import shipped
from callboard.validate import validate_paths
from callboard.validation.check import validate_files
from callboard.validation.diagnostics import WARNINGS, Report
from callboard.validation.json_schema import JsonSchema
from callboard.validation.policy import Policy
from callboard.validation.policy_settings import load_policy
from callboard.validation.reports import render

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
KNOWN = frozenset({"group:default/ml", "group:default/data", "user:default/ada", "system:default/payments"})
RESOURCE = """\
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: fraud
  labels: {tier: ''}
  tags: [one]
  annotations: {callboard.dev/license: %s}
spec: {type: ai-model, owner: ml}
"""


def judged(policy: str, entity: str, **others: str) -> Report:
    files = {"catalog-info.yaml": entity.encode()} | {path: text.encode() for path, text in others.items()}
    return validate_files(files, known_references=KNOWN, policy=Policy(load_policy(policy, "policy.yaml")))


def said(report: Report) -> list[str]:
    return [f"{one.line}:{one.column} {one.severity} {one.code}: {one.message}" for one in report.diagnostics]


def examples() -> list[tuple[str, str, str, str]]:
    text = PAGE.read_text().split("## Worked examples", 1)[1].split("## All keys")[0]
    found = []
    for section in text.split("\n### ")[1:]:
        policy, entity, expected = re.findall(r"```(?:yaml|text)\n(.*?)```", section, re.DOTALL)
        found.append((section.splitlines()[0], policy, entity, expected))
    return found


def people() -> str:
    (found,) = re.findall(r"```yaml\n(apiVersion.*?kind: Group.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def printed(policy: str, entity: str) -> str:
    """What the command of the page prints, in the folder that we are in."""
    for name, text in {"policy.yaml": policy, "catalog-info.yaml": entity, "people.yaml": people()}.items():
        Path(name).write_text(text)
    asked = Policy(load_policy(policy, "policy.yaml"))
    checked = validate_paths(["catalog-info.yaml"], known=["people.yaml"], policy=asked)
    return render("text", checked.report, checked.files)


@pytest.mark.parametrize(("title", "policy", "entity", "expected"), examples(), ids=lambda one: str(one)[:40])
def test_the_examples_of_the_page_print_what_the_page_says(
    title: str, policy: str, entity: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert printed(policy, entity) == expected


def test_the_page_has_the_examples_that_people_asked_for() -> None:
    titles = " ".join(title.lower() for title, *_ in examples())
    for wanted in ("owner", "description", "lifecycle", "license", "evaluation", "relations", "kinds"):
        assert wanted in titles


def test_the_page_names_every_key() -> None:
    from callboard.validation.policy_settings import policy_schema

    text = PAGE.read_text()
    schema = policy_schema()
    for part in (schema, *schema["$defs"].values()):
        for key in part["properties"]:
            assert re.search(rf"[`.]{key}[`.]", text), key


def test_the_examples_are_valid_by_the_published_schema() -> None:
    schema = JsonSchema(json.loads(shipped("schemas", "policy.schema.json").read_text()))
    for _, policy, *_ in examples():
        (document,) = read_documents(policy, "policy.yaml").documents
        assert list(schema.mismatches(document.value, 10)) == []
    assert list(schema.mismatches({"codes": {"name-format": "off"}}, 10))


def test_what_a_policy_may_turn_off_is_what_the_page_calls_a_warning() -> None:
    page = (PAGE.parent / "diagnostics.md").read_text()
    sections = re.findall(r"^### ([a-z0-9-]+)\n\n(.*?)(?=\n#|\Z)", page, re.DOTALL | re.MULTILINE)
    said = {code for code, text in sections if re.search(r"\b[Aa]\s+warning\b", text)}
    assert said >= WARNINGS
    assert not [code for code in WARNINGS if code.startswith("policy-")]


@pytest.mark.parametrize(
    ("policy", "place", "words"),
    [
        ("rule: []", "1:1", "did you mean 'rules'?"),
        ("rules:\n  - name: a\n    requires: {}", "3:5", "did you mean 'require'?"),
        ("rules:\n  - name: a\n    for: {kind: [API]}", "3:11", "did you mean 'kinds'?"),
        ("rules:\n  - for: {}", "2:5", "name is missing"),
        ("rules:\n  - {name: a}\n  - {name: a}", "3:12", "there is a rule 'a' already"),
        ("rules:\n  - {name: A B}", "2:12", "lower-case letters"),
        ("codes: {unresolved-referense: error}", "1:9", "did you mean 'unresolved-reference'?"),
        ("codes: {name-format: off}", "1:9", "no warning"),
        ("codes: {unsafe-link: no}", "1:22", "use one of: error, warning, off"),
        ("rules:\n  - {name: a, require: {fields: [name]}}", "2:34", "below metadata or spec"),
        ("rules:\n  - {name: a, require: {files: [../x]}}", "2:33", "a path below the folder"),
        ("rules:\n  - {name: a, require: {relations: [{name: ownedby}]}}", "2:44", "'ownedBy'"),
        ("rules:\n  - {name: a, allow: {lifecycles: production}}", "2:35", "write a list"),
        ("rules:\n  - {name: a, allow: {licenses: {ids: [Apache 2]}}}", "2:40", "no license that SPDX"),
        ("rules:\n  - {name: a, allow: {licenses: {ids: [MIT OR Zlib]}}}", "2:40", "not one license"),
        ("types: {ai-model: {}}", "1:8", "write Kind/type"),
        ("kinds:\n  A:\n    properties:\n      b: {type: strin}", "4:17", "no JSON Schema"),
        ("kinds:\n  A: {$ref: 'https://example.com/x'}", "2:6", "refer to nothing outside"),
        ("annotations:\n  a: {pattern: '(?=x)'}", "2:16", "no look-around"),
        ("rules:\n  - {name: a, schema: {pattern: '(a'}}", "2:33", "no JSON Schema"),
        ("rules:\n  - {name: a, schema: {format: uril}}", "2:32", "Unknown format: 'uril'"),
        ("rules:\n  - {name: a, schema: {requird: [a]}}", "2:24", "did you mean 'required'?"),
        ("kinds:\n  A: {allOf: [{properties: {type: {nullable: true}}}]}", "2:36", "no keyword"),
        ("types: {Component/a: {items: {x: 1}, x-y: 1}}", "1:31", "'x' is no keyword"),
        ("types: {Component/a: {}}", "1:22", "asks for nothing"),
        (
            "types: {Component/a: {type: object}, component/A: {type: object}}",
            "1:38",
            "case makes no difference",
        ),
        ("types: {Compnent/a: {type: object}}", "1:9", "did you mean 'Component'?"),
        ("annotations: {a b: {type: string}}", "1:15", "cannot be the key of an annotation"),
        ("rules:\n  - {name: a}", "2:12", "the rule asks for nothing"),
        ("rules:\n  - {name: a, require: {fields: []}, allow: {}, schema: {}}", "2:12", "asks for nothing"),
        ("rules:\n  - {name: a, unless: {kinds: []}, allow: {types: [a]}}", "2:15", "the rule is for none"),
        ("rules:\n  - {name: a, for: {kinds: [Compnent]}, allow: {types: [a]}}", "2:29", "'Component'?"),
        (
            "kinds: {Mine: {}}\nrules:\n  - {name: a, unless: {kinds: [min]}, allow: {types: [a]}}",
            "3:32",
            "'Mine'?",
        ),
        ("rules:\n  - {name: a, require: {annotations: [a b]}}", "2:39", "of an annotation"),
        ("rules:\n  - {name: a, require: {labels: [a/b/c]}}", "2:34", "of a label"),
        ("rules:\n  - {name: a, allow: {licenses: {annotation: a b}}}", "2:46", "of an annotation"),
        ("rules: [", "1:8", "not YAML"),
        ("[]", "1:1", "not a mapping"),
    ],
)
def test_what_is_wrong_with_a_policy_is_told_with_its_place(policy: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_policy(policy, "policy.yaml")
    assert f"policy.yaml:{place}: " in str(raised.value)
    assert words in str(raised.value)


def test_kinds_and_types_fit_in_any_case_and_formats_count() -> None:
    wrong = "{properties: {spec: {properties: {owner: {format: uri}}}}}"
    for policy in (f"types: {{resource/AI-model: {wrong}}}", f"kinds: {{RESOURCE: {wrong}}}"):
        (one,) = judged(policy, RESOURCE % "mit").diagnostics
        assert (one.line, one.column, one.code) == (8, 31, "policy-schema")


def test_kinds_that_may_be_of_a_plugin_are_no_mistake() -> None:
    load_policy(
        "rules: [{name: a, for: {kinds: [Template, 'compnen*', api]}, require: {tags: [a]}}]", "policy.yaml"
    )


@pytest.mark.parametrize(
    ("license_", "allowed"),
    [
        ("mit", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR (Zlib AND MIT)", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT WITH LLVM-exception", False),
        ("Llama3.1", True),
        ("LicenseRef-acme", True),
        ("GPL-3.0-only", False),
        ("gpl", False),
        ("MIT OR", False),
        ("'" + "(" * 400 + "'", False),
        ("'" + "MIT OR " * 9000 + "MIT'", False),
        ("''", False),
    ],
)
def test_a_license_is_allowed_if_what_is_allowed_is_enough(license_: str, allowed: bool) -> None:
    ids = "[MIT, zlib, Apache-2.0 WITH LLVM-exception, LicenseRef-acme]"
    policy = f"rules: [{{name: a, allow: {{licenses: {{ids: {ids}, besides: [llama3.1]}}}}}}]"
    report = judged(policy, RESOURCE % license_)
    assert [one.code for one in report.diagnostics] == ([] if allowed else ["policy-license"])


def test_without_ids_every_license_of_spdx_is_allowed() -> None:
    policy = "rules: [{name: a, allow: {licenses: {}}}]"
    assert said(judged(policy, RESOURCE % "GPL-3.0-only")) == []
    (one,) = judged(policy, RESOURCE % "proprietary").diagnostics
    assert "write an identifier of SPDX" in one.message
    assert said(judged(policy, RESOURCE.replace("callboard.dev/license: %s", ""))) == []


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ("{}", True),
        ("{kinds: [resource], types: ['AI-*'], tags: [one, two], namespaces: [default]}", True),
        ("{names: [fraud]}", True),
        ("{lifecycles: [production]}", False),
        ("{kinds: [Resource], types: [database]}", False),
        ("{tags: [two]}", False),
        ("{namespaces: [other]}", False),
    ],
)
def test_a_rule_is_for_those_that_fit_all_that_is_given(choice: str, meant: bool) -> None:
    policy = f"rules: [{{name: a, for: {choice}, require: {{fields: [metadata.title]}}}}]"
    assert bool(judged(policy, RESOURCE % "MIT").diagnostics) is meant
    if choice == "{}":
        return
    policy = f"rules: [{{name: a, unless: {choice}, require: {{fields: [metadata.title]}}}}]"
    assert bool(judged(policy, RESOURCE % "MIT").diagnostics) is not meant


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("require: {labels: [tier]}", "5:18 error policy-missing"),
        ("require: {labels: [zone]}", "5:3 error policy-missing"),
        ("require: {relations: [{name: ownedBy, to: ['user:*']}]}", "8:31 error policy-relation"),
        ("require: {relations: [{name: partOf}]}", "8:1 error policy-relation"),
        ("require: {tags: [two]}", "6:9 error policy-tag"),
        ("allow: {types: [dataset]}", "8:14 error policy-type"),
        ("schema: {properties: {spec: {required: [system]}}}", "8:1 error policy-missing"),
        ("schema: {properties: {spec: {maxProperties: 1}}}", "8:7 error policy-schema"),
        (
            "schema: {properties: {metadata: {propertyNames: {maxLength: 6}}}}",
            "4:3 error policy-schema",
        ),
        (
            "schema: {properties: {spec: {properties: {type: true}, additionalProperties: false}}}",
            "8:24 error policy-schema",
        ),
        ("severity: warning, require: {fields: [spec.system]}", "8:1 warning policy-missing"),
        ("require: {relations: [{name: ownedBy, to: ['group:*']}]}", None),
        ("require: {annotations: [callboard.dev/license], files: [mkdocs.yml]}", None),
    ],
)
def test_each_kind_of_rule_finds_what_it_is_for(rule: str, expected: str | None) -> None:
    report = judged(f"rules: [{{name: a, {rule}}}]", RESOURCE % "MIT", **{"mkdocs.yml": "site_name: x"})
    assert [f"{one.line}:{one.column} {one.severity} {one.code}" for one in report.diagnostics] == (
        [expected] if expected else []
    )


def test_a_system_is_compared_as_a_whole_reference() -> None:
    policy = "rules: [{name: a, allow: {systems: ['system:default/core']}}]"
    report = judged(policy, (RESOURCE % "MIT").replace("owner: ml", "owner: ml, system: payments"))
    assert [one.code for one in report.diagnostics] == ["policy-system"]


def test_the_owner_of_a_kind_of_ones_own_is_an_owner() -> None:
    policy = "kinds: {Template: {}}\nrules: [{name: a, allow: {owners: ['group:*']}}]"
    entity = (RESOURCE % "MIT").replace("kind: Resource", "kind: Template")
    assert said(judged(policy, entity)) == []
    found = judged(policy, entity.replace("owner: ml", "owner: user:ada")).diagnostics
    assert [one.code for one in found] == ["policy-owner"]


def test_a_policy_turns_warnings_and_never_what_backstage_refuses() -> None:
    entity = "apiVersion: backstage.io/v1alpha1\nkind: resource\nmetadata: {name: a}\nspec: {}\n"
    report = judged("codes: {unknown-kind: off}\nkinds: {resource: {}}", entity)
    assert [one.code for one in report.diagnostics] == ["unknown-kind"]
    assert report.errors


def test_a_policy_travels_to_another_process() -> None:
    policy = Policy(
        load_policy(
            "kinds: {A: {type: object}}\nrules: [{name: a, for: {kinds: [A]}, require: {tags: [a]}}]", "p"
        )
    )
    there = pickle.loads(pickle.dumps(policy))
    assert there.settings == policy.settings
    assert there.text == policy.text


ALL = """\
kinds:
  Resource: {properties: {metadata: {properties: {labels: {patternProperties: {'^a+a+$': {minLength: 3}}}}}}}
types:
  Resource/ai-model: {required: [x], uniqueItems: true, properties: {spec: {unevaluatedProperties: false}}}
annotations: {a: {pattern: '^(a+)+$'}}
rules:
  - name: all
    for: {kinds: ['*'], types: ['*'], lifecycles: ['*'], namespaces: ['*'], names: ['*'], tags: ['*']}
    unless: {tags: [x]}
    require:
      fields: [metadata.a.b, spec.c]
      annotations: [a]
      labels: [a]
      tags: [b]
      relations: [{name: ownedBy}, {name: dependsOn}]
      files: [a]
    allow:
      {types: [a], lifecycles: [a], owners: [a], systems: [a], tags: ['a*a*a*b'], licenses: {annotation: a}}
  - {name: schema, schema: {properties: {metadata: {not: {}}}}}
"""
POLICY = Policy(load_policy(ALL, "policy.yaml"))
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "MIT"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "namespace",
                    "tags",
                    "labels",
                    "annotations",
                    "a",
                    "type",
                    "owner",
                    "lifecycle",
                    "system",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({"kind": st.just("Resource") | _values, "metadata": _values, "spec": _values}))
def test_no_entity_makes_a_policy_fail(entity: dict[str, object]) -> None:
    files = list(POLICY.files(entity))
    found = [*POLICY.findings(entity), *POLICY.missing_files(entity, dict.fromkeys(files, "x"))]
    assert all(len(one.what) < 1000 and "\n" not in one.what for one in found)


def test_a_pattern_cannot_be_made_to_run_for_ever() -> None:
    hostile = "a" * 50_000 + "!"
    entity = {"kind": "X", "metadata": {"annotations": {"a": hostile}, "tags": [hostile], "name": "a"}}
    assert "policy-schema" in [one.code for one in POLICY.findings(entity)]
