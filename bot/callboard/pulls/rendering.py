"""Templates of the texts on pull requests, filled so that no value can be more than text.

Whatever a template prints is written as plain text, unless it is ``Markdown`` that we made. So a template
cannot forget to clean a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from callboard.catalog import inert
from callboard.catalog.markdown import plain
from callboard.catalog.text import shortened
from callboard.pulls.commands import spelling
from callboard.pulls.limits import LONGEST_BODY, characters, fitting
from callboard.redaction import redact
from callboard.resources import shipped

_LONGEST_VALUE = 400


class Markdown(str):
    """A text that is Markdown already, and safe."""


def filled(
    template: str, *, limit: int = LONGEST_BODY, size: Callable[[str], int] = characters, **values: Any
) -> str:
    """A template with its values; as many rows as the forge takes, details cut before overviews.

    The template finds in ``cap`` how many rows of details it may write, in ``overview_cap`` how many of what
    stands on the first screen, and says with ``more`` what it left out. ``limit`` is in what ``size`` counts.
    """

    def text(cap: int, overview_cap: int) -> str:
        rendered = _environment().get_template(template).render(**values, cap=cap, overview_cap=overview_cap)
        return re.sub(r"\n{3,}", "\n\n", redact(rendered)).strip() + "\n"

    return fitting(text, limit, size)


def command_in(word: str) -> Callable[[str], Markdown]:
    """How commands are written, as code, on the forge that calls a pull request so."""
    explicit = word == "merge request"  # GitLab takes some of the short ones for its own
    return lambda name: Markdown(f"`{spelling(name, explicit=explicit)}`")


@cache
def _environment() -> SandboxedEnvironment:
    # Nothing is escaped as HTML: the texts are Markdown, and ``_printed`` takes the place of escaping.
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates", "pull-request")),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    environment.filters |= {"code": _code, "block": _block, "more": _more}
    return environment


def _printed(value: object) -> object:
    return value if isinstance(value, Markdown) else _cleaned(str(value))


@lru_cache(maxsize=16_384)
def _cleaned(value: str) -> str:
    # A text that is too long is rendered several times until it fits.
    return plain(value, _LONGEST_VALUE)


def _code(value: str) -> Markdown:
    content = inert.code(shortened(value, _LONGEST_VALUE))
    if not content or "|" in content:
        return Markdown(plain(content, _LONGEST_VALUE))
    mark = "`" * (_longest_run(content) + 1)
    space = " " if content.startswith("`") or content.endswith("`") else ""
    return Markdown(f"{mark}{space}{content}{space}{mark}")


def _block(value: str, cap: int) -> Markdown:
    lines = inert.code(value).rstrip("\n").split("\n")
    shown = [line[:500] or " " for line in lines[:cap]]
    mark = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    left_out = _more(lines, cap, "lines")
    return Markdown(
        "\n".join([f"{mark}yaml", *shown, mark]) + (f"\n\n{left_out}".rstrip() if left_out else "")
    )


def _longest_run(content: str) -> int:
    return max((len(run) for run in re.findall("`+", content)), default=0)


def _more(rows: Sequence[object], cap: int, what: str = "") -> Markdown:
    left = len(rows) - cap
    if left <= 0:
        return Markdown("")
    words = f"{left:,} more {what}".rstrip()
    return Markdown(f"\n… and {words}, left out because the forge takes no longer text.\n")
