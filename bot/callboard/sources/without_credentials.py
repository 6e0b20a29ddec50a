"""Whether a server needs a key: found by asking it without one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from callboard.config import RemoteSettings, SecretUnavailable
from callboard.http import Client, HttpProblem
from callboard.sources.remote import open_client

Reply = Literal["open", "needs key", "missing", "unknown"]
"""``missing``: nobody is refused, and nothing is there, or not for this method. ``unknown``: no answer that
says anything."""


def has_credentials(settings: RemoteSettings) -> bool:
    """Whether the source signs in."""
    return settings.token is not None or settings.username is not None


def ask_without_credentials(settings: RemoteSettings, folder: Path, client: Client, path: str) -> Reply:
    """What the source's server says to a reading request for ``path`` from somebody whom it does not know.

    ``client`` is the source's own; where it has no credentials, it is such a somebody itself.
    """
    try:
        if not has_credentials(settings):
            client.get(path)
        else:
            nobody = settings.model_copy(update={"token": None, "username": None, "password": None})
            with open_client(nobody, folder) as stranger:
                stranger.get(path)
    except (HttpProblem, SecretUnavailable) as error:
        status = error.status if isinstance(error, HttpProblem) else None
        if status in (401, 403):
            return "needs key"
        return "missing" if status is not None and 400 <= status < 500 and status != 429 else "unknown"
    return "open"
