"""What the forge refused, for who reads the output."""

from __future__ import annotations

from callboard.forges.protocol import ForgeError
from callboard.model import Problem


def refused(error: ForgeError) -> Problem:
    """The refusal as a problem."""
    return Problem(source="forge", what=error.what, where=error.where, hint=error.hint)
