"""What Backstage makes of an entity before it looks at it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from callboard.validation.diagnostics import Finding, shown
from callboard.validation.placeholders import KEYS

_SET_BY_BACKSTAGE = ("backstage.io/managed-by-location", "backstage.io/managed-by-origin-location")


def processed(entity: Mapping[str, Any], *, ai_model: bool = True) -> Mapping[str, Any]:
    """The entity as a catalog processes it, with or without the AI module: as a rule, itself.

    Annotations that are nothing are none, and the two that say where an entity is from are the catalog's own
    (ProcessorOutputCollector). ``__proto__`` is no key to JavaScript. Without the AI module, an API of the
    type mcp-server is an API like any other.
    """
    changed: Mapping[str, Any] = _without_proto(entity)
    metadata = changed.get("metadata")
    if isinstance(metadata, dict):
        fields = {
            field: _own_annotations(metadata[field])
            if field == "annotations"
            else _without_proto(metadata[field])
            for field in ("labels", "annotations")
            if field in metadata
        }
        if any(value is not metadata[field] for field, value in fields.items()):
            changed = {**changed, "metadata": {**metadata, **fields}}
    spec = changed.get("spec")
    if ai_model or changed.get("kind") != "API" or not isinstance(spec, dict):
        return changed
    if spec.get("type") == "mcp-server":
        changed = {**changed, "spec": {**spec, "type": "any"}}
    return changed


def stored(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entity as it is when placeholders are replaced; what else ``processed`` changes, changes later."""
    metadata = entity.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict) or not any(key in annotations for key in _SET_BY_BACKSTAGE):
        return entity
    kept = {key: one for key, one in annotations.items() if key not in _SET_BY_BACKSTAGE}
    return {**entity, "metadata": {**entity["metadata"], "annotations": kept}}


def _without_proto(value: Any) -> Any:
    inner = value.get("__proto__") if isinstance(value, dict) else None
    if not isinstance(inner, dict | list):
        return value
    if isinstance(inner, dict) and len(inner) == 1 and next(iter(inner)) in KEYS:
        return value  # It is a text by then, and a text is kept.
    return {key: one for key, one in value.items() if key != "__proto__"}


def _own_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        value = _without_proto(value)
        if any(key in value for key in _SET_BY_BACKSTAGE):
            return {key: one for key, one in value.items() if key not in _SET_BY_BACKSTAGE}
        return value
    # Here, infinity is not null yet.
    return {} if _is_nothing(value) and not (isinstance(value, float) and math.isinf(value)) else value


def without_ai_model(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """What a catalog without the AI module refuses besides.

    Its BuiltinKindsEntityProcessor takes ``dependencyOf`` for references, whatever it holds.
    """
    spec = entity.get("spec")
    if entity.get("kind") == "AiResource":
        what = "the kind 'AiResource' is known to the AI module only, which the catalog does not have"
        yield Finding(("kind",), "unknown-kind", what, "write a Resource, or install the module")
    if entity.get("kind") in ("Component", "Resource") and isinstance(spec, dict):
        value = spec.get("dependencyOf")
        if _is_nothing(value):
            return
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if not _is_reference(item):
                path = ("spec", "dependencyOf") if index is None else ("spec", "dependencyOf", index)
                what = f"{shown(item)} is no reference"
                yield Finding(path, "reference-format", what, "write for example component:default/name")


def _is_reference(value: Any) -> bool:
    """Text is looked at elsewhere; a mapping with a kind and a name is one, too."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in KEYS:
            return True  # What will stand here by then, nobody can say.
        # Without a namespace it has that of the entity; null is none, but an empty one is one.
        namespace = value.get("namespace")
        named = not (_is_nothing(value.get("kind")) or _is_nothing(value.get("name")))
        return named and (namespace is None or not _is_nothing(namespace))
    return isinstance(value, str) and bool(value)


def _is_nothing(value: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return True  # null, once it was stored
    return value is None or (isinstance(value, bool | int | float | str) and not value)
