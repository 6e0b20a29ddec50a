from __future__ import annotations

from datetime import datetime

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from hypothesis import given
from hypothesis import strategies as st

from callboard.model import Endpoint, License, Link, Port
from callboard.sources.cards import MAX_BODY, CardReading, as_problem, read_card


def card(front_matter: str, body: str = "# A model\n") -> CardReading:
    return read_card(f"---\n{front_matter}\n---\n{body}".encode(), "card.md")


def body_of(reading: CardReading) -> str:
    assert reading.body is not None
    return reading.body.markdown


def places(reading: CardReading) -> list[str]:
    return [f"{fault.place} {fault.code}" for fault in reading.faults]


def test_a_full_card_is_read_into_typed_facts() -> None:
    reading = card(
        """
model_name: fraud-detector
title: Fraud detector
description: "Scores: 0 to 1"
owner: group:default/ml-platform
lifecycle: production
license: apache-2.0
license_name: Apache
license_link: https://www.apache.org/licenses/LICENSE-2.0
language: [en, no]
tags: [fraud, tabular]
pipeline_tag: tabular-classification
tasks: [tabular-classification, ranking]
library_name: xgboost
base_model: acme/base
datasets: [acme/transactions]
metrics: [roc_auc]
links: [{url: "https://grafana.acme.example/d/fraud", title: Dashboard}, {url: "https://acme.example"}]
signature:
  inputs: [{name: features, type: float32, shape: [batch, 30]}, {name: hint, optional: true}]
  outputs: [{name: score, type: float32, shape: [-1]}]
""".strip()
    )
    assert reading.faults == ()
    assert (reading.name, reading.title) == ("fraud-detector", "Fraud detector")
    assert reading.description == "Scores: 0 to 1"
    assert (reading.owner, reading.lifecycle) == ("group:default/ml-platform", "production")
    assert reading.license == License(
        id="apache-2.0", name="Apache", url="https://www.apache.org/licenses/LICENSE-2.0"
    )
    assert reading.languages == ("en", "no")
    assert reading.tags == ("fraud", "tabular")
    assert reading.tasks == ("tabular-classification", "ranking")
    assert reading.library == "xgboost"
    assert (reading.base_models, reading.datasets) == (("acme/base",), ("acme/transactions",))
    assert reading.metrics == ("roc_auc",)
    assert reading.links == (
        Link(url="https://grafana.acme.example/d/fraud", title="Dashboard"),
        Link(url="https://acme.example", title="https://acme.example"),
    )
    assert reading.signature is not None
    assert reading.signature.inputs == (
        Port(name="features", type="float32", shape=("batch", 30)),
        Port(name="hint", type="unknown", optional=True),
    )
    assert reading.signature.outputs == (Port(name="score", type="float32", shape=(-1,)),)
    assert body_of(reading) == "# A model\n"


def test_a_card_without_front_matter_is_only_text() -> None:
    reading = read_card(b"# Churn\n\nWho leaves.\n", "card.md")
    assert reading == CardReading(body=reading.body)
    assert body_of(reading) == "# Churn\n\nWho leaves.\n"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"---\n---\n", b"---\nname: a\n---", b"---\nname: a\n---\n  \n"]
)
def test_a_card_without_text_has_no_body(content: bytes) -> None:
    reading = read_card(content, "card.md")
    assert reading.body is None
    assert reading.faults == ()


def test_norwegian_is_a_language_and_not_false() -> None:
    assert card("language: no").languages == ("no",)


def test_a_version_stays_as_it_is_written() -> None:
    assert card("version: 1.10").version == "1.10"
    assert card("tags: [1, true, 2026-01-01, 0x1F]").tags == ("1", "true", "2026-01-01", "0x1F")


def test_the_version_leads_the_history() -> None:
    reading = card(
        """\
version: 2.0
versions:
  - {version: 1.10, date: 2026-03-04, description: Wider, state: archived, aliases: [stable]}
  - {version: 2.0, date: "2026-05-06T10:00:00+02:00",
     evaluations: [{metric: wer, value: 0.1, dataset: calls, split: test}]}"""
    )
    assert reading.faults == ()
    newest, older = reading.versions
    assert (newest.name, newest.created_at) == ("2.0", "2026-05-06T08:00:00Z")
    assert [(e.metric, e.value, e.dataset, e.split, e.higher_is_better) for e in newest.evaluations] == [
        ("wer", 0.1, "calls", "test", False)
    ]
    assert (older.name, older.created_at, older.state) == ("1.10", "2026-03-04T00:00:00Z", "archived")
    assert (older.description, older.aliases) == ("Wider", ("stable",))


def test_a_version_that_the_history_lacks_is_put_before_it() -> None:
    assert [v.name for v in card("version: 3\nversions: [{version: 2}]").versions] == ["3", "2"]


def test_endpoints_know_where_their_definition_stands() -> None:
    reading = card(
        """\
endpoints:
  - {url: "https://llm.acme.example/v1", protocol: openai-v1, needs-key: true, version: 4,
     definition: openapi.yaml}
  - {protocol: grpc}"""
    )
    (said,) = reading.endpoints
    assert said.endpoint == Endpoint(
        url="https://llm.acme.example/v1", protocol="openai-v1", needs_key=True, version="4"
    )
    assert (said.definition, str(said.place)) == ("openapi.yaml", "card.md:4:18")
    assert places(reading) == ["card.md:5:5 card-field"]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("owner: {team: a}", "card.md:3:8"),
        ("owner: [a]", "card.md:3:8"),
        ("tags: [a, [b]]", "card.md:3:11"),
        ("tags: [{color: red}]", "card.md:3:8"),
        ("versions: [{date: 2026-01-01}]", "card.md:3:12"),
        ("versions: [{version: 1}, {version: 1}]", "card.md:3:26"),
        ("versions: [{version: 1, date: soon}]", "card.md:3:31"),
        ("versions: [1]", "card.md:3:12"),
        ("endpoints: [{url: u, needs-key: perhaps}]", "card.md:3:33"),
        ("links: [{title: t}]", "card.md:3:9"),
        ("signature: [a]", "card.md:3:12"),
        ("signature: {inputs: [{type: float32}]}", "card.md:3:22"),
        ('title: "a\\0b"', "card.md:3:8"),
        ("title: " + "x" * 9000, "card.md:3:8"),
    ],
)
def test_a_bad_field_loses_only_itself_and_is_reported_with_its_place(line: str, place: str) -> None:
    reading = card(f"name: good\n{line}\nlicense: mit")
    assert reading.name == "good"
    assert reading.license == License(id="mit")
    assert [str(fault.place) for fault in reading.faults] == [place]
    assert all(fault.what and fault.hint for fault in reading.faults)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('description: "never closed', "card.md:3:"),
        ("description: a: b", "card.md:3:"),
        ("list:\n\t- a", "card.md:4:1"),
        ("bell: \a", "card.md:3:7"),
        ("title: &a [*a]", "card.md:3:12"),
        ("self: {", "card.md:3:"),
        ("name: twice", "card.md:4:1"),
        ("title: *nowhere", "card.md:3:8"),
    ],
)
def test_front_matter_that_is_not_yaml_is_read_field_by_field(line: str, place: str) -> None:
    reading = card(f"license: mit\n{line}\nname: good", "Text.\n")
    assert reading.license == License(id="mit")
    assert reading.name in {"good", "twice"}
    assert body_of(reading) == "Text.\n"
    assert any(str(fault.place).startswith(place) for fault in reading.faults), places(reading)


def test_the_first_of_two_equal_fields_counts() -> None:
    reading = card("name: first\nname: second")
    assert reading.name == "first"
    assert places(reading) == ["card.md:3:1 yaml-duplicate-key"]


def test_an_unknown_tag_leaves_the_text() -> None:
    assert card("name: !!python/object:os.system rm").name == "rm"


def test_prose_between_dashes_stays_in_the_body() -> None:
    reading = read_card(b"---\nJust a line.\n---\nMore.\n", "card.md")
    assert body_of(reading) == "---\nJust a line.\n---\nMore.\n"
    assert places(reading) == ["card.md:1:1 card-front-matter"]


def test_front_matter_that_never_ends_is_reported_and_kept_as_text() -> None:
    reading = read_card(b"---\nname: a\n\n# Title\n", "card.md")
    assert reading.name is None
    assert "# Title" in body_of(reading)
    assert places(reading) == ["card.md:1:1 card-front-matter"]


@pytest.mark.parametrize(
    "before",
    ["\ufeff", "\n\n", "<!-- Copyright ACME -->\n", "<!--\nCopyright\n---\n-->\n\n", "\ufeff<!-- a -->\n"],
)
def test_a_mark_or_comment_before_the_front_matter_hides_nothing(before: str) -> None:
    reading = read_card(f"{before}---\nname: a\nowner: [x]\n---\nText\n".encode(), "card.md")
    assert reading.name == "a"
    line = before.count("\n") + 3
    assert places(reading) == [f"card.md:{line}:8 card-field"]


def test_line_ends_become_those_of_unix() -> None:
    reading = read_card(b"---\r\nname: a\r\n---\r\nOne\r\nTwo\rThree\r\n", "card.md")
    assert reading.name == "a"
    assert body_of(reading) == "One\nTwo\nThree\n"


def test_a_nul_is_removed_and_reported() -> None:
    reading = read_card(b"---\nname: a\0b\n---\nText\0\n", "card.md")
    assert (reading.name, body_of(reading)) == ("ab", "Text\n")
    assert places(reading) == ["card.md:2:8 card-nul"]


def test_bytes_that_are_not_utf8_are_replaced_and_reported() -> None:
    reading = read_card("---\nname: a\n---\nGrüße\n".encode("latin-1"), "card.md")
    assert body_of(reading) == "Gr��e\n"
    assert places(reading) == ["card.md:4:3 card-encoding"]


def test_a_card_of_5_megabytes_is_cut_between_two_blocks() -> None:
    paragraph = "Words that nobody reads. " * 8 + "\n\n"
    content = ("---\nname: long\n---\n" + paragraph * (5_000_000 // len(paragraph))).encode()
    reading = read_card(content, "card.md", unread_bytes=7)
    assert reading.name == "long"
    assert reading.body is not None
    kept = reading.body.markdown.encode()
    assert MAX_BODY - len(paragraph) - 2 <= len(kept) <= MAX_BODY
    assert reading.body.markdown.endswith("reads. \n")
    assert len(kept) + reading.body.cut_bytes == len(content) - len("---\nname: long\n---\n") - 1 + 7
    assert places(reading) == ["card.md:4:1 card-cut"]


def test_a_code_block_is_never_cut_in_half() -> None:
    code = "```python\n" + "x = 1\n\n" * 40_000 + "```\n"
    reading = read_card(("Before.\n\n" + code).encode(), "card.md")
    assert body_of(reading) == "Before.\n"


def test_one_endless_line_is_cut_at_a_character() -> None:
    reading = read_card("ä".encode() * MAX_BODY, "card.md")
    assert reading.body is not None
    assert len(reading.body.markdown.encode()) <= MAX_BODY
    assert set(reading.body.markdown) == {"ä", "\n"}


def test_front_matter_beyond_the_limit_is_not_read_but_the_text_is() -> None:
    reading = card("name: a\ndescription: " + "x" * (2 * 1024 * 1024))
    assert reading.name is None
    assert body_of(reading) == "# A model\n"
    assert places(reading) == ["card.md:1:1 card-front-matter"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b",
        "n" * 200,
        "不正検知モデル",
        "🤖🔥",
        "{{ 7*7 }}",
        "${{ secrets.X }}",
        "@everyone",
    ],
)
def test_hostile_names_are_kept_as_they_are(name: str) -> None:
    assert card(f"name: '{name}'").name == name


HOSTILE_TEXTS = [
    'it said: "yes"',
    "{{ 7*7 }}",
    "${{ secrets.X }}",
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    '--8<-- "mkdocs.yml"',
    "@everyone look",
    "Fixes #1",
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_texts_are_kept_as_they_are(text: str) -> None:
    reading = card(f"description: |\n  {text}\n", f"# Title\n\n{text}\n")
    assert reading.description == text
    assert body_of(reading) == f"# Title\n\n{text}\n"
    assert reading.faults == ()


def test_lists_beyond_the_limit_are_cut() -> None:
    reading = card("tags: [" + ", ".join(f"t{n}" for n in range(6000)) + "]")
    assert len(reading.tags) == 5000
    assert [fault.code for fault in reading.faults] == ["card-cut"]


def test_an_alias_bomb_loses_only_itself() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    reading = card(f"name: good\n{bomb}license: mit")
    assert (reading.name, reading.license) == ("good", License(id="mit"))
    assert reading.faults


def test_deep_nesting_loses_only_itself() -> None:
    reading = card("name: good\ntags: " + "[" * 30_000)
    assert reading.name == "good"
    assert reading.faults


def test_a_version_behind_an_anchor_is_read_as_it_is_written() -> None:
    reading = card("version: &v 1.10\ntags: [*v]")
    assert (reading.version, reading.tags) == ("1.10", ("1.1",))


def test_a_flood_of_faults_is_told_in_part() -> None:
    reading = card("tags: [" + "[], " * 4000 + "good]")
    assert reading.tags == ("good",)
    assert len(reading.faults) == 101
    assert [fault.code for fault in reading.faults].count("card-more") == 1


def test_a_flood_of_fields_is_read_in_part() -> None:
    reading = card("name: good\n" + "\n".join(f"k{n}: 1" for n in range(5000)))
    assert reading.name == "good"
    assert places(reading) == ["card.md:1002:1 card-front-matter"]


def test_a_flood_of_fields_within_a_field_is_left_out() -> None:
    flood = ", ".join(f"k{n}: 1" for n in range(5000))
    reading = card(f"name: good\nversions: [{{version: 1, {flood}}}, {{version: 2}}]")
    assert [version.name for version in reading.versions] == ["2"]
    assert [fault.code for fault in reading.faults] == ["card-field"]


def test_a_flood_of_numbers_is_still_read() -> None:
    entries = ", ".join(f"{{name: m, type: {n}.0}}" for n in range(3000))
    reading = card(f"datasets: [{', '.join(f'{n}.50' for n in range(4000))}]\nbase_model: [{entries}]")
    assert reading.datasets[:2] == ("0.50", "1.50")
    assert len(reading.datasets) == 4000
    assert reading.base_models == ("m",)
    many = card(f"tags: [{', '.join(f'{n}.50' for n in range(5000))}]\nbase_model: 2.50")
    assert (len(many.tags), many.base_models) == (5000, ("2.5",))


def test_several_licenses_are_all_named() -> None:
    assert card("license: [mit, apache-2.0]").license == License(id="mit, apache-2.0")


def test_a_problem_is_a_warning_where_the_card_was_repaired_and_an_error_where_something_was_lost() -> None:
    reading = read_card(b"---\nowner: []\nname: {}\n---\nA\0\n", "card.md")
    problems = [as_problem(fault, "cards", "a") for fault in reading.faults]
    assert [(p.severity, p.where, p.source, p.model) for p in problems] == [
        ("error", "card.md:2:8", "cards", "a"),
        ("error", "card.md:3:7", "cards", "a"),
        ("warning", "card.md:5:2", "cards", "a"),
    ]


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    reading = read_card(content, "card.md")
    assert reading.body is None or "\0" not in reading.body.markdown
    read_card(b"---\n" + content + b"\n---\n" + content, "card.md")


_KEYS = st.sampled_from(
    [
        "name",
        "title",
        "owner",
        "license",
        "language",
        "tags",
        "pipeline_tag",
        "base_model",
        "datasets",
        "model-index",
        "version",
        "versions",
        "endpoints",
        "links",
        "signature",
        "metrics",
        "description",
        "license_link",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "type",
                    "value",
                    "metrics",
                    "results",
                    "task",
                    "dataset",
                    "version",
                    "url",
                    "date",
                    "shape",
                    "inputs",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_no_values_make_it_raise_and_each_fault_has_a_place(fields: dict[str, object]) -> None:
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
    reading = read_card(f"---\n{text}---\nBody\n".encode("utf-8", "replace"), "card.md")
    lines = text.count("\n") + 3
    assert all(1 <= fault.place.line <= lines for fault in reading.faults)
    assert reading.body is not None
    for version in reading.versions:
        if version.created_at:
            datetime.strptime(version.created_at, "%Y-%m-%dT%H:%M:%S%z")


@given(st.text(max_size=60))
def test_a_text_that_is_written_as_yaml_is_read_back(text: str) -> None:
    reading = read_card(
        f"---\n{yaml.safe_dump({'description': text})}---\n".encode("utf-8", "replace"), "c.md"
    )
    assert (reading.description or "") == text.replace("\0", "").strip()


_WORD = st.from_regex(r"[a-z][a-z0-9/_-]{0,11}", fullmatch=True)
_RESULT = st.builds(
    EvalResult,
    task_type=_WORD,
    dataset_type=_WORD,
    dataset_name=_WORD,
    metric_type=_WORD,
    metric_value=st.floats(-1000, 1000),
    dataset_split=st.none() | _WORD,
    source_url=st.none() | _WORD.map("https://acme.example/{}".format),
)


@given(
    license_=_WORD,
    words=st.lists(_WORD, unique=True, max_size=4),
    base_model=_WORD,
    library=_WORD,
    results=st.lists(_RESULT, max_size=5, unique_by=lambda r: (r.unique_identifier, r.metric_type)),
    body=st.from_regex(r"([A-Za-z#*` .]+\n){0,5}", fullmatch=True),
)
def test_a_well_formed_card_says_the_same_to_the_client_of_the_hub(
    license_: str, words: list[str], base_model: str, library: str, results: list[EvalResult], body: str
) -> None:
    data = ModelCardData(
        license=license_,
        language=words,
        tags=words,
        datasets=words,
        metrics=words,
        base_model=base_model,
        library_name=library,
        pipeline_tag=license_,
        model_name="m",
        eval_results=results,
    )
    content = f"---\n{data.to_yaml()}\n---\n{body}"
    theirs, ours = ModelCard(content), read_card(content.encode(), "card.md")
    assert ours.faults == ()
    said = theirs.data
    assert isinstance(said, ModelCardData)
    assert ours.license == License(id=str(said.license))
    assert list(ours.languages) == (said.language or [])
    assert list(ours.tags) == (said.tags or [])
    assert list(ours.datasets) == (said.datasets or [])
    assert list(ours.metrics) == (said.metrics or [])
    assert (ours.base_models, ours.library, ours.tasks) == (
        (base_model,),
        library,
        (said.pipeline_tag,),
    )
    assert sorted(
        (e.metric, e.value, e.dataset or "", e.split or "", e.task or "", e.source or "")
        for e in ours.evaluations
    ) == sorted(
        (
            r.metric_type,
            r.metric_value,
            r.dataset_name,
            r.dataset_split or "",
            r.task_type,
            r.source_url or "",
        )
        for r in said.eval_results or ()
    )
    assert (ours.body.markdown if ours.body else "").split() == theirs.text.split()
