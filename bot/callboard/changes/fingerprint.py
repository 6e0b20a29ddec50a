"""What a change consists of, in one word: equal content has an equal fingerprint, wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def blob_id(content: bytes) -> str:
    """git's name for a file's content (SHA-1 object format)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def fingerprint(blobs: Mapping[str, str | None]) -> str:
    """The fingerprint of a change: paths to blob ids, None for a removed file. 64 hex digits."""
    lines = [f"{blob or '-'} {path}\0" for path, blob in sorted(blobs.items())]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def fingerprint_of_files(files: Mapping[str, bytes | None]) -> str:
    """The fingerprint of a change from its files' contents."""
    return fingerprint(
        {path: None if content is None else blob_id(content) for path, content in files.items()}
    )
