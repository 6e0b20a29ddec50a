"""What a real Kubernetes API server answers to all that sources ask.

The slow tier records it (``make slow RECORD=1``), and the double must answer the same. Left out is what
differs from one server to the next: ids, revisions, times, tokens of pages, other groups.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

RECORDED = Path(__file__).with_name("kubernetes-answers.json")
ADMINISTRATOR, NOBODY, STRANGER, ANONYMOUS = "admin", "nobody", "stranger", "anonymous"
"""Who may do everything, who may do nothing, who has a wrong token, who has none."""

_KSERVE = "/apis/serving.kserve.io"
_RUNTIMES = f"{_KSERVE}/v1alpha1/servingruntimes"
_GROUPS = ("serving.kserve.io", "capabilities.3scale.net")

Ask = Callable[[str, str], httpx2.Response]
"""Asks for a path as somebody."""


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """What must be there, and where it is stored: runtimes out of order, in the namespaces one and two."""
    for namespace, name in (("two", "a"), ("one", "c"), ("one", "b")):
        runtime = {
            "apiVersion": "serving.kserve.io/v1alpha1",
            "kind": "ServingRuntime",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "kserve-container", "image": "acme/runtime"}]},
        }
        yield f"{_KSERVE}/v1alpha1/namespaces/{namespace}/servingruntimes", runtime
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "iris", "namespace": "one"},
        "spec": {"ports": [{"port": 80}]},
    }
    yield "/api/v1/namespaces/one/services", service


def answers(ask: Ask, forget: Callable[[], None]) -> dict[str, Any]:
    """What is answered, by what was asked. ``forget`` lets a server lose its snapshots."""
    said: dict[str, Any] = {}

    def note(path: str, who: str = ADMINISTRATOR, title: str | None = None) -> str:
        answer = ask(path, who)
        said[f"{who}: {title or path}"] = _reduced(answer)
        if not answer.headers["content-type"].startswith("application/json"):
            return ""
        return str(answer.json().get("metadata", {}).get("continue", ""))

    more = note(f"{_RUNTIMES}?limit=2")
    note(f"{_RUNTIMES}?limit=2&continue={more}", title="its last page")
    note(f"{_RUNTIMES}?limit=500")
    note(f"{_RUNTIMES}?limit=2&continue=nonsense")
    note(f"{_KSERVE}/v1alpha1/namespaces/one/servingruntimes")
    note(f"{_KSERVE}/v1alpha1/namespaces/nowhere/servingruntimes")
    note(f"{_KSERVE}/v1alpha1/clusterservingruntimes")
    note("/api/v1/namespaces/one/services")
    note("/apis/networking.k8s.io/v1/namespaces/one/ingresses")
    for missing in (
        f"{_KSERVE}/v1alpha1/trainedmodels",
        f"{_KSERVE}/v1alpha1/namespaces/one/clusterservingruntimes",
        f"{_KSERVE}/v9/servingruntimes",
        f"{_KSERVE}/v9",
        "/apis/nothing.example/v1/things",
        "/apis/nothing.example/v1",
        "/api/v1/things",
    ):
        note(missing)
    for discovered in ("/apis", *(f"{_KSERVE}/{one}" for one in ("v1beta1", "v1alpha2", "v1alpha1"))):
        note(discovered)
    for who in (NOBODY, STRANGER, ANONYMOUS):
        for path in (
            _RUNTIMES,
            f"{_KSERVE}/v1alpha1/namespaces/one/servingruntimes",
            f"{_KSERVE}/v1alpha1/trainedmodels",
            "/api/v1/namespaces/one/services",
            "/apis",
            f"{_KSERVE}/v1beta1",
        ):
            note(path, who)
    more = note(f"{_RUNTIMES}?limit=1")
    forget()
    note(f"{_RUNTIMES}?limit=1&continue={more}", title="what it has forgotten")
    return said


def _reduced(answer: httpx2.Response) -> dict[str, Any]:
    kind = answer.headers["content-type"]
    body = _json(answer.json()) if kind.startswith("application/json") else answer.text
    return {"status": answer.status_code, "type": kind, "body": body}


def _json(said: dict[str, Any]) -> dict[str, Any]:
    kept = dict(said)
    if "metadata" in said:
        kept["metadata"] = {
            key: "..." if value and key in ("continue", "resourceVersion") else value
            for key, value in said["metadata"].items()
            if key != "selfLink"
        }
    if "items" in said:
        kept["items"] = [_item(one) for one in said["items"]]
    if "groups" in said:
        kept["groups"] = sorted(
            (one for one in said["groups"] if one["name"] in _GROUPS), key=lambda one: str(one["name"])
        )
    if "resources" in said:
        kept["resources"] = sorted(
            (
                {key: one[key] for key in ("name", "namespaced", "kind")} | {"listed": "list" in one["verbs"]}
                for one in said["resources"]
                if "/" not in one["name"]
            ),
            key=lambda one: str(one["name"]),
        )
    if "message" in said:
        # What it makes of nonsense is nobody's promise.
        kept["message"] = re.sub(r"(?<=continue key is not valid).*", "", said["message"])
    return kept


def _item(one: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: one["metadata"][key] for key in ("name", "namespace")}
    return {key: one[key] for key in ("apiVersion", "kind") if key in one} | {"metadata": metadata}


def recorded() -> Any:
    """What a real server answered."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def record(said: dict[str, Any]) -> None:
    """Writes down what a real server answered."""
    RECORDED.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
