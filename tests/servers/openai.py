"""Doubles of gateways with OpenAI's API: vLLM, LiteLLM and llama.cpp, as far as they tell of their models.

Every exchange is checked against ``tests/contracts/openai.schema.json``, which was written from their
sources; whatever is not implemented answers 501.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.contracts.compact import Compact
from tests.servers.doubles import Double
from tests.servers.threads import app_of, serving

CONTRACT = "openai.schema.json"
_CONTRACT = Compact(CONTRACT)
_MODELS, _INFO, _CHAT = "/v1/models", "/v1/model/info", "/v1/chat/completions"


@dataclass
class Gateway(Double):
    """A running gateway. ``url`` is where its API begins."""

    kind: Literal["vllm", "litellm", "llamacpp"]
    key: str | None = None
    """Who does not send it is refused, but for llama.cpp's list."""
    models: list[dict[str, Any]] = field(default_factory=list)
    """What is said of each, without what all have in common."""
    deployments: list[dict[str, Any]] = field(default_factory=list)
    """LiteLLM's."""
    capabilities: dict[str, list[str]] = field(default_factory=dict)
    """llama.cpp's."""
    violations: list[str] = field(default_factory=list)
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(1_770_000_000))

    def listed(self) -> dict[str, Any]:
        """The answer of ``/v1/models``, another each time where the real one is."""
        answer: dict[str, Any] = {"object": "list", "data": [self._entry(said) for said in self.models]}
        if self.kind == "llamacpp":
            answer["models"] = [
                {
                    "name": said["id"],
                    "model": said["id"],
                    "modified_at": "",
                    "size": "",
                    "digest": "",
                    "type": "model",
                    "description": "",
                    "tags": [""],
                    "capabilities": self.capabilities.get(said["id"], ["completion"]),
                    "parameters": "",
                    "details": {"parent_model": "", "format": "gguf", "family": ""},
                }
                for said in self.models
            ]
        return answer

    def _entry(self, said: dict[str, Any]) -> dict[str, Any]:
        if self.kind == "litellm":
            return {"object": "model", "created": 1677610602, "owned_by": "openai"} | said
        now = next(self._clock)
        if self.kind == "llamacpp":
            return {"object": "model", "created": now, "owned_by": "llamacpp"} | said
        permission = {
            "id": f"modelperm-{now:032x}",
            "object": "model_permission",
            "created": now,
            "allow_sampling": True,
            "organization": "*",
        }
        card = {"object": "model", "created": now, "owned_by": "vllm", "root": None, "parent": None}
        return card | {"max_model_len": None, "permission": [permission]} | said

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        path, sent = request.url.path, await request.body()
        answer = self._answer(request)
        if answer.status_code != 501:
            self.violations += _CONTRACT.errors(
                request.method, f"{self.kind}:{path}", sent, answer.status_code, bytes(answer.body)
            )
        return answer

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        is_open = self.kind == "llamacpp" and path == _MODELS
        if self.kind == "litellm" and path == _CHAT:
            # FastAPI finds no route for the method before it looks for a key.
            return JSONResponse({"detail": "Method Not Allowed"}, 405)
        if (
            self.key is not None
            and not is_open
            and request.headers.get("authorization") != f"Bearer {self.key}"
        ):
            return self._refused()
        if path == _MODELS:
            return JSONResponse(self.listed())
        if path == _INFO and self.kind == "litellm":
            return JSONResponse({"data": self.deployments})
        if path in (_INFO, _CHAT):
            missing = path == _INFO or self.kind == "llamacpp"
            if self.kind == "llamacpp":
                said = {"message": "File Not Found", "type": "not_found_error", "code": 404}
                return JSONResponse({"error": said}, 404)
            return JSONResponse(
                {"detail": "Not Found" if missing else "Method Not Allowed"}, 404 if missing else 405
            )
        return JSONResponse({"error": "this double does not implement that"}, 501)

    def _refused(self) -> Response:
        if self.kind == "vllm":
            return JSONResponse({"error": "Unauthorized"}, 401)
        said = {"message": "Invalid API Key", "type": "authentication_error", "code": 401}
        return JSONResponse({"error": said}, 401)


@contextlib.contextmanager
def running(kind: Literal["vllm", "litellm", "llamacpp"]) -> Iterator[Gateway]:
    """A gateway, until the end of the ``with``. Raises AssertionError when it broke its contract."""
    gateway = Gateway(kind)
    with serving(app_of(gateway.answer)) as root:
        gateway.url = f"{root}/v1"
        yield gateway
    assert gateway.violations == []
