"""Which files are catalog files, told by their names and, without reading YAML, by what they say."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from callboard.validation.contents import content
from callboard.validation.globs import is_glob
from callboard.validation.together import can_hold_entities

_NAMED = re.compile(r"(?:.*[-._])?catalog-info(?:[-._].*)?\.ya?ml|catalog-info\.ya?ml")
_OURS = b"backstage.io/"
_SAYS_SO = re.compile(
    rb"""^(?:\xef\xbb\xbf)?(?:---[ \t]+)?   # where a document begins, or a line of its mapping
    (?:[{][^][{}]{0,1000}?(?<=[{,\s]))?    # or, of a mapping in braces, what is before its collections
    (?:[&!]\S{0,100}[ \t]+){0,2}(["']?)apiVersion\1[ \t]*:
    (?:[ \t]+(?:[&!]\S{0,100}|[>|][-+0-9]{0,2})(?=\s)){0,3}
    [ \t]*(?:(?:[#].*)?\r?\n\s*)?["']?backstage\.io/""",
    re.MULTILINE | re.VERBOSE,
)
_YAML = (".yaml", ".yml")


def is_yaml(path: str) -> bool:
    """Whether a file may be a catalog file in YAML, by its name."""
    return _is_yaml(_last(path))


def is_catalog_file(path: str) -> bool:
    """Whether a file that is found in a folder is a catalog file; it is read where its name does not tell."""
    name = _last(path)
    if not _is_yaml(name) or _NAMED.fullmatch(name):
        return _is_yaml(name)
    try:
        return says_it_is_one(name, content(path))
    except OSError:
        # Whether it is one cannot be told, unless it is surely none; whoever reads it will say why.
        return Path(path).is_file()


def says_it_is_one(path: str, text: bytes) -> bool:
    """Whether a file with this name and content is a catalog file if it is found in a folder."""
    name = _last(path)
    return _is_yaml(name) and bool(_NAMED.fullmatch(name) or (_OURS in text and _SAYS_SO.search(text)))


def is_meant(path: str, pattern: str) -> bool:
    """Whether a name may be meant by the last part of a pattern, if it matches.

    As for a shell, a wildcard is no dot that a name begins with; and without its ending, a file of that
    name is only meant where somebody wrote the name.
    """
    name, last = _last(path), _last(pattern)
    if not is_glob(last):
        return can_hold_entities(name)
    if name.startswith(".") and not last.startswith("."):
        return False
    return can_hold_entities(name) and name.endswith((*_YAML, ".json"))


@lru_cache(maxsize=256)
def _is_yaml(name: str) -> bool:
    return name.endswith(_YAML) and name not in _YAML and can_hold_entities(name)


def _last(path: str) -> str:
    return path[path.rfind("/") + 1 :]
