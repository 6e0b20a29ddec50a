"""What decides what is said of a file: Callboard, its schemas, and the libraries that read and judge."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from callboard import __version__
from callboard.checking.signatures import signatures
from callboard.resources import shipped

_ROOMS = ("checking", "documents", "validation")
_SCHEMAS = ("backstage", "openapi")
_LIBRARIES = ("graphql_core", "jsonschema", "packaging", "pcre2", "pydantic_core", "pyyaml", "yaml_rs")
_LIBRARY_MODULE = "yaml"


class Judge:
    """The digest of all that decides, and a sign of it that is sooner told."""

    def __init__(self) -> None:
        package = Path(__file__).parent.parent
        rooms = [*(package / room for room in _ROOMS), *(shipped("schemas", one) for one in _SCHEMAS)]
        self._sources = sorted(path for room in rooms for path in _below(room))
        self._around = f"{__version__} {sys.version} {sorted(_libraries())}"
        stand = signatures(self._sources)
        self.sign = f"{self._around} {sorted(stand.items())}" if len(stand) == len(self._sources) else ""
        """Equal only where the digest is; empty while sources are so new that this cannot be said."""

    def digest(self) -> str:
        """The digest, of what the sources say."""
        digest = hashlib.blake2b(self._around.encode(), digest_size=20)
        for path in self._sources:
            name = path.rpartition(os.sep)[2]
            digest.update(name.encode() + b"\0" + Path(path).read_bytes())
        return digest.hexdigest()


def _below(room: Path) -> Iterable[str]:
    for folder, _, names in os.walk(room):
        yield from (f"{folder}{os.sep}{name}" for name in names if name.endswith((".py", ".json")))


def _libraries() -> Iterable[str]:
    """The installed versions of the libraries, told by their folders: to load them takes too long."""
    found = find_spec(_LIBRARY_MODULE)
    if found is None or found.origin is None:
        return ()
    beside = (path.name for path in Path(found.origin).parents[1].iterdir())
    return [name for name in beside if name.lower().startswith(_LIBRARIES) and name.endswith("-info")]
