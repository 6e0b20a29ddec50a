"""The overview's facts, and the tables of versions and of usage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from callboard.catalog import inert
from callboard.catalog.docs.numbers import more, size
from callboard.catalog.markdown import clean_markdown, plain
from callboard.model import Artifact, Model, Port, Signature, Version

NONE = "—"
"""What a table shows where the registry says nothing."""
_MOST_NAMES = 12
_MOST_VERSIONS = 100
_MOST_DESCRIBED = 20
_MOST_ENDPOINTS = 50
_MOST_PORTS = 100


def link_to(url: str, shown: str) -> str:
    """A link to ``url``, or only its text where a page must not lead there."""
    target = inert.link(url)
    if target is None or not plain(shown):
        return plain(shown)
    return inert.address(target) if url == shown else f"[{plain(shown)}]({target})"


def listed(values: Iterable[str], most: int = _MOST_NAMES) -> str:
    """Values side by side, the rest counted."""
    every = list(dict.fromkeys(values))
    shown = [plain(value, 120) for value in every[:most]]
    return ", ".join(filter(None, [*shown, more(len(every) - most, "")])).strip()


def facts(model: Model, *, owner: str, lifecycle: str, system: str | None) -> list[tuple[str, str]]:
    """The rows of the facts table that have something to say, name and value."""
    latest = model.latest
    artifacts = latest.artifacts if latest else ()
    rows = [
        ("Owner", plain(owner)),
        ("Lifecycle", plain(lifecycle)),
        ("System", plain(system or "")),
        ("License", _license(model)),
        ("Latest version", _latest(latest)),
        *((f"In {one.stage}", f"version {plain(one.version)}") for one in model.promotions),
        ("Format", listed(artifact.format or "" for artifact in artifacts if artifact.format)),
        ("Size", _size(artifacts)),
        ("Digest", _digest(artifacts)),
        ("Library", plain(model.library or "")),
        ("Tasks", listed(model.tasks)),
        ("Categories", listed(model.categories)),
        ("Languages", listed(model.languages)),
        ("Base model", listed(model.lineage.base_models)),
        ("Datasets", listed(model.lineage.datasets)),
        ("Tags", listed(model.tags)),
        *_origins(model),
        ("Updated", plain((model.updated_at or model.created_at or "")[:10])),
        (
            "Links",
            ", ".join(filter(None, (link_to(link.url, link.title) for link in model.links[:_MOST_NAMES]))),
        ),
    ]
    return [(name, value) for name, value in rows if value]


def _origins(model: Model) -> list[tuple[str, str]]:
    if not model.known_in:
        return [("Registry", plain(model.source)), ("Name in the registry", plain(model.name))]
    return [("Known in", listed(f"{one.source}: {one.name}" for one in model.known_in))]


def _license(model: Model) -> str:
    if model.license is None:
        return ""
    shown = model.license.name or model.license.id
    return link_to(model.license.url, shown) if model.license.url else plain(shown)


def _latest(version: Version | None) -> str:
    if version is None:
        return ""
    return f"{plain(version.name)} ({listed(version.aliases)})" if version.aliases else plain(version.name)


def _size(artifacts: Sequence[Artifact]) -> str:
    sizes = [artifact.size for artifact in artifacts if artifact.size is not None]
    return size(sum(sizes)) if sizes else ""


def _digest(artifacts: Sequence[Artifact]) -> str:
    digests = [artifact.digest for artifact in artifacts if artifact.digest]
    return _code(digests[0]) if len(digests) == 1 else ""


def _code(text: str) -> str:
    """A short value in a code span, where it is made of harmless characters only."""
    return (
        f"`{text}`"
        if len(text) <= 200 and all(c.isascii() and (c.isalnum() or c in ":._-") for c in text)
        else plain(text)
    )


def version_tables(versions: Sequence[Version]) -> dict[str, Any]:
    """What the page of versions shows."""
    rows = []
    for version in versions[:_MOST_VERSIONS]:
        formats = listed(artifact.format for artifact in version.artifacts if artifact.format)
        rows.append(
            {
                "name": plain(version.name) or NONE,
                "state": plain(version.state or "", 60) or NONE,
                "aliases": listed(version.aliases) or NONE,
                "created": plain((version.created_at or "")[:10]) or NONE,
                "format": formats or NONE,
                "size": _size(version.artifacts) or NONE,
                "digest": _digest_short(version.artifacts) or NONE,
            }
        )
    described = [
        {"name": plain(version.name), "description": text}
        for version in versions[:_MOST_DESCRIBED]
        if version.description
        and (text := clean_markdown(version.description, heading_offset=2).text.strip("\n"))
    ]
    return {
        "versions": rows,
        "described": described,
        "more": more(len(versions) - _MOST_VERSIONS, "versions"),
    }


def _digest_short(artifacts: Sequence[Artifact]) -> str:
    digests = [artifact.digest for artifact in artifacts if artifact.digest]
    if len(digests) != 1:
        return ""
    value = digests[0].rpartition(":")[2]
    return _code(value[:12]) + ("…" if len(value) > 12 else "")


def endpoint_rows(model: Model) -> dict[str, Any]:
    """What the page of usage says about where the model is served."""
    keys = {True: "needed", False: "not needed", None: NONE}
    rows = [
        {
            "address": link_to(endpoint.url, endpoint.url),
            "protocol": plain(endpoint.protocol, 60) or NONE,
            "key": keys[endpoint.needs_key],
            "version": plain(endpoint.version or "") or NONE,
        }
        for endpoint in model.endpoints[:_MOST_ENDPOINTS]
    ]
    return {"endpoints": rows, "more_endpoints": more(len(model.endpoints) - _MOST_ENDPOINTS, "endpoints")}


def signature_tables(model: Model) -> dict[str, Any] | None:
    """What the page of usage says about inputs and outputs: of the newest version that has a signature."""
    for version in model.versions:
        if version.signature and (parts := _parts(version.signature)):
            return {"version": f" (version {plain(version.name)})", "parts": parts}
    parts = _parts(model.signature) if model.signature else []
    return {"version": "", "parts": parts} if parts else None


def _parts(signature: Signature) -> list[dict[str, Any]]:
    every = (
        ("Inputs", signature.inputs),
        ("Outputs", signature.outputs),
        ("Parameters", signature.parameters),
    )
    return [
        {
            "title": title,
            "ports": [_port(port) for port in ports[:_MOST_PORTS]],
            "more": more(len(ports) - _MOST_PORTS, title.lower()),
        }
        for title, ports in every
        if ports
    ]


def _port(port: Port) -> dict[str, str]:
    dimensions = ["any" if size == -1 else str(size) for size in port.shape or ()]
    return {
        "name": plain(port.name) or NONE,
        "type": plain(port.type, 100) or NONE,
        "shape": plain(" × ".join(dimensions[:20])) or NONE,  # noqa: RUF001
        "required": "no" if port.optional else "yes",
    }
