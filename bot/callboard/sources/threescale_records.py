"""Products of Red Hat 3scale API Management, as its Admin API or its operator's custom resources say them.

A product is an API that its provider serves through a gateway. Here each is a model that is served. The
system name, which 3scale never changes, is its id in both ways. What a deployed gateway configuration holds
besides (tokens, private addresses, policies' settings) is never taken over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from callboard.model import Endpoint, Link, Model, Problem
from callboard.sources.rest_values import Values

_AUTHENTICATION = {
    "1": "user key",
    "2": "app id and key",
    "oauth": "oauth",
    "oidc": "openid connect",
    "userkey": "user key",
    "appKeyAppID": "app id and key",
}
_SERVICE = re.compile(r"/services/([0-9]{1,19})(?:\.json)?$")


class Platform(Protocol):
    """Where products are read."""

    paths: Mapping[str, str]
    """Expressions on a product, by the name of what they give."""
    where: str
    """For people."""
    complete: bool
    """Whether there is surely no product beyond those answered."""
    partial: bool
    """Whether something beside the products could not be asked for."""
    problems: list[Problem]

    def products(self) -> list[Any]:
        """The products, as answered."""

    def around(self, product: Values) -> Around:
        """What others say of it."""

    def page(self, product: Values) -> str | None:
        """The address of its page, for people."""


class BadProduct(ValueError):
    """A product that cannot be read at all: why, quoting nothing of it."""


@dataclass(frozen=True)
class Served:
    """Where a product's gateway is, and how callers show who they are."""

    url: str | None = None
    authentication: str | None = None
    needs_key: bool | None = None
    deployment: str | None = None


@dataclass(frozen=True)
class Around:
    """What others say of a product."""

    served: Served = Served()
    definition: str | None = None
    documents: tuple[str, ...] = ()
    """Names of the API definitions that developers see."""
    links: tuple[Link, ...] = ()
    plans: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()


def system_name(product: Values, expression: str) -> str:
    """The product's id. Raises BadProduct."""
    name = product.text("system_name", expression)
    if name is None or len(name) > 500 or "\ufffd" in name:
        raise BadProduct("its system name is missing, too long, or no text")
    return name


def number(said: Any) -> str | None:
    """An id of 3scale as a text."""
    return str(said) if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 2**63 else None


def service_of(links: Any) -> str | None:
    """The id of the service that a plan belongs to: the Admin API says it only in a link."""
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "service" and isinstance(link.get("href"), str):
            found = _SERVICE.search(link["href"])
            return str(int(found[1])) if found else None
    return None


def deployed(content: Any, faults: set[str]) -> Served:
    """What a deployed gateway configuration says."""
    values = Values(content if isinstance(content, dict) else {}, faults)
    authentication = values.text("backend_version", "proxy.authentication_method || backend_version")
    chain = values.texts("policy_chain", "proxy.policy_chain[?enabled != `false`].name")
    return Served(
        url=address(values.text("endpoint", "proxy.endpoint")),
        authentication=_AUTHENTICATION.get(authentication or ""),
        needs_key=needs_key(authentication, chain),
        deployment=values.text("deployment_option", "deployment_option"),
    )


def declared(spec: Any, faults: set[str]) -> Served:
    """What a Product's custom resource says. Where 3scale's own gateway serves it is not in there."""
    values = Values(spec if isinstance(spec, dict) else {}, faults)
    way = "deployment.apicastSelfManaged.authentication || deployment.apicastHosted.authentication"
    authentication = next(iter(values.texts("authentication", f"keys({way} || `{{}}`)")), None)
    chain = values.texts("policies", "policies[?enabled].name")
    ways = values.texts("deployment", "keys(deployment || `{}`)")
    url = values.text("url", "deployment.apicastSelfManaged.productionPublicBaseURL")
    return Served(
        url=address(url),
        authentication=_AUTHENTICATION.get(authentication or ""),
        needs_key=needs_key(authentication, chain),
        deployment="self_managed" if "apicastSelfManaged" in ways else "hosted",
    )


def address(url: str | None) -> str | None:
    """The address without the port that its scheme has anyway, which 3scale always writes."""
    if url is None or not re.match(r"https?://[^/\s]", url):
        return None
    return re.sub(r"^(https://[^/?#]*?):443(?=[/?#]|$)|^(http://[^/?#]*?):80(?=[/?#]|$)", r"\1\2", url)


def needs_key(authentication: str | None, policies: Iterable[str]) -> bool | None:
    """Whether callers need a key; 3scale's policy for anonymous access lets in those without."""
    if "default_credentials" in policies:
        return False
    return True if authentication in _AUTHENTICATION else None


def definition_of(body: str | None) -> str | None:
    """An ActiveDocs body that can be an API definition."""
    return body if body and body.lstrip().startswith(("{", "openapi", "swagger", "---", "#")) else None


def model_of(
    source: str, product: Values, around: Around, paths: Mapping[str, str], page: str | None
) -> Model:
    """The record of a product. ``paths`` are expressions on it; ``page`` is for people. Raises BadProduct."""
    name = system_name(product, paths["system_name"])
    served = around.served
    properties = {
        "authentication": served.authentication,
        "deployment": served.deployment,
        "plans": ", ".join(around.plans),
        "backends": ", ".join(around.backends),
        "active-docs": ", ".join(around.documents),
        "support-email": product.text("support_email", paths.get("support_email")),
    }
    endpoint = served.url and Endpoint(
        url=served.url,
        protocol="openapi" if around.definition else "rest",
        needs_key=served.needs_key,
        definition=around.definition,
    )
    return Model(
        source=source,
        id=name,
        name=name,
        title=product.text("name", paths["name"]),
        description=product.text("description", paths["description"]),
        state=product.text("state", paths["state"]),
        properties={key: text for key, text in sorted(properties.items()) if text},
        endpoints=(endpoint,) if endpoint else (),
        links=(*((Link(url=page, title="3scale"),) if page else ()), *around.links),
        created_at=product.time("created_at", paths["created_at"]),
        updated_at=product.time("updated_at", paths.get("updated_at")),
    )
