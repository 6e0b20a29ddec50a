"""Values of text that every reader of YAML reads alike, had quickly.

yaml-rs takes a fifth of the time that libyaml and our own values take. It knows no places: they are looked
for when somebody asks. What it does with anything but unmistakable text is not relied upon.
"""

from __future__ import annotations

from typing import Any

import yaml_rs

from callboard.documents.limits import Limits
from callboard.documents.ordinary import DEEPEST, unmistakable_documents


def read_quickly(text: str, limits: Limits) -> list[dict[str, Any]] | None:
    """The documents of a text, each of them a mapping; None where it has to be read with more care."""
    # A value takes two characters at least. yaml-rs is recursive: what is deep must not reach it.
    if len(text) > 2 * limits.nodes or limits.depth < DEEPEST or "\ufffd" in text:
        return None
    count = unmistakable_documents(text)
    if not count or count > limits.documents:
        return None
    try:
        found: Any = yaml_rs.loads(text, parse_datetime=False)
    except yaml_rs.YAMLDecodeError:
        return None
    values = [found] if count == 1 else found
    if not isinstance(values, list) or len(values) != count or {*map(type, values)} != {dict}:
        return None
    return values if all(values) else None
