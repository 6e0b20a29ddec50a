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
_FEW = 500  # forms: to look for each one takes no longer than to look at each place of the text

_known: Counter[str] = Counter()
"""Each form of each secret, and how often it was made known."""
_longest_first: list[tuple[str, ...]] = []
"""The same in the order in which they are masked, made anew after each change."""
_by_ending: dict[str, set[str]] = {}
"""The same by their last characters, as many as the shortest has: many encoded ones begin alike."""
_lock = threading.Lock()


class Secret:
    """A secret value. It prints as ``***``; only ``reveal`` gives it out, at the edge that sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST:
            with _lock:
                for form in _forms(value):
                    _known[form] += 1
                    _by_ending.setdefault(form[-_SHORTEST:], set()).add(form)
                _longest_first.clear()

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def forget(self) -> None:
        """A short-lived secret is over, and nothing that is still to be written can hold it."""
        with _lock:
            for form in _forms(self._value) & _known.keys():
                _forget(form)

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
        if len(_known) > _FEW and not _holds_one(text):
            return text
        if not _longest_first:
            _longest_first.append(tuple(sorted(_known, key=lambda form: (-len(form), form))))
        (known,) = _longest_first
    for form in known:
        text = text.replace(form, MASK)
    return text


def _forget(form: str) -> None:
    _known[form] -= 1
    if not _known[form]:
        del _known[form]
        ending = form[-_SHORTEST:]
        _by_ending[ending].remove(form)
        if not _by_ending[ending]:
            del _by_ending[ending]
    _longest_first.clear()


def _holds_one(text: str) -> bool:
    endings = (text[end - _SHORTEST : end] for end in range(_SHORTEST, len(text) + 1))
    return any(form in text for ending in endings if ending in _by_ending for form in _by_ending[ending])


def _forms(value: str) -> set[str]:
    raw = value.encode()
    # Basic authentication as git and the registries use it: the secret is the password.
    users = (b"x-access-token:", b"oauth2:", b"token:", b":", b"")
    encoded = {base64.b64encode(user + raw).decode().rstrip("=") for user in users}
    quoted = {json.dumps(value, ensure_ascii=plain)[1:-1] for plain in (True, False)}
    return {value, quote(value, safe=""), *quoted, *encoded}
