"""What the metadata of a GGUF file says of its model: the keys ``general.…`` of the format's description.

Whoever made the file wrote them freely, so each value is taken as far as it is of use, and nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callboard.model import License, Lineage, Link

LONGEST = 8192
"""Characters of one value; a longer one is cut."""

_MOST_ITEMS = 100
_WEB = ("https://", "http://")
_HUB = re.compile(
    r"(?:https?://)?(?:www\.)?(?:hf\.co|huggingface\.co)/(?:datasets/)?([\w.-]+/[\w.-]+?)/?", re.ASCII
)
_PAGES = (("general.url", "Home page"), ("general.repo_url", "Repository"), ("general.source.url", "Source"))


def hub_id(address: str) -> str | None:
    """The Hugging Face Hub's id of the model or dataset at that address, if it is one there."""
    found = _HUB.fullmatch(address)
    return found[1] if found else None


def text(value: Any) -> str:
    """A text or a number; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:LONGEST]


def texts(value: Any) -> tuple[str, ...]:
    """The texts and numbers of a list, each once."""
    items: Sequence[Any] = value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(word for item in items[:_MOST_ITEMS] if (word := text(item))))


def provider_of(metadata: Mapping[str, Any]) -> str | None:
    """Who made the model."""
    return text(metadata.get("general.organization")) or text(metadata.get("general.author")) or None


def license_of(metadata: Mapping[str, Any], full_text: str) -> License | None:
    """The license that the metadata names, else the one that its full text names in its first lines."""
    lines = (line.strip() for line in full_text.splitlines())
    title = next(filter(None, lines), "")[:200]
    beginning = " ".join(full_text[:400].split()).casefold()
    if beginning.startswith("apache license version 2.0"):
        spdx = "Apache-2.0"
    else:
        spdx = "MIT" if beginning.startswith("mit license") else ""
    named = text(metadata.get("general.license")) or spdx or title
    if not named:
        return None
    return License(
        id=named,
        name=text(metadata.get("general.license.name")) or (title if title != named else "") or None,
        url=text(metadata.get("general.license.link")) or None,
    )


def lineage_of(metadata: Mapping[str, Any], *parents: str) -> Lineage:
    """What the model was made from; ``parents`` are base models that something else named."""
    return Lineage(
        base_models=tuple(dict.fromkeys((*_numbered(metadata, "general.base_model"), *parents))),
        datasets=tuple(_numbered(metadata, "general.dataset")) or texts(metadata.get("general.datasets")),
    )


def links_of(metadata: Mapping[str, Any]) -> tuple[Link, ...]:
    """Pages about the model."""
    pages = {
        url: title for key, title in reversed(_PAGES) if (url := text(metadata.get(key))).startswith(_WEB)
    }
    return tuple(Link(url=url, title=title) for url, title in sorted(pages.items()))


def _numbered(metadata: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Names under ``prefix.0``, ``prefix.1`` …: of the Hub's models the Hub's id."""
    for number in range(_MOST_ITEMS):
        name = text(metadata.get(f"{prefix}.{number}.name"))
        on_the_hub = hub_id(text(metadata.get(f"{prefix}.{number}.repo_url")))
        if not (name or on_the_hub):
            return
        yield on_the_hub or name
