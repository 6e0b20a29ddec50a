"""How long a text may be on a forge, and making the longest one that fits.

One number holds for every text: GitHub refuses the body of a pull request of more than 65,536 characters
(code points), and a comment or an issue of more than 262,144 bytes, which is four for each of them. GitHub
keeps the old text of an issue without a word when the new one is too long. GitLab takes 1,048,576 characters.
"""

from __future__ import annotations

from collections.abc import Callable

LONGEST_BODY = 65_000
"""Characters of a body or a comment: below the limit by what seals and markers add."""
LONGEST_SUMMARY = 65_000
"""Bytes of the summary of a check, of which GitHub takes 65,535."""
LONGEST_CHECK_TITLE = 140
"""Characters of what a check says in one line, as GitHub takes for a status."""
MOST_ROWS = 2000
"""Of any list: nobody reads more, however short they are."""


def characters(text: str) -> int:
    """The size of a body or a comment, as the forges count."""
    return len(text)


def utf8(text: str) -> int:
    """The size of the summary of a check, counted as carefully as anybody could."""
    return len(text.encode("utf-8", "surrogatepass"))


def fitting(
    text: Callable[[int, int], str], limit: int = LONGEST_BODY, size: Callable[[str], int] = characters
) -> str:
    """The longest ``text(details, overview)`` that is no longer than ``limit``; the shortest if none is.

    Its arguments are how many rows of each list it may write. Details go before overviews.
    """
    whole = text(MOST_ROWS, MOST_ROWS)
    if size(whole) <= limit:
        return whole
    if size(text(0, MOST_ROWS)) <= limit:
        return _most(lambda rows: text(rows, MOST_ROWS), limit, size)
    return _most(lambda rows: text(0, rows), limit, size)


def _most(text: Callable[[int], str], limit: int, size: Callable[[str], int]) -> str:
    # Longer lists never make shorter texts.
    fits, too_many = 0, MOST_ROWS
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if size(text(middle)) <= limit:
            fits = middle
        else:
            too_many = middle
    return text(fits)
