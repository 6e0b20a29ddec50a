"""``$text``, ``$json`` and ``$yaml``: what Backstage puts in their place, it reads from elsewhere.

It does so before it looks at anything else of the entity, every time that it processes the entity, and
without asking whether the file has changed (PlaceholderProcessor of plugin-catalog-backend).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.documents.place import Path
from callboard.validation.addresses import is_url
from callboard.validation.diagnostics import Finding, shown

KEYS = frozenset({"$text", "$json", "$yaml"})
"""What stands in the place of a value that Backstage reads from elsewhere."""
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]{2}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One of them."""

    path: Path
    """Of the mapping that is replaced."""
    key: str
    target: object

    @property
    def beside(self) -> str | None:
        """The path of the file, relative to the entity's own; None for what may be in another tree."""
        return relative_path(self.target) if isinstance(self.target, str) else None


def relative_path(target: str) -> str | None:
    """What a target names relative to the file that names it; None where it is a URL or begins at a root."""
    if not target or _ABSOLUTE.match(target) or target[0] in "/\\":
        return None
    return re.split("[?#]", target, maxsplit=1)[0] or None


def placeholders(value: object, path: Path = ()) -> Iterator[Placeholder]:
    """All of them in a value, as Backstage finds them: the only key of a mapping."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from placeholders(item, (*path, index))
    elif isinstance(value, dict):
        if len(value) == 1 and (key := next(iter(value))) in KEYS:
            yield Placeholder(path, key, value[key])
        elif not any(key.startswith("$") for key in value):
            for key, inner in value.items():
                yield from placeholders(inner, (*path, key))


def placeholder_findings(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """What there is to say of each, wherever it leads."""
    for one in placeholders(entity):
        place = (*one.path, one.key)
        if not isinstance(one.target, str):
            what = f"{one.key} leads to {shown(one.target)}, which is no text"
            yield Finding(place, "placeholder-target", what, "write the path of a file")
            continue
        if not _leads_anywhere(one.target, entity):
            what = f"{one.key} leads to {shown(one.target)}, of which Backstage can make no URL"
            yield Finding(place, "placeholder-target", what, "write an https: address or a path")
            continue
        what = f"Backstage reads {shown(one.target)} again every time that it processes this entity"
        if _ABSOLUTE.match(one.target):
            what += ", and refuses it where it is in another repository"
        yield Finding(place, "placeholder-fetched", what, "write the content here instead", "warning")


def _leads_anywhere(target: str, entity: Mapping[str, Any]) -> bool:
    spec = entity.get("spec")
    if entity.get("kind") == "Location" and isinstance(spec, dict) and spec.get("type") == "file":
        return is_url(target)  # Paths are relative to a URL, and a file has none.
    if not _ABSOLUTE.match(target):
        return True
    return is_url(f"https:{target}" if target[0] in "/\\" else target)


def without_placeholders(entity: Mapping[str, Any], found: Collection[Placeholder]) -> Mapping[str, Any]:
    """The entity with any text in the place of each of those ``found``."""
    filled: Mapping[str, Any] = _filled(entity, {one.path for one in found}, ())
    return filled


def _filled(value: Any, paths: Collection[Path], path: Path) -> Any:
    if path in paths:
        return "text"
    if isinstance(value, list):
        return [_filled(one, paths, (*path, index)) for index, one in enumerate(value)]
    if isinstance(value, dict):
        return {key: _filled(one, paths, (*path, key)) for key, one in value.items()}
    return value


_NEVER_REPLACED = (
    (),
    ("metadata",),
    ("metadata", "annotations"),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("apiVersion",),
    ("kind",),
)
"""Where Backstage looks before it replaces anything, or puts something of its own beside it."""


def replaceable(entity: Mapping[str, Any]) -> tuple[Placeholder, ...]:
    """Those that Backstage replaces."""
    return tuple(one for one in placeholders(entity) if one.path not in _NEVER_REPLACED)


def missing_placeholders(entity: Mapping[str, Any], missing: Mapping[str, str]) -> Iterator[Finding]:
    """Placeholders that lead to one of the ``missing`` relative paths, for which a file should be there."""
    for one in replaceable(entity):
        if one.beside is not None and one.beside in missing:
            what = f"{one.key} leads to {shown(one.target)}, which is not there"
            hint = f"add {shown(missing[one.beside])}, or correct the path; Backstage takes nothing else"
            yield Finding((*one.path, one.key), "placeholder-missing", what, hint, "warning")
