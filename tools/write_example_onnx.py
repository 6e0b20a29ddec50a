"""Writes the ONNX files of the example models: a scorecard trained on made-up payments, twice.

Run it from a checkout: ``.venv/bin/python tools/write_example_onnx.py``. The same bytes come out everywhere,
because the training is plain arithmetic on a seeded random sequence.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import onnx
from onnx import TensorProto, helper

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FEATURES = (
    "amount",
    "hour_of_day",
    "minutes_since_last",
    "distance_from_home",
    "new_merchant",
    "card_present",
)
_TRUTH = (1.4, -0.3, -1.1, 0.9, 1.7, -1.2)
_BIAS = -2.6


def train(payments: int, rounds: int) -> tuple[list[float], float]:
    """Weights and bias of a logistic regression, by gradient descent over made-up payments."""
    chance = random.Random(20260501)
    rows = [[chance.uniform(-1, 1) for _ in FEATURES] for _ in range(payments)]
    frauds = [chance.random() < _probability(row, _TRUTH, _BIAS) for row in rows]
    weights, bias = [0.0] * len(FEATURES), 0.0
    for _ in range(rounds):
        errors = [_probability(row, weights, bias) - fraud for row, fraud in zip(rows, frauds, strict=True)]
        for index in range(len(weights)):
            slope = sum(error * row[index] for error, row in zip(errors, rows, strict=True))
            weights[index] -= slope / payments
        bias -= sum(errors) / payments
    # Coarser than any difference between the mathematics libraries of two machines.
    return [round(weight, 4) for weight in weights], round(bias, 4)


def _probability(row: list[float], weights: list[float] | tuple[float, ...], bias: float) -> float:
    score = bias + sum(weight * value for weight, value in zip(weights, row, strict=True))
    return 1 / (1 + math.exp(-score))


def scorecard(version: str, weights: list[float], bias: float) -> bytes:
    """The model as an ONNX file: normalised features in, a probability of fraud out."""
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["features", "weights", "bias"], ["score"]),
            helper.make_node("Sigmoid", ["score"], ["fraud_probability"]),
        ],
        "fraud-detector",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["payments", len(FEATURES)])],
        [helper.make_tensor_value_info("fraud_probability", TensorProto.FLOAT, ["payments", 1])],
        [
            helper.make_tensor("weights", TensorProto.FLOAT, [len(FEATURES), 1], weights),
            helper.make_tensor("bias", TensorProto.FLOAT, [1], [bias]),
        ],
        doc_string="Probability that a card payment is fraudulent.",
    )
    model = helper.make_model(
        graph,
        producer_name="callboard-examples",
        producer_version=version,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(model, {"features": ",".join(FEATURES), "version": version})
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def files() -> dict[str, bytes]:
    """The path below ``examples/`` and the content of every ONNX file."""
    return {
        "models/fraud-detector/model.onnx": scorecard("2.1.0", *train(payments=400, rounds=150)),
        "models-next/fraud-detector/model.onnx": scorecard("2.2.0", *train(payments=600, rounds=300)),
    }


if __name__ == "__main__":
    for path, content in files().items():
        (EXAMPLES / path).write_bytes(content)
        print(f"{path}: {len(content)} bytes")
