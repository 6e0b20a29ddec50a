"""What callboard.yaml says of models: wrong keys and values are told at their place."""

from __future__ import annotations

import pytest

from callboard.config import Config
from callboard.config_file import ConfigError, load_config
from callboard.sources.registry import SOURCE_TYPES, source_type


def load(text: str) -> Config:
    return load_config(text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks: {words: {ner: {categoris: [x]}}}", "1:23: tasks.words.ner.categoris is not a key"),
        ("tasks: {words: {ner: {categoris: [x]}}}", "did you mean 'categories'?"),
        ("tasks: {words: {ner: {categories: [Two Words]}}}", "write one word: lower-case letters"),
        ("tasks: {models: [{name: a}]}", "tasks.models[0].provider is missing"),
        ("lifecycles: {words: {gold: Best Of All}}", "1:28: lifecycles.words.gold is not written as it has"),
        ("lifecycles: {archived: delete}", "lifecycles.archived has a value that is not known here"),
        ("owners: {alice: alice}", "write an entity reference: group:NAMESPACE/NAME or user:NAMESPACE/NAME"),
        ("overrides: [../x.yaml]", "write a path below callboard.yaml"),
        ("overrides: x.yaml", 'overrides is not a list; write a list: ["x.yaml"]'),
        (
            "sources: [{name: a, type: files, path: ., select: {tags: [x]}}]",
            "sources[0].select.tags is not a mapping",
        ),
        (
            "sources: [{name: a, type: files, path: ., time-limit: 0}]",
            "sources[0].time-limit has a wrong value",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text)
    assert said in str(refused.value)


def test_rows_and_conditions_are_read() -> None:
    found = load(
        "tasks: {words: {ner: {tasks: [token-classification]}, chat: null}}\n"
        "owners: {'*@acme.example': group:default/Fraud.Team}\n"
        "overrides-folder: /etc/overrides\n"
        "sources: [{name: a, type: files, path: ., select: {owners: {exclude: ['user:*']}}}]\n"
    )

    assert found.tasks.words["chat"] is None
    assert found.owners == {"*@acme.example": "group:default/Fraud.Team"}
    (source,) = found.sources
    assert source.select.owners is not None
    assert source.select.owners.exclude == ("user:*",)
