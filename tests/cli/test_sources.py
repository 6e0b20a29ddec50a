"""``callboard sources``: what is configured, and whether it answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.running import Run
from tests.walk.house import card

CARDS = "{name: cards, type: files, path: cards}"
GONE = "{name: gone, type: files, path: gone}"
HUB = "{name: hub, type: huggingface, author: acme}"
CLUSTER = "{name: cluster, type: kserve, kubeconfig: kube/config}"
POD = "{name: pod, type: kserve, in-cluster: true}"


@pytest.fixture(autouse=True)
def _cards(folder: Path) -> None:
    (folder / "cards").mkdir()
    (folder / "cards" / "one.md").write_text(card("one"))


def configure(*sources: str) -> None:
    Path("callboard.yaml").write_text(f"sources: [{', '.join(sources)}]\n")


def test_what_is_configured_is_shown_and_nobody_is_asked(run: Run) -> None:
    configure(CARDS, GONE, HUB, CLUSTER, POD)

    done = run("sources", "-o", "json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [
        {"name": "cards", "type": "files", "where": "cards"},
        {"name": "gone", "type": "files", "where": "gone"},
        {"name": "hub", "type": "huggingface", "where": "https://huggingface.co"},
        {"name": "cluster", "type": "kserve", "where": "kube/config"},
        {"name": "pod", "type": "kserve", "where": "in-cluster"},
    ]
    assert yaml.safe_load(run("sources", "-o", "yaml").out) == json.loads(done.out)
    assert run("sources").out.splitlines()[1].split() == ["cards", "files", "cards"]


def test_sources_that_all_answer_end_with_0(run: Run) -> None:
    configure(CARDS)

    done = run("sources", "--check", "-o", "json")

    assert (done.code, done.err) == (0, "")
    (one,) = json.loads(done.out)
    assert (one["answers"], one["complete"], one["models"], one["problems"]) == (True, True, 1, 0)


def test_one_that_answers_and_one_that_does_not_end_with_1(run: Run) -> None:
    configure(CARDS, GONE)

    done = run("sources", "--check")

    assert done.code == 1
    assert [row.split()[3] for row in done.out.splitlines()] == ["ANSWERS", "yes", "no"]
    assert "the folder of models gone cannot be read" in done.err
    assert "→ create it" in done.err


def test_none_that_answers_ends_with_3(run: Run) -> None:
    configure(GONE)

    assert run("sources", "--check").code == 3


def test_a_source_that_answers_in_part_ends_with_1(run: Run, folder: Path) -> None:
    configure(CARDS)
    (folder / "cards" / "two").mkdir()
    (folder / "cards" / "two" / "model.onnx").write_bytes(b"no model at all")

    done = run("sources", "--check", "-o", "json")

    assert done.code == 1
    (one,) = json.loads(done.out)
    assert (one["models"], one["problems"]) == (1, 1)


def test_a_token_that_is_not_set_is_named_and_ends_with_3_when_there_is_no_other_source(run: Run) -> None:
    configure("{name: flow, type: mlflow, url: 'http://127.0.0.1:9', token: {env: NOBODY_SET_THIS}}")

    done = run("sources", "--check")

    assert done.code == 3
    assert "NOBODY_SET_THIS is not set" in done.err


def test_no_source_at_all_is_said(run: Run) -> None:
    configure()

    for arguments in (("sources",), ("sources", "--check")):
        done = run(*arguments)
        assert (done.code, done.out) == (0, "")
        assert "callboard.yaml names no source" in done.err
