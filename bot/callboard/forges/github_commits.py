"""The files of a commit in GitHub's words."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from typing import Any

ZERO = "0" * 40
"""Stands for no commit where a ref is pointed from or to."""


def tree_entries(
    files: Mapping[str, bytes | None], existing: Collection[str], blob: Callable[[bytes], str]
) -> list[dict[str, Any]]:
    """What changes in the tree. ``blob`` stores bytes that are no text, and answers their id.

    GitHub refuses to remove what is not there.
    """
    entries: list[dict[str, Any]] = []
    for path, data in sorted(files.items()):
        entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob"}
        if data is None:
            if path in existing:
                entries.append(entry | {"sha": None})
            continue
        text = _text(data)
        entries.append(entry | ({"content": text} if text is not None else {"sha": blob(data)}))
    return entries


def blob_body(data: bytes) -> dict[str, str]:
    """The body that stores bytes."""
    return {"content": base64.b64encode(data).decode(), "encoding": "base64"}


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
