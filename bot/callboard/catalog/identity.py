"""Keys and entity names: who a model is, for ever, and what it is called in Backstage.

A key is ``scope/source:registry-id``. It is never shown to Backstage as a name and never changes: a renamed
source finds its models again through ``formerly`` in the configuration, and their keys stay as published.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Set
from dataclasses import dataclass

LONGEST_NAME = 63
"""Backstage's limit for ``metadata.name`` (catalog-model, KubernetesValidatorFunctions)."""


_RESERVED = re.compile(r"(?:con|nul|aux|prn|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
"""Names that no folder can have on Windows, where the repository could not be checked out."""


@dataclass(frozen=True, order=True)
class Key:
    """The stable identity of a model."""

    scope: str
    source: str
    id: str

    def __str__(self) -> str:
        return f"{self.scope}/{self.source}:{self.id}"

    @property
    def digest(self) -> str:
        """Eight hex digits that tell this key from others, safe in names, branches and paths."""
        return hashlib.sha256(str(self).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def base_name(name: str) -> str:
    """A model's name within Backstage's rules: ``[A-Za-z0-9]`` at both ends, ``-_.`` between, at most 63.

    Dots, underscores and case stay. Accents are taken off; anything else becomes ``-``. Empty when nothing
    of the name can be said in these letters.
    """
    flat = unicodedata.normalize("NFKD", name)
    flat = "".join(char for char in flat if not unicodedata.combining(char))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", flat).strip("-_.")[:LONGEST_NAME].rstrip("-_.")


def entity_name(name: str, key: Key, taken: Set[str]) -> str:
    """The entity name for a model that has none yet.

    ``taken`` are the names in use, lower-case: Backstage compares entity references without case. The key's
    digest is added only when the plain name is empty, taken, or no folder's on Windows.
    """
    plain = base_name(name)
    reserved = _RESERVED.fullmatch(plain) is not None
    if reserved:
        plain = plain.replace(".", "-")  # on Windows, what stands before the first dot counts
    if plain and plain.lower() not in taken and not reserved:
        return plain
    suffix = f"-{key.digest}"
    return (plain[: LONGEST_NAME - len(suffix)].rstrip("-_.") or "model") + suffix


def assign_names(wanted: Mapping[Key, str], published: Mapping[Key, str], taken: Set[str]) -> dict[Key, str]:
    """An entity name for each wanted model (key to model name).

    ``published`` names stay as they are; new models get theirs in the order of their keys, so that any
    machine answers the same. ``taken`` are further names (lower-case) that belong to somebody else.
    """
    names = {key: published[key] for key in wanted if key in published}
    used = {name.lower() for name in published.values()} | set(taken)
    for key in sorted(set(wanted) - set(published)):
        names[key] = entity_name(wanted[key], key, used)
        used.add(names[key].lower())
    return names
