"""The races of docs/races.md, one by one: each test names the race that it is about."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callboard.cli.reporting import sync_record, sync_table
from callboard.forges.protocol import Issue, PullRequest
from callboard.git.command import GitError
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.bare import Person
from callboard.walk.acting import Handled
from callboard.walk.landing import PENDING_LABEL
from callboard.walk.obsolete import OBSOLETE_LABEL
from callboard.walk.reconcile import reconcile
from callboard.walk.sync import SyncResult, sync
from tests.servers.forge import ForgeFactory
from tests.walk.house import REPOSITORY, House, card
from tests.walk.machine import Boundary, Killed, at_each_write

RACES = Path(__file__).parents[2] / "docs" / "races.md"
CATALOG = "models/one/catalog-info.yaml"
_FINGERPRINT = re.compile(r"Callboard-Fingerprint: ([0-9a-f]{64})")


def _race(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Marks the test of a race that stands in docs/races.md under this name."""
    assert f"### {name}\n" in RACES.read_text(encoding="utf-8"), name

    def named(test: Callable[..., None]) -> Callable[..., None]:
        return test

    return named


def _opened(house: House, version: str = "1", name: str = "one") -> PullRequest:
    house.card(name, card(name, version=version))
    pulls = [
        one.pull for one in house.sync().proposals if [name] == [c.change.name for c in one.group.changes]
    ]
    assert pulls[0] is not None
    return pulls[0]


def _interrupted(
    house: House,
    at: int,
    happens: Callable[[], None],
    *,
    after: bool,
    cache: str = "cache",
    what: str | None = None,
) -> SyncResult:
    """A sync with something happening before or after one of its writes."""
    place = house.workplace(cache)
    at_each_write(place, Boundary(at, after, happens, what))
    return sync(place, dry_run=False, prune=False, progress=lambda _name, _count: None)


def _pass_interrupted(house: House, boundary: Boundary, *, dies: bool = False) -> tuple[Handled, ...]:
    """A pass with something happening at one of its writes."""
    place = house.workplace()
    at_each_write(place, boundary)
    found: list[Handled] = []
    with pytest.raises(Killed) if dies else contextlib.nullcontext():
        found += reconcile(place, None, progress=lambda _text: None).handled
    return tuple(found)


def _answers(house: House, number: int) -> list[str]:
    return [text for text in house.hands().comments(number) if "<!-- callboard:answer" in text]


def _dashboard(house: House) -> Issue:
    issue = house.workplace().forge.about("main").dashboard
    assert issue is not None
    return issue


def _tick(house: House, box: str) -> None:
    issue = house.forge.repository(REPOSITORY).issues[_dashboard(house).number]
    lines = (issue.body or "").split("\n")
    marked = f"<!-- callboard:do {box} -->"
    assert any(line.endswith(marked) for line in lines), issue.body
    issue.body = "\n".join(
        line.replace("- [ ]", "- [x]") if line.endswith(marked) else line for line in lines
    )


def _die() -> None:
    raise Killed


def _sync_again(house: House) -> None:
    house.sync(cache="second")


def _state(house: House, number: int) -> Any:
    return house.api("GET", f"/pulls/{number}")


def _open_numbers(house: House) -> list[int]:
    return sorted(pull["number"] for pull in house.api("GET", "/pulls"))


def _labels(house: House, number: int) -> set[str]:
    return {label["name"] for label in house.api("GET", f"/issues/{number}/labels")}


def _comments(house: House, number: int) -> str:
    return "\n".join(comment["body"] for comment in house.api("GET", f"/issues/{number}/comments"))


def _silent(house: House) -> bool:
    """Whether one more round writes nothing, from a fresh clone."""
    mark = house.forge.log.mark()
    house.sync(cache="fresh")
    house.reconcile()
    counts = house.counts(mark)
    return counts.writes == counts.pushes == 0


@_race("the answer to a push got lost")
def test_a_push_whose_answer_got_lost_is_found_and_gone_on_from(house: House) -> None:
    house.card("one", card("one"))
    house.forge.fail_next("git/push", 500, after_applying=True)
    with pytest.raises(GitError):
        house.sync()
    mark = house.forge.log.mark()

    (proposal,) = house.sync().proposals

    assert proposal.action == "open"
    assert house.counts(mark).pushes == 0
    assert _silent(house)


@_race("dead between branch and text")
def test_the_text_of_a_pull_request_follows_its_branch_although_the_walk_died_between(house: House) -> None:
    pull = _opened(house, "1")
    house.card("one", card("one", version="2"))
    with pytest.raises(Killed):
        _interrupted(house, 1, _die, after=True)

    house.sync()

    after = _state(house, pull.number)
    head = house.forge.repository(REPOSITORY).git.commit(after["head"]["sha"])
    assert _FINGERPRINT.findall(after["body"]) == _FINGERPRINT.findall(head.message)
    assert "2" in after["title"]
    assert _silent(house)


@_race("dead between branch and text")
def test_the_news_for_a_text_of_a_person_is_told_although_the_walk_died_between(house: House) -> None:
    pull = _opened(house, "1")
    body = _state(house, pull.number)["body"]
    house.api("PATCH", f"/pulls/{pull.number}", {"body": f"{body}\nMy words.\n"})
    house.card("one", card("one", version="2"))
    with pytest.raises(Killed):
        _interrupted(house, 1, _die, after=True)

    house.sync()

    assert "My words." in _state(house, pull.number)["body"]
    assert "callboard:news" in _comments(house, pull.number)
    assert _silent(house)


@_race("closed while it is updated")
def test_closing_during_an_update_loses_nothing_and_is_not_undone(house: House) -> None:
    pull = _opened(house, "1")
    house.card("one", card("one", version="2"))

    _interrupted(
        house, 1, lambda: house.api("PATCH", f"/pulls/{pull.number}", {"state": "closed"}), after=False
    )
    (again,) = house.sync().proposals

    assert _state(house, pull.number)["state"] == "closed"
    assert again.action == "open"  # version 2 was never refused
    assert _silent(house)


@_race("branch deleted under an open pull request")
def test_a_deleted_branch_closes_its_pull_request_and_means_no(house: House) -> None:
    pull = _opened(house)
    house.api("DELETE", f"/git/refs/heads/{pull.head_ref}")

    (again,) = house.sync().proposals

    assert again.action == "declined"
    assert _silent(house)


@_race("branch deleted under an open pull request")
def test_a_branch_deleted_just_before_its_update_is_not_made_again(house: House) -> None:
    pull = _opened(house, "1")
    house.card("one", card("one", version="2"))

    result = _interrupted(
        house, 1, lambda: house.api("DELETE", f"/git/refs/heads/{pull.head_ref}"), after=False
    )

    assert [one.action for one in result.proposals] == ["leave"]
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}") is None


@_race("two walks at once")
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_two_walks_at_once_open_one_pull_request(house: House, at: int, after: bool) -> None:
    house.card("one", card("one"))

    _interrupted(house, at, lambda: _sync_again(house), after=after)

    assert len(house.api("GET", "/pulls?state=all")) == 1
    house.sync()
    assert _silent(house)


@_race("pushed by a person during an update")
def test_a_commit_that_comes_between_looking_and_pushing_is_not_overwritten(house: House) -> None:
    pull = _opened(house, "1")
    house.card("one", card("one", version="2"))
    pushed: list[str] = []

    result = _interrupted(
        house,
        1,
        lambda: pushed.append(house.edit("models/one/docs/mine.md", "mine\n", pull.head_ref)),
        after=False,
    )

    assert [one.action for one in result.proposals] == ["leave"]
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}") == pushed[0]


@_race("amended under our own words")
def test_a_persons_amendment_of_our_commit_is_not_taken_for_ours(house: House) -> None:
    pull = _opened(house, "1")
    git = house.forge.repository(REPOSITORY).git
    ours = git.commit(pull.head)
    robin = Person("robin", "robin@users.noreply.example")
    (blob,) = git.write_blobs([b"mine\n"])
    tree = git.write_tree(pull.head, [("100644", "models/one/docs/mine.md", blob)])
    house.api("PATCH", f"/pulls/{pull.number}", {"state": "closed"})
    amended = git.commit_tree(tree, ours.parents, ours.message, robin, robin)
    git.update_ref(f"refs/heads/{pull.head_ref}", amended)
    house.card("one", card("one", version="2"))

    (proposal,) = house.sync().proposals

    assert proposal.action == "leave"
    assert git.resolve(f"refs/heads/{pull.head_ref}") == amended


@_race("the answer to a merge got lost")
def test_a_merge_whose_answer_got_lost_is_followed_to_its_end(registered_house: House) -> None:
    house = registered_house
    pull = _opened(house)
    house.approve(pull.number)
    house.forge.fail_next(house.hands().merging, 502, after_applying=True)

    result = house.reconcile()

    assert [one.done for one in result.handled] == ["merged"]
    assert result.problems == ()
    assert result.registration is not None
    assert [outcome.state for outcome in result.registration.outcomes] == ["confirmed"]
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}") is None
    assert _silent(house)


@_race("dead between merge and its follow-up")
def test_what_was_merged_before_the_walk_died_is_followed_by_the_next(registered_house: House) -> None:
    house = registered_house
    pull = _opened(house)
    house.approve(pull.number)
    place = house.workplace()
    at_each_write(place, Boundary(1, after=True, happens=_die))
    with pytest.raises(Killed):
        reconcile(place, None, progress=lambda _text: None)

    result = house.reconcile()

    assert result.registration is not None
    assert [outcome.state for outcome in result.registration.outcomes] == ["confirmed"]
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}") is None
    assert _silent(house)


@_race("mergeability is not known yet")
def test_an_approved_head_is_not_written_anew_while_the_forge_does_not_know(
    start_forge: ForgeFactory, tmp_path: Path
) -> None:
    house = _house(start_forge(undecided_reads=6), tmp_path)
    pull = _opened(house, "1")
    house.approve(pull.number)
    house.card("one", card("one", version="2"))

    (first,) = house.sync().proposals
    kinds = [handled.verdict.kind for _ in range(6) for handled in house.reconcile().handled]

    assert first.action == "leave"
    assert kinds[0] == "wait"
    assert kinds[-1] == "merge"
    assert set(kinds) == {"wait", "merge"}
    assert "version: '1'" in house.read(CATALOG)


@_race("squash-merged by hand under other words")
def test_a_squash_merge_by_hand_with_other_words_is_taken_as_landed(house: House) -> None:
    pull = _opened(house)
    words = {"merge_method": "squash", "commit_title": "Robin's", "commit_message": "own words"}
    house.api("PUT", f"/pulls/{pull.number}/merge", words)

    assert house.sync().desired.changes == ()
    house.reconcile()
    assert _silent(house)


@_race("folder renamed by a person")
def test_a_renamed_folder_is_found_by_its_key_and_proposed_once(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    tree = house.forge.repository(REPOSITORY).git.tree("refs/heads/main", recursive=True)
    old = [entry.path for entry in tree if entry.type == "blob" and entry.path.startswith("models/one/")]
    house.commit(
        dict.fromkeys(old) | {path.replace("/one/", "/uno/"): house.read(path).encode() for path in old}
    )

    for _ in range(3):
        house.reconcile()
        house.sync()

    assert _open_numbers(house) == [pull.number]
    paths = {file["filename"] for file in house.api("GET", f"/pulls/{pull.number}/files")}
    assert {path.split("/")[1] for path in paths} == {"uno"}
    assert _silent(house)


@_race("merged and reverted by a person")
def test_what_a_person_reverted_is_asked_again_and_not_again_after_a_no(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    before = {
        path: house.read(path).encode()
        for path in (CATALOG, "models/one/docs/index.md", "models/one/.callboard.lock")
    }
    house.card("one", card("one", version="2"))
    house.land_everything()
    house.commit(dict(before))

    (asked,) = house.sync().proposals
    assert asked.pull is not None
    house.api("PATCH", f"/pulls/{asked.pull.number}", {"state": "closed"})
    (again,) = house.sync().proposals

    assert (asked.action, again.action) == ("open", "declined")


@_race("an older pull request hides a refusal")
def test_a_refusal_is_remembered_although_an_older_pull_request_is_spoken_on(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    house.api("PATCH", f"/pulls/{pull.number}", {"state": "closed"})
    house.api("POST", "/issues/1/comments", {"body": "That was a good one."})

    (again,) = house.sync().proposals

    assert again.action == "declined"


@_race("the registry takes it back")
def test_a_pull_request_that_nothing_asks_for_any_more_is_closed_and_says_why(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    house.card("one", card("one", version="1"))

    result = house.sync()

    assert [one.pull.number for one in result.obsolete] == [pull.number]
    assert sync_table(result)[1][0][:2] == ["close", pull.reference]
    assert [one["action"] for one in sync_record(result, {})["pull-requests"]] == ["close"]
    assert _state(house, pull.number)["state"] == "closed"
    assert OBSOLETE_LABEL in _labels(house, pull.number)
    assert "holds in models/ what the registry says" in _comments(house, pull.number)
    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}") is None
    assert _silent(house)


@_race("the registry takes it back")
def test_what_we_closed_ourselves_comes_again_with_the_registry(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    house.card("one", card("one", version="1"))
    house.sync()

    again = _opened(house, "2")

    assert again.number != pull.number
    assert _open_numbers(house) == [again.number]


@_race("the registry takes it back")
@pytest.mark.parametrize("how", ["held", "committed", "approved"])
def test_what_people_hold_commit_to_or_approved_stays_open(house: House, how: str) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    if how == "held":
        house.api("POST", f"/issues/{pull.number}/labels", {"labels": ["hold"]})
    elif how == "committed":
        house.edit("models/one/docs/mine.md", "mine\n", pull.head_ref)
    else:
        house.approve(pull.number)
    house.card("one", card("one", version="1"))

    result = house.sync()

    assert result.obsolete == ()
    assert _open_numbers(house) == [pull.number]


@_race("the registry takes it back")
def test_a_registry_that_does_not_answer_closes_nothing(house: House) -> None:
    pull = _opened(house)
    (house.folder / "cards" / "one.md").unlink()
    empty = house.sync()
    (house.folder / "cards").rename(house.folder / "elsewhere")
    gone = house.sync()

    assert (empty.obsolete, gone.obsolete) == ((), ())
    assert _open_numbers(house) == [pull.number]


@_race("the registry takes it back")
def test_a_new_model_that_went_before_it_was_merged_is_not_asked_about_any_more(house: House) -> None:
    pull, other = _opened(house), _opened(house, name="two")
    (house.folder / "cards" / "one.md").unlink()

    result = house.sync()

    assert [one.pull.number for one in result.obsolete] == [pull.number]
    assert _open_numbers(house) == [other.number]


@_race("a model returns while its deletion is open")
def test_a_deletion_ends_when_its_model_is_back_even_if_it_was_approved(house: House) -> None:
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    (house.folder / "cards" / "one.md").unlink()
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.approve(proposal.pull.number)
    house.card("one", card("one"))

    house.sync()
    house.reconcile()

    assert _open_numbers(house) == []
    assert "name: one" in house.read(CATALOG)


@_race("dead while closing")
@pytest.mark.parametrize("at", [1, 2, 3])
def test_dying_while_closing_is_made_good(house: House, at: int) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    house.card("one", card("one", version="1"))
    with pytest.raises(Killed):
        _interrupted(house, at, _die, after=True)

    house.sync()

    assert _state(house, pull.number)["state"] == "closed"
    assert OBSOLETE_LABEL in _labels(house, pull.number)
    assert _opened(house, "2").number != pull.number


@_race("the grouping changes")
@pytest.mark.parametrize(("before", "after"), [("model", "all"), ("all", "model")])
def test_another_grouping_leaves_each_model_in_one_pull_request(
    house: House, before: str, after: str
) -> None:
    source = house.config_text
    house.config_text = f"{source}pull-requests: {{group-by: {before}}}\n"
    for name in ("one", "two"):
        house.card(name, card(name))
    house.sync()
    house.config_text = f"{source}pull-requests: {{group-by: {after}}}\n"

    house.sync()

    paths = [
        {file["filename"] for file in house.api("GET", f"/pulls/{number}/files")}
        for number in _open_numbers(house)
    ]
    assert len(paths) == (1 if after == "all" else 2)
    assert sum(CATALOG in one for one in paths) == 1
    assert _silent(house)


@_race("the grouping changes")
def test_a_model_whose_pull_request_is_a_persons_waits_for_it_and_stops_no_other(house: House) -> None:
    first = _opened(house)
    house.edit("models/one/docs/mine.md", "mine\n", first.head_ref)
    house.card("two", card("two"))
    house.config_text += "pull-requests: {group-by: all}\n"

    result = house.sync()

    said = {
        one.change.name: proposal.action for proposal in result.proposals for one in proposal.group.changes
    }
    assert said == {"one": "leave", "two": "open"}
    house.reconcile()
    assert _silent(house)


@_race("the base moves on in the same file")
def test_a_merge_with_a_persons_lines_in_the_same_file_is_sound(registered_house: House) -> None:
    house = registered_house
    house.card("one", card("one", version="1"))
    house.land_everything()
    pull = _opened(house, "2")
    house.approve(pull.number)
    house.edit(CATALOG, "# a person's line\n" + house.read(CATALOG))

    result = house.reconcile()

    assert [one.done for one in result.handled] == ["merged"]
    assert result.problems == ()
    assert house.read(CATALOG).startswith("# a person's line\n")
    assert "version: '2'" in house.read(CATALOG)
    assert PENDING_LABEL not in _labels(house, pull.number)
    assert _silent(house)


@_race("merged with other bytes")
def test_what_was_merged_with_other_bytes_is_not_registered_until_it_is_put_right(
    registered_house: House,
) -> None:
    house = registered_house
    pull = _opened(house)
    house.approve(pull.number)
    good = house.read(CATALOG, pull.head_ref)
    _merge_with_other_bytes(house, pull)

    first = house.reconcile()
    marked = PENDING_LABEL in _labels(house, pull.number)
    house.edit(CATALOG, good)
    second = house.reconcile()

    assert "does not have the approved content" in first.problems[0].what
    assert first.registration is not None
    assert first.registration.outcomes == ()
    assert marked
    assert second.registration is not None
    assert [outcome.state for outcome in second.registration.outcomes] == ["confirmed"]
    assert PENDING_LABEL not in _labels(house, pull.number)
    assert _silent(house)


@_race("two commands in one comment and dead before the answer")
def test_commands_whose_answer_was_not_written_are_done_once_more_and_answered_once(house: House) -> None:
    pull = _opened(house)
    house.edit("models/one/docs/mine.md", "mine\n", pull.head_ref)
    house.commit({"README.md": b"moved on\n"})
    house.hands().comment(pull.number, "/callboard hold\n/callboard rebase")
    _pass_interrupted(house, Boundary(1, after=False, happens=_die, what="comment"), dies=True)
    head = house.forge.pull(REPOSITORY, pull.number).head

    house.reconcile()

    assert head != pull.head
    assert house.forge.pull(REPOSITORY, pull.number).head == head
    assert house.hands().labels(pull.number).count("hold") == 1
    assert len(_answers(house, pull.number)) == 1
    assert _silent(house)


@_race("a command edited after its answer")
def test_a_command_that_was_edited_after_its_answer_is_none_any_more(house: House) -> None:
    pull = _opened(house)
    house.hands().comment(pull.number, "/callboard hold")
    house.reconcile()
    comments = house.forge.repository(REPOSITORY).comments
    said = next(one for one in comments.values() if one.body == "/callboard hold")
    said.body, said.updated_at = "/callboard ignore", house.forge.world.now()

    house.reconcile()

    assert house.forge.pull(REPOSITORY, pull.number).state == "open"
    assert len(_answers(house, pull.number)) == 1
    assert _silent(house)


@_race("merge asked, then a push")
def test_who_asked_to_merge_did_not_ask_for_what_came_later(house: House) -> None:
    house.config_text += "merge: {quiet-hours: [{days: [mon, tue, wed, thu, fri, sat, sun]}]}\n"
    pull = _opened(house, "1")
    house.hands().comment(pull.number, "/callboard merge")
    house.reconcile()
    house.card("one", card("one", version="2"))
    house.sync()
    house.approve(pull.number)

    (handled,) = house.reconcile().handled

    assert [reason.code for reason in handled.verdict.reasons] == ["quiet-hours"]
    house.hands().comment(pull.number, "/callboard merge")
    assert [one.done for one in house.reconcile().handled] == ["merged"]


@_race("held while it is merged")
def test_a_hold_between_reading_and_merging_is_too_late_and_is_told(house: House) -> None:
    pull = _opened(house)
    house.approve(pull.number)

    _pass_interrupted(
        house,
        Boundary(1, False, lambda: house.hands().comment(pull.number, "/callboard hold"), "merge"),
    )

    assert house.forge.pull(REPOSITORY, pull.number).merged_at
    house.reconcile()
    (answer,) = _answers(house, pull.number)
    assert "is merged" in answer
    assert _silent(house)


@_race("held while it is merged")
def test_a_hold_is_heeded_although_an_answer_before_it_failed(house: House) -> None:
    pull = _opened(house)
    house.approve(pull.number)
    house.hands().comment(pull.number, "/callboard help")
    house.hands().comment(pull.number, "/callboard hold")
    operation = "gitlab/notes/create" if house.kind == "gitlab" else "issues/create-comment"
    house.forge.fail_next(operation, 500)

    (handled,) = house.reconcile().handled

    assert handled.verdict.kind == "hold"
    assert "hold" in house.hands().labels(pull.number)
    house.reconcile()
    assert len(_answers(house, pull.number)) == 2
    assert _silent(house)


@_race("a box ticked while the dashboard is written")
def test_a_box_that_is_ticked_before_the_dashboard_is_written_is_not_lost(house: House) -> None:
    house.config_text += "pull-requests: {dashboard: true}\n"
    pull = _opened(house)
    house.reconcile()
    other = _opened(house, name="two")
    house.approve(other.number)

    _pass_interrupted(house, Boundary(1, False, lambda: _tick(house, f"hold {pull.number}"), "merge"))
    house.approve(pull.number)
    (handled,) = house.reconcile().handled

    assert handled.verdict.kind == "hold"
    house.reconcile()
    assert _silent(house)


@_race("a box ticked while the dashboard is written")
def test_a_deed_whose_box_was_not_taken_off_is_done_once(house: House) -> None:
    house.config_text += "pull-requests: {dashboard: true}\n"
    pull = _opened(house)
    house.reconcile()
    _tick(house, f"hold {pull.number}")
    _pass_interrupted(house, Boundary(1, after=False, happens=_die, what="edit_issue"), dies=True)

    house.reconcile()

    assert house.hands().labels(pull.number).count("hold") == 1
    assert "[x]" not in _dashboard(house).body
    house.reconcile()
    assert _silent(house)


@_race("two in a row and the second conflicts")
def test_the_second_of_two_that_change_the_same_is_written_anew_by_the_next_pass(house: House) -> None:
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    first, second = _opened(house, "2", "one"), _opened(house, "2", "two")
    path = "models/two/catalog-info.yaml"
    for pull in (first, second):
        house.approve(pull.number)
    text = house.read(path).replace("version: '1'", "version: '1.5'")
    assert text != house.read(path)

    def edited() -> None:
        house.edit(path, text)

    merged_first = Boundary(1, after=True, happens=edited, what="merge")

    handled = _pass_interrupted(house, merged_first)

    assert {one.pull.number: one.done for one in handled} == {first.number: "merged", second.number: "failed"}
    again = house.reconcile().handled
    assert [(one.pull.number, one.done) for one in again] == [(second.number, "rewritten")]
    house.reconcile()
    house.sync()
    assert _silent(house)


@_race("a rate limit in the middle of many")
def test_a_limit_in_the_middle_of_many_leaves_the_rest_to_the_next_sync(house: House) -> None:
    for name in ("one", "two", "three"):
        house.card(name, card(name))
    limited = house.forge.faults
    limit = limited.gitlab_rate_limit if house.kind == "gitlab" else limited.secondary_rate_limit
    opened: list[int] = []

    def from_now_on() -> None:
        opened.extend(_open_numbers(house))
        for _ in range(8):
            limit(house.hands().opening, 7200)

    result = _interrupted(house, 1, from_now_on, after=True, what="open")
    assert (len(opened), len(_open_numbers(house)), len(result.problems)) == (1, 1, 2)
    house.forge.faults._waiting.clear()
    forge: Any = house.workplace().forge
    budget = (forge._writer if house.kind == "github" else forge._api)._budget
    budget._blocked_until = 0.0  # two hours later
    mark = house.forge.log.mark()

    house.sync()

    assert len(_open_numbers(house)) == 3
    assert house.counts(mark).pushes == 0
    assert _silent(house)


def _merge_with_other_bytes(house: House, pull: PullRequest) -> None:
    """The forge goes wrong: its merge commit has another owner than the head."""
    repository = house.forge.repository(REPOSITORY)
    git, world = repository.git, house.forge.world
    house.api("PUT", f"/pulls/{pull.number}/merge", {"merge_method": "squash"})
    merged = house.forge.pull(REPOSITORY, pull.number)
    right = git.commit(merged.merge_commit or "")
    text = house.read(CATALOG).replace("group:default/fraud", "group:default/nobody")
    (blob,) = git.write_blobs([text.encode()])
    tree = git.write_tree(right.sha, [("100644", CATALOG, blob)])
    wrong = git.commit_tree(tree, right.parents, right.message, right.author, right.committer)
    with world.lock:
        git.update_ref("refs/heads/main", wrong)
        repository.refs = git.refs()
        merged.merge_commit = wrong


def _house(forge: SandboxForge, folder: Path) -> House:
    bot, robin = forge.add_user("callboard", kind="Bot"), forge.add_user("robin")
    forge.add_repository(
        REPOSITORY,
        files={"README.md": b"hello\n"},
        collaborators={"robin": "write", "callboard[bot]": "write"},
    )
    (folder / "cards").mkdir()
    return House(forge, folder, bot, robin)
