"""What we wrote down of Ollama's API agrees with its own description, and the check by it finds mistakes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.contracts.compact import Compact
from tests.contracts.packages import CHECKOUT
from tests.servers.ollama import CONTRACT, Ollama, Pulled

UPSTREAM = CHECKOUT.parent / "shared" / "contracts" / "ollama.openapi.yaml"
OURS: dict[str, Any] = Compact(CONTRACT).document["$defs"]
THEIRS = {
    "ListResponse": "ListResponse",
    "ListModelResponse": "ModelSummary",
    "ShowRequest": "ShowRequest",
    "ShowResponse": "ShowResponse",
    "ProcessResponse": "PsResponse",
    "ProcessModelResponse": "Ps",
}
LAGGING = {
    "ListModelResponse": {"capabilities"},
    "ShowResponse": {
        "modelfile", "system", "remote_model", "remote_host", "projector_info", "tensors", "requires",
    },
}  # fmt: skip
"""What Ollama answers and its description does not have."""


def test_the_schemas_are_schemas_and_find_what_is_wrong() -> None:
    contract = Compact(CONTRACT)
    jsonschema_rs.meta.validate({"$defs": OURS})
    assert contract.errors("GET", "/api/tags", b"", 200, b'{"models": null}') == []
    for method, path, sent, status, received, complaint in (
        ("GET", "/api/nothing", b"", 200, b"{}", "not described"),
        ("GET", "/api/tags", b"{}", 200, b'{"models": []}', "takes no body"),
        ("GET", "/api/tags", b"", 200, b'{"models": [{"name": "a"}]}', "required"),
        ("POST", "/api/show", b'{"name": "a:b"}', 404, b'{"error": "no"}', "ShowRequest"),
        ("POST", "/api/show", b'{"model": "a:b"}', 404, b"{}", "Refusal"),
    ):
        assert complaint in "\n".join(contract.errors(method, path, sent, status, received))


@pytest.mark.optional
def test_ours_agrees_with_ollamas_own_description() -> None:
    if not UPSTREAM.exists():
        pytest.skip("Ollama's own description is in no package; it is checked where it is at hand")
    document = yaml.safe_load(UPSTREAM.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    for name, theirs in THEIRS.items():
        ours, known = OURS[name]["properties"], schemas[theirs]["properties"]
        assert set(ours) - set(known) == LAGGING.get(name, set()), name
        for key in set(ours) & set(known):
            types = ours[key].get("type", "array" if "Capabilities" in str(ours[key]) else "object")
            assert known[key]["type"] in types, f"{name}.{key}"
    registry = jsonschema_rs.Registry([("urn:ollama", document)], draft=jsonschema_rs.Draft202012)
    server = Ollama(pulled={"llama3.2:3b": Pulled(capabilities=("completion", "tools"))})
    for shape, value in (
        ("ListResponse", server.tags()),
        ("ShowResponse", server.show("llama3.2:3b")),
        ("PsResponse", server.ps()),
    ):
        schema = {"$ref": f"urn:ollama#/components/schemas/{shape}"}
        validator = jsonschema_rs.Draft202012Validator(schema, registry=registry)
        assert [error.message for error in validator.iter_errors(json.loads(json.dumps(value)))] == []
