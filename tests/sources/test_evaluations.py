from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callboard.model import Evaluation
from callboard.sources.cards import CardReading, read_card
from callboard.sources.evaluations import read_eval_results


def model_index(results: str) -> CardReading:
    return read_card(f"---\nmodel-index:\n- name: m\n  results:\n{results}\n---\n".encode(), "card.md")


def test_a_result_is_read_with_its_dataset_task_and_source() -> None:
    reading = model_index(
        """\
  - task: {type: automatic-speech-recognition, name: Speech}
    dataset: {name: Common Voice, type: common_voice, config: fr, split: test}
    metrics:
    - {type: wer, value: 20.5, name: Test WER}
    - {name: Custom, value: "7"}
    source: {name: Leaderboard, url: "https://acme.example/board"}"""
    )
    assert reading.faults == ()
    common = {
        "dataset": "Common Voice (fr)",
        "split": "test",
        "task": "automatic-speech-recognition",
        "source": "https://acme.example/board",
    }
    assert reading.evaluations == (
        Evaluation(metric="wer", value=20.5, higher_is_better=False, **common),
        Evaluation(metric="Custom", value=7.0, **common),
    )


def test_a_configuration_that_says_nothing_new_is_left_out_of_the_dataset() -> None:
    reading = model_index(
        """\
  - {dataset: {name: "MTEB Amazon (en)", config: en}, metrics: [{type: f1, value: 1}]}
  - {dataset: {type: imdb, config: default}, metrics: [{type: f1, value: 1}]}
  - {metrics: [{type: f1, value: 1}]}"""
    )
    assert [e.dataset for e in reading.evaluations] == ["MTEB Amazon (en)", "imdb", None]


def test_each_bad_result_is_lost_alone_and_reported_with_its_place() -> None:
    reading = model_index(
        """\
  - metrics: [{type: accuracy, value: 90%}]
  - metrics: [{type: accuracy, value: .inf}]
  - metrics: [{type: accuracy, value: 1e999}]
  - metrics: [{type: accuracy, value: true}]
  - metrics: [{type: accuracy, value: [1, 2]}]
  - metrics: [{type: accuracy}]
  - metrics: [{value: 1}]
  - metrics: [accuracy]
  - metrics: accuracy
  - dataset: imdb
    metrics: [{type: accuracy, value: 0.5}]
  - nothing
  - metrics: [{type: accuracy, value: 0.25}]"""
    )
    assert [(e.metric, e.value) for e in reading.evaluations] == [("accuracy", 0.5), ("accuracy", 0.25)]
    assert [fault.place.line for fault in reading.faults] == [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16]
    assert all("model-index[0].results" in fault.what for fault in reading.faults)


def test_two_entries_of_one_index_both_count() -> None:
    reading = read_card(
        b"---\nmodel-index:\n- {name: a, results: [{metrics: [{type: f1, value: 1}]}]}\n"
        b"- {name: b, results: [{metrics: [{type: f1, value: 2}]}]}\n---\n",
        "card.md",
    )
    assert [e.value for e in reading.evaluations] == [1.0, 2.0]


def test_the_short_form_may_say_which_way_is_better() -> None:
    reading = read_card(
        b"---\nversions: [{version: 1, evaluations: [\n"
        b" {metric: coverage, value: 1, higher-is-better: true}, {metric: f1, value: 1},\n"
        b" {value: 1}, {metric: f1, value: x}]}]\n---\n",
        "card.md",
    )
    (version,) = reading.versions
    assert [(e.metric, e.higher_is_better) for e in version.evaluations] == [("coverage", True), ("f1", True)]
    assert [str(fault.place) for fault in reading.faults] == ["card.md:4:2", "card.md:4:34"]


def test_eval_results_name_the_benchmark_and_the_way_it_was_run() -> None:
    evaluations, faults = read_eval_results(
        b"""\
- dataset: {id: cais/hle, task_id: default, revision: abc}
  value: 20.9
  date: "2026-01-15"
  notes: with tools
  source: {name: Run, url: "https://acme.example/run"}
- dataset: {id: cais/hle}
  value: 14
""",
        "hle.yaml",
    )
    assert faults == ()
    assert evaluations == (
        Evaluation(
            metric="score (with tools)",
            value=20.9,
            dataset="cais/hle",
            task="default",
            source="https://acme.example/run",
        ),
        Evaluation(metric="score", value=14.0, dataset="cais/hle"),
    )


def test_a_broken_file_of_results_is_reported() -> None:
    evaluations, faults = read_eval_results(b"- dataset: {id: a\n", "a.yaml")
    assert evaluations == ()
    assert [fault.place.file for fault in faults] == ["a.yaml"]


@given(st.binary(max_size=200))
def test_no_file_of_results_makes_it_raise(content: bytes) -> None:
    read_eval_results(content, "a.yaml")
    read_eval_results(b"- dataset: {id: a}\n  value: " + content, "a.yaml")
