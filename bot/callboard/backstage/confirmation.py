"""Whether Backstage has an entity as it was merged: a pure judgement over what was read from its catalog.

The source of every rule is what a Backstage catalog backend 4.0 does, held to it by the contract tests.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from callboard.redaction import redact

State = Literal["confirmed", "pending", "foreign", "stale", "error"]

ORIGIN = "backstage.io/managed-by-origin-location"
_ORPHAN = "backstage.io/orphan"
_PROCESSING = "backstage.io/catalog-processing"
_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Confirmation:
    """What Backstage makes of one entity that was merged."""

    entity_ref: str
    state: State
    """``confirmed``: ours, equal to what was merged, without processing errors. ``pending``: not there yet.
    ``foreign``: another location holds this entity reference. ``stale``: ours, but with other values.
    ``error``: Backstage could not process it."""
    why: str
    """One sentence for the person who reads it. Holds what Backstage said: redacted, but not escaped."""


def entity_ref(document: Mapping[str, Any]) -> str:
    """The entity reference of a document as Backstage writes it: ``kind:namespace/name``, in lower case.

    Parts that are missing or are no strings become ``?`` (namespace: ``default``), so that a broken document
    can still be spoken of.
    """
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}

    def part(value: object, default: str) -> str:
        return value.lower() if isinstance(value, str) and value else default

    kind, name = part(document.get("kind"), "?"), part(metadata.get("name"), "?")
    return f"{kind}:{part(metadata.get('namespace'), 'default')}/{name}"


def location_ref(target: str) -> str:
    """The entity reference that Backstage gives to the location of a registered target."""
    name = hashlib.sha1(f"url:{target}".encode(), usedforsecurity=False).hexdigest()
    return f"location:default/generated-{name}"


def origin(entity: Mapping[str, Any]) -> str | None:
    """The registered location that an entity comes from (``url:…``), or None when none is said."""
    return _annotation(entity, ORIGIN)


def processing_errors(entity: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What the catalog says went wrong when it last processed an entity, each in one line."""
    status = (entity or {}).get("status")
    items = status.get("items") if isinstance(status, Mapping) else None
    return tuple(
        one_line(str(item.get("message", "no message")))
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, Mapping) and item.get("type") == _PROCESSING and item.get("level") == "error"
    )


def confirm(
    expected: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    *,
    target: str,
    location_errors: Sequence[str] = (),
) -> Confirmation:
    """Judge one entity: ``expected`` is the merged document, ``found`` what Backstage has by its reference.

    ``target`` is the URL that we registered; ``location_errors`` are ``processing_errors`` of its location.
    Backstage may add to a document (namespace, annotations, relations …) but must keep all that it says.
    """
    ref = entity_ref(expected)
    if found is None:
        if location_errors:
            return Confirmation(ref, "error", f"Backstage could not read {target}: {location_errors[0]}")
        return Confirmation(ref, "pending", f"Backstage has not processed {target} yet")
    came_from = origin(found)
    if came_from != f"url:{target}":
        holder = f"the location {one_line(came_from)}" if came_from else "something that is not a location"
        why = (
            f"{ref} comes from {holder}, not from {target}; remove it there, or give this model another name"
        )
        return Confirmation(ref, "foreign", why)
    if errors := processing_errors(found):
        return Confirmation(ref, "error", f"Backstage could not process {ref}: {errors[0]}")
    if location_errors:
        return Confirmation(ref, "error", f"Backstage could not read {target}: {location_errors[0]}")
    if _annotation(found, _ORPHAN) == "true":
        return Confirmation(ref, "stale", f"Backstage no longer finds {ref} in {target} and will delete it")
    if (path := difference(expected, found)) is not None:
        where = ".".join(map(str, path)) or "the document"
        return Confirmation(ref, "stale", f"Backstage still has another value of {where} for {ref}")
    return Confirmation(ref, "confirmed", f"Backstage has {ref} as it was merged")


def difference(expected: object, found: object) -> tuple[str | int, ...] | None:
    """The way to the first value of ``expected`` that ``found`` does not have, or None where it has all.

    A mapping that was found may have further keys; a list may not have further items. Numbers are compared
    as JSON has them. A placeholder (``$text: ./openapi.yaml``) is what Backstage replaces, so it may have
    become anything.
    """
    if isinstance(expected, Mapping):
        if _is_placeholder(expected):
            return None
        if not isinstance(found, Mapping):
            return ()
        for key, value in expected.items():
            if key not in found:
                return (key,)
            if (path := difference(value, found[key])) is not None:
                return (key, *path)
        return None
    if isinstance(expected, list | tuple):
        if not isinstance(found, list | tuple) or len(found) != len(expected):
            return ()
        for index, (value, other) in enumerate(zip(expected, found, strict=True)):
            if (path := difference(value, other)) is not None:
                return (index, *path)
        return None
    return None if _same_scalar(expected, found) else ()


def one_line(text: str) -> str:
    """Text from outside in one line of bounded length, without control characters or known secrets."""
    line = redact(" ".join("".join(c if c.isprintable() else " " for c in text).split()))
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _annotation(entity: Mapping[str, Any], key: str) -> str | None:
    metadata = entity.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    value = annotations.get(key) if isinstance(annotations, Mapping) else None
    return value if isinstance(value, str) else None


def _is_placeholder(value: Mapping[Any, Any]) -> bool:
    key = next(iter(value), None)
    return len(value) == 1 and isinstance(key, str) and key.startswith("$")


def _same_scalar(expected: object, found: object) -> bool:
    if isinstance(expected, float) and not math.isfinite(expected):
        return found is None  # JSON has no such numbers
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | float) and isinstance(found, int | float):
        try:
            # All numbers are doubles to Backstage.
            return float(expected) == float(found)
        except OverflowError:
            return False
    return type(expected) is type(found) and expected == found
