"""What people ask for in comments is done, answered once, and asked of nobody who may not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from callboard.pulls.asked import IGNORED_LABEL, REOPENED_LABEL
from tests.walk.hands import OnGitHub, OnGitLab
from tests.walk.house import REPOSITORY, House, card

CATALOG = "models/one/catalog-info.yaml"
THEIRS, MINE = "owner: group:default/fraud", "owner: group:default/mine"
_ANSWER = re.compile("<!-- callboard:answer ([0-9]+) -->")


@pytest.fixture
def number(house: House) -> int:
    """An open pull request for a model that the catalog does not have."""
    return _proposed(house)


@pytest.fixture
def rex(house: House) -> str:
    """The token of a person who may read, and so comment."""
    token = house.forge.add_user("rex")
    house.forge.set_role(REPOSITORY, "rex", "read")
    return token


def _proposed(house: House, **changed: Any) -> int:
    house.card("one", card("one", **changed))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None, proposal
    return proposal.pull.number


def _updating(house: House) -> int:
    """An open pull request for a model whose owner a person changed in the catalog."""
    house.card("one", card("one"))
    house.land_everything()
    house.edit(CATALOG, house.read(CATALOG).replace(THEIRS, MINE))
    return _proposed(house, version="2", owner="group:default/new")


def _answers(house: House, number: int) -> list[str]:
    """In the order of what they answer."""
    found = [(_ANSWER.match(text), text) for text in house.hands().comments(number)]
    return [text for _, text in sorted((int(match[1]), text) for match, text in found if match)]


def _said(house: House, number: int, text: str, token: str | None = None, *, also: int = 0) -> str:
    """The answer of the next pass to a comment (robin's unless told otherwise); ``also``: to so many more."""
    before = len(_answers(house, number))
    house.hands(token).comment(number, text)
    house.reconcile()
    after = _answers(house, number)
    assert len(after) == before + 1 + also, after
    return after[-1]


def _is_quiet(house: House, *, synced: bool = False) -> bool:
    """Whether passes (and syncs) come to write nothing any more."""
    mark = 0
    for _ in range(2):
        mark = house.forge.log.mark()
        house.reconcile()
        if synced:
            house.sync()
    counts = house.counts(mark)
    return counts.writes == 0 and counts.pushes == 0


def _head(house: House, number: int) -> str:
    head = house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{house.hands().branch(number)}")
    assert head is not None
    return head


def _on_branch(house: House, number: int) -> str:
    return house.read(CATALOG, house.hands().branch(number))


def _messages(house: House, number: int) -> list[str]:
    """Who wrote the commits that the branch has and the base has not, oldest first, and their subjects."""
    git = house.forge.repository(REPOSITORY).git
    said = git.run("log", "--reverse", "--format=%an: %s", f"main..{_head(house, number)}")
    return said.decode().splitlines()


def _comment_fails(house: House) -> None:
    operation = "gitlab/notes/create" if house.kind == "gitlab" else "issues/create-comment"
    house.forge.fail_next(operation, 500)


def _edit_last_comment(house: House, number: int, text: str) -> None:
    hands = house.hands()
    if isinstance(hands, OnGitHub):
        last = max(one["id"] for one in hands.api("GET", f"/issues/{number}/comments"))
        hands.api("PATCH", f"/issues/comments/{last}", {"body": text})
    else:
        assert isinstance(hands, OnGitLab)
        last = max(one["id"] for one in hands.api("GET", f"/{number}/notes"))
        hands.api("PUT", f"/{number}/notes/{last}", {"body": text})


# Who may, and what counts as said


def test_a_person_holds_and_only_who_may_write_lets_it_go(house: House, number: int, rex: str) -> None:
    house.approve(number)

    assert "leaves it alone" in _said(house, number, "Wait for legal, please.\n/hold", rex)
    assert "hold" in house.hands().labels(number)

    assert "write permission" in _said(house, number, "/unhold", rex)
    assert "hold" in house.hands().labels(number)

    house.hands().unapprove(number)
    assert "hold taken off" in _said(house, number, "/callboard unhold")
    assert "hold" not in house.hands().labels(number)


def test_what_was_held_in_this_pass_is_not_merged_in_it(house: House, number: int, rex: str) -> None:
    house.approve(number)
    house.hands(rex).comment(number, "/hold")

    (handled,) = house.reconcile().handled

    assert handled.verdict.kind == "hold"


def test_a_hold_that_the_forge_does_not_take_holds_all_the_same_and_is_tried_again(
    house: House, number: int
) -> None:
    house.approve(number)
    house.hands().comment(number, "/hold")
    operation = "gitlab/merge_requests/update" if house.kind == "gitlab" else "issues/add-labels"
    house.forge.fail_next(operation, 500)

    (handled,) = house.reconcile().handled

    assert handled.verdict.kind == "hold"
    assert "It failed" in _answers(house, number)[0]
    house.reconcile()
    assert "leaves it alone" in _answers(house, number)[0]
    assert len(_answers(house, number)) == 1


def test_who_may_only_read_changes_nothing(house: House, number: int, rex: str) -> None:
    house.commit({"README.md": b"moved on\n"})
    head = _head(house, number)
    commands = ("ignore", "unhold", "rebase", "recreate", "regenerate spec.owner")

    answer = _said(house, number, "\n".join(f"/callboard {command}" for command in commands), rex)

    assert answer.count("write permission here, which rex does not have") == len(commands)
    assert "write permission" in _said(house, number, "/callboard merge", rex)
    assert _head(house, number) == head
    assert house.hands().labels(number) == ["model-catalog"]


def test_what_is_not_said_as_a_command_gets_no_answer(house: House, number: int) -> None:
    for text in (
        "> /hold", "```\n/hold\n```", "<details>\n\n/hold\n\n</details>", "see /hold",
        "/etc/passwd", "- /hold",
    ):  # fmt: skip
        house.hands().comment(number, text)
    house.hands(house.bot).comment(number, "/hold")

    assert _is_quiet(house)
    assert house.hands().labels(number) == ["model-catalog"]


def test_an_edited_comment_is_answered_and_does_nothing(house: House, number: int) -> None:
    house.hands().comment(number, "Nothing.")
    _edit_last_comment(house, number, "/hold")
    house.reconcile()

    assert "Write it as a new comment" in _answers(house, number)[0]
    assert "hold" not in house.hands().labels(number)
    assert _is_quiet(house)


def test_help_approval_and_mistakes_are_answered(house: House, number: int, rex: str) -> None:
    answer = _said(house, number, "/help\n/lgtm\n/callboard explian\n/explain\n/explain now\n/hold", rex)

    assert "/callboard regenerate FIELD" in answer
    assert "**Approvals**: 0 of 1." in answer
    assert "Approval is the forge's" in answer
    assert "Did you mean /callboard explain?" in answer
    assert "alone on its line" in answer
    assert "Only the first 5" in answer
    assert "hold" not in house.hands().labels(number)
    assert _is_quiet(house)


def test_while_everything_is_paused_nobody_is_answered(house: House, number: int) -> None:
    house.hands().comment(number, "/hold")
    mark = house.forge.log.mark()

    house.reconcile(paused=True)

    assert house.counts(mark).writes == 0


def test_on_a_pull_request_of_a_person_only_our_name_is_heard_and_nothing_is_touched(
    house: House, number: int
) -> None:
    house.commit({"models/two/catalog-info.yaml": b"# mine\n"}, branch="mine")
    other = house.hands().propose("mine", "Mine")
    house.hands().comment(other, "/hold")
    assert "does not touch it" in _said(house, other, "/callboard recreate")

    assert "hold" not in house.hands().labels(other)
    assert len(_answers(house, other)) == 1


# Merging


def test_merge_says_what_is_missing_and_is_answered_when_it_is_merged(house: House, number: int) -> None:
    assert "Approvals: 0 of 1." in _said(house, number, "/callboard merge")

    house.approve(number)

    assert "is merged" in _said(house, number, "/callboard unhold\n/callboard merge")


# The branch


def test_what_is_ours_is_written_anew_on_the_present_base(house: House, number: int) -> None:
    house.commit({"README.md": b"moved on\n"})
    old = _head(house, number)

    answer = _said(house, number, "/callboard rebase")

    git = house.forge.repository(REPOSITORY).git
    assert old in answer
    assert git.run("rev-parse", f"{_head(house, number)}^").decode().strip() == git.resolve("refs/heads/main")
    assert "already" in _said(house, number, "/callboard rebase")


def test_commits_of_people_are_put_on_the_present_base_with_their_authors(house: House, number: int) -> None:
    branch = house.hands().branch(number)
    house.edit(CATALOG, _on_branch(house, number).replace(THEIRS, MINE), branch=branch)
    before = _messages(house, number)
    house.commit({"README.md": b"moved on\n"})

    assert "with their authors" in _said(house, number, "/callboard rebase")

    assert _messages(house, number) == before
    assert before[1].startswith("robin: Edit")
    assert MINE in _on_branch(house, number)
    assert house.read("README.md", branch) == "moved on\n"
    assert _is_quiet(house, synced=True)


def test_a_conflict_is_named_and_nothing_is_pushed(house: House, number: int) -> None:
    house.edit("models/one/notes.md", "theirs\n")
    head = house.edit("models/one/notes.md", "mine\n", branch=house.hands().branch(number))

    answer = _said(house, number, "/callboard rebase")

    assert "conflicts with main" in answer
    assert "- models/one/notes.md" in answer
    assert _head(house, number) == head


def test_what_stands_on_the_branch_is_replaced_and_can_be_found_again(house: House, number: int) -> None:
    ours = _on_branch(house, number)
    theirs = house.edit(CATALOG, "# all mine\n" + ours, branch=house.hands().branch(number))

    answer = _said(house, number, "/callboard recreate")

    assert theirs in answer
    assert _on_branch(house, number) == ours
    assert len(_messages(house, number)) == 1
    assert any("callboard:replaced" in text and theirs in text for text in house.hands().comments(number))


def test_what_the_bot_cannot_read_on_a_branch_it_says_and_leaves(house: House, number: int) -> None:
    house.edit("models/one/.callboard.lock", "{", branch=house.hands().branch(number))
    head = _head(house, number)

    assert "Close it" in _said(house, number, "/callboard recreate")
    assert _head(house, number) == head


@pytest.mark.parametrize("command", ["rebase", "ignore"])
def test_a_pass_that_dies_before_its_answer_is_made_good(house: House, number: int, command: str) -> None:
    house.edit(CATALOG, "# mine\n" + _on_branch(house, number), branch=house.hands().branch(number))
    house.commit({"README.md": b"moved on\n"})
    house.hands().comment(number, f"/callboard {command}")
    _comment_fails(house)
    (problem,) = house.reconcile().problems
    assert problem.source == "forge"
    done = (house.hands().labels(number), _head(house, number))

    house.reconcile()

    assert len(_answers(house, number)) == 1
    assert (house.hands().labels(number), _head(house, number)) == done


def test_nothing_of_people_is_replaced_before_it_is_said_where_it_was(house: House, number: int) -> None:
    branch = house.hands().branch(number)
    theirs = house.edit(CATALOG, "# mine\n" + _on_branch(house, number), branch=branch)
    house.hands().comment(number, "/recreate")
    _comment_fails(house)

    house.reconcile()

    assert _head(house, number) == theirs
    assert "It failed" in _answers(house, number)[0]
    house.reconcile()
    assert "Written anew" in _answers(house, number)[0]


def test_what_goes_into_another_branch_is_not_written(house: House, number: int) -> None:
    house.commit({"README.md": b"another\n"}, branch="other")
    house.hands().retarget(number, "other")
    head = _head(house, number)

    assert _said(house, number, "/callboard rebase\n/callboard recreate").count("goes into other") == 2
    assert _head(house, number) == head


# No, and yes again


def test_ignored_models_are_not_proposed_again_until_somebody_says_so(house: House, number: int) -> None:
    assert "not proposed again" in _said(house, number, "/callboard ignore")
    assert IGNORED_LABEL in house.hands().labels(number)

    house.card("one", card("one", version="7"))
    (proposal,) = house.sync().proposals
    assert proposal.action == "declined"

    assert "next sync" in _said(house, number, "/callboard reopen")
    assert REOPENED_LABEL in house.hands().labels(number)
    (again,) = house.sync().proposals
    assert again.action == "open"
    assert again.pull is not None
    assert again.pull.number != number
    assert _is_quiet(house, synced=True)


def test_what_a_person_closed_can_be_reopened_by_a_comment(house: House, number: int, rex: str) -> None:
    house.hands().close(number)
    assert house.sync().proposals[0].action == "declined"

    assert "closed" in _said(house, number, "/callboard rebase")
    assert "write permission" in _said(house, number, "/callboard reopen", rex)
    assert house.sync().proposals[0].action == "declined"
    assert "next sync" in _said(house, number, "/callboard reopen")
    assert house.sync().proposals[0].action == "open"


# What people edited


def test_a_field_is_handed_back_to_the_registry_and_stays_so(house: House, rex: str) -> None:
    number = _updating(house)
    house.hands(rex).comment(number, "/regenerate spec.owner")
    answer = _said(house, number, "/regenerate spec.lifecycle\n/regenerate", also=1)
    assert answer.count("- spec.owner") == 2
    assert MINE in _on_branch(house, number)

    assert "registry's value now" in _said(house, number, "/regenerate spec.owner")

    assert "owner: group:default/new" in _on_branch(house, number)
    assert _is_quiet(house, synced=True)
    house.card("one", card("one", version="3", owner="group:default/newer"))
    house.sync()
    assert "owner: group:default/newer" in _on_branch(house, number)
    house.approve(number)
    house.reconcile()
    assert "owner: group:default/newer" in house.read(CATALOG)
    assert house.sync().proposals == ()


def test_a_sync_that_comes_first_heeds_it_too(house: House) -> None:
    number = _updating(house)
    house.hands().comment(number, "/callboard regenerate spec.owner")

    house.sync()

    assert "owner: group:default/new" in _on_branch(house, number)
    house.reconcile()
    assert "registry's value already" in _answers(house, number)[0]
    assert _is_quiet(house)


def test_what_people_committed_to_the_branch_is_not_taken_from_them(house: House) -> None:
    number = _updating(house)
    branch = house.hands().branch(number)
    head = house.edit(
        CATALOG, _on_branch(house, number).replace("lifecycle: ", "lifecycle: my-"), branch=branch
    )

    assert "People committed to the branch" in _said(house, number, "/regenerate spec.owner")
    assert _head(house, number) == head

    assert head in _said(house, number, "/callboard recreate")
    assert "owner: group:default/new" in _on_branch(house, number)


def test_the_field_of_one_of_several_models_is_handed_back_by_its_name(house: House) -> None:
    house.config_text = "pull-requests: {group-by: all}\n" + house.config_text
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    for name in ("one", "two"):
        path = f"models/{name}/catalog-info.yaml"
        house.edit(path, house.read(path).replace(THEIRS, MINE))
        house.card(name, card(name, version="2"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    number = proposal.pull.number

    assert "- one spec.owner" in _said(house, number, "/regenerate")
    assert "registry's value now" in _said(house, number, "/regenerate two spec.owner")

    branch = house.hands().branch(number)
    assert MINE in house.read("models/one/catalog-info.yaml", branch)
    assert THEIRS in house.read("models/two/catalog-info.yaml", branch)
    assert _is_quiet(house)


def test_several_commands_run_in_their_order(house: House, number: int) -> None:
    house.commit({"README.md": b"moved on\n"})

    answer = _said(house, number, "/hold\n/callboard rebase\n/callboard merge\n/unhold\n/callboard ignore")

    assert "Written anew" in answer
    assert "changed just before" in answer
    assert IGNORED_LABEL in house.hands().labels(number)
    assert "hold" not in house.hands().labels(number)
    assert _is_quiet(house)
