"""The custom resources of 3scale's operator: Product, Backend, ActiveDoc.

They say what somebody wants served. Where 3scale's own gateway serves a product is not among it, nor is the
text of an API definition, which stands at an address or in a secret that is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callboard.model import Link, Problem
from callboard.sources import threescale_records as records
from callboard.sources.kubernetes import Cluster, Kind
from callboard.sources.rest_values import Values
from callboard.sources.threescale_records import Around

_GROUP = "capabilities.3scale.net"
_PRODUCTS = Kind(_GROUP, ("v1beta1",), "products")
_BACKENDS = Kind(_GROUP, ("v1beta1",), "backends")
_ACTIVE_DOCS = Kind(_GROUP, ("v1beta1",), "activedocs")


class Resources:
    """The products that a cluster holds."""

    paths: Mapping[str, str] = {
        "system_name": "spec.systemName",
        "name": "spec.name",
        "description": "spec.description",
        "state": "status.state",
        "created_at": "metadata.creationTimestamp",
    }

    def __init__(self, cluster: Cluster, source: str, namespaces: tuple[str, ...], marked: Mapping[str, str]):
        self._cluster, self._source, self._namespaces, self._marked = cluster, source, namespaces, marked
        self.where = f"{cluster.url}/apis/{_GROUP}"
        self.complete = True
        self.partial = False
        self.problems: list[Problem] = []
        self._documents: dict[tuple[str, str], list[Values]] = {}
        self._backends: dict[tuple[str, str], str] = {}

    def products(self) -> list[Any]:
        """The products, as stored; then what else belongs to them is at hand."""
        found = self._cluster.objects(_PRODUCTS, self._namespaces)
        self.complete = found.complete and found.installed
        self.problems += found.problems
        if not found.installed:
            what = "the cluster has no products of 3scale's operator"
            hint = "check that this is the right cluster, or use read: admin-api"
            self.problems.append(Problem(source=self._source, what=what, where=self.where, hint=hint))
        if found.items:
            self._read_around()
        return [item for item in found.items if not self._marked or self._is_marked(item)]

    def _is_marked(self, item: Any) -> bool:
        product = Values(item, set())
        held = product.pairs("annotations", "metadata.annotations") | product.pairs(
            "labels", "metadata.labels"
        )
        return all(key in held and value in ("*", held[key]) for key, value in self._marked.items())

    def page(self, product: Values) -> str | None:
        """The product's page in the admin portal that the operator created it in."""
        host, id_ = product.text("host", "status.providerAccountHost"), product.text("id", "status.productId")
        is_address = host is not None and host.startswith("https://")
        return f"{host}/apiconfig/services/{id_}" if is_address and id_ is not None else None

    def around(self, product: Values) -> Around:
        """What its specification, its API definitions and its backends say."""
        spec = product.scope.get("spec")
        key = (_namespace(product), records.system_name(product, self.paths["system_name"]))
        documents = self._documents.get(key, [])
        plans = product.items("plans", "values(spec.applicationPlans || `{}`)[?published]")
        urls = (one.text("url", "spec.activeDocOpenAPIRef.url") for one in documents)
        return Around(
            served=records.declared(spec, product.faults),
            documents=tuple(filter(None, (one.text("name", "spec.name") for one in documents))),
            links=tuple(Link(url=url, title="API definition") for url in dict.fromkeys(filter(None, urls))),
            plans=tuple(sorted(filter(None, (plan.text("name", "name") for plan in plans)))),
            backends=tuple(sorted(self._used(product))),
        )

    def _used(self, product: Values) -> list[str]:
        found = []
        for usage in product.items("backends", "pairs(spec.backendUsages || `{}`)"):
            name, path = usage.text("key", "key"), usage.text("path", "value.path")
            if name is not None:
                shown = self._backends.get((_namespace(product), name), name)
                found.append(f"{shown} at {path or '/'}")
        return found

    def _read_around(self) -> None:
        for kind in (_BACKENDS, _ACTIVE_DOCS):
            found = self._cluster.objects(kind, self._namespaces)
            self.partial = self.partial or not found.complete
            self.problems += found.problems
            for item in found.items:
                values = Values(item if isinstance(item, dict) else {}, set())
                if kind is _BACKENDS:
                    self._note_backend(values)
                else:
                    self._note_document(values)
        for documents in self._documents.values():
            documents.sort(key=lambda one: one.text("name", "metadata.name") or "")

    def _note_backend(self, backend: Values) -> None:
        system, name = backend.text("systemName", "spec.systemName"), backend.text("name", "spec.name")
        if system is not None and name is not None:
            self._backends[_namespace(backend), system] = name

    def _note_document(self, document: Values) -> None:
        of = document.text("product", "spec.productSystemName")
        if of is not None and document.flag("published", "spec.published") is not False:
            self._documents.setdefault((_namespace(document), of), []).append(document)


def _namespace(one: Values) -> str:
    return one.text("namespace", "metadata.namespace") or ""
