from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from callboard.catalog.inert import BREAK, label
from callboard.catalog.markdown import LONGEST, clean_markdown, plain
from tests.catalog.examples import EVIL, HOSTILE
from tests.catalog.reader import assert_harmless

_PIECES = [
    *("# ", "- ", "1. ", "> ", "```", "~~~", "`", "``", "*", "**", "_", "~~", "[", "](", ")", "<", ">", "|"),
    *("<!--", "-->", "<script>", "</script>", "<br>", "<img src=x onerror=alert(1)>", "<div>", "</div>"),
    *("<a href='javascript:alert(1)'>", "<a href='https://x.y'>", "</a>", "javascript:alert(1)", "<code>"),
    *("</code>", "<pre>", "<table><tr><td>", "</td>", "</table>", "<mask>", "<summary>", "<details>", "\x00"),
    *("https://a.b/", "www.a.b", "@everyone", "#1", "GH-1", "/merge", "--8<--", '--8<-- "canary.txt"', "\n"),
    *("{: onclick=alert(1) }", "{", "}", "{{", "}}", "{%", "%}", "*[HTML]: x", "!!! note", "??? x", ":::"),
    *("::uml::", "::end-uml::", ":smile:", "[TOC]", "[^1]", "[^1]: ", "---", "===", "| a | b |\n|---|---|\n"),
    *(
        "\n",
        "\n\n",
        "\n",
        " ",
        "    ",
        "\t",
        "a",
        "b c",
        "\\",
        "&",
        "&lt;",
        "&#60;script&#62;",
        "!",
        "![",
        "\u202e",
    ),
    *(
        "\u200b",
        "é",
        "\u3000",
        "\u2028",
        "\xa0",
        "=",
        "+",
        "-",
        "x: y",
        "> [!NOTE]\n",
        ">>> [!note]\n",
        "{++",
    ),
    *("++}", "plantuml", "graphviz dot a.svg", "1)", "^", "$", "'", '"', "(c)", "me@x.com", "<https://x.y>"),
    *("[x]: https://e.f 'q'\n", "[x]", "canary.txt"),
]
cards = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)), max_size=25).map("".join)


def test_the_bait_is_real(techdocs: Callable[[str], str], tmp_path: Path) -> None:
    from tests.catalog.reader import CANARY

    assert CANARY in techdocs('--8<-- "canary.txt"')
    assert "<script>" in techdocs("a <script>alert(1)</script>")
    with pytest.raises(AssertionError):
        assert_harmless(techdocs("[x](javascript:alert(1))"))


@settings(max_examples=400, deadline=None)
@given(cards)
def test_cleaning_what_is_clean_changes_nothing(card: str) -> None:
    once = clean_markdown(card).text
    assert clean_markdown(once).text == once


@settings(max_examples=200, deadline=None)
@given(card=cards)
def test_no_card_does_more_in_techdocs_than_show_itself(techdocs: Callable[[str], str], card: str) -> None:
    assert_harmless(techdocs(clean_markdown(card).text))


@settings(max_examples=200, deadline=None)
@given(card=cards)
def test_no_card_does_more_on_a_forge_than_show_itself(card: str) -> None:
    text = clean_markdown(card).text
    shown = MarkdownIt().enable("table").render(text)
    assert_harmless(shown)
    assert not re.search(
        r"(?<![A-Za-z0-9_])@\w|#\d", re.sub(r"<code.*?</code>|<[^>]*>|&#\d+;", "", shown, flags=re.DOTALL)
    )


@given(st.text())
def test_cleaning_never_raises_and_leaves_nothing_unseen(text: str) -> None:
    cleaned = clean_markdown(text).text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", cleaned)
    assert cleaned == "" or cleaned.endswith("\n")


def test_everything_bad_at_once_is_only_text(techdocs: Callable[[str], str]) -> None:
    cleaned = clean_markdown(EVIL)
    shown = assert_harmless(techdocs(cleaned.text))
    assert "raw HTML" in cleaned.removed
    for word in ("evil", "everyone", "S", "in"):
        assert word in shown
    assert "callboard: approved" not in cleaned.text
    assert "alert(2)" in shown, "code is shown, and does nothing"


@pytest.mark.parametrize(
    ("card", "clean"),
    [
        ("[x](./LICENSE)", "x\n"),
        ("[x](https://a.b \"t\")", "[x](https://a.b)\n"),
        ("https://a.b/c", "<https://a.b/c>\n"),
        ("[x](https://user:pass@a.b)", "x\n"),
        ("[x](//evil.example)", "x\n"),
        ("![logo](https://a.b/l.png)", "[logo](https://a.b/l.png)\n"),
        ("![](https://a.b/l.png)", "[l.png](https://a.b/l.png)\n"),
        ("[![badge](https://i.b/x.svg)](https://a.b)", "[badge](https://a.b)\n"),
        ("![x](data:image/png;base64,AAAA)", "x\n"),
        ("a<br>b", "a<br>b\n"),
        ("a  \nb\nc", "a<br>b c\n"),
        ("use <mask> and `<mask>`", "use &lt;mask&gt; and `<mask>`\n"),
        ("<b>bold</b> <code>x</code>", "bold `x`\n"),
        ("<h2>Title</h2>", "## Title\n"),
        ("<table><tr><th>a</th></tr><tr><td>1<td>2</tr></table>", "| a |  |\n| -- | -- |\n| 1 | 2 |\n"),
        ("<pre>x < 1</pre>", "```\nx < 1\n```\n"),
        ("<a href='https://a.b'>site</a> <a href='javascript:x'>no</a>", "[site](https://a.b) no\n"),
        ("template: evil.html", "template&#58; evil.html\n"),
        ("---\ntitle: x\n---\n\ntext", "_" * 70 + "\n\n## title: x\n\ntext\n"),
        ("/merge", "&#47;merge\n"),
        ("@everyone", f"@{BREAK}everyone\n"),
        ("me@acme.example", "me&#64;acme.example\n"),
        ("Fixes #12 and GH-3", f"Fixes #{BREAK}12 and GH-{BREAK}3\n"),
        ("from_pretrained and _em_", "from_pretrained and _em_\n"),
        ("> [!WARNING]\n> hot", "> **Warning** hot\n"),
        ("```python {: onclick=x}\npass\n```", "```python\npass\n```\n"),
        ("```\n/merge\n/usr/bin/env\n```", "```\n /merge\n/usr/bin/env\n```\n"),
        ("```jinja\n{{ bos }}{% for x in y %}\n```", "```jinja\n{{ bos }}{% for x in y %}\n```\n"),
        ("{{ 7*7 }}", "&#123;&#123; 7\\*7 &#125;&#125;\n"),
        ("- [ ] task", "- \\[ \\] task\n"),
        ("<!-- hidden -->", ""),
        ("[//]: # (hidden)", ""),
        (" \n\t\n", ""),
    ],
)  # fmt: skip
def test_what_becomes_of_it(card: str, clean: str) -> None:
    assert clean_markdown(card).text == clean


def test_headings_move_down_to_the_sixth_level_at_most() -> None:
    assert clean_markdown("# a\n\n##### b", heading_offset=2).text == "### a\n\n###### b\n"


def test_a_card_of_5_mb_is_cut_at_a_blank_line() -> None:
    cleaned = clean_markdown(("word " * 40 + "*x* [a](https://a.b)\n\n") * 23_000)
    assert LONGEST * 0.8 < len(cleaned.text.encode()) <= LONGEST
    assert cleaned.text.endswith("word *x* [a](https://a.b)\n")
    assert cleaned.removed == ("what goes beyond the longest page",)


@pytest.mark.parametrize(
    "piece", ["[", "![", "*a ", "`a", "<a", "<b>", "{", "_a", "- a\n", "> ", "&", "<!--", "\ud800"]
)
def test_a_card_made_to_be_slow_or_to_grow_is_bounded(piece: str) -> None:
    card = piece * (12 * 1024 // len(piece))
    once = clean_markdown(card).text
    assert len(once.encode()) <= LONGEST
    assert clean_markdown(once).text == once


def test_a_page_of_very_many_blocks_is_cut() -> None:
    cleaned = clean_markdown("- a\n" * 8000)
    assert 3000 < cleaned.text.count("- a\n") < 4001
    assert clean_markdown(cleaned.text).text == cleaned.text


def test_what_cannot_be_settled_is_shown_as_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> str:
        raise RecursionError

    monkeypatch.setattr("callboard.catalog.markdown._rewritten", refuse)
    cleaned = clean_markdown('# a\n```\n--8<-- "x"')
    assert cleaned.text == f'````\n# a\n```\n--8<{BREAK}-- "x"\n````\n'
    assert cleaned.removed == ("text that is not regular Markdown, shown as it is",)


@settings(deadline=None)
@given(text=st.one_of(cards, st.text()))
def test_a_plain_value_shows_its_characters_and_does_nothing(
    techdocs: Callable[[str], str], text: str
) -> None:
    value = plain(text, 80)
    assert "\n" not in value
    html_text = techdocs(f"| a | b |\n| - | - |\n| {value} | {value} |\n\n{value}")
    shown = assert_harmless(html_text)
    assert html_text.count("<td") == 2
    assert value == "" or shown.count("\n") < 25
    rendered = MarkdownIt().enable("table").render(value)
    assert_harmless(rendered)
    if value:
        assert re.fullmatch(r"<p>[^<]*</p>\n", rendered)
        assert len(html.unescape(rendered)) <= 80 + len("<p></p>\n") + value.count(BREAK)


def test_a_plain_value_is_cut() -> None:
    assert plain("word " * 100, 20) == "word word word word…"
    assert plain(HOSTILE, 20).startswith("&#96;&#124;&lt;script&gt;")
    assert "://" not in plain("Fixes https://github.com/acme/models/issues/1")


def test_a_label_holds_nothing_that_html_reads() -> None:
    assert label('<b> "a" R&D {{ x }}\n\u202e') == "\u2039b\u203a ”a” R&D (( x ))"


@pytest.mark.parametrize("info", ["mermaid", "Mermaid", "{.mermaid}", "mermaid title=x"])
def test_a_mermaid_diagram_is_shown_as_code_and_not_drawn(info: str) -> None:
    diagram = 'graph TD\n  A-->B\n  click A "javascript:alert(1)"\n'

    cleaned = clean_markdown(f"```{info}\n{diagram}```\n").text

    assert cleaned == f"```\n{diagram}```\n"
