"""Whether a server needs a key: found by asking it without one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from callboard.config import RemoteSettings, SecretUnavailable
from callboard.http import HttpProblem
from callboard.sources.remote import open_client

Reply = Literal["open", "needs key", "missing", "unknown"]
"""``missing``: nobody is refused, and nothing is there, or not for this method. ``unknown``: no answer that
says anything."""


def ask_without_credentials(settings: RemoteSettings, folder: Path, path: str) -> Reply:
    """What the source's server says to a reading request for ``path`` from somebody whom it does not know."""
    stranger = settings.model_copy(update={"token": None, "username": None, "password": None})
    try:
        with open_client(stranger, folder) as client:
            client.get(path)
    except (HttpProblem, SecretUnavailable) as error:
        status = error.status if isinstance(error, HttpProblem) else None
        if status in (401, 403):
            return "needs key"
        return "missing" if status is not None and 400 <= status < 500 and status != 429 else "unknown"
    return "open"
