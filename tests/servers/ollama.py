"""A double of an Ollama server: the part of its API that Callboard reads.

Ollama is written in Go and in no package, so it cannot run here. Every exchange is checked against
``tests/contracts/ollama.schema.json``; whatever is not implemented answers 501.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.contracts.compact import Compact
from tests.servers.doubles import Double, standing_in

CONTRACT = "ollama.schema.json"
_CONTRACT = Compact(CONTRACT)


@dataclass(frozen=True)
class Pulled:
    """What a tag names. Equal content has an equal digest."""

    content: str = "weights"
    license: str = ""
    parameters: str = ""
    template: str = "{{ .Prompt }}"
    system: str = ""
    parent: str = ""
    family: str = "llama"
    size: int = 2_019_393_189
    capabilities: tuple[str, ...] = ()
    """In the list too, as servers since 2026 have it."""
    shown_capabilities: tuple[str, ...] = ("completion",)
    info: tuple[tuple[str, Any], ...] = (("general.parameter_count", 3_212_749_888),)
    modified_at: str = "2026-02-03T04:05:06.123456789-07:00"
    remote: tuple[str, str] | None = None
    """Name and host of the model that is really asked."""

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def details(self) -> dict[str, Any]:
        """What the list and the answer to ``show`` share."""
        return {
            "parent_model": self.parent,
            "format": "" if self.remote else "gguf",
            "family": self.family,
            "families": [self.family] if self.family else None,
            "parameter_size": "3.2B",
            "quantization_level": "Q4_K_M",
        }

    @property
    def elsewhere(self) -> dict[str, str]:
        """What is said of a remote model."""
        return {"remote_model": self.remote[0], "remote_host": self.remote[1]} if self.remote else {}


@dataclass
class Ollama(Double):
    """A running server."""

    token: str | None = None
    """What a proxy in front of it asks for; Ollama itself knows no keys."""
    pulled: dict[str, Pulled] = field(default_factory=dict)
    """By name and tag."""
    loaded: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The names that ``show`` was asked for."""
    violations: list[str] = field(default_factory=list)

    def tags(self) -> dict[str, Any]:
        """The answer of ``/api/tags``."""
        return {
            "models": [
                {
                    "name": name,
                    "model": name,
                    "modified_at": one.modified_at,
                    "size": one.size,
                    "digest": one.digest,
                    "details": one.details,
                    **one.elsewhere,
                    **({"capabilities": list(one.capabilities)} if one.capabilities else {}),
                }
                for name, one in self.pulled.items()
            ]
        }

    def show(self, name: str) -> dict[str, Any]:
        """The answer of ``/api/show``. Raises KeyError."""
        one = self.pulled[name]
        texts = {
            "license": one.license,
            "parameters": one.parameters,
            "template": one.template,
            "system": one.system,
        }
        return {
            "modelfile": f"FROM {name}\n",
            **{key: text for key, text in texts.items() if text},
            "details": one.details,
            "model_info": {"general.architecture": one.family, f"{one.family}.context_length": 131072}
            | dict(one.info),
            "capabilities": list(one.capabilities or one.shown_capabilities),
            "modified_at": one.modified_at,
            **one.elsewhere,
        }

    def ps(self) -> dict[str, Any]:
        """The answer of ``/api/ps``."""
        return {
            "models": [
                {
                    "name": name,
                    "model": name,
                    "size": 3,
                    "digest": self.pulled.get(name, Pulled()).digest,
                    "details": self.pulled.get(name, Pulled()).details,
                    "expires_at": "2026-11-21T00:05:00Z",
                    "size_vram": 3,
                    "context_length": 4096,
                }
                for name in self.loaded
            ]
        }

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        sent = await request.body()
        answer = self._answer(request, sent)
        if answer.status_code != 501:
            self.violations += _CONTRACT.errors(
                request.method, request.url.path, sent, answer.status_code, bytes(answer.body)
            )
        return answer

    def _answer(self, request: Request, sent: bytes) -> Response:
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "unauthorized"}, 401)
        match request.method, request.url.path:
            case "GET", "/api/tags":
                return JSONResponse(self.tags())
            case "GET", "/api/ps":
                return JSONResponse(self.ps())
            case "POST", "/api/show":
                name = json.loads(sent)["model"]
                self.asked.append(name)
                if name not in self.pulled:
                    return JSONResponse({"error": f"model '{name}' not found"}, 404)
                return JSONResponse(self.show(name))
            case "GET", "/v1/models":
                data = [
                    {"id": name, "object": "model", "created": 1_770_116_706, "owned_by": "library"}
                    for name in self.pulled
                ]
                return JSONResponse({"object": "list", "data": data})
        return JSONResponse({"error": "this double does not implement that"}, 501)


@contextlib.contextmanager
def running() -> Iterator[Ollama]:
    """An empty server, until the end of the ``with``. Raises AssertionError when it broke its contract."""
    server = Ollama()
    with standing_in(server):
        yield server
    assert server.violations == []
