from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.docs import render_docs
from callboard.catalog.docs.numbers import number, size
from callboard.catalog.docs.sections import page_phrases, split_card
from callboard.catalog.markdown import clean_markdown
from callboard.model import Card, Evaluation, Model, Validation, Version
from tests.catalog.examples import ATTACK, BARE, FRAUD, version
from tests.catalog.reader import assert_harmless


def render(model: Model, **changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {
        "title": model.title or model.name,
        "entity_name": "fraud-detector",
        "owner": "group:default/ml-platform",
        "lifecycle": "production",
        "system": "payments",
    }
    return render_docs(model, **values | changes)


def test_only_pages_with_content_exist() -> None:
    assert set(render(BARE)) == {"mkdocs.yml", "docs/index.md"}
    assert set(render(FRAUD)) == {
        "mkdocs.yml",
        *(
            f"docs/{page}.md"
            for page in ("index", "usage", "limitations", "evaluation", "training", "versions")
        ),
        "docs/assets/evaluation.svg",
    }


def test_the_navigation_names_the_pages_that_exist() -> None:
    settings = yaml.safe_load(render(FRAUD)["mkdocs.yml"])
    assert settings["site_name"] == "Fraud detector"
    assert settings["site_description"] == "Scores card payments for fraud."
    assert settings["plugins"] == ["techdocs-core"]
    assert settings["nav"][0] == {"Overview": "index.md"}
    pages = {f"docs/{path}" for item in settings["nav"] for path in item.values()}
    assert pages == {path for path in render(FRAUD) if path.endswith(".md")}
    assert yaml.safe_load(render(BARE)["mkdocs.yml"])["nav"] == [{"Overview": "index.md"}]


def test_the_overview_says_what_it_is_and_the_facts() -> None:
    overview = render(FRAUD.model_copy(update={"categories": ("tabular", "text")}))["docs/index.md"]
    assert overview.startswith("# Fraud detector\n\nScores card payments for fraud.\n\n| Fact | Value |\n")
    for row in (
        "| Owner | group:default/ml-platform |",
        "| License | [Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0) |",
        "| Latest version | 2 (champion) |",
        "| Size | 11.8 MiB |",
        "| Categories | tabular, text |",
        "| Base model | xgboost-base |",
        "| Links | [MLflow](https://mlflow.acme.example/#/models/fraud) |",
    ):
        assert row in overview
    assert "A gradient-boosted model that scores **card payments**." in overview
    assert "## Citation 論文" in overview
    assert "raw HTML" in overview


def test_a_card_is_taken_apart_by_its_headings() -> None:
    pages = render(FRAUD)
    assert "## Uses\n\n### Direct use\n\n1. Install:" in pages["docs/usage.md"]
    assert "## Out-of-scope use\n\nCredit decisions." in pages["docs/limitations.md"]
    assert "## Bias, risks and limitations" in pages["docs/limitations.md"]
    assert pages["docs/training.md"] == "# Training\n\n## Training details\n\n`lr=1e-3`\n"
    # The page has the title already; what stood below the section does not sink.
    assert "Measured on the holdout.\n\n## Testing data\n\nAll of 2025." in pages["docs/evaluation.md"]
    assert pages["docs/evaluation.md"].count("# Evaluation") == 1


def test_the_usage_says_where_and_what() -> None:
    usage = render(FRAUD)["docs/usage.md"]
    assert "| <https://models.acme.example/v1> | openapi | needed | — |" in usage
    assert "(version 2)" in usage
    assert "| amount | double | any × 1 | yes |" in usage  # noqa: RUF001
    assert "| probability | float32 | batch × 2 | yes |" in usage  # noqa: RUF001


def test_versions_are_compared_in_the_direction_of_the_metric() -> None:
    evaluation = render(FRAUD)["docs/evaluation.md"]
    assert "| Metric | Version 2 | Version 1 |\n| --- | --- | --- |\n" in evaluation
    assert "| accuracy | 0.962 ▲ | 0.951 |" in evaluation
    assert "| f1 | 0.5 | 0.5 |" in evaluation
    assert "| log_loss | 0.11 ▼ | 0.1 |" in evaluation
    assert "▲ better and ▼ worse" in evaluation


def test_who_says_an_evaluation_is_said() -> None:
    sources = ["run-7", "https://example.com/report", None, "run-7", *(f"r{number}" for number in range(6))]
    evaluations = tuple(
        Evaluation(metric=f"m{at}", value=1, source=source) for at, source in enumerate(sources)
    )
    model = BARE.model_copy(
        update={
            "versions": (
                Version(name="3", evaluations=evaluations[:3]),
                Version(name="2", evaluations=evaluations[:1]),
                Version(name="1", evaluations=evaluations[:1]),
                Version(name="0", evaluations=evaluations[2:3]),
            )
        }
    )
    evaluation = render(model)["docs/evaluation.md"]
    said = "version 3: <https://example.com/report>, run-7; version 2, version 1: run-7"
    assert f"\nSource: {said}\n" in evaluation
    evaluation = render(BARE.model_copy(update={"evaluations": evaluations}))["docs/evaluation.md"]
    assert "\nSource: <https://example.com/report>, r0, r1, r2, r3, and 3 more\n" in evaluation


def test_validations_are_shown_with_their_outcome_and_origin() -> None:
    validations = (
        Validation(name="schema", passed=True, source="https://example.com/run/7"),
        Validation(name="bias", passed=False, details="above 0.2 for one group"),
    )
    model = BARE.model_copy(update={"versions": (Version(name="2", validations=validations),)})
    evaluation = render(model)["docs/evaluation.md"]
    assert "| schema | 2 | passed | — | <https://example.com/run/7> |" in evaluation
    assert "| bias | 2 | **failed** | above 0.2 for one group | — |" in evaluation
    many = tuple(Validation(name=f"check {at}", passed=True) for at in range(102))
    model = BARE.model_copy(update={"versions": (Version(name="2", validations=many),)})
    assert "\nand 2 more checks\n" in render(model)["docs/evaluation.md"]


def test_the_plot_is_a_drawing_that_tells_itself() -> None:
    drawing = render(FRAUD)["docs/assets/evaluation.svg"]
    root = ElementTree.fromstring(drawing)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{space}title") == "Evaluation of version 2"
    assert root.findtext(f"{space}desc") == "accuracy holdout 0.962; f1 holdout 0.5"
    bars = [rect for rect in root.iter(f"{space}rect") if rect.get("class") == "bar"]
    assert [float(bar.get("width", "")) for bar in bars] == [404.0, 210.0]
    assert "prefers-color-scheme" in drawing
    assert "![Evaluation of version 2](assets/evaluation.svg)" in render(FRAUD)["docs/evaluation.md"]


@pytest.mark.parametrize(
    ("values", "widths"),
    [((50, 100), [210.0, 420.0]), ((0.5,), None), ((1000, 2000), None), ((0, 0), [0.0, 0.0])],
)
def test_a_plot_has_one_scale_and_two_bars_or_is_not_there(
    values: tuple[float, ...], widths: list[float] | None
) -> None:
    evaluations = tuple(Evaluation(metric=f"m{index}", value=value) for index, value in enumerate(values))
    pages = render(BARE.model_copy(update={"evaluations": evaluations}))
    assert "| m0 |" in pages["docs/evaluation.md"]
    assert "| Metric | Value |" in pages["docs/evaluation.md"]
    drawing = pages.get("docs/assets/evaluation.svg")
    assert (
        (drawing is not None)
        == ("assets/evaluation.svg" in pages["docs/evaluation.md"])
        == (widths is not None)
    )
    if drawing and widths:
        assert [float(one) for one in re.findall(r'class="bar".*?width="([0-9.]+)"', drawing)] == widths


def test_long_lists_are_cut_and_counted() -> None:
    many = tuple(version(str(1000 - index), 0.9, 0.1) for index in range(1000))
    pages = render(FRAUD.model_copy(update={"versions": many, "tags": tuple(map(str, range(50)))}))
    assert "and 900 more versions" in pages["docs/versions.md"]
    assert pages["docs/versions.md"].count("\n| ") == 102
    assert pages["docs/versions.md"].count("## Version") == 20
    assert (
        "| Metric | Version 1000 | Version 999 | Version 998 | Version 997 |" in pages["docs/evaluation.md"]
    )
    assert "and 38 more |" in pages["docs/index.md"]
    assert sum(map(len, pages.values())) < 100_000


def test_a_long_description_is_said_whole_below_the_facts() -> None:
    description = "It scores. " * 60
    overview = render(BARE.model_copy(update={"description": description}))["docs/index.md"]
    assert "…\n\n| Fact" in overview
    assert overview.index("## Description") > overview.index("| Fact")
    assert overview.count("It scores.") > 60


def test_a_card_that_was_cut_says_so() -> None:
    card = Card(markdown="x", cut_bytes=5 * 1024 * 1024)
    assert "5.0 MiB were left out" in render(BARE.model_copy(update={"card": card}))["docs/index.md"]


def test_hostile_values_are_only_shown(techdocs: Callable[[str], str]) -> None:
    checked = Validation(name=ATTACK.name, passed=False, details=ATTACK.name, source=ATTACK.name)
    measured = Evaluation(metric=ATTACK.name, value=1, source=ATTACK.name)
    versions = (*ATTACK.versions, Version(name=ATTACK.name, validations=(checked,), evaluations=(measured,)))
    attack = ATTACK.model_copy(update={"versions": versions})
    pages = render(attack, owner=ATTACK.name, lifecycle=ATTACK.name, system=ATTACK.name)
    for path, text in pages.items():
        if path.endswith(".md"):
            shown = assert_harmless(techdocs(text), also="img" if "evaluation" in path else "")
            # Only what is shown as code still looks like an include.
            assert '\n--8<-- "canary.txt"\n' not in text, path
            assert shown
    ElementTree.fromstring(pages["docs/assets/evaluation.svg"])
    assert not re.search(r"<(?:script|img)|javascript:[^y]", pages["docs/assets/evaluation.svg"])
    settings = yaml.safe_load(pages["mkdocs.yml"])
    assert not re.search(r"[<>\"{}]", settings["site_name"] + settings["site_description"])


def test_the_same_record_gives_the_same_bytes_whatever_its_order() -> None:
    record = FRAUD.model_copy(update={"properties": {"a": "1", "b": "2"}, "provenance": {"x": "s", "y": "s"}})
    again = Model.model_validate(dict(reversed(list(record.model_dump().items()))))
    turned = again.model_copy(update={"properties": {"b": "2", "a": "1"}, "provenance": {"y": "s", "x": "s"}})
    assert render(record) == render(turned)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),
            st.sampled_from(
                [
                    "Usage",
                    "Notes",
                    "Bias & risks 🚨",
                    "Training data",
                    "Results",
                    "論文",
                    "Fraud detector",
                    "",
                ]
            ),
            st.integers(0, 10**6),
        )
    )
)
def test_nothing_of_a_card_is_lost(sections: list[tuple[int, str, int]]) -> None:
    card = "".join(
        f"{'#' * level} {title}\n\nword{index}x{text}\n\n"
        for index, (level, title, text) in enumerate(sections)
    )
    pages = split_card(clean_markdown(card).text, {"Fraud detector"})
    whole = "\n\n".join(pages.values()) + "\n"
    for index, (_, title, text) in enumerate(sections):
        assert whole.count(f"word{index}x{text}\n") == 1
        assert title in whole or title in {"Fraud detector", "Usage"}
    assert not re.search(r"^# ", whole, re.MULTILINE), "a page has one title, ours"


def test_a_code_block_is_not_taken_apart() -> None:
    card = clean_markdown("```python\n# Usage\nx\n```\n\n## Usage of it\n\ny").text
    assert split_card(card, set()) == {"index": "```python\n# Usage\nx\n```", "usage": "## Usage of it\n\ny"}


def test_every_phrase_of_the_table_leads_to_its_page() -> None:
    assert [page for page, _ in page_phrases()] == ["limitations", "evaluation", "training", "usage"]
    assert split_card("## Hyper-parameters: `x`\n\na\n\n## HOW TO\n\nb", set()).keys() == {"index", "usage"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((0.5, "0.5"), (0.96214, "0.9621"), (135.802, "135.8"), (0, "0"), (-0.25, "-0.25")),
        *((1234567.0, "1,234,567"), (12345.6, "12,346"), (1e-9, "1.000e-09"), (1e30, "1.000e+30")),
    ],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


def test_sizes_have_a_unit() -> None:
    assert [size(n) for n in (5, 2048, 12345678, 5 * 1024**3, 3 * 1024**4)] == [
        "5 bytes", "2.0 KiB", "11.8 MiB", "5.0 GiB", "3.0 TiB",
    ]  # fmt: skip


def test_an_empty_version_is_a_row() -> None:
    pages = render(BARE.model_copy(update={"versions": (Version(name="1"),)}))
    assert "| 1 | — | — | — | — | — | — |" in pages["docs/versions.md"]
