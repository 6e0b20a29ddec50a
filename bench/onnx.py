"""Reading what an ONNX model takes and gives, whatever its size, against loading it with the onnx package."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from bench.report import Bound, Figure, median, ratio, seconds
from bench.turns import in_turns, wall
from callboard.model import Signature
from callboard.sources.onnx import read_onnx
from tests.sources.protobuf import head

_AT_MOST = 0.020
_FLOAT = 4  # bytes


def measure(*, size: int = 1024**3, rounds: int = 5) -> Figure:
    """The figure, for a model with so many bytes of weights in its file."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.onnx"), Path(folder, "large.onnx")
        _write(small, 1024)
        _write(large, size)
        contenders: dict[str, Callable[[], object]] = {
            f"callboard, {_bytes(1024)} of weights": lambda: _signature(small),
            f"callboard, {_bytes(size)} of weights": lambda: _signature(large),
            f"reference: onnx.load, {_bytes(size)} of weights": lambda: onnx.load(large),
        }
        times = in_turns({name: partial(_collected, work) for name, work in contenders.items()}, rounds)
        loaded = onnx.load(large)
        assert [port.name for port in _signature(large).inputs] == ["amount"]
        assert len(loaded.graph.initializer[0].raw_data) == size
    took = {name: median(found) for name, found in times.items()}
    little, much, reference = took.values()
    return Figure(
        title=f"The signature of an ONNX model with {_bytes(size)} of weights",
        how=(
            f"The same graph with {_bytes(1024)} and with {_bytes(size)} of weights in the file, which is "
            f"in the page cache; median of {rounds}, in turns. The reference parses everything."
        ),
        columns=("reading", "wall time", "against callboard's"),
        rows=tuple((name, seconds(one), ratio(one, much)) for name, one in took.items()),
        bounds=(
            Bound(
                f"at most {seconds(_AT_MOST)} more than for a small one: {seconds(much - little)}",
                much - little <= _AT_MOST,
                is_count=False,
            ),
            Bound(f"onnx.load takes {ratio(reference, much)} as long", reference > much, is_count=False),
        ),
    )


def _collected(work: Callable[[], object]) -> float:
    """Seconds, without those that the rubbish of others costs."""
    gc.collect()
    return wall(work)


def _signature(path: Path) -> Signature:
    with path.open("rb") as file:
        return read_onnx(file).signature


def _write(path: Path, size: int) -> None:
    """A model whose one initializer has ``size`` bytes of zeros, written without holding them in memory."""
    amount = helper.make_tensor_value_info("amount", TensorProto.FLOAT, ["batch", size // _FLOAT])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch"])
    graph = helper.make_graph([helper.make_node("Add", ["amount", "w"], ["score"])], "g", [amount], [score])
    model = helper.make_model(graph)
    inner = model.graph.SerializeToString()
    model.ClearField("graph")
    tensor = TensorProto(name="w", dims=[size // _FLOAT], data_type=TensorProto.FLOAT).SerializeToString()
    # By onnx.proto a tensor's raw_data is field 9, a graph's initializer 5, a model's graph 7.
    tensor += head(9, size)
    inner += head(5, len(tensor) + size) + tensor
    path.write_bytes(model.SerializeToString() + head(7, len(inner) + size) + inner)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + size)


def _bytes(size: int) -> str:
    return f"{size // 1024**3} GB" if size >= 1024**3 else f"{size // 1024} KB"
