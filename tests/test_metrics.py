from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.metrics import higher_is_better, number, number_pair


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "F1", "ROC-AUC", "val_accuracy", "training_f1_score", "f1_macro", "ndcg@10", "recall_at_5",
     "pass@1", "Exact Match", "r2_score", "test/precision"],
)  # fmt: skip
def test_a_metric_that_is_better_when_higher_is_known_in_any_spelling(metric: str) -> None:
    assert higher_is_better(metric) is True


@pytest.mark.parametrize(
    "metric", ["loss", "eval_loss", "RMSE", "log-loss", "brier_score", "WER", "latency_p95_ms", "perplexity"]
)
def test_a_metric_that_is_better_when_lower_is_known_in_any_spelling(metric: str) -> None:
    assert higher_is_better(metric) is False


@pytest.mark.parametrize("metric", ["", "score", "example_count", "@@@", "温度", "f1 or so, perhaps"])
def test_a_metric_that_is_not_well_known_has_no_better_side(metric: str) -> None:
    assert higher_is_better(metric) is None


def test_numbers_are_written_as_people_write_them() -> None:
    assert [number(value) for value in (0.9, 0.93123, 12345.678, 3e-7, 0.0, -2.5)] == [
        "0.9",
        "0.9312",
        "12346",
        "3e-07",
        "0",
        "-2.5",
    ]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_different_numbers_never_look_the_same(before: float, after: float) -> None:
    one, other = number_pair(before, after)

    assert (one != other) == (before != after)
