"""The tables that ship with Callboard, and those of callboard.yaml on top of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from callboard.config import Settings
from callboard.config_file import load_settings
from callboard.resources import shipped

_S = TypeVar("_S", bound=Settings)
_R = TypeVar("_R")


@cache
def shipped_table(name: str, kind: type[_S]) -> _S:
    """The table ``tables/NAME.yaml``."""
    return load_settings(
        shipped("tables", f"{name}.yaml").read_bytes(), f"tables/{name}.yaml", kind, "words:"
    )


def merged(shipped_rows: Mapping[str, _R | None], own: Mapping[str, _R | None]) -> dict[str, _R]:
    """The rows by their folded words: our own replace, or with None take away, those that ship."""
    rows = {folded(word): row for word, row in shipped_rows.items()}
    rows |= {folded(word): row for word, row in own.items()}
    return {word: row for word, row in rows.items() if row is not None}


def folded(word: str) -> str:
    """A word as tables compare it: in lower case, with dashes for blanks and underscores."""
    return re.sub(r"[\s_]+", "-", word.strip().casefold())
