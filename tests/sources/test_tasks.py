"""Tasks and categories follow from what registries say, by a table that people can edit."""

from __future__ import annotations

from typing import Any

import pytest

from callboard.config_models import Tasks
from callboard.model import Artifact, Model, Port, Signature, Version
from callboard.sources.tasks import task_table, tasks_and_categories

SHIPPED = task_table(Tasks())


def model(**said: Any) -> Model:
    return Model.model_validate({"source": "prod", "id": "1", "name": "gpt-4o-embedding-code", **said})


@pytest.mark.parametrize(
    ("said", "tasks", "categories"),
    [
        ({"tasks": ["text-generation"]}, ("text-generation",), ("text",)),
        ({"tasks": ["Image_Text to-Text"]}, ("Image_Text to-Text",), ("image", "multimodal", "text")),
        ({"tasks": ["embeddings", "feature-extraction"]}, ("feature-extraction",), ("embedding",)),
        ({"tasks": ["price-forecast"]}, ("price-forecast",), ()),
        (
            {"capabilities": ["completion", "tools", "vision", "thinking"]},
            ("text-generation",),
            ("function-calling", "image", "multimodal", "reasoning", "text"),
        ),
        ({"capabilities": ["embedding"]}, ("feature-extraction",), ("embedding",)),
        ({"capabilities": ["insert"], "categories": ["code"]}, (), ("code",)),
        ({}, (), ()),
        ({"provider": "OpenAI"}, (), ()),
    ],
)
def test_the_shipped_table_knows_the_words_of_registries_and_guesses_nothing(
    said: dict[str, Any], tasks: tuple[str, ...], categories: tuple[str, ...]
) -> None:
    assert tasks_and_categories(model(**said), SHIPPED) == (tasks, categories)


def classifier(type_: str, format_: str) -> Model:
    signature = Signature(outputs=(Port(name="output_probability", type=type_),))
    artifact = Artifact(uri="model", format=format_)
    return model(versions=[Version(name="1", artifacts=(artifact,), signature=signature)])


@pytest.mark.parametrize(
    ("type_", "format_", "categories"),
    [
        ("sequence(map(int64, float32))", "onnx", ("classification",)),
        ("float32", "onnx", ()),
        ("sequence(map(int64, float32))", "sklearn", ()),
    ],
)
def test_an_onnx_model_that_gives_a_score_for_each_class_is_a_classifier(
    type_: str, format_: str, categories: tuple[str, ...]
) -> None:
    assert tasks_and_categories(classifier(type_, format_), SHIPPED) == ((), categories)


def test_rows_of_people_replace_and_take_away_those_that_ship() -> None:
    table = task_table(
        Tasks.model_validate(
            {
                "words": {"Text Generation": {"categories": ["prose"]}, "summarization": None},
                "capabilities": {"tools": None},
            }
        )
    )

    found = model(tasks=["text-generation", "summarization"], capabilities=["tools"])
    assert tasks_and_categories(found, table) == (("text-generation", "summarization"), ("prose",))


def test_a_name_says_something_only_where_people_said_so_of_its_provider() -> None:
    row = {"provider": "open*", "name": "GPT-4o*", "tasks": ["text-generation"], "categories": ["code"]}
    table = task_table(Tasks.model_validate({"models": [row]}))

    assert tasks_and_categories(model(provider="OpenAI"), table) == (("text-generation",), ("code",))
    assert tasks_and_categories(model(provider="Acme"), table) == ((), ())
    assert tasks_and_categories(model(), table) == ((), ())
