"""What stands in for a source that who runs the service does not allow: it lists nothing, and says why.

The source keeps its name, so that what the catalog has of it is neither forgotten nor taken for deleted.
"""

from __future__ import annotations

from typing import Literal

from callboard.config import SourceSettings
from callboard.model import Listing, Problem
from callboard.sources.context import Context


class Settings(SourceSettings):
    """Cannot be written in callboard.yaml: only the service puts it in another's place."""

    type: Literal["refused"] = "refused"
    instead_of: str = ""
    """The type that it has in callboard.yaml: what others say of its models still means this source."""
    what: str
    hint: str


def list_models(settings: Settings, _context: Context) -> Listing:
    """No models, one problem; nothing is asked of anybody."""
    where = f"source {settings.name}"
    problem = Problem(source=settings.name, what=settings.what, where=where, hint=settings.hint)
    return Listing(source=settings.name, problems=(problem,))
