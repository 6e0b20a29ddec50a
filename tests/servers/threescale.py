"""A double of 3scale's Admin API: the part that Callboard reads.

3scale is a Rails application with several databases, so it cannot run here. Every exchange is checked against
``tests/contracts/threescale.schema.json``; whatever is not implemented answers 501.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.contracts.compact import Compact
from tests.servers.doubles import Double, standing_in

CONTRACT = Compact("threescale.schema.json")
TIMES = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-02-03T05:05:06+01:00"}
_API = "/admin/api"
_SINGULAR = {
    "services": "service",
    "active_docs": "api_doc",
    "application_plans": "application_plan",
    "backend_apis": "backend_api",
    "account/proxy_configs/production": "proxy_config",
}
_WRAP = {"active_docs": "api_docs", "application_plans": "plans"}


@dataclass
class ThreeScale(Double):
    """A running admin portal, and what it holds."""

    token: str = "canary-threescale-token-9d1"
    most: int = 500
    """The largest page, which a size out of range is silently taken for."""
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By what stands in the path."""
    proxies: dict[int, dict[str, Any]] = field(default_factory=dict)
    usages: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Paths that the token may not read."""
    spoiled: bool = False
    """Whether answers are wrong on purpose."""
    errors: list[str] = field(default_factory=list)
    """Where the double is not what its contract says."""

    def product(self, id_: int, name: str, **changes: Any) -> dict[str, Any]:
        """Adds a product, promoted to production where its gateway is 3scale's."""
        service = {
            "id": id_,
            "name": name.title(),
            "state": "incomplete",
            "system_name": name,
            "backend_version": "1",
            "deployment_option": "hosted",
            "support_email": "api@acme.example",
            "description": f"Serves {name}",
            "mandatory_app_key": True,
            "annotations": {"managed_by": "operator"},
            **TIMES,
            "links": [{"rel": "self", "href": f"https://x.example{_API}/services/{id_}"}],
        } | changes
        self.lists.setdefault("services", []).append(service)
        return service

    def promote(self, service: dict[str, Any], version: int = 1, **proxy: Any) -> dict[str, Any]:
        """Adds a gateway configuration in production."""
        said: dict[str, Any] = {
            "id": service["id"] * 100 + version,
            "version": version,
            "environment": "production",
            "content": {
                "id": service["id"],
                "system_name": service["system_name"],
                "backend_version": service["backend_version"],
                "deployment_option": service["deployment_option"],
                "backend_authentication_value": "canary-service-token",
                "proxy": {
                    "endpoint": f"https://{service['system_name']}.apicast.example:443",
                    "api_backend": "http://canary-private.svc:8080",
                    "hosts": [f"{service['system_name']}.apicast.example"],
                    "policy_chain": [{"name": "apicast", "version": "builtin", "configuration": {}}],
                }
                | proxy,
            },
        }
        self.lists.setdefault("account/proxy_configs/production", []).append(said)
        return said

    def document(self, id_: int, service: int | None, **changes: Any) -> None:
        """Adds an API definition."""
        said = {
            "id": id_,
            "system_name": f"doc-{id_}",
            "name": f"Definition {id_}",
            "description": "",
            "published": True,
            "skip_swagger_validations": False,
            "body": '{"openapi": "3.0.3"}',
            **({} if service is None else {"service_id": service}),
            **TIMES,
        }
        self.lists.setdefault("active_docs", []).append(said | changes)

    def plan(self, id_: int, service: int, name: str, **changes: Any) -> None:
        """Adds an application plan."""
        href = f"https://x.example{_API}/services/{service}"
        said = {
            "id": id_,
            "name": name,
            "state": "published",
            "setup_fee": 0.0,
            "cost_per_month": 0.0,
            "trial_period_days": 0,
            "default": False,
            "custom": False,
            "system_name": name.lower(),
            "links": [
                {"rel": "service", "href": href},
                {"rel": "self", "href": f"{href}/application_plans/{id_}"},
            ],
        }
        self.lists.setdefault("application_plans", []).append(said | changes)

    def backend(self, id_: int, name: str, service: int, path: str) -> None:
        """Adds a backend and its use by a product."""
        backend = {
            "id": id_,
            "name": name,
            "system_name": name.lower(),
            "description": "",
            "private_endpoint": "http://canary-private.svc:8080",
            "annotations": {},
            "account_id": 2,
            **TIMES,
            "links": [],
        }
        usage = {"id": id_, "path": path, "service_id": service, "backend_id": id_, "links": []}
        self.lists.setdefault("backend_apis", []).append(backend)
        self.usages.setdefault(service, []).append(usage)

    def line(self, request: Request) -> str:
        """The path and the query."""
        return f"{request.url.path}?{request.url.query}"

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        path = request.url.path
        status, said = self._answer(request, path)
        body = json.dumps(said).encode()
        if not self.spoiled and status != 501:
            template = re.sub(r"/services/[0-9]+/", "/services/{id}/", path)
            self.errors += CONTRACT.errors(request.method, template, await request.body(), status, body)
        return Response(body, status, media_type="application/json")

    def _answer(self, request: Request, path: str) -> tuple[int, Any]:
        known = base64.b64encode(f":{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {known}" or request.url.query.count(
            "access_token"
        ):
            return 403, {"error": "Your access token does not have the correct permissions"}
        name = path.removeprefix(f"{_API}/").removesuffix(".json")
        if name in self.refused or re.sub("[0-9]+", "N", name) in self.refused:
            return 403, {"error": "Your access token does not have the correct permissions"}
        if name in _SINGULAR:
            return 200, self._list(request, name)
        if match := re.fullmatch(r"services/([0-9]+)/(proxy|backend_usages)", name):
            id_ = int(match[1])
            if match[2] == "backend_usages":
                return 200, [{"backend_usage": one} for one in self.usages.get(id_, [])]
            if id_ in self.proxies:
                return 200, {"proxy": self.proxies[id_]}
            return 404, {"status": "Not found"}
        return 501, {"error": "this double does not implement that"}

    def _list(self, request: Request, name: str) -> dict[str, Any]:
        found = self.lists.get(name, [])
        if request.query_params.get("version") == "latest" and not self.spoiled:
            newest = {
                one["content"]["id"]: one["version"] for one in sorted(found, key=lambda x: x["version"])
            }
            found = [one for one in found if newest[one["content"]["id"]] == one["version"]]
        wrap = _WRAP.get(name, name.split("/")[1] if "/" in name else name)
        said: dict[str, Any] = {}
        if name not in _WRAP:
            asked = int(request.query_params.get("per_page", self.most))
            size = asked if 1 <= asked <= self.most else self.most
            page = int(request.query_params.get("page", 1))
            if size < len(found) and name != "backend_apis":
                said["metadata"] = {
                    "per_page": size,
                    "total_entries": len(found),
                    "total_pages": -(-len(found) // size),
                    "current_page": page,
                }
            found = found[(page - 1) * size : page * size]
        return {wrap: [{_SINGULAR[name]: one} for one in found]} | said


@contextlib.contextmanager
def running() -> Iterator[ThreeScale]:
    """An empty portal, until the end of the ``with``."""
    portal = ThreeScale()
    with standing_in(portal):
        yield portal
    assert portal.errors == []
