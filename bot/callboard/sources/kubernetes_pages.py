"""One list of a Kubernetes API server, in pages of one snapshot.

When the server has forgotten the snapshot (410), the list begins anew.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callboard.http import Client, HttpProblem

_PAGE = 500  # kubectl's own
_SMALLEST_PAGE = 5
_MOST_PAGES = 1000
_MOST_RELISTS = 3


class Pages:
    """All pages of one list, from one snapshot."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.now: datetime | None = None
        self.found: dict[object, Any] = {}
        """The objects, those of former snapshots too as long as no later one was read to its end."""

    def read(self, path: str) -> None:
        """Raises HttpProblem, also for a list that never ends; what was read until then stays."""
        for _ in range(_MOST_RELISTS):
            try:
                fresh: dict[object, Any] = {}
                self._pages(path, fresh)
            except HttpProblem as error:
                self.found.update(fresh)
                if error.status != 410:
                    raise
                expired = error
            else:
                self.found = fresh
                return
        raise expired from None

    def _pages(self, path: str, found: dict[object, Any]) -> None:
        asked: set[str] = set()
        token, size = "", _PAGE
        for _ in range(_MOST_PAGES):
            try:
                answer = self._client.get(path, {"limit": size} | ({"continue": token} if token else {}))
            except HttpProblem as error:
                if error.kind != "too-large" or size <= _SMALLEST_PAGE:
                    raise
                # People put whole API definitions into annotations, and those may take 256 KiB.
                size //= 10
                continue
            self.now = self.now or _clock(answer.headers)
            said = answer.json()
            items = said.get("items", said) if isinstance(said, dict) else said
            if items is not None and not isinstance(items, list):
                raise HttpProblem("bad-answer", "the answer holds no list of objects", where=answer.where)
            for item in items or ():
                found.setdefault(_identity(item) or ("unnamed", len(found)), item)
            metadata = said.get("metadata") if isinstance(said, dict) else None
            token = (metadata.get("continue") or "") if isinstance(metadata, dict) else ""
            if not token:
                return
            if not isinstance(token, str) or token in asked:
                break
            asked.add(token)
        raise HttpProblem("bad-answer", "the list of pages does not end", where=f"GET /{path}")


def _identity(item: Any) -> tuple[str, str] | None:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict):
        return None
    namespace, name = metadata.get("namespace") or "", metadata.get("name")
    return (namespace, name) if isinstance(namespace, str) and isinstance(name, str) and name else None


def _clock(headers: Mapping[str, str]) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
