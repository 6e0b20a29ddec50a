"""What Backstage accepts, Callboard accepts, and nothing else; the real one is asked.

Known to differ: an anchor that is defined twice, which libyaml refuses, and surrogate pairs as escapes.
"""

from __future__ import annotations

import copy
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callboard.documents.reader import read_documents
from callboard.validation.check import validate_files
from tools import environments

Verdict = list[dict[str, Any]]
Ask = Callable[[str], Verdict]


@pytest.fixture(scope="module")
def backstage() -> Iterator[Ask]:
    """Backstage's verdict on the text of a file: for each document, its value and the problem with it."""
    script = Path(__file__).with_name("catalog_model.cjs")
    command = [environments.node().executable, script, environments.backstage()]
    with subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def ask(text: str) -> Verdict:
            requests.write(json.dumps(text) + "\n")
            requests.flush()
            verdict: Verdict = json.loads(answers.readline())
            return verdict

        yield ask
        requests.close()


def refused(text: str) -> list[str]:
    """Why Callboard would not take the file; an unknown kind is no more than a warning to it."""
    report = validate_files({"catalog-info.yaml": text.encode("utf-8", "surrogatepass")})
    return [
        one.message for one in report.diagnostics if one.severity == "error" or one.code == "unknown-kind"
    ]


def agree(backstage: Ask, text: str) -> None:
    theirs = [result["problem"] for result in backstage(text) if result["problem"]]
    assert bool(theirs) == bool(refused(text)), f"Backstage: {theirs}\nCallboard: {refused(text)}\n{text}"


REFERENCES = ["group:default/a", "a", "ns/a", "a:b/c", ":a", "a:", "/a", "a/", "a/b:c", "a:b:c", "not a ref!"]
WORDS = """
a A a-b a--b a_b a.b -a a- é a/b a/b/c A/b a.b/c 3.1 c++ a:b # https://a.example/x http:// http:a javascript:x
mailto:a //a https://[::1]:80 https://a:99999 skill rule plugin marketplace mcp-server required optional
backstage.io/v1alpha1 backstage.io/v1beta1 my.org/v1 v1 v1/v2/v3 API Component component Template
"""
VALUES: list[Any] = [
    *(None, True, 0, 7, 1.5, "", " ", "a b", "a\n", "https://a b", "x" * 63, "x" * 64, "x" * 501),
    *WORDS.split(),
    *([], {}, [""], ["a"], [1], [None], {"a": "b"}, {"a": 1}, {"": "a"}, {"a b": "c"}),
    *({"x.y/z": "a"}, {"X/y": "a"}, {"url": "https://a"}, {"email": ""}, [{}], [{"url": "a"}]),
    *([{"url": "https://a", "title": ""}], [{"url": "x:y", "title": " "}], [{"type": "sse", "url": "x"}]),
    *REFERENCES,
    REFERENCES,
    *([one] for one in REFERENCES),
]
SPEC = {"type": "t", "lifecycle": "l", "owner": "o"}
SPECS: dict[str, list[dict[str, Any]]] = {
    "Component": [SPEC],
    "Resource": [{"type": "t", "owner": "o"}],
    "API": [
        {**SPEC, "definition": "d"},
        {**SPEC, "type": "mcp-server", "remotes": [{"type": "sse", "url": "u"}]},
    ],
    "AiResource": [
        SPEC,
        {**SPEC, "type": "skill"},
        {**SPEC, "type": "rule", "category": "c", "rationale": "r"},
        {**SPEC, "type": "plugin", "skills": ["a"]},
        {**SPEC, "type": "marketplace", "plugins": ["a"]},
    ],
    "System": [{"owner": "o"}],
    "Domain": [{"owner": "o"}],
    "Group": [{"type": "t", "children": []}],
    "User": [{"memberOf": []}],
    "Location": [{}, {"type": "url", "target": "https://a"}],
}
ENTITIES = [
    {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": "n"}, "spec": spec}
    for kind, specs in SPECS.items()
    for spec in specs
]
FIELDS = {
    (): "apiVersion kind metadata spec extra",
    ("metadata",): "name namespace title description labels annotations tags links uid etag extra",
    ("metadata", "links", 0): "url title icon type",
    ("spec",): "type lifecycle owner system definition remotes presence providesApis consumesApis dependsOn "
    "subcomponentOf domain subdomainOf parent children members memberOf profile target targets skills "
    "plugins version category rationale disciplines agents license compatibility",
}
PATHS = [(*path, field) for path, fields in FIELDS.items() for field in fields.split()]
REMOVED = object()


@st.composite
def nearly_entities(draw: st.DrawFn) -> Any:
    entity: Any = copy.deepcopy(draw(st.sampled_from(ENTITIES)))
    for _ in range(draw(st.integers(0, 2))):
        *path, last = draw(st.sampled_from(PATHS))
        value = draw(st.sampled_from([REMOVED, *VALUES]))
        holder: Any = entity
        for step in path:
            if step == "links" and isinstance(holder, dict) and isinstance(holder.get("metadata", {}), dict):
                holder.setdefault("links", [{"url": "https://a"}])
            holder = _get(holder, step)
        if isinstance(holder, dict):
            holder[last] = copy.deepcopy(value)
            if value is REMOVED:
                del holder[last]
    return entity


def _get(holder: Any, step: str | int) -> Any:
    if isinstance(holder, list) and isinstance(step, int):
        return holder[step] if step < len(holder) else None
    return holder.get(step) if isinstance(holder, dict) else None


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entity=nearly_entities())
def test_a_changed_entity_is_refused_by_both_or_by_neither(backstage: Ask, entity: Any) -> None:
    agree(backstage, json.dumps(entity))


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_kind_is_accepted_by_both(backstage: Ask, entity: Any) -> None:
    assert backstage(json.dumps(entity))[0]["problem"] is None
    assert refused(json.dumps(entity)) == []


SCALARS = [
    "no",
    "yes",
    "y",
    "on",
    "0777",
    "0o17",
    "0x1F",
    "0b1",
    "1_000",
    "1e5",
    "7318e91234",
    ".5",
    "1.",
    ".inf",
    "-.INF",
    ".nan",
    "12:30:45",
    "2026-01-01",
    "~",
    "null",
    "NULL",
    "true",
    "True",
    "tRue",
    "<<",
    "=",
    "-",
    "--",
    "1.2.3",
    "a:b",
    "a#b",
    "'no'",
    '"no"',
    "|-",
    "!!str",
    "{}",
    "[]",
    "{a:\xa01}",
    "*a",
    "!x",
    "@",
    "`",
    "%",
    "?",
    "!",
    "a\u2028b",
    "+1",
    "-0",
]
LONGER = ["a: b", "a #b", "!!int 1", "!!str 1", "! a", "[a, b]"]


@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*SCALARS, *LONGER]), max_size=4))
def test_plain_scalars_have_the_same_values_in_both(backstage: Ask, scalars: list[str]) -> None:
    text = "".join(f"k{index}: {scalar}\n" for index, scalar in enumerate(scalars)) + "end: x\n"
    theirs, ours = backstage(text), read_documents(text, "f")
    if ours.faults:
        assert any(result["entity"] is None for result in theirs), (text, ours.faults)
    else:
        assert [result["entity"] for result in theirs] == [_in_json(one.value) for one in ours.documents]


def _in_json(value: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinities, and JavaScript writes null for them."""
    return {
        key: None if isinstance(one, float) and not math.isfinite(one) else one for key, one in value.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: [\n",
        "a: b: c\n",
        "- a\n",
        "just text\n",
        "a: &a [*a]\n",
        "a: *missing\n",
        "a: 1\n---\nb: [\n",
        "a:\n\tb: 1\n",
        "a: 'x\n",
        "a: @b\n",
    ],
)
def test_what_is_no_yaml_or_no_entity_is_refused_by_both(backstage: Ask, text: str) -> None:
    assert [result for result in backstage(text) if result["entity"] is None]
    assert refused(text)
