"""Overrides: read with every fault at its place, and applied in their order."""

from __future__ import annotations

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from callboard.model import License, Model
from callboard.sources.overrides import (
    FIELDS,
    BadOverride,
    Overrides,
    overridden,
    parse_assignment,
    read_overrides,
)

SOURCES = ["prod", "hub"]
MODEL = Model(
    source="prod",
    id="1",
    name="fraud.detector",
    owner="alice",
    tags=("old",),
    provenance={"name": "prod", "owner": "prod", "tags": "prod"},
)


def read(text: str) -> Overrides:
    return read_overrides(text.encode(), "overrides/x.yaml", SOURCES)


def told(text: str) -> list[tuple[str, str, str]]:
    return [(one.where, one.what, one.hint) for one in read(text).problems]


def test_what_is_said_replaces_what_the_registry_says_and_names_its_place() -> None:
    found = read("prod:\n  FRAUD.*: {title: One}\n  fraud.detector:\n    title: Two\n    owner: null\n")
    assert (found.problems, found.unusable) == ((), False)

    model = overridden(MODEL, found.of("prod").fitting(MODEL).values())

    assert (model.title, model.owner, model.tags) == ("Two", None, ("old",))
    assert model.provenance["title"] == "overrides/x.yaml:4:12"
    assert model.provenance["tags"] == "prod"


def test_two_models_of_one_name_are_told_apart_by_their_ids() -> None:
    found = read("prod: {'*.detector': {title: Both}, '2': {title: Second}}\n").of("prod")
    second = MODEL.model_copy(update={"id": "2"})

    assert [one.values["title"] for one in found.fitting(MODEL).values()] == ["Both"]
    assert [one.values["title"] for one in found.fitting(second).values()] == ["Both", "Second"]


def test_a_license_may_be_its_identifier_alone() -> None:
    short, whole = read(
        "prod: {a: {license: mit}, b: {license: {id: mit, url: 'https://x.example'}}}"
    ).entries

    assert short.values == {"license": License(id="mit")}
    assert whole.values == {"license": License(id="mit", url="https://x.example")}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("ownr: x", ("3:5", "ownr is not a field that can be overridden", "did you mean 'owner'?")),
        (
            "name: x",
            ("3:5", "name is not a field that can be overridden", "use one of: title, description, "),
        ),
        ("title: 12", ("3:12", "title is not a text", "write it in quotes")),
        ("tags: old", ("3:11", "tags is not a list", "write a list: [one, another]")),
        ("properties: x", ("3:17", "properties is not a mapping", "write its keys and their values")),
        ("license: {url: x}", ("3:5", "license.id is missing", "add it")),
        ("license: {id: x, uri: x}", ("3:22", "license.uri is not known here", "did you mean 'url'?")),
        ("links: [{url: x, title: [1]}]", ("3:29", "links.0.title is not a text", "write it in quotes")),
        (
            "endpoints: [{url: x, protocol: y, traffic: z}]",
            ("3:48", "endpoints.0.traffic has a wrong value", "input should be a valid integer"),
        ),
    ],
)
def test_a_wrong_field_is_told_at_its_place_and_loses_only_itself(
    line: str, fault: tuple[str, str, str]
) -> None:
    text = f"prod:\n  one:\n    {line}\n    description: kept\n  two: {{title: Two}}\n"
    place, what, hint = fault

    ((where, said, advice),) = told(text)
    one, two = read(text).entries

    assert (where, said) == (f"overrides/x.yaml:{place}", what)
    assert advice.startswith(hint)
    assert (one.faulty, dict(one.values)) == (True, {"description": "kept"})
    assert (two.faulty, dict(two.values)) == (False, {"title": "Two"})


@pytest.mark.parametrize(
    ("text", "fault", "unusable", "faulty"),
    [
        ("prud: {}\n", ("1:1", "there is no source 'prud'", "did you mean 'prod'?"), False, []),
        ("prud: {a: {title: A}}\n", ("1:1", "there is no source", "did you"), False, ["a"] * 2),
        ("prud: [x]\n", ("1:1", "there is no source", "did you"), False, ["*"] * 2),
        ("prod: [x]\n", ("1:7", "prod is not a mapping of models", "write the name"), False, ["*"]),
        ("prod: {a: x}\n", ("1:11", "this is not a mapping of fields", "write some of"), False, ["a"]),
        ("[x]\n", ("1:1", "the file is not a mapping", "begin it with the name"), True, []),
        ("prod: [\n", ("2:1", "not YAML", ""), True, []),
    ],
)
def test_what_is_no_override_holds_back_what_it_may_be_about(
    text: str, fault: tuple[str, str, str], unusable: bool, faulty: list[str]
) -> None:
    place, what, hint = fault

    ((where, said, advice),) = told(text)
    found = read(text)

    assert where == f"overrides/x.yaml:{place}"
    assert said.startswith(what)
    assert advice.startswith(hint)
    assert found.unusable is unusable
    assert [one.model for one in found.entries if one.faulty] == faulty


def test_an_empty_file_says_nothing_and_several_documents_all_count() -> None:
    assert read("# nothing\n") == Overrides()
    assert [one.model for one in read("prod: {a: {}}\n---\nprod: {b: {}}\n").entries] == ["a", "b"]


def test_a_huge_file_is_not_read() -> None:
    found = read("#" * (1024 * 1024 + 1))

    assert found.unusable
    assert "1,048,576 bytes" in found.problems[-1].what


@pytest.mark.parametrize(
    ("text", "model", "values"),
    [
        ("prod/fraud.detector.owner=group:default/f", "fraud.detector", {"owner": "group:default/f"}),
        ("hub/acme/m.v1.title=a=b.title=c", "acme/m.v1", {"title": "a=b.title=c"}),
        ("prod/*.tags=[a, 'b c']", "*", {"tags": ("a", "b c")}),
        ("prod/a.license=MIT", "a", {"license": License(id="MIT")}),
        ("prod/a.title=", "a", {"title": None}),
        ("prod/a.title=12", "a", {"title": "12"}),
        ("prod/a.tags=", "a", {"tags": ()}),
    ],
)
def test_the_command_line_assigns_one_field(text: str, model: str, values: dict[str, object]) -> None:
    found = parse_assignment(text, SOURCES)

    assert (found.model, dict(found.values), found.where) == (model, values, "--set")
    assert set(found.places.values()) == {"--set"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("owner=x", "'owner=x' is not of the form SOURCE/NAME.FIELD=VALUE"),
        ("prd/a.owner=x", "there is no source 'prd'; did you mean 'prod'?"),
        ("prod/a.ownr=x", "'ownr' cannot be set; did you mean 'owner'?"),
        ("prod/a.tags=x", "tags: write a list: [one, another]"),
        ("prod/a.tags=[", "the value of tags is not YAML"),
    ],
)
def test_a_wrong_assignment_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadOverride) as refused:
        parse_assignment(text, SOURCES)
    assert str(refused.value).startswith(said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "name", "x"]), JSON, max_size=4))
def test_any_value_becomes_a_record_or_a_problem(fields: dict[str, object]) -> None:
    found = read(yaml.safe_dump({"prod": {"fraud.*": fields}}))

    model = overridden(MODEL, found.entries)

    assert Model.model_validate(json.loads(model.model_dump_json())) == model
    assert bool(found.problems) == (found.unusable or any(one.faulty for one in found.entries))
    assert model.name == MODEL.name


@given(st.text(), JSON)
def test_any_text_and_any_command_line_is_read_or_refused(text: str, value: object) -> None:
    read(text)
    for field in FIELDS:
        with contextlib.suppress(BadOverride):
            parse_assignment(f"prod/a.{field}={value}", SOURCES)
