"""Who a model belongs to: what registries write, as Backstage's groups and users."""

from __future__ import annotations

from callboard.config_models import Owners
from callboard.sources.selection import matches

TABLE = "the table of owners"
"""Who says what comes from here."""


def owner_of(said: str, owners: Owners) -> str | None:
    """The owner for what a registry wrote; None when the table knows nothing of it.

    What stands there literally counts before the globs, and these in the order in which they are written.
    """
    written = said.strip()
    for pattern, owner in owners.items():
        if pattern.casefold() == written.casefold():
            return owner
    return next((owner for pattern, owner in owners.items() if matches((pattern,), (written,))), None)
