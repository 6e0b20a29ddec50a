"""``$text``, ``$json`` and ``$yaml``: what Backstage puts in their place, it reads from elsewhere.

It does so before it looks at anything else of the entity, every time that it processes the entity, and
without asking whether the file has changed (PlaceholderProcessor of plugin-catalog-backend).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.documents.place import Path
from callboard.validation.diagnostics import Finding, shown

_KEYS = frozenset({"$text", "$json", "$yaml"})
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
        if len(value) == 1 and (key := next(iter(value))) in _KEYS:
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
            yield Finding(place, "placeholder-missing", what, "write the path of a file", "warning")
            continue
        what = f"Backstage reads {shown(one.target)} again every time that it processes this entity"
        if _ABSOLUTE.match(one.target):
            what += ", and refuses it where it is in another repository"
        yield Finding(place, "placeholder-fetched", what, "write the content here instead", "warning")


def missing_placeholders(entity: Mapping[str, Any], missing: Mapping[str, str]) -> Iterator[Finding]:
    """Placeholders that lead to one of the ``missing`` relative paths, for which a file should be there."""
    for one in placeholders(entity):
        if one.beside is not None and one.beside in missing:
            what = f"{one.key} leads to {shown(one.target)}, which is not there"
            hint = f"add {missing[one.beside]}, or correct the path; Backstage takes nothing of this entity"
            yield Finding((*one.path, one.key), "placeholder-missing", what, hint, "warning")
