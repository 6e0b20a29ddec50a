"""What the configurations of models in OCI registries say, each kind in its own words.

Sources: ModelPack's configuration schema, KitOps' Kitfile, Docker's and Ollama's published types, and the
image specification's annotations, which fill in what a configuration leaves out. A wrong type loses only its
field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from callboard.documents.place import Fault, Place
from callboard.model import Link
from callboard.sources.fields import Fields, Origin
from callboard.sources.oci_manifests import IMAGE, MODELKIT, Kind, Manifest

_REFERENCE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._-]*)+(:[\w.-]{1,128}|@sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Said:
    """What an artifact says of its model, apart from its card."""

    title: str | None = None
    description: str | None = None
    owner: str | None = None
    provider: str | None = None
    licenses: tuple[str, ...] = ()
    library: str | None = None
    format: str | None = None
    languages: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    created_at: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    """Of the version, in the order of their keys."""


def parse_config(body: bytes) -> dict[object, Any]:
    """The configuration. Raises ValueError when it is no JSON object."""
    try:
        said = _plain(json.loads(body.decode("utf-8", "replace")))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(said, dict):
        raise ValueError("not an object")
    return said


def read_config(
    kind: Kind, config: Mapping[Any, Any], manifest: Manifest, file: str
) -> tuple[Said, list[Fault]]:
    """What configuration and annotations say; the configuration counts first. Never raises.

    ``file`` is how faults name the configuration.
    """
    faults: list[Fault] = []
    annotations: dict[object, object] = dict(manifest.annotations.items())
    fields = Fields(config, Origin(lambda _: Place(file), [""], faults))
    if kind == "modelpack":
        said = _modelpack(fields)
    elif kind == "modelkit":
        said = _modelkit(fields, manifest)
    elif kind == "docker-model":
        said = _docker(fields)
    elif kind == "ollama":
        said = _ollama(fields)
    else:
        labels = fields.record("config").record("Labels")
        said = _annotated(Fields({**labels.values, **annotations}, fields.origin))
        return replace(said, created_at=said.created_at or fields.time("created")), faults
    return _filled(said, _annotated(Fields(annotations, fields.origin, ("annotations",)))), faults


def _filled(first: Said, second: Said) -> Said:
    """What the first says, with what it leaves out from the second."""
    changes = {
        name: getattr(second, name)
        for name in Said.__dataclass_fields__
        if not getattr(first, name) and name != "properties"
    }
    properties = dict(second.properties) | dict(first.properties)
    return replace(first, **changes, properties=tuple(sorted(properties.items())))


def _modelpack(fields: Fields) -> Said:
    about, config = fields.record("descriptor"), fields.record("config")
    can = config.record("capabilities")
    return Said(
        title=about.text("title", "name"),
        description=about.text("description"),
        owner=next(iter(about.texts("authors")), None),
        provider=about.text("vendor"),
        licenses=about.texts("licenses"),
        format=config.text("format"),
        languages=can.texts("languages"),
        capabilities=(
            *(f"inputTypes:{one}" for one in can.texts("inputTypes")),
            *(f"outputTypes:{one}" for one in can.texts("outputTypes")),
            *(name for name in ("reasoning", "toolUsage", "reward") if can.flag(name)),
        ),
        datasets=about.texts("datasetsURL"),
        links=_links(about, {"docURL": "Documentation", "sourceURL": "Source"}),
        created_at=about.time("createdAt"),
        properties=_properties(
            {
                "architecture": config.text("architecture"),
                "authors": ", ".join(about.texts("authors")),
                "family": about.text("family"),
                "format": config.text("format"),
                "knowledge-cutoff": can.time("knowledgeCutoff"),
                "parameters": config.text("paramSize"),
                "precision": config.text("precision"),
                "quantization": config.text("quantization"),
                "revision": about.text("revision"),
                "version": about.text("version"),
            }
        ),
    )


def _modelkit(fields: Fields, manifest: Manifest) -> Said:
    package, model = fields.record("package"), fields.record("model")
    path = model.text("path")
    # A kit without a layer for its model may refer to the kit that it was made from.
    inherits = not any(
        layer.media_type.startswith(f"{MODELKIT}model.v1") for layer in manifest.layers
    ) and _REFERENCE.fullmatch(path or "")
    license_id = model.text("license") or package.text("license")
    return Said(
        title=package.text("name") or model.text("name"),
        description=package.text("description") or model.text("description"),
        licenses=(license_id,) if license_id else (),
        library=model.text("framework"),
        format=model.text("format"),
        base_models=(path,) if path and inherits else (),
        datasets=tuple(filter(None, (one.text("name", "path") for one in fields.records("datasets")))),
        properties=_properties(
            {
                "authors": ", ".join(package.texts("authors")),
                "format": model.text("format"),
                "model-name": model.text("name"),
                "version": model.text("version") or package.text("version"),
            }
        ),
    )


def _docker(fields: Fields) -> Said:
    config = fields.record("config")
    about = {name: config.record(name) for name in ("gguf", "safetensors", "diffusers")}
    gguf = about["gguf"]
    license_id = gguf.text("general.license")
    return Said(
        title=gguf.text("general.name"),
        description=gguf.text("general.description"),
        owner=None,
        provider=gguf.text("general.organization"),
        licenses=(license_id,) if license_id else (),
        format=config.text("format"),
        base_models=tuple(_gguf_bases(gguf)),
        created_at=fields.record("descriptor").time("created", "createdAt"),
        properties=_properties(
            {
                "architecture": config.text("architecture") or gguf.text("architecture"),
                "context-length": config.text("context_size"),
                "format": config.text("format"),
                "parameters": config.text("parameters") or gguf.text("parameter_count"),
                "quantization": config.text("quantization") or gguf.text("quantization"),
            }
        ),
    )


def _gguf_bases(gguf: Fields) -> Iterator[str]:
    """The base models in a GGUF file's metadata: numbered, each by its repository or its name."""
    for number in range(20):
        place = f"general.base_model.{number}"
        name, organization = gguf.text(f"{place}.name"), gguf.text(f"{place}.organization")
        base = gguf.text(f"{place}.repo_url") or (f"{organization}/{name}" if organization and name else name)
        if base is None:
            return
        yield base


def _ollama(fields: Fields) -> Said:
    base = fields.text("base_name")
    return Said(
        format=fields.text("model_format"),
        capabilities=fields.texts("capabilities"),
        base_models=(base,) if base else (),
        properties=_properties(
            {
                "context-length": fields.text("context_length"),
                "family": fields.text("model_family"),
                "format": fields.text("model_format"),
                "parameters": fields.text("model_type"),
                "quantization": fields.text("file_type"),
            }
        ),
    )


def _annotated(said: Fields) -> Said:
    """The image specification's annotations, or labels of the same names."""
    license_id, base = said.text(f"{IMAGE}licenses"), said.text(f"{IMAGE}base.name")
    return Said(
        title=said.text(f"{IMAGE}title"),
        description=said.text(f"{IMAGE}description"),
        owner=said.text(f"{IMAGE}authors"),
        provider=said.text(f"{IMAGE}vendor"),
        licenses=(license_id,) if license_id else (),
        base_models=(base,) if base else (),
        links=_links(
            said,
            {f"{IMAGE}documentation": "Documentation", f"{IMAGE}source": "Source", f"{IMAGE}url": "About"},
        ),
        created_at=said.time(f"{IMAGE}created"),
        properties=_properties(
            {"revision": said.text(f"{IMAGE}revision"), "version": said.text(f"{IMAGE}version")}
        ),
    )


def _links(fields: Fields, titles: Mapping[str, str]) -> tuple[Link, ...]:
    found = ((fields.text(name), title) for name, title in titles.items())
    return tuple(Link(url=url, title=title) for url, title in found if url and re.match(r"https?://", url))


def _properties(said: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in said.items() if value))


def _plain(value: Any) -> Any:
    """Halves of surrogate pairs, which JSON can say and no file can hold, replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return value


_LICENSES = (
    (re.compile(r"\s*Apache License\s+Version 2\.0, January 2004\s"), "Apache-2.0"),
    (re.compile(r"\s*(The )?MIT License( \(MIT\))?\s+Copyright"), "MIT"),
    (re.compile(r"\s*GNU GENERAL PUBLIC LICENSE\s+Version 3, 29 June 2007\s"), "GPL-3.0-only"),
    (re.compile(r"\s*GNU AFFERO GENERAL PUBLIC LICENSE\s+Version 3, 19 November 2007\s"), "AGPL-3.0-only"),
)


def license_in(text: bytes) -> str | None:
    """What a license's text calls itself: an SPDX identifier where its heading is certain, else a line."""
    said = text[: 64 * 1024].decode("utf-8", "replace").removeprefix("\ufeff").replace("\0", "")
    for heading, identifier in _LICENSES:
        if heading.match(said):
            return identifier
    first = next((line.strip() for line in said.splitlines() if line.strip()), "")
    return first[:200] or None
