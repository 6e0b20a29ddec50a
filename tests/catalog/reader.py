"""How TechDocs reads a page, and what a page may do: nothing but show text, tables, code and links."""

from __future__ import annotations

import os
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

CANARY = "CANARY-THAT-NO-PAGE-MAY-INCLUDE"
_WORDS = (
    "p br h1 h2 h3 h4 h5 h6 ul ol li a code pre em strong del sub "
    "table thead tbody tr th td blockquote hr div span"
)
_ALLOWED = frozenset(_WORDS.split())


class Harmless(HTMLParser):
    """Fails on any element or attribute that a page of plain Markdown has no need of."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__()
        self.allowed = allowed
        self.shown = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed, tag
        for name, value in attrs:
            assert name in {"class", "id", "href", "title", "style", "start", "src", "alt"}, (
                tag,
                name,
                value,
            )
            if name == "href":
                assert (value or "").startswith(("https://", "http://", "mailto:", "#")), value
            if name == "src":
                assert value in {"assets/evaluation.svg", "../assets/evaluation.svg"}, value
            if name == "style":
                assert (value or "").startswith("text-align:"), value
            if name == "title":
                assert value == "Permanent link", value

    def handle_data(self, data: str) -> None:
        self.shown += data


def assert_harmless(html: str, *, also: str = "") -> str:
    """The text that ``html`` shows; fails if it does more than that, or has elements not even in ``also``."""
    assert CANARY not in html
    reader = Harmless(_ALLOWED | set(also.split()))
    reader.feed(html)
    reader.close()
    return reader.shown


def techdocs_reader(folder: Path) -> Callable[[str], str]:
    """A function that makes HTML of Markdown as mkdocs-techdocs-core does, with bait in its folder."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "true")
    import markdown  # type: ignore[import-untyped]
    from mkdocs.config import load_config
    from mkdocs.utils.meta import get_data

    for place in (folder, folder / "docs"):
        place.mkdir(exist_ok=True)
        (place / "canary.txt").write_text(CANARY)
    (folder / "docs" / "index.md").write_text("# x")
    (folder / "mkdocs.yml").write_text("site_name: x\nplugins: [techdocs-core]\n")
    config = load_config(str(folder / "mkdocs.yml"))
    config = config.plugins.on_config(config)
    alerts: Any = config.plugins["gh-admonitions"]

    def convert(text: str) -> str:
        body, metadata = get_data(text)
        assert not metadata, "the text was taken for front matter"
        body = alerts.on_page_markdown(body, page=None, config=config, files=None)
        reader = markdown.Markdown(
            extensions=config["markdown_extensions"], extension_configs=config["mdx_configs"]
        )
        return str(reader.convert(body))

    return convert
