"""Which lines of a comment are commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.pulls.commands import LONGEST, MOST_COMMANDS, PERMISSION, Command, commands, spelling

QUIET = {
    "a quote": "> /rebase",
    "the lazy end of a quote": "> as you said\n/rebase",
    "a quote in a list": "- > /rebase",
    "a list item": "- /rebase",
    "the lazy end of a list item": "1. do this\n/rebase",
    "fenced code": "```\n/rebase\n```",
    "fenced code that never ends": "~~~ sh\n/rebase\n\n/hold",
    "indented code": "text\n\n    /rebase",
    "a code span over several lines": "see `a\n/rebase\nb`",
    "an HTML comment": "<!--\n/rebase\n-->",
    "an HTML comment with an empty line": "<!--\n\n/rebase\n\n-->",
    "details": "<details>\n<summary>more</summary>\n\n/rebase\n\n</details>",
    "details that never end": "<details open>\n\n/rebase",
    "details that close themselves": "<details/>\n\n/rebase",
    "details that open in a line of text": "text <details>\n\n/rebase",
    "details whose attribute looks like their end": '<details title="</details>">\n\n/rebase',
    "an HTML quote": "<blockquote>\n\n/rebase\n\n</blockquote>",
    "preformatted text": "<pre>\n/rebase\n\n/hold\n</pre>",
    "a tag over several lines": "<b\n/rebase>",
    "a table": "| a |\n|---|\n/rebase",
    "a heading": "# /rebase",
    "an underlined heading": "/rebase\n===",
    "emphasis": "*see\n/rebase*",
    "a link's text": "[see\n/rebase](https://example.com)",
    "a link's title": "[see](x 'a\n/rebase\nb')",
    "an image's text": "![see\n/rebase](x)",
    "a label of a link": "[see][a\n/rebase]\n\n[a /rebase]: x",
    "a link's definition": "[a]: x 'a\n/rebase\n'",
    "the middle of a line": "please /rebase",
    "an indented line": " /rebase",
    "a path": "/etc/passwd",
    "a word that is near nothing": "/home",
    "an address": "//rebase",
    "text that we wrote": "<!-- callboard:verdict -->\nsomething\n\n/rebase",
    "a pull request's text of ours": "text\n\n/rebase\n\n<!-- Callboard-Text: 00 11 -->",
    "a sentence that begins near a command": "/mere words of mine",
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET.keys())
def test_what_is_not_a_line_of_ones_own_words_does_nothing(text: str) -> None:
    assert commands(text) == ()


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET.keys())
def test_a_command_above_what_does_nothing_is_still_one(text: str) -> None:
    if "callboard" not in text.lower():  # our hidden lines silence the whole comment
        assert [one.meant for one in commands(f"/hold\n\n{text}")] == ["hold"]


@pytest.mark.parametrize("name", PERMISSION)
def test_every_command_is_known_in_both_spellings(name: str) -> None:
    assert commands(spelling(name, explicit=False)) == (Command(name, name),)  # type: ignore[arg-type]
    assert commands(spelling(name, explicit=True)) == (Command(name, name, explicit=True),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Looks odd to me.\n/rebase",
        "/rebase\nthank you",
        "/REBASE",
        "/rebase   ",
        "/rebase\r\n",
        "text\\\n/rebase",
        "> quoted\n\n/rebase",
        "<details>\n\n/hold\n\n</details>\n\n/rebase",
        "- a list\n\n/rebase",
        "```\n/hold\n```\n/rebase",
        "[see][a\n/hold]\n/rebase\n\n[a /hold]: x",
        "text <br>\n/rebase",
        "for <model> it is\n/rebase",
    ],
)
def test_a_line_of_ones_own_is_a_command_wherever_it_stands(text: str) -> None:
    assert [one.meant for one in commands(text)] == ["rebase"]


def test_what_follows_a_command_is_its_argument() -> None:
    field = 'metadata.annotations["callboard.dev/key"]'

    assert commands(f"/regenerate  fraud   {field} ")[0].argument == f"fraud {field}"


def test_commands_come_in_order_and_one_more_than_is_read_is_seen() -> None:
    assert [one.meant for one in commands("/unhold\n/merge\n\n/explain")] == ["unhold", "merge", "explain"]
    assert len(commands("/help\n" * 50)) == MOST_COMMANDS + 1


@pytest.mark.parametrize("word", ["approve", "lgtm", "LGTM", "approved", "callboard approve"])
def test_approval_is_understood_and_never_one_of_ours(word: str) -> None:
    (found,) = commands(f"/{word}")

    assert found.meant == "approve"
    assert "approve" not in PERMISSION


def test_what_is_meant_for_us_is_always_found_and_a_near_word_named() -> None:
    assert commands("/callboard") == (Command("help", "help", explicit=True),)
    assert commands("/callboard /rebase") == (Command("rebase", "rebase", explicit=True),)
    assert commands("/callboard dance") == (Command("dance", None, explicit=True),)
    assert commands("/rebse")[0].nearest == "rebase"
    assert commands("/callboard explian it to me")[0].nearest == "explain"


def test_prows_word_for_unhold_does_not_hold() -> None:
    assert [one.meant for one in commands("/hold cancel")] == ["unhold"]


def test_what_stands_beyond_the_longest_comment_is_not_read() -> None:
    assert commands("/hold\n" + "x" * LONGEST + "\n\n/rebase") == (Command("hold", "hold"),)


_PIECES = st.sampled_from(
    [
        "/rebase",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "`",
        "```",
        "<details>",
        "</details>",
        "<!--",
        "-->",
        "*",
        "[",
        "](",
        ")",
    ]
)


@given(st.one_of(st.text(), st.lists(st.one_of(_PIECES, st.text(max_size=3))).map("".join)))
def test_any_text_has_an_answer_and_no_command_that_is_not_a_line_of_it(text: str) -> None:
    lines = text.replace("\r\n", "\n").split("\n")

    for found in commands(text):
        assert any(line.lower().startswith(f"/{found.word}") for line in lines) or found.explicit


@given(st.text())
def test_quoting_a_comment_silences_it(text: str) -> None:
    quoted = "\n".join(f"> {line}" for line in text.replace("\r", "\n").split("\n"))

    assert commands(f"{quoted}\n\n/hold") == (Command("hold", "hold"),) or "callboard" in text.lower()
