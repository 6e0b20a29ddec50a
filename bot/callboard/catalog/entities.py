"""The ``model-server`` profile: a model as Backstage entities.

Resource ``ai-model`` always; Component ``model-server`` and an API per endpoint only when the model is really
served. This is the shape that users of Red Hat's bac know, made valid: names by Backstage's rules, every
reference to an entity that exists, an API definition that is never empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from callboard.catalog.generated import Entity
from callboard.catalog.identity import LONGEST_NAME, Key
from callboard.catalog.text import shortened, tag, visible
from callboard.model import Endpoint, Model

ANNOTATION = "callboard.dev/"
_API_VERSION = "backstage.io/v1alpha1"
_MOST_TAGS = 20
_ENDED = ("deprecated", "archived")
"""Lifecycles that are tags as well, so that people can filter by them."""
_MOST_LINKS = 20
_MOST_ENDPOINTS = 20
_DESCRIPTION = 1000
_TITLE = 100
_LONGEST_DEFINITION = 512 * 1024
_REFERENCE = re.compile(
    r"(?:(?:group|user):)?(?:[a-z0-9]+(?:-+[a-z0-9]+)*/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII
)
_DEFINED = {
    "openapi": "openapi",
    "asyncapi": "asyncapi",
    "graphql": "graphql",
    "grpc": "grpc",
    "openai-v1": "openapi",
}


@dataclass(frozen=True)
class Placement:
    """What the catalog decides about a model, beside what its registry says."""

    key: Key
    name: str
    """The entity name."""
    owner: str
    lifecycle: str
    system: str | None


def owner_reference(owner: str | None) -> str | None:
    """``owner`` when it is an entity reference to a group or user as Backstage reads it, else None."""
    return owner if owner and len(owner) <= 190 and _REFERENCE.fullmatch(owner) else None


def lifecycle_word(lifecycle: str | None) -> str | None:
    """``lifecycle`` as one lower-case word, or None when there is nothing to say."""
    words = re.sub(r"[^a-z0-9]+", "-", visible(lifecycle or "").lower()).strip("-")[:LONGEST_NAME]
    return words or None


def safe_url(url: str) -> str | None:
    """``url`` when it is an absolute http(s) address without credentials, blanks or controls, else None."""
    if len(url) > 2000 or not url.isprintable() or re.search(r"[\s<>\"`\\^{|}]", url):
        return None
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and host and user is None else None


def title_of(model: Model) -> str:
    """What people call the model."""
    return shortened(model.title or model.name, _TITLE) or "Unnamed model"


def model_server(model: Model, placement: Placement) -> tuple[Entity, ...]:
    """The documents of the model's ``catalog-info.yaml``, in order: Resource, Component, APIs."""
    endpoints = [endpoint for endpoint in model.endpoints if safe_url(endpoint.url)][:_MOST_ENDPOINTS]
    if not endpoints:
        return (_resource(model, placement, served=False),)
    names = _api_names(placement.name, endpoints)
    apis = [_api(model, placement, name, endpoint) for name, endpoint in zip(names, endpoints, strict=True)]
    return (
        _resource(model, placement, served=True),
        _component(model, placement, names),
        *apis,
    )


def _api_names(name: str, endpoints: Sequence[Endpoint]) -> list[str]:
    names: list[str] = []
    for endpoint in endpoints:
        wanted = name
        if len(endpoints) > 1:
            protocol = re.sub("[:+#]", "-", tag(endpoint.protocol) or "")[:29].strip("-")
            suffix = f"-{protocol or 'api'}"
            wanted = name[: LONGEST_NAME - len(suffix)] + suffix
        count = 2
        unique = wanted
        while unique.lower() in {taken.lower() for taken in names}:
            unique = f"{wanted[: LONGEST_NAME - 4]}-{count}"
            count += 1
        names.append(unique)
    return names


def _resource(model: Model, placement: Placement, *, served: bool) -> Entity:
    annotations = {"backstage.io/techdocs-ref": "dir:."} | _annotations(model, placement.key)
    spec: dict[str, Any] = {"type": "ai-model"} | _spec(placement)
    if served:
        spec["dependencyOf"] = [f"component:default/{placement.name}"]
    return _entity("Resource", _metadata(model, placement.name, annotations, placement.name), spec)


def _component(model: Model, placement: Placement, apis: Sequence[str]) -> Entity:
    annotations = _documented_by(placement) | _deployment(model)
    spec = (
        {"type": "model-server"}
        | _spec(placement)
        | {
            "providesApis": list(apis),
            "dependsOn": [f"resource:default/{placement.name}"],
        }
    )
    return _entity("Component", _metadata(model, placement.name, annotations, placement.name), spec)


def _api(model: Model, placement: Placement, name: str, endpoint: Endpoint) -> Entity:
    protocol = tag(endpoint.protocol) or "unknown"
    definition = _definition(endpoint)
    annotations = _documented_by(placement) | {f"{ANNOTATION}endpoint": endpoint.url}
    metadata = _metadata(model, name, annotations, placement.name)
    if endpoint.needs_key is not None:
        key_tag = "auth-required" if endpoint.needs_key else "auth-not-required"
        metadata["tags"] = sorted({*metadata.get("tags", ()), key_tag})
    metadata["links"] = [{"url": endpoint.url, "title": f"Endpoint ({protocol})"}]
    spec = {
        "type": _DEFINED.get(protocol, protocol) if definition else protocol,
        **_spec(placement),
        "definition": definition or _undefined(endpoint, protocol),
    }
    return _entity("API", metadata, spec)


def _definition(endpoint: Endpoint) -> str | None:
    text = endpoint.definition
    if not text or not text.strip() or len(text) > _LONGEST_DEFINITION:
        return None
    return "".join(char for char in text.replace("\r\n", "\n") if char in "\n\t" or char.isprintable())


def _undefined(endpoint: Endpoint, protocol: str) -> str:
    # Backstage asks every API for a definition; an invented one would be a lie.
    return f"The registry publishes no API definition. Protocol: {protocol}. Endpoint: {endpoint.url}\n"


def _entity(kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> Entity:
    return {"apiVersion": _API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _spec(placement: Placement) -> dict[str, Any]:
    spec = {"lifecycle": placement.lifecycle, "owner": placement.owner}
    return spec | ({"system": placement.system} if placement.system else {})


def _metadata(model: Model, name: str, annotations: dict[str, str], plain: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    title = title_of(model)
    if title != plain:
        metadata["title"] = title
    if description := shortened(model.description or "", _DESCRIPTION):
        metadata["description"] = description
    metadata["annotations"] = annotations
    if tags := _tags(model):
        metadata["tags"] = tags
    if links := _links(model):
        metadata["links"] = links
    return metadata


def _annotations(model: Model, key: Key) -> dict[str, str]:
    sources = ", ".join(one.source for one in model.known_in) or model.source
    annotations = {f"{ANNOTATION}key": visible(str(key))[:500], f"{ANNOTATION}source": sources}
    latest = model.latest
    if latest and (version := shortened(latest.name, 200)):
        annotations[f"{ANNOTATION}version"] = version
    if latest and latest.artifacts and (digest := latest.artifacts[0].digest):
        annotations[f"{ANNOTATION}digest"] = shortened(digest, 200)
    if model.license and (license_id := shortened(model.license.id, 100)):
        annotations[f"{ANNOTATION}license"] = license_id
    for one in model.promotions:
        annotations[f"{ANNOTATION}{one.stage}-version"] = shortened(one.version, 200)
    return annotations


def _deployment(model: Model) -> dict[str, str]:
    deployed = sorted({shortened(endpoint.version, 200) for endpoint in model.endpoints if endpoint.version})
    return {f"{ANNOTATION}deployment-version": ", ".join(deployed)} if deployed else {}


def _documented_by(placement: Placement) -> dict[str, str]:
    # One TechDocs site per model: the Resource has it, the others point to it.
    return {"backstage.io/techdocs-entity": f"resource:default/{placement.name}"}


def _tags(model: Model) -> list[str]:
    words = [*model.tasks, *model.categories, *model.tags, *([model.library] if model.library else [])]
    if model.lifecycle in _ENDED:
        words.append(model.lifecycle)
    return sorted({clean for word in words if (clean := tag(word))})[:_MOST_TAGS]


def _links(model: Model) -> list[dict[str, str]]:
    links: dict[str, str] = {}
    for link in model.links:
        if url := safe_url(link.url):
            links.setdefault(url, shortened(link.title, _TITLE) or url)
    if model.license and model.license.url and (url := safe_url(model.license.url)):
        links.setdefault(url, f"License: {shortened(model.license.name or model.license.id, 60)}")
    return [{"url": url, "title": title} for url, title in list(links.items())[:_MOST_LINKS]]
