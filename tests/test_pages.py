"""The pages for people: what they link to is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
LISTING = ["git", "ls-files", "*.md", "docs/**.md", ":!:examples", ":!:templates", ":!:tests"]
PAGES = subprocess.check_output(LISTING, cwd=CHECKOUT, text=True).split()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    page = CHECKOUT / name
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)

    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path) if path else page
        assert linked.exists(), f"{name} links to {target}"
        assert not anchor or anchor in anchors(linked), f"{name} links to {target}"


def test_the_readme_links_to_all_the_pages_that_people_start_from() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    for page in (
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "docs/configuration.md",
        "docs/diagnostics.md",
    ):
        assert page in readme


def test_the_readme_names_every_command() -> None:
    from callboard.cli.main import _COMMANDS

    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")

    assert not [name for name in _COMMANDS if f"`{name}" not in readme]
