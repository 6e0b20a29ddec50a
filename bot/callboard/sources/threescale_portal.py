"""3scale's Admin API: its lists, read once each, and one request for each product that is a model.

The access token goes as the password of HTTP basic authentication, because as a parameter it would stand in
logs. A list says how many entries it has only when it has more than one page, that of backends never, and
3scale takes a size of page that it does not like for its largest without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callboard.http import Client, HttpProblem
from callboard.model import Problem
from callboard.redaction import redact
from callboard.sources import threescale_records as records
from callboard.sources.queries import BadQuery, query
from callboard.sources.remote import as_problem
from callboard.sources.rest_pages import Paging, Request, Unending, pages
from callboard.sources.rest_values import Values
from callboard.sources.threescale_records import Around, Served

_API = "/admin/api"
_PER_PAGE = 500
_CONFIGURATIONS_PER_PAGE = 20  # of up to 2 MB each
_BY_CONFIGURATION = frozenset({"hosted", "self_managed"})
"""Where a product is served by a gateway that runs what was last promoted."""


class Portal:
    """The products of one account."""

    paths: Mapping[str, str] = {
        "system_name": "system_name",
        "name": "name",
        "description": "description",
        "state": "state",
        "support_email": "support_email",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }

    def __init__(self, client: Client, source: str) -> None:
        self._client, self._source = client, source
        self.where = f"{client.base_url}{_API}"
        self.complete = True
        self.partial = False
        self.problems: list[Problem] = []
        self._documents: dict[str, list[Values]] = {}
        self._plans: dict[str, list[str]] = {}
        self._backends: dict[str, str] = {}
        self._configured: dict[str, tuple[int, Any]] = {}
        self._asks_each = True

    def products(self) -> list[Any]:
        """The products, as answered; then what else belongs to them is at hand."""
        found, self.complete = self._list("services", "services", "service", _PER_PAGE)
        if found:
            self._read_around()
        return found

    def page(self, product: Values) -> str | None:
        """The product's page in the admin portal."""
        id_ = _id(product.scope)
        return f"{self._client.base_url}/apiconfig/services/{id_}" if id_ else None

    def around(self, product: Values) -> Around:
        """What its API definitions, plans, backends and gateway configuration say."""
        id_ = _id(product.scope)
        if id_ is None:
            product.faults.add("id")
            return Around()
        documents = self._documents.get(id_, [])
        bodies = (Values(one.scope, product.faults, "active-docs.") for one in documents)
        definitions = (records.definition_of(one.long_text("body", "body")) for one in bodies)
        names = (one.text("name", "name") for one in documents)
        return Around(
            served=self._served(id_, product),
            definition=next(filter(None, definitions), None),
            documents=tuple(filter(None, names)),
            plans=tuple(sorted(self._plans.get(id_, []))),
            backends=self._used(id_),
        )

    def _read_around(self) -> None:
        for item in self._secondary("active_docs", "api_docs", "api_doc"):
            values, service = Values(item, set()), records.number(_of(item, "service_id"))
            # What is not published is a draft that no developer sees.
            if service is not None and _of(item, "published") is True:
                self._documents.setdefault(service, []).append(values)
        for documents in self._documents.values():
            documents.sort(key=lambda one: int(_id(one.scope) or 0))
        for item in self._secondary("application_plans", "plans", "application_plan"):
            service = records.service_of(_of(item, "links"))
            name = Values(item, set()).text("name", "name")
            if service is not None and name is not None and _of(item, "state") == "published":
                self._plans.setdefault(service, []).append(name)
        for item in self._secondary("backend_apis", "backend_apis", "backend_api", _PER_PAGE, told=False):
            id_, name = _id(item), Values(item, set()).text("name", "name")
            if id_ is not None and name is not None:
                self._backends[id_] = name
        path = "account/proxy_configs/production"
        for item in self._secondary(path, "proxy_configs", "proxy_config", _CONFIGURATIONS_PER_PAGE):
            content, version = _of(item, "content"), _of(item, "version")
            service = _id(content)
            if service is not None and isinstance(version, int):
                newest, _ = self._configured.get(service, (-1, None))
                if version > newest:
                    self._configured[service] = (version, content)

    def _served(self, id_: str, product: Values) -> Served:
        if id_ in self._configured:
            return records.deployed(self._configured[id_][1], product.faults)
        deployment = product.text("deployment_option", "deployment_option")
        if deployment is None or deployment in _BY_CONFIGURATION:
            # Not promoted to production: nothing is served there yet.
            return Served(deployment=deployment)
        said = self._answer(f"services/{id_}/proxy.json", "proxy", "reading where a product is served") or {}
        version = product.text("backend_version", "backend_version")
        said = {"proxy": said, "backend_version": version, "deployment_option": deployment}
        return records.deployed(said, product.faults)

    def _used(self, id_: str) -> tuple[str, ...]:
        """The backends of a product, each with the path that it is at."""
        found = []
        path = f"services/{id_}/backend_usages.json"
        for item in self._answer(path, "[].backend_usage", "reading backend usages") or ():
            backend, at = records.number(_of(item, "backend_id")), Values(item, set()).text("path", "path")
            name = self._backends.get(backend or "")
            if name is not None:
                found.append(f"{name} at {at or '/'}")
        return tuple(sorted(found))

    def _answer(self, path: str, expression: str, doing: str) -> Any:
        """What the expression gives on an answer; None when it cannot be had, and then no more is asked."""
        if not self._asks_each:
            return None
        try:
            said = query(expression, self._client.get_json(f"{_API}/{path}"))
            if said is None:
                raise BadQuery("the answer is not what 3scale answers")
            return said
        except (HttpProblem, BadQuery) as error:
            self._asks_each, self.partial = False, True
            self._incomplete(error, doing)
            return None

    def _secondary(
        self, path: str, plural: str, singular: str, size: int | None = None, *, told: bool = True
    ) -> list[Any]:
        found, whole = self._list(path, plural, singular, size, told=told)
        self.partial = self.partial or not whole
        return found

    def _list(
        self, path: str, plural: str, singular: str, size: int | None, *, told: bool = True
    ) -> tuple[list[Any], bool]:
        """The entries of a list, without what wraps each, and whether these are all.

        ``told``: whether a list that has more pages says how many entries it has.
        """
        paging = Paging()
        if size is not None:
            total = f"not_null(metadata.total_entries, length({plural}))" if told else None
            paging = Paging(style="page", size_parameter="per_page", size=size, total=total)
        latest = {"version": "latest"} if plural == "proxy_configs" else {}
        request = Request(path=f"{_API}/{path}.json", query=latest, items=plural, paging=paging)
        found: list[Any] = []
        try:
            for page in pages(self._client, request, _identity):
                found += [entry.get(singular) if isinstance(entry, dict) else None for entry in page.entries]
        except (HttpProblem, Unending, BadQuery) as error:
            self._incomplete(error, f"listing {plural.replace('_', ' ')}", request.path)
            return found, False
        return found, True

    def _incomplete(self, error: HttpProblem | Unending | BadQuery, doing: str, path: str = _API) -> None:
        if isinstance(error, HttpProblem):
            problem = as_problem(self._source, error, doing=doing)
            if error.kind == "forbidden":
                hint = "give the token the scope Account Management API, and its user the right to see this"
                problem = problem.model_copy(update={"hint": hint})
        else:
            problem = Problem(
                source=self._source,
                what=redact(f"{doing}: {error}"),
                where=redact(f"GET {self._client.base_url}{path}"),
                hint="run again; if it stays, check that the address is 3scale's admin portal",
            )
        self.problems.append(problem)


def _of(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else None


def _id(item: Any) -> str | None:
    return records.number(_of(item, "id"))


def _identity(entry: Any) -> str:
    inner = next(iter(entry.values()), None) if isinstance(entry, dict) and len(entry) == 1 else None
    return _id(inner) or repr(entry)
