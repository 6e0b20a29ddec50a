"""A real Open WebUI, and what one has answered: recorded by the slow tier (``make slow``), played always.

A recording holds no credentials: the headers of requests are left out, and so are those of answers but their
content type. The address in it is one that no name server knows.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.servers.processes import answers, free_port, started
from tools import environments

RECORDED_AT = "http://openwebui.invalid"
"""The address in recordings."""
CASSETTES = Path(__file__).with_name("openwebui-answers")
SLOW = "CALLBOARD_SLOW"
RECORD = "CALLBOARD_RECORD"

_START_WITHIN = 240.0
_SETTINGS = {
    "ENV": "dev",
    "OFFLINE_MODE": "true",
    "HF_HUB_OFFLINE": "1",
    "ENABLE_OLLAMA_API": "false",
    "ENABLE_OPENAI_API": "false",
    "ENABLE_API_KEYS": "true",
    "ANONYMIZED_TELEMETRY": "false",
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "WEBUI_SECRET_KEY": "only-for-this-test",
}
EVERYBODY = [{"principal_type": "user", "principal_id": "*", "permission": "read"}]
MODELS: tuple[dict[str, Any], ...] = (
    {
        "id": "llama3.2:3b",
        "base_model_id": None,
        "name": "Llama 3.2 3B",
        "meta": {"description": "What the workstations have.", "capabilities": {"vision": False}},
        "params": {"temperature": 0.2},
    },
    {
        "id": "fraud-helper",
        "base_model_id": "llama3.2:3b",
        "name": "Fraud Helper",
        "meta": {
            "description": "Explains *why* a payment was stopped.",
            "capabilities": {"vision": True, "file_upload": True, "web_search": False},
            "tags": [{"name": "fraud"}, {"name": "payments"}],
            "knowledge": [],
        },
        "params": {
            "system": "The threshold is a secret.",
            "temperature": 0.1,
            "stop": ["END"],
            "num_ctx": 8192,
        },
        "access_grants": EVERYBODY,
    },
    {
        "id": "notes",
        "base_model_id": "llama3.2:3b",
        "name": "Notes",
        "meta": {},
        "params": {},
        "is_active": False,
    },
    # More than one page of what everybody may use.
    *(
        {
            "id": f"helper-{number:02}",
            "base_model_id": "llama3.2:3b",
            "name": f"Helper {number}",
            "meta": {},
            "params": {},
            "access_grants": EVERYBODY,
        }
        for number in range(35)
    ),
)
"""What an administrator describes on the server that is recorded."""


@dataclass(frozen=True)
class OpenWebUI:
    """A server with ``MODELS``, real or recorded."""

    url: str
    administrator: str
    """An administrator's API key."""
    member: str
    """The session token of somebody else."""
    is_real: bool

    @contextlib.contextmanager
    def answering(self, cassette: str) -> Iterator[None]:
        """Within the ``with`` it answers itself, or as it once did; all that is recorded must be asked."""
        path = CASSETTES / f"{cassette}.yaml"
        if not self.is_real:
            with _recorder().use_cassette(path, record_mode="none") as played:
                yield
            assert played.all_played, f"not everything in {path.name} was asked for: record it again"
        elif os.environ.get(RECORD):
            path.unlink(missing_ok=True)
            with _recorder(self.url).use_cassette(path, record_mode="all"):
                yield
        else:
            yield


def recorded() -> OpenWebUI:
    """A server that answers from recordings."""
    return OpenWebUI(RECORDED_AT, "administrator-key", "member-token", is_real=False)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[OpenWebUI]:
    """A real server that keeps its files in ``folder``, until the end of the ``with``.

    Raises RuntimeError, with the end of the log, when it does not become ready.
    """
    executable = environments.environment("openwebui") / "bin" / "open-webui"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with started(
        "Open WebUI",
        [executable, "serve", "--host", "127.0.0.1", "--port", str(port)],
        folder,
        environment=os.environ | _SETTINGS | {"DATA_DIR": str(folder)},
        ready=lambda: answers(f"{url}/health"),
        within=_START_WITHIN,
    ):
        yield _filled(url)


def _filled(url: str) -> OpenWebUI:
    """The server with its people and ``MODELS``. Whoever signs up first is its administrator."""

    def post(path: str, body: dict[str, Any] | None, token: str = "") -> Any:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        data = json.dumps(body).encode() if body is not None else b""
        with urlopen(Request(f"{url}/api/v1{path}", data, headers, method="POST"), timeout=60) as answer:
            return json.load(answer)

    def person(name: str, role: str) -> dict[str, str]:
        email = f"{name.lower()}@acme.example"
        return {"name": name, "email": email, "password": f"{name}-only-here-1", "role": role}

    session = post("/auths/signup", person("Ada", "admin"))["token"]
    key = post("/auths/api_key", None, session)["api_key"]
    member = post("/auths/add", person("Mia", "user"), session)["token"]
    for model in MODELS:
        post("/models/create", model, session)
    return OpenWebUI(url, key, member, is_real=True)


def _recorder(url: str = RECORDED_AT) -> Any:
    import vcr  # type: ignore[import-untyped]  # a third of a second, for one file of tests

    def request(sent: Any) -> Any:
        sent.headers = {}
        sent.uri = sent.uri.replace(url, RECORDED_AT)
        return sent

    def response(answer: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in answer["headers"].items() if k.lower() == "content-type"}
        return answer | {"headers": kept}

    return vcr.VCR(
        match_on=("method", "uri"),
        before_record_request=request,
        before_record_response=response,
        decode_compressed_response=True,
    )


@pytest.fixture(scope="module", params=["recorded", pytest.param("real", marks=pytest.mark.optional)])
def openwebui(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenWebUI]:
    """A server with ``MODELS``: what a real one answered and, in the slow tier, a real one."""
    if request.param == "recorded":
        yield recorded()
        return
    if not os.environ.get(SLOW):
        pytest.skip(f"a real Open WebUI takes 3 GB; make slow starts one ({SLOW}=1)")
    with running(tmp_path_factory.mktemp("openwebui")) as server:
        yield server
