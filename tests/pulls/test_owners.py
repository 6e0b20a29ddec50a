"""Whose approval CODEOWNERS asks for, by the examples of GitHub's and GitLab's own documentation and more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config import ForgeKind
from callboard.config_promotion import Stage
from callboard.pulls.owners import Owner, Requirement, groups_of, owners_named, required_owners


def owners(text: str, path: str, kind: ForgeKind = "github") -> list[str]:
    """Those of one path, section by section."""
    return [" ".join(map(str, one.owners)) for one in required_owners(text, kind, [path])]


OF_GITHUB = """\
# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", ["@global-owner1 @global-owner2"]),
        ("deeply/nested/file.rb", ["@global-owner1 @global-owner2"]),
        ("src/a.js", ["@js-owner"]),
        ("a.go", ["docs@example.com"]),
        ("x/a.txt", ["@octo-org/octocats"]),
        ("build/logs/today", ["@octocat"]),
        ("deep/build/logs", ["@octocat"]),
        ("build/logs", ["@octocat"]),
        ("docs/a.md", ["@doctocat"]),
        ("docs/build/a.md", ["@doctocat"]),
        ("scripts/run", ["@doctocat @octocat"]),
        ("apps/a", ["@octocat"]),
        ("apps/github", []),
        ("apps/github/a", []),
        ("my/apps/a", ["@octocat"]),
    ],
)
def test_githubs_own_example_is_read_as_github_reads_it(path: str, expected: list[str]) -> None:
    assert owners(OF_GITHUB, path) == expected


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["a", "a/b"], []),
        ("**", ["a", "a/b"], []),
        ("/**", ["a", "a/b"], []),
        ("docs", ["docs", "docs/a", "x/docs/a"], ["docs2", "adocs/a"]),
        ("/docs", ["docs", "docs/a/b"], ["x/docs/a"]),
        ("docs/", ["docs/a", "x/docs/a"], ["docs"]),
        ("docs/*", ["docs/a"], ["docs/a/b", "x/docs/a"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["x/docs/a", "docs"]),
        ("docs/**/a", ["docs/a", "docs/x/y/a"], ["docs/b"]),
        ("docs/*/a", ["docs/x/a", "docs/x/a/b"], ["docs/a", "docs/x/y/a"]),
        ("d?cs/a.md", ["docs/a.md", "docs/a.md/x"], ["d/cs/a.md", "docs/axmd"]),
        ("*.md", ["a.md", "x/.md"], ["a.mdx"]),
        ("a.b+c(d)$", ["a.b+c(d)$"], ["axb+c(d)$"]),
        (r"with\ space/", ["with space/a"], ["with/a"]),
        ("Docs/", ["Docs/a"], ["docs/a"]),
    ],
)
def test_patterns_of_github_are_those_of_gitignore_with_its_exceptions(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    assert [path for path in matching if owners(f"{pattern} @ann", path) != ["@ann"]] == []
    assert [path for path in others if owners(f"{pattern} @ann", path)] == []


@pytest.mark.parametrize(
    "line",
    ["!a @bea", r"\#a @bea", "[a] @bea", "a bea", "a @bea @x/y/z", "a @bea @", "/ @bea", "*** @bea", "\\"],
)
def test_github_skips_a_line_with_something_wrong_in_it(line: str) -> None:
    assert owners(f"* @ann\n{line}", "a") == ["@ann"]


def test_paths_with_the_same_owners_are_one_requirement() -> None:
    found = required_owners("* @ann\nb @bea\n", "github", ["c", "b", "a", "a"])

    assert found == (
        Requirement(("a", "c"), (Owner("user", "ann"),)),
        Requirement(("b",), (Owner("user", "bea"),)),
    )


OF_GITLAB = """\
# comment
* @admin

[README Owners]
README.md @user1 @user2
internal/README.md @user4

[README other owners]
README.md @user3

^[Go] @gopher
*.go

[Documentation][2] @docs-team boss@acme.example
docs/
docs/special.txt @@maintainer @group/with-nested/sub group-without-at
path\\ with\\ spaces/ @space # @comment
\\#hash @hash

[Ruby]
*.rb @ruby
!/config/**/*.rb
/config/routes.rb @ops

[DOCUMENTATION]
*.txt @text
[broken
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("README.md", ["@admin", "@user1 @user2", "@user3"]),
        ("internal/README.md", ["@admin", "@user4", "@user3"]),
        ("a.go", ["@admin"]),
        ("docs/a", ["@admin", "@docs-team boss@acme.example"]),
        ("x/docs/a/b", ["@admin", "@docs-team boss@acme.example"]),
        ("docs/special.txt", ["@admin", "@text"]),
        ("x/path with spaces/a", ["@admin", "@space @comment"]),
        ("#hash", ["@admin", "@hash"]),
        ("x.rb", ["@admin", "@ruby"]),
        ("config/x.rb", ["@admin"]),
        ("config/routes.rb", ["@admin"]),
        ("a/b.txt", ["@admin", "@text"]),
        ("docs", ["@admin"]),
        ("[broken", ["@admin"]),
    ],
)
def test_each_section_of_gitlab_counts_by_itself(path: str, expected: list[str]) -> None:
    assert owners(OF_GITLAB, path, "gitlab") == expected


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["a", "a/.b"], []),
        ("docs", ["docs", "x/docs"], ["docs/a"]),
        ("/docs", ["docs"], ["x/docs", "docs/a"]),
        ("/docs/", ["docs/a", "docs/a/b"], ["x/docs/a", "docs"]),
        ("/docs/*", ["docs/a"], ["docs/a/b"]),
        ("/docs/**/*.md", ["docs/a.md", "docs/x/y/a.md"], ["docs/a.txt"]),
        ("/docs/**", ["docs/a"], ["docs/a/b"]),
        ("/docs/*spec*", ["docs/qa_specs.rb", "docs/spec"], ["docs/x/spec"]),
        ("/[ab].md", ["a.md", "b.md"], ["c.md"]),
        ("/[!a-c].md", ["d.md"], ["a.md", "b.md"]),
        ("/[^a].md", ["b.md"], ["a.md"]),
        ("/[!].md", ["x.md"], []),
        ("/[z-a].md", [], ["z.md", "m.md"]),
        (r"/\*.md", ["*.md"], ["a.md"]),
        ("/a?c", ["abc"], ["a/c", "ac"]),
        ("/", ["a", "a/b"], []),
    ],
)
def test_patterns_of_gitlab_are_those_of_rubys_fnmatch(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    assert [path for path in matching if owners(f"{pattern} @ann", path, "gitlab") != ["@ann"]] == []
    assert [path for path in others if owners(f"{pattern} @ann", path, "gitlab")] == []


@pytest.mark.parametrize(
    ("heading", "approvals"),
    [("[A]", 1), ("[A][2]", 2), ("[A][0]", 1), ("[A][]", 1), ("[A][x]", 1), ("[A][2]\n[a][3]\n[A]", 3)],
)
def test_a_section_can_ask_for_several_approvals(heading: str, approvals: int) -> None:
    (one,) = required_owners(f"{heading}\n* @ann", "gitlab", ["a"])

    assert (one.approvals, one.section) == (approvals, "A")


def test_a_section_is_optional_only_where_all_its_headings_say_so() -> None:
    assert owners("^[A]\n* @ann\n^[a]\n", "x", "gitlab") == []
    assert owners("^[A]\n* @ann\n[a]\n", "x", "gitlab") == ["@ann"]
    assert owners("[A]\n* @ann\n^[a]\n", "x", "gitlab") == ["@ann"]


def test_the_groups_to_ask_the_forge_about_are_named() -> None:
    text = "* @ann @acme/ML a@b.c\n"

    on_github, on_gitlab = (
        required_owners(text, "github", ["x"]),
        required_owners(f"{text} @@owner", "gitlab", ["x"]),
    )
    assert groups_of(on_github[0].owners) == {"acme/ml"}
    assert groups_of(on_gitlab[0].owners) == {"ann", "acme/ml"}


lines = st.lists(
    st.text("ab*?/[]!^\\# @.-\n2é", max_size=30)
    | st.sampled_from(["* @ann", "[S][2] @x", "^[S]", "!a", "a/ @acme/b"]),
    max_size=8,
).map("\n".join)
paths = st.lists(st.text("ab/.[ é\\", min_size=1, max_size=8), max_size=4)


@given(lines, st.sampled_from(["github", "gitlab"]), paths)
@settings(max_examples=500, deadline=None)
def test_any_text_can_be_read(text: str, kind: Any, paths: list[str]) -> None:
    found = required_owners(text, kind, paths)

    for one in found:
        assert one.owners
        assert one.paths
        assert set(one.paths) <= set(paths)
        assert one.approvals >= 1
    if kind == "github":
        assert len([path for one in found for path in one.paths]) <= len(set(paths))


@given(st.text("ab*/", min_size=1, max_size=8), st.text("ab/", min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
def test_a_pattern_without_wildcards_is_the_path_or_a_folder_of_it(pattern: str, path: str) -> None:
    """Against the words of the documentation, written down a second time."""
    words = pattern.strip("/")
    if "*" in pattern or "//" in pattern or not words:
        return
    rooted = "/" in pattern.rstrip("/")
    below = "/.+" if pattern.endswith("/") else "(/.*)?"
    expected = re.fullmatch(f"{'' if rooted else '(.+/)?'}{re.escape(words)}{below}", path)

    assert bool(owners(f"{pattern} @ann", path)) is bool(expected)


@pytest.mark.parametrize("word", ["@acme/ml/leads", "@ann.smith", "@acme/..", "@acme/.", "@a.b/leads"])
def test_an_approver_whom_the_forge_cannot_have_stands_in_the_way_instead_of_being_nobody(word: str) -> None:
    assert Stage(name="production", approvers=(word,)).approvers == (word,)

    (owner,) = owners_named([word], "github")

    assert (owner.kind, str(owner)) == ("user", word)
    assert groups_of([owner]) == frozenset()
