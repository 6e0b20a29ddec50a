"""Text from outside becomes HTML of ours only."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.sandbox.pages.diff import patch
from callboard.sandbox.pages.markdown import render

OURS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "pre", "ul", "ol", "li", "hr", "br"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("a", "code", "em", "strong", "s", "img"),
}
MARKUP = (
    *("<details>", "</details>", "<summary>", "</summary>", "<details open>", "<!--", "-->", "<?"),
    *("<script>", "</script>", "<div onclick=x>", "<", ">", "&lt;", '"', "javascript:x", "[a](", ")"),
    *("\n", "\n\n", "- ", "> ", "`", "```\n", "*", "| a |\n|---|\n| ", "text", "<![CDATA["),
)


class Tags(HTMLParser):
    """Every tag, attribute and comment of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.comments: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))
        if tag in ("details", "summary"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("details", "summary"):
            assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def test_folding_works_and_comments_are_hidden() -> None:
    folded = "<details>\n<summary>Files</summary>\n\n- one\n\n</details>"
    shown = render(f"<!-- callboard:key -->\n{folded}\n\nEnd <!-- hidden -->.")
    assert (
        re.sub(r"\s+", "", shown)
        == "<details><summary>Files</summary><ul><li>one</li></ul></details><p>End.</p>"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<details onclick=alert(1)>x</details>",
        "text <b onmouseover=alert(1)>x</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "![x](data:text/html,<script>)",
        "<!-- <!-- --> <script>alert(1)</script> -->",
        "<details>\n<script>\nalert(1)\n</script>",
        "<a href='javascript:alert(1)'>x</a>",
        "<summary><summary></details></summary>",
        "<!-- never closed <script>",
    ],
)
def test_nothing_that_a_model_card_says_can_act(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(MARKUP), max_size=25).map("".join))
def test_any_mixture_of_markup_stays_ours_and_balanced(text: str) -> None:
    check(text)


def check(text: str) -> None:
    shown = Tags(render(text))
    assert not shown.comments
    assert not shown.open
    for tag, attributes in shown.tags:
        assert tag in OURS
        for name, value in attributes:
            assert name in {"href", "src", "alt", "title", "class", "open", "start", "style"}
            if name in {"href", "src"}:
                assert not re.match(r"\s*(javascript|vbscript|file|data):", value or "", re.IGNORECASE)
            if name == "style":
                assert re.fullmatch(r"text-align:(left|right|center)", value or "")


def test_a_long_patch_is_cut_and_says_so() -> None:
    shown = patch("\n".join(["@@ -0,0 +1,600 @@", *["+x"] * 600]))
    kinds = [kind for kind, _ in shown.lines]
    assert (kinds[:2], len(kinds), shown.left_out) == (["place", "added"], 500, 101)
    assert patch("").lines == ()
