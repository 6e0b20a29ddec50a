"""What a change consists of, in one word: equal content has an equal fingerprint, wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def blob_id(content: bytes) -> str:
    """git's name for a file's content (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def entry_of(content: bytes) -> str:
    """What a tree says of a regular file with this content: its mode and its blob id."""
    return f"100644 {blob_id(content)}"


def fingerprint(entries: Mapping[str, str | None]) -> str:
    """The fingerprint of a change: paths to mode and blob id, None for a removed file. 64 hex digits.

    The mode counts: the same bytes as a symbolic link are another thing.
    """
    lines = [f"{entry or '-'} {path}\0" for path, entry in sorted(entries.items())]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def fingerprint_of_files(files: Mapping[str, bytes | None]) -> str:
    """The fingerprint of a change from its files' contents."""
    return fingerprint(
        {path: None if content is None else entry_of(content) for path, content in files.items()}
    )
