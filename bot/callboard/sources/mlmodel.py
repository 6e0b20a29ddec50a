"""The ``MLmodel`` file that MLflow writes beside every model: its flavors, size and signature.

Format: MLflow's documentation, "MLflow Model" and "Model signatures". The file is YAML; the parts of the
signature are JSON texts in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from callboard.documents.place import Fault, Place
from callboard.documents.reader import read_documents
from callboard.model import Port, Signature


@dataclass(frozen=True)
class MLmodel:
    """What an ``MLmodel`` file says."""

    flavor: str | None = None
    """The library's flavor, such as ``sklearn``; ``python_function`` only when there is no other."""
    size: int | None = None
    """Bytes of the whole model."""
    signature: Signature | None = None


def read_mlmodel(content: bytes, file: str) -> MLmodel:
    """The contents of an ``MLmodel`` file. Raises BadMLmodel, which says where it is wrong."""
    reading = read_documents(content, file)
    if reading.faults:
        raise BadMLmodel(reading.faults[0])
    said = reading.documents[0].value if reading.documents else None
    if not isinstance(said, dict):
        raise BadMLmodel(_fault(Place(file), "the file does not hold a mapping"))
    size = said.get("model_size_bytes")
    try:
        return MLmodel(
            flavor=_flavor(said.get("flavors")),
            size=size if isinstance(size, int) and size >= 0 else None,
            signature=_signature(said.get("signature")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        place = reading.documents[0].place(("signature",))
        raise BadMLmodel(_fault(place, "the signature cannot be read")) from None


class BadMLmodel(Exception):
    """An ``MLmodel`` file that cannot be read."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.place}: {fault.what}")
        self.fault = fault


def _fault(place: Place, what: str) -> Fault:
    return Fault(place, "mlmodel", what, "log the model again with a supported version of MLflow")


def _flavor(flavors: Any) -> str | None:
    if not isinstance(flavors, dict):
        return None
    return next((name for name in flavors if name != "python_function"), next(iter(flavors), None))


def _signature(said: Any) -> Signature | None:
    if said is None:
        return None
    signature = Signature(
        inputs=tuple(_ports(said.get("inputs"), "input")),
        outputs=tuple(_ports(said.get("outputs"), "output")),
        parameters=tuple(_ports(said.get("params"), "parameter", optional=True)),
    )
    return None if signature == Signature() else signature


def _ports(text: str | None, kind: str, *, optional: bool = False) -> Iterator[Port]:
    specs = json.loads(text) if text else []
    for number, spec in enumerate(specs, start=1):
        tensor = spec.get("tensor-spec")
        shape = spec.get("shape") if tensor is None else tensor["shape"]
        yield Port(
            name=spec.get("name") or (kind if len(specs) == 1 else f"{kind}-{number}"),
            type=_type(spec) if tensor is None else tensor["dtype"],
            shape=None if shape is None else tuple(shape),
            optional=optional or not spec.get("required", True),
        )


def _type(spec: dict[str, Any]) -> str:
    """A column's type; nested ones as ``array<string>``, ``map<double>``."""
    inner = {"array": spec.get("items"), "map": spec.get("values")}.get(spec["type"])
    return spec["type"] if inner is None else f"{spec['type']}<{_type(inner)}>"
