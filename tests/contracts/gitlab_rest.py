"""What GitLab's REST API answers, and the check of every answer of a forge against it.

The schemas in ``gitlab/entities.schema.json`` are ours. Where GitLab's own (which no package carries) are at
hand, answers must be right by both, and ours are compared with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.contracts.packages import CHECKOUT

PREFIX = "/api/v4"
UPSTREAM = CHECKOUT.parent / "shared" / "contracts" / "gitlab"
_HERE = Path(__file__).parent / "gitlab"
_BASE = "http://gitlab.invalid/schemas/"
_OURS = "urn:ours"
UNREADABLE = {
    "user/login.json": "refers to a file that is not there",
    "merge_requests.json": "has types that no JSON Schema knows; merge_request.json is checked instead",
    "projects.json": "the same; project.json instead",
    "label_basic.json": "has a pattern that is none",
}
SLIPS = {
    '"string "': '"string"',
}
"""GitLab's slips of the pen, and what they mean."""
REFUSALS = (301, 400, 401, 403, 404, 405, 409, 422, 429)


@dataclass(frozen=True)
class Described:
    """One operation: how its path looks, and how a success is answered."""

    id: str
    method: str
    path: str
    status: int
    answer: str | None
    """An entity, ``[entity]`` for a list of them, ``bytes``, or None: no body."""

    @property
    def entity(self) -> str | None:
        """The entity, when the answer holds any."""
        return None if self.answer in (None, "bytes") else str(self.answer).strip("[]")

    def fits(self, method: str, path: str) -> bool:
        """Whether a request, by its path as sent, is of this operation."""
        return method == self.method and re.fullmatch(re.sub(r":\w+", "[^/]+", self.path), path) is not None


@cache
def operations() -> dict[str, Described]:
    """All operations in use."""
    rows = json.loads((_HERE / "operations.json").read_text(encoding="utf-8"))
    described = {}
    for name, row in rows.items():
        method, path = row["request"].split(" ")
        described[name] = Described(name, method, path, row["status"], row["answer"])
    return described


@cache
def entities() -> dict[str, Any]:
    """Our schemas."""
    read: dict[str, Any] = json.loads((_HERE / "entities.schema.json").read_text(encoding="utf-8"))
    return read


def upstream_of(entity: str) -> str | None:
    """Where GitLab's schema of an entity is; None: GitLab has published none."""
    found: str | None = entities()["definitions"][entity].get("x-upstream")
    return found


@cache
def upstream(name: str) -> dict[str, Any]:
    """One of GitLab's schemas."""
    text = (UPSTREAM / name).read_text(encoding="utf-8")
    for slip, meant in SLIPS.items():
        text = text.replace(slip, meant)
    read: dict[str, Any] = json.loads(text)
    return read


def _published() -> Iterator[tuple[str, Any]]:
    for file in sorted(UPSTREAM.rglob("*.json")):
        name = file.relative_to(UPSTREAM).as_posix()
        if name not in UNREADABLE:
            yield _address(name), upstream(name)


def _address(name: str) -> str:
    inside = name.removeprefix("_schemas/") if name.startswith("_schemas/") else f"public_api/v4/{name}"
    return _BASE + inside


@cache
def _registry() -> Any:
    known = [(_OURS, entities()), *_published()]
    return jsonschema_rs.Registry(known, draft=jsonschema_rs.Draft4)


@cache
def _validators(answer: str) -> list[tuple[str, Any]]:
    entity = answer.strip("[]")
    sources = [("ours", {"$ref": f"{_OURS}#/definitions/{entity}"})]
    name = upstream_of(entity)
    if name and UPSTREAM.exists():
        file, _, pointer = name.partition("#")
        theirs: dict[str, Any] = {"$ref": _address(file) + (f"#{pointer}" if pointer else "")}
        if "x-upstream-closed" in entities()["definitions"][entity]:
            theirs = {key: value for key, value in upstream(file).items() if key != "additionalProperties"}
        sources.append((name, theirs))
    return [
        (
            source,
            jsonschema_rs.Draft4Validator(
                {"type": "array", "items": schema} if answer.startswith("[") else schema,
                registry=_registry(),
                validate_formats=True,
                ignore_unknown_formats=True,
            ),
        )
        for source, schema in sources
    ]


def errors(answer: str, value: Any) -> list[str]:
    """What is wrong with an answer, by our schema and by GitLab's."""
    return [
        f"by {source}: {'/'.join(str(part) for part in error.instance_path) or 'body'}: {error.message[:300]}"
        for source, validator in _validators(answer)
        for error in validator.iter_errors(value)
    ]


def find(method: str, path: str) -> Described | None:
    """The operation of a request, by its path as sent; the one with fewer parameters, of two that fit."""
    fitting = [each for each in operations().values() if each.fits(method, path.removeprefix(PREFIX))]
    return min(fitting, key=lambda each: each.path.count(":"), default=None)


def answer_errors(
    method: str, path: str, query: str, status: int, media: str, received: bytes
) -> tuple[str | None, list[str]]:
    """The operation of an exchange, and what is wrong with its answer."""
    operation = find("GET" if method == "HEAD" else method, path)
    if operation is None:
        return None, ["no operation of GitLab's REST API that is described here"]
    if status in REFUSALS:
        return operation.id, errors("error", json.loads(received)) if method != "HEAD" else []
    if status == 304:
        return operation.id, ["304 has a body"] if received else []
    if status != operation.status:
        return operation.id, [f"{operation.id} does not answer {status}"]
    if operation.answer is None:
        return operation.id, ["this answer has no body"] if received else []
    if operation.answer == "bytes":
        return operation.id, [] if media == "application/octet-stream" else [f"{media} is not of raw bytes"]
    if media != "application/json":
        return operation.id, [f"{operation.id} does not answer {media or 'an empty body'}"]
    shape = "[simple_merge_request]" if "view=simple" in query.split("&") else operation.answer
    return operation.id, errors(shape, json.loads(received)) if method != "HEAD" else []
