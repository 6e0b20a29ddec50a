"""Secrets, and keeping them out of everything that is written.

Every secret that the process reads is made a ``Secret``, which remembers itself here, so that ``redact``
can take it (and its JSON, URL-quoted and base64 forms) out of any text on its way to a log, an error, a
commit, a comment or a page.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from urllib.parse import quote

MASK = "***"
_SHORTEST = 6  # shorter secrets would mask ordinary words

_known: Counter[str] = Counter()
"""Each form of each secret, and how often it was made known."""
_longest_first: list[tuple[str, ...]] = []
"""The same in the order in which they are masked, made anew after each change."""
_lock = threading.Lock()


class Secret:
    """A secret value. It prints as ``***``; only ``reveal`` gives it out, at the edge that sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST:
            with _lock:
                _known.update(_forms(value))
                _longest_first.clear()

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def forget(self) -> None:
        """A short-lived secret is over, and nothing that is still to be written can hold it."""
        with _lock:
            _known.subtract(_forms(self._value))
            for form in [form for form, count in _known.items() if count <= 0]:
                del _known[form]
            _longest_first.clear()

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def redact(text: str) -> str:
    """``text`` with every known secret, in any of its usual encodings, replaced by ``***``."""
    with _lock:
        if not _longest_first:
            _longest_first.append(tuple(sorted(_known, key=len, reverse=True)))
        (known,) = _longest_first
    for form in known:
        text = text.replace(form, MASK)
    return text


def _forms(value: str) -> set[str]:
    raw = value.encode()
    # Basic authentication as git and the registries use it: the secret is the password.
    users = (b"x-access-token:", b"oauth2:", b"token:", b":", b"")
    encoded = {base64.b64encode(user + raw).decode().rstrip("=") for user in users}
    quoted = {json.dumps(value, ensure_ascii=plain)[1:-1] for plain in (True, False)}
    return {value, quote(value, safe=""), *quoted, *encoded}
