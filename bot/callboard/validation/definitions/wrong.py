"""What is said of a definition, before it is known where the definition stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrong(Exception):
    """Why a definition is not what its type says: the code of it, what is wrong, what would be right."""

    code: str
    what: str
    hint: str
