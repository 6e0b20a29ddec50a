from __future__ import annotations

import hashlib
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from callboard.model import Port
from callboard.sources.onnx import BadOnnx, OnnxModel, digest_of, read_onnx
from tests.sources.protobuf import head, message

ELEMENT_TYPES = {
    number: {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
    for name, number in TensorProto.DataType.items()
}


def read(path: Path) -> OnnxModel:
    with path.open("rb") as file:
        return read_onnx(file)


def read_bytes(content: bytes, folder: Path) -> OnnxModel:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return read(path)


def read_or_bad(content: bytes, folder: Path) -> OnnxModel | BadOnnx:
    try:
        return read_bytes(content, folder)
    except BadOnnx as error:
        return error


def small_model() -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "bias"], ["y"])],
        "adder",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3]),
            helper.make_tensor_value_info("bias", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor("bias", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])],
        doc_string="Adds.",
    )
    model = helper.make_model(graph, producer_name="tests", producer_version="1.2")
    model.metadata_props.add(key="author", value="me")
    return model


def expected_port(name: str, type_: onnx.TypeProto) -> Port:
    kind = type_.WhichOneof("value")
    if kind in {"tensor_type", "sparse_tensor_type"}:
        tensor = getattr(type_, kind)
        element = ELEMENT_TYPES[tensor.elem_type]
        shape = None
        if tensor.HasField("shape"):
            shape = tuple(
                d.dim_value if d.HasField("dim_value") else (d.dim_param or -1) for d in tensor.shape.dim
            )
        return Port(name=name, type=element if kind == "tensor_type" else f"sparse({element})", shape=shape)
    if kind == "sequence_type":
        return Port(name=name, type=f"sequence({expected_port('', type_.sequence_type.elem_type).type})")
    if kind == "optional_type":
        inner = expected_port(name, type_.optional_type.elem_type)
        return inner.model_copy(update={"optional": True})
    if kind == "map_type":
        key = ELEMENT_TYPES[type_.map_type.key_type]
        return Port(name=name, type=f"map({key}, {expected_port('', type_.map_type.value_type).type})")
    if kind == "opaque_type":
        return Port(name=name, type=f"opaque({type_.opaque_type.domain}.{type_.opaque_type.name})")
    return Port(name=name, type="unknown")


def models_of_the_onnx_package() -> Iterator[tuple[str, bytes]]:
    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in sorted(data.rglob("*.onnx")):
        yield str(path.relative_to(data)), path.read_bytes()
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            if case.model is not None:
                yield case.name, case.model.SerializeToString()


@pytest.mark.no_cover
def test_every_model_of_the_onnx_package_is_read_as_onnx_reads_it(tmp_path: Path) -> None:
    count = 0
    for name, content in models_of_the_onnx_package():
        model = onnx.load_model_from_string(content)
        ours = read_bytes(content, tmp_path)
        initializers = {i.name for i in model.graph.initializer}
        initializers |= {i.values.name for i in model.graph.sparse_initializer}
        inputs = [expected_port(i.name, i.type) for i in model.graph.input if i.name not in initializers]
        outputs = [expected_port(o.name, o.type) for o in model.graph.output]
        assert list(ours.signature.inputs) == inputs, name
        assert list(ours.signature.outputs) == outputs, name
        assert list(ours.opsets) == sorted({(o.domain, o.version) for o in model.opset_import}), name
        assert (ours.ir_version, ours.producer_name) == (model.ir_version, model.producer_name), name
        assert ours.graph_name == model.graph.name, name
        assert ours.metadata == {entry.key: entry.value for entry in model.metadata_props}, name
        count += 1
    assert count > 1500


def test_a_model_tells_what_it_is(tmp_path: Path) -> None:
    content = small_model().SerializeToString()
    model = read_bytes(content, tmp_path)
    with (tmp_path / "model.onnx").open("rb") as file:
        assert digest_of(file) == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert model.size == len(content)
    assert (model.producer_name, model.producer_version) == ("tests", "1.2")
    assert (model.graph_name, model.description) == ("adder", "Adds.")
    assert model.metadata == {"author": "me"}
    assert model.signature.inputs == (Port(name="x", type="float32", shape=("batch", 3)),)
    assert model.signature.outputs == (Port(name="y", type="float32", shape=(-1, 3)),)


@pytest.mark.parametrize("number", range(25, 29))
def test_the_newest_element_types_have_their_names(number: int, tmp_path: Path) -> None:
    model = small_model()
    model.graph.output[0].type.tensor_type.elem_type = number
    (output,) = read_bytes(model.SerializeToString(), tmp_path).signature.outputs
    assert output.type == TensorProto.DataType.Name(number).lower()


def test_an_element_type_of_the_future_is_told_by_number(tmp_path: Path) -> None:
    model = small_model()
    model.graph.output[0].type.tensor_type.elem_type = 99
    (output,) = read_bytes(model.SerializeToString(), tmp_path).signature.outputs
    assert output.type == "type 99"


def test_sequences_of_maps_and_opaque_types_are_told_in_words(tmp_path: Path) -> None:
    model = small_model()
    value = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    mapping = helper.make_map_type_proto(TensorProto.INT64, value)
    outputs = [
        helper.make_value_info("zipped", helper.make_sequence_type_proto(mapping)),
        helper.make_value_info("maybe", helper.make_optional_type_proto(value)),
        helper.make_value_info("untyped", onnx.TypeProto()),
    ]
    opaque = onnx.ValueInfoProto(name="odd")
    opaque.type.opaque_type.domain, opaque.type.opaque_type.name = "acme", "thing"
    model.graph.output.extend([*outputs, opaque])
    ports = read_bytes(model.SerializeToString(), tmp_path).signature.outputs[1:]
    assert [(p.name, p.type, p.optional) for p in ports] == [
        ("zipped", "sequence(map(int64, float32))", False),
        ("maybe", "float32", True),
        ("untyped", "unknown", False),
        ("odd", "opaque(acme.thing)", False),
    ]


@pytest.mark.parametrize("location", ["../../etc/passwd", "/etc/passwd", "weights.bin"])
def test_external_data_is_named_and_never_opened(location: str, tmp_path: Path) -> None:
    model = small_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    tensor.external_data.add(key="offset", value="0")
    assert read_bytes(model.SerializeToString(), tmp_path).external_data == (location,)


def test_a_file_that_ends_too_early_is_bad_wherever_it_ends(tmp_path: Path) -> None:
    content = small_model().SerializeToString()
    bad = 0
    for end in range(len(content)):
        answer = read_or_bad(content[:end], tmp_path)
        if isinstance(answer, BadOnnx):
            assert 0 <= answer.offset <= end
            bad += 1
    assert bad > len(content) * 0.9


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "git lfs pull"),
        (b"\x08\x08", "no graph"),
        (b"#!/bin/sh\necho hello\n", "wire type 3"),
        (b"\x3a\xff\xff\xff\xff\x7f", "beyond its end"),
        (b"\x08" + b"\xff" * 11, "more than 10 bytes"),
        (b"\x08\xff", "middle of a number"),
        (b"\x00\x01", "impossible number"),
    ],
)
def test_what_is_no_model_is_said_in_words(content: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadOnnx, match=what):
        read_bytes(content, tmp_path)


def test_types_nested_a_million_deep_are_refused_and_not_followed(tmp_path: Path) -> None:
    # Built from the inside out, back to front, so that a million levels cost no quadratic time.
    parts: list[bytes] = []
    length = 0
    for level in range(1_000_000):
        parts.append(head(4 if level % 2 else 1, length))
        length += len(parts[-1])
    nested = b"".join(reversed(parts))
    content = message(7, message(12, message(1, b"y") + message(2, nested)))
    with pytest.raises(BadOnnx, match="nested more than 16 deep"):
        read_bytes(content, tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (message(7, message(12, message(1, b"n" * 5000))), "a name in it has 5,000 bytes"),
        (message(7, b"".join([message(11, b"")] * 100_001)), "more than 100,000 inputs"),
        (message(7, b"") + b"".join([message(8, b"")] * 101), "more than 100 operator sets"),
        (
            message(7, message(12, message(2, message(1, message(2, message(1, b"") * 101))))),
            "more than 100 dimensions",
        ),
        pytest.param(
            message(7, b"\x08\x01" * 2_000_001), "more than 2,000,000 fields", marks=pytest.mark.no_cover
        ),
        (
            message(7, b"".join(message(5, message(8, b"n" * 4096)) for _ in range(16_385))),
            "names and texts have more than",
        ),
    ],
    ids=["name", "ports", "opsets", "dimensions", "fields", "texts"],
)
def test_what_goes_beyond_a_limit_is_refused(content: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadOnnx, match=what):
        read_bytes(content, tmp_path)


def test_long_texts_and_many_entries_are_cut(tmp_path: Path) -> None:
    model = small_model()
    model.graph.doc_string = "d" * 10_000
    for number in range(150):
        model.metadata_props.add(key=f"k{number}", value="a\0b")
    read_model = read_bytes(model.SerializeToString(), tmp_path)
    assert read_model.description == "d" * 8192 + " …"
    assert len(read_model.metadata) == 100
    assert read_model.metadata["k0"] == "ab"


def test_200_megabytes_of_weights_are_stepped_over(tmp_path: Path) -> None:
    beginning = small_model().SerializeToString()
    size = 200 * 1024 * 1024
    tensor = message(8, b"weights") + head(9, size)
    tensor_head = head(5, len(tensor) + size) + tensor
    graph_head = head(7, len(tensor_head) + size)
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.write(beginning + graph_head + tensor_head)
        file.truncate(file.tell() + size)
    tracemalloc.start()
    try:
        model = read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert model.size > size
    assert [port.name for port in model.signature.inputs] == ["x"]
    assert peak < 4 * 1024 * 1024


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.integers(0, 400),
    st.binary(max_size=20),
)
def test_whatever_is_changed_in_a_file_it_is_read_or_bad(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    content = bytearray(small_model().SerializeToString())
    for at, byte in changes:
        content[at % len(content)] = byte
    if cut % 3 == 0:
        del content[cut:]
    content += tail
    answer = read_or_bad(bytes(content), tmp_path)
    if isinstance(answer, BadOnnx):
        assert 0 <= answer.offset <= len(content)
        assert str(answer).endswith(f"(at byte {answer.offset})")
    else:
        assert answer.size == len(content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_bad(tmp_path: Path, content: bytes) -> None:
    read_or_bad(content, tmp_path)
    for number in (5, 11, 12, 15):
        read_or_bad(message(7, message(number, content)), tmp_path)
