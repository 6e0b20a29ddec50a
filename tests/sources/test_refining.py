"""The order in which records are refined, who said what then, and the way back to the source's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.config import Config, SourceSettings
from callboard.config_models import Lifecycles, Tasks
from callboard.model import Listing, Model, Version
from callboard.sources.overrides import Overrides, read_overrides
from callboard.sources.provenance import with_provenance
from callboard.sources.refining import Rules, as_said, refined, refined_record, rules_of


def model(name: str = "one", **said: Any) -> Model:
    return with_provenance(Model.model_validate({"source": "prod", "id": name, "name": name, **said}))


def rules(overrides: str = "", **config: Any) -> Rules:
    found = read_overrides(overrides.encode(), "o.yaml", ["prod"])
    return rules_of(Config.model_validate(config), found)


def settings(**select: Any) -> SourceSettings:
    return SourceSettings.model_validate({"name": "prod", "type": "files", "select": select})


def listing(*models: Model, **said: Any) -> Listing:
    return Listing(source="prod", models=models, **{"complete": True, **said})


def test_each_field_names_who_said_it_and_the_source_s_own_word_is_kept() -> None:
    found = model(owner="bob@acme.example", tasks=["chat"], state="Production", title="One", tags=["x"])
    by = rules("prod:\n  one: {title: Better}\n", owners={"bob@*": "group:default/bob"}, tasks=Tasks())

    one = refined_record(found, by.overrides.entries, by)

    assert (one.owner, one.tasks, one.lifecycle, one.title) == (
        "group:default/bob", ("text-generation",), "production", "Better",
    )  # fmt: skip
    assert one.categories == ("text",)
    assert one.provenance == {
        "name": "prod",
        "state": "prod",
        "tags": "prod",
        "title": "o.yaml:2:16",
        "owner": "the table of owners",
        "tasks": "the table of tasks",
        "categories": "the table of tasks",
        "lifecycle": "the table of lifecycles",
    }
    assert one.said == {
        "categories": [],
        "lifecycle": None,
        "owner": "bob@acme.example",
        "tasks": ["chat"],
        "title": "One",
    }
    assert as_said(one) == found.model_copy(update={"provenance": {}})


def test_a_model_of_which_nobody_else_says_anything_is_left_as_it_is() -> None:
    found = model(owner="group:default/x", tasks=["unheard-of"])

    assert refined_record(found, (), rules(owners={"y": "group:default/y"})) is found
    assert as_said(found) is found


def test_tables_read_what_overrides_say_and_an_override_is_final_for_its_own_field() -> None:
    by = rules(
        "prod:\n  one: {state: archived, tasks: [chat], owner: bob}\n  two: {lifecycle: mine, state: prod}\n",
        owners={"bob": "group:default/bob"},
    )
    one = refined_record(model("one"), [by.overrides.entries[0]], by)
    two = refined_record(model("two"), [by.overrides.entries[1]], by)

    assert (one.lifecycle, one.tasks, one.categories, one.owner) == ("archived", ("chat",), ("text",), "bob")
    assert two.lifecycle == "mine"


def test_later_overrides_win_and_null_takes_a_field_and_its_provenance_away() -> None:
    by = rules("prod:\n  '*': {title: A, owner: a}\n  one: {title: B, description: null}\n")

    one = refined_record(model(description="said"), by.overrides.entries, by)

    assert (one.title, one.owner, one.description) == ("B", "a", None)
    assert one.provenance == {"name": "prod", "owner": "o.yaml:2:26", "title": "o.yaml:3:16"}
    assert one.said["description"] == "said"


def test_selection_looks_at_the_whole_refined_record_and_tells_what_it_left_out() -> None:
    models = (model("new", state="production"), model("old"), model("fixed"))
    by = rules("prod: {fixed: {tags: [approved], state: prod}}\n")

    found = refined(listing(*models), settings(lifecycles={"include": ["production"]}), by)

    assert [one.name for one in found.models] == ["new", "fixed"]
    assert found.deselected == ("old",)
    assert (found.unread, found.archived, found.problems, found.complete) == ((), (), (), True)


@pytest.mark.parametrize(("archived", "listed"), [("mark", ["a", "b"]), ("leave", ["b"])])
def test_archived_models_stay_marked_or_leave_as_configured(archived: str, listed: list[str]) -> None:
    by = rules(lifecycles=Lifecycles.model_validate({"archived": archived}))

    found = refined(listing(model("a", state="ARCHIVED"), model("b", state="LIVE")), settings(), by)

    assert [one.name for one in found.models] == listed
    assert found.archived == (("a",) if archived == "leave" else ())
    assert [one.lifecycle for one in found.models if one.name == "a"] == ["archived"] * (len(listed) - 1)


def test_models_that_a_faulty_override_speaks_of_are_held_back_and_no_others() -> None:
    by = rules("prod: {on*: {ownr: x, title: T}}\n")

    found = refined(listing(model("one"), model("two"), unread=("three",)), settings(), by)

    assert ([one.name for one in found.models], found.unread) == (["two"], ("three", "one"))


def test_a_misspelled_source_gives_no_model_back_to_its_registry_that_may_be_meant() -> None:
    by = rules("prud: {one: {owner: group:default/a}, elsewhere: {title: T}}\n")

    found = refined(listing(model("one"), model("two")), settings(), by)

    assert ([one.name for one in found.models], found.unread) == (["two"], ("one",))
    assert (found.problems, len(by.overrides.problems)) == ((), 1)


def test_when_a_file_of_overrides_cannot_be_read_nothing_is_said_of_any_model() -> None:
    found = refined(listing(model("one"), model("two")), settings(), rules("prod: ["))

    assert (found.models, found.unread) == ((), ("one", "two"))


def test_an_override_of_nothing_is_told_once_the_listing_is_complete() -> None:
    by = rules("prod: {onne: {title: x}, '*-x': {title: x}}\n")

    said = [one.hint for one in refined(listing(model("one")), settings(), by).problems]

    assert said == ["did you mean 'one'?", "correct the name, or take it out"]
    assert refined(listing(model("one"), complete=False), settings(), by).problems == ()
    assert refined(listing(model("one"), unread=("onne",)), settings(), by).problems == ()


@pytest.mark.parametrize("said", [{"owner": 1}, {"nothing": "x"}, {"versions": "x"}, {"said": {"a": 1}}])
def test_a_lock_that_lies_about_what_was_said_tells_a_source_nothing_wrong(said: dict[str, Any]) -> None:
    assert as_said(model().model_copy(update={"said": said})) is None


WORDS = st.sampled_from(["chat", "prod", "Archived", "x", "tools", ""])


@given(
    tasks=st.lists(WORDS, max_size=3),
    capabilities=st.lists(WORDS, max_size=2),
    states=st.lists(WORDS, max_size=3),
    owner=st.none() | WORDS,
    override=st.sampled_from(["", "prod: {one: {owner: z, tasks: [q], lifecycle: null}}"]),
)
def test_refining_gives_the_same_from_what_it_gave_and_loses_nothing(
    tasks: list[str], capabilities: list[str], states: list[str], owner: str | None, override: str
) -> None:
    versions = [Version(name=str(number), state=state) for number, state in enumerate(states)]
    found = model(tasks=tasks, capabilities=capabilities, versions=versions, owner=owner)
    by = rules(override, owners={"x": "group:default/x"})

    once = refined_record(found, by.overrides.entries, by)
    before = as_said(once)

    assert before is not None
    assert before.model_copy(update={"provenance": found.provenance}) == found
    assert refined_record(with_provenance(before), by.overrides.entries, by) == once
    assert refined_record(found, (), rules_of(Config(), Overrides())).owner == owner
