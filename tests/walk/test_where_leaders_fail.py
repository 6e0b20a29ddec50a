"""Where the best-known bots fail, by what was read of them; each test is one that they would fail.

1. The head is not pinned on merge: what was pushed a moment before goes in unseen.
2. The forge's word for "approved" is believed: after a force push it names the new head.
3. Branches are written without compare-and-swap: a person's commit is overwritten.
4. Nobody compares what the merge made with what was approved.
5. A second run fails, or writes, because of what the first one left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from callboard.forges.protocol import PullRequest
from callboard.sandbox.forge.pushes import settle
from callboard.walk.reconcile import reconcile
from callboard.walk.sync import sync
from callboard.walk.workplace import Workplace
from tests.walk.house import REPOSITORY, House, card

PAGE = "models/one/docs/index.md"


def _open(house: House) -> PullRequest:
    house.card("one", card("one"))
    house.sync()
    (pull,) = house.workplace().forge.open_pull_requests()
    return pull


def _before(thing: object, name: str, event: Callable[[], object]) -> None:
    """Something happens just before a call."""
    call = getattr(thing, name)

    def late(*arguments: Any, **more: Any) -> Any:
        event()
        return call(*arguments, **more)

    setattr(thing, name, late)


def _head(house: House, pull: PullRequest) -> str | None:
    return house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{pull.head_ref}")


def _pass(place: Workplace) -> list[str]:
    return [one.done for one in reconcile(place, None, progress=lambda _text: None).handled]


def test_what_is_pushed_between_the_decision_and_the_merge_is_not_merged(house: House) -> None:
    pull = _open(house)
    house.approve(pull.number)
    place, pushed = house.workplace(), list[str]()
    _before(place.forge, "merge", lambda: pushed.append(house.edit(PAGE, "# Unseen\n", pull.head_ref)))

    assert _pass(place) == ["failed"]

    assert _head(house, pull) == pushed[0]
    assert house.forge.repository(REPOSITORY).git.resolve("refs/heads/main:models") is None


def test_an_approval_that_the_forge_has_moved_to_a_new_head_does_not_count_for_it(house: House) -> None:
    pull = _open(house)
    house.approve(pull.number)
    house.hands().label(pull.number, "hold")
    git = house.forge.repository(REPOSITORY).git
    wrong = git.commit(pull.head)
    (blob,) = git.write_blobs([b"# Never seen\n"])
    tree = git.write_tree(pull.head, [("100644", PAGE, blob)])
    # The same words, parents and author: only the content is another one.
    forged = git.commit_tree(tree, wrong.parents, wrong.message, wrong.author, wrong.committer)
    _force_push(house, pull, forged)
    house.hands().unlabel(pull.number, "hold")

    assert _pass(house.workplace()) == ["nothing"]


def test_a_commit_that_a_person_pushes_during_an_update_stays(house: House) -> None:
    pull = _open(house)
    house.card("one", card("one", version="2"))
    place, pushed = house.workplace(), list[str]()
    _before(place.repository, "push", lambda: pushed.append(house.edit(PAGE, "# Mine\n", pull.head_ref)))

    sync(place, dry_run=False, prune=False, progress=lambda _name, _count: None)

    assert _head(house, pull) == pushed[0]


def test_what_the_merge_made_of_it_is_compared_before_anything_is_registered(registered_house: House) -> None:
    house = registered_house
    pull = _open(house)
    house.approve(pull.number)
    house.hands().merge(pull.number)
    world, repository = house.forge.world, house.forge.repository(REPOSITORY)
    with world.lock:
        # As GitHub's merge queue did for 2,092 pull requests in April 2026: other content, no word about it.
        merged = house.forge.pull(REPOSITORY, pull.number)
        git = repository.git
        made = git.commit(git.resolve("refs/heads/main") or "")
        (blob,) = git.write_blobs([b"# Reverted\n"])
        tree = git.write_tree(made.sha, [("100644", PAGE, blob)])
        wrong = git.commit_tree(tree, made.parents, made.message, made.author, made.committer)
        git.update_ref("refs/heads/main", wrong)
        repository.refs = git.refs()
        merged.merge_commit = wrong

    result = house.reconcile()

    assert result.registration is not None
    assert result.registration.outcomes == ()
    assert "does not have the approved content" in result.problems[0].what
    assert "registration-pending" in house.hands().labels(pull.number)


def test_a_second_run_takes_up_what_the_first_one_left_and_a_third_writes_nothing(house: House) -> None:
    house.card("one", card("one"))
    place = house.workplace()

    def refuse(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    place.forge.open = refuse  # type: ignore[method-assign,assignment]
    # Killed between the branch and its pull request.
    with contextlib.suppress(KeyboardInterrupt):
        sync(place, dry_run=False, prune=False, progress=lambda _name, _count: None)

    mark = house.forge.log.mark()
    (second,) = house.sync(cache="second").proposals
    counted = house.counts(mark)
    mark = house.forge.log.mark()
    house.sync(cache="third")

    assert second.pull is not None
    assert counted.pushes == 0
    assert (house.counts(mark).writes, house.counts(mark).pushes) == (0, 0)


def _force_push(house: House, pull: PullRequest, commit: str) -> None:
    world, repository = house.forge.world, house.forge.repository(REPOSITORY)
    with world.lock:
        repository.git.update_ref(f"refs/heads/{pull.head_ref}", commit)
        settle(world, repository, house.forge.account("robin"))
