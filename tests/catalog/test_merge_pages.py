from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.merge_pages import EditedLines, merge_page, same_text, with_line_ends_of

PAGES = st.lists(st.sampled_from(["# A", "", "one", "two", "three\r", "| a |", "\u2028x"]), max_size=12).map(
    "\n".join
)

BASE = "# Model\n\nWhat it is.\n\n| metric | value |\n|---|---|\n| f1 | 0.8 |\n\nLimits.\n"


def test_the_paragraph_of_a_person_stays_and_the_number_of_the_registry_arrives() -> None:
    mine, theirs = BASE.replace("What it is.", "What it really is."), BASE.replace("0.8", "0.9")
    merged, edited = merge_page(BASE, mine, theirs)
    assert merged == mine.replace("0.8", "0.9")
    assert edited == [EditedLines(3, 3, "What it really is.", "What it is.", conflict=False, section="Model")]


def test_where_both_changed_a_line_the_persons_stays_and_is_told() -> None:
    mine, theirs = BASE.replace("0.8", "0.85"), BASE.replace("0.8", "0.9").replace("Limits", "Known limits")
    merged, edited = merge_page(BASE, mine, theirs)
    assert merged == mine.replace("Limits", "Known limits")
    assert edited == [EditedLines(7, 7, "| f1 | 0.85 |", "| f1 | 0.9 |", conflict=True, section="Model")]


def test_what_a_person_removed_stays_removed() -> None:
    merged, edited = merge_page(BASE, BASE.replace("Limits.\n", ""), BASE.replace("f1", "accuracy"))
    assert merged == BASE.replace("Limits.\n", "").replace("f1", "accuracy")
    assert [(one.current, one.wished, one.conflict) for one in edited] == [("", "Limits.", False)]


def test_the_same_change_on_both_sides_is_nobodys_edit() -> None:
    assert merge_page(BASE, BASE.replace("f1", "x"), BASE.replace("f1", "x")) == (BASE.replace("f1", "x"), [])


def test_line_ends_of_a_person_stay() -> None:
    mine = BASE.replace("What it is.", "What it really is.").replace("\n", "\r\n")
    merged, _ = merge_page(BASE, mine, BASE.replace("Limits.", "Limits.\n\nMore."))
    assert merged == mine + "\r\nMore.\r\n"
    mixed = "a\r\nb\nc\nd"
    assert merge_page("a\nb\nc\nd\n", mixed, "a\nx\nc\nd\n")[0] == "a\r\nx\nc\nd"


def test_a_missing_last_line_end_stays_missing() -> None:
    assert merge_page("a\nb\n", "a\nb", "z\nb\n")[0] == "z\nb"


def test_line_ends_do_not_make_another_text() -> None:
    assert same_text("a\nb\n", "a\r\nb\r\n")
    assert not same_text("a\nb\n", "a\nb")
    assert with_line_ends_of("x\r\ny\r\n", "a\nb") == "a\r\nb"


@settings(max_examples=300, deadline=None)
@given(PAGES, PAGES)
def test_without_news_the_page_of_a_person_stays_as_it_is(base: str, mine: str) -> None:
    assert merge_page(base, mine, base)[0] == mine


@settings(max_examples=300, deadline=None)
@given(PAGES, PAGES, PAGES)
def test_a_second_merge_changes_nothing(base: str, mine: str, theirs: str) -> None:
    merged, _ = merge_page(base, mine, theirs)
    again, edited = merge_page(theirs, merged, theirs)
    assert again == merged
    assert not any(one.conflict for one in edited)


@settings(max_examples=300, deadline=None)
@given(PAGES, PAGES, PAGES)
def test_every_line_that_a_person_added_is_still_there(base: str, mine: str, theirs: str) -> None:
    merged, _ = merge_page(base, mine + "\nmine\n" + base, theirs)
    assert "mine" in merged.split("\n")


@settings(max_examples=300, deadline=None)
@given(PAGES, PAGES)
def test_to_a_page_that_nobody_touched_everything_arrives(base: str, theirs: str) -> None:
    assert same_text(merge_page(base, base, theirs)[0], theirs)


SECTIONS = "before\n\n# One\n\nfirst\n\n```sh\n# no heading\nrun\n```\n\n## Two ##\n\nsecond\n"


def test_the_lines_under_a_heading_are_handed_back_and_no_others() -> None:
    mine = SECTIONS.replace("run", "run it").replace("second", "my second").replace("before", "my before")

    merged, edited = merge_page(SECTIONS, mine, SECTIONS, lambda section: section == "One")

    assert merged == SECTIONS.replace("second", "my second").replace("before", "my before")
    assert [one.section for one in edited] == ["", "Two"]


def test_what_a_person_added_or_removed_under_a_heading_is_handed_back_too() -> None:
    mine = SECTIONS.replace("second\n", "second\n\nand mine\n").replace("first\n\n", "")

    assert merge_page(SECTIONS, mine, SECTIONS, lambda section: section in ("One", "Two"))[0] == SECTIONS
    assert merge_page(SECTIONS, mine, SECTIONS)[0] == mine
