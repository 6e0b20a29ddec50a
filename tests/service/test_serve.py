"""The service as a whole: a real process, a forge, git, and webhooks in any order."""

from __future__ import annotations

from callboard.sandbox.forge.deliveries import Deliveries
from callboard.service.store import Store
from tests.service.gate import Gate
from tests.service.running import ServiceHouse
from tests.walk.hands import REPOSITORY

EVENTS = {
    "github": ("push", "pull_request_review"),
    "gitlab": ("Push Hook", "Merge Request Hook"),
}
"""What tells of a push, and of an approval."""


def test_what_the_forge_itself_posts_is_enough_late_twice_in_any_order_or_in_part(
    service_house: ServiceHouse,
) -> None:
    house, told = service_house, service_house.forge.deliveries
    pushed, reviewed = EVENTS[house.kind]
    house.start()
    house.until(lambda: len(house.pulls()) == 1, "no pull request was opened by the first sweep")
    house.subscribe()
    house.hands().approve(1)
    house.until(lambda: house.pulls() == {1: True}, "the review told nothing")

    told.hold()
    house.card("churn")
    house.card("credit")
    last = numbers(told, pushed)[-1]
    assert told.send(last, last) == [202, 202]  # of two pushes one is lost, and one comes twice
    house.until(lambda: len(house.pulls()) == 3, "the push told nothing")
    house.until_idle()
    house.hands().approve(2)
    house.hands().approve(3)
    reviews = numbers(told, reviewed)[-2:]
    assert set(told.send(*reversed(reviews), *reviews)) == {202}
    told.drop()

    house.until(lambda: set(house.pulls().values()) == {True}, "not everything was merged")
    told.wait()
    house.until_idle()
    assert {answer for one in told.log for answer in one.answers} == {202}
    mark = house.forge.log.mark()
    house.post(house.push_payload())
    house.until_idle()
    assert house.forge.log.counts(mark).writes == house.forge.log.counts(mark).pushes == 0
    assert house.stop() == 0
    assert house.bot not in house.said()


def test_what_was_accepted_is_due_after_the_process_was_killed_before_the_walk(
    gated_house: tuple[ServiceHouse, Gate],
) -> None:
    house, gate = gated_house
    house.start()
    house.until(lambda: len(house.pulls()) == 1, "no pull request was opened by the first sweep")
    house.until_idle()
    house.card("churn")
    gate.close("git-upload-pack")  # nobody gets to read anything
    assert house.post(house.push_payload()).status_code == 202
    house.kill()
    gate.open(drop=True)

    store = Store(house.state / "callboard.db")
    (state,) = store.states()
    store.close()
    assert state.due  # not the sweep of the next start alone: the delivery itself is not lost

    house.start()
    house.until(lambda: len(house.pulls()) == 2, "the work was lost")


def test_killed_again_and_again_within_its_walks_it_comes_to_the_same_end(
    gated_house: tuple[ServiceHouse, Gate],
) -> None:
    house, gate = gated_house

    def dies(at: str, *, after: bool) -> None:
        gate.close(gate.names(house.kind)[at], after=after)
        house.start(ready=False)
        gate.wait()
        house.kill()
        gate.open(drop=True)

    dies("git-receive-pack", after=False)  # built, and nothing pushed
    assert house.pulls() == {}
    dies("git-receive-pack", after=True)  # pushed, and it was never told
    assert house.pulls() == {}
    dies("open", after=True)  # opened, and it does not know
    assert house.pulls() == {1: False}
    house.hands().approve(1)
    dies("merge", after=False)
    assert house.pulls() == {1: False}
    dies("merge", after=True)  # merged, and nothing of what follows
    assert house.pulls() == {1: True}
    house.start()
    house.until_idle()

    assert house.pulls() == {1: True}
    assert house.forge.file(REPOSITORY, "main", "models/fraud/catalog-info.yaml")
    assert not [ref for ref in house.forge.repository(REPOSITORY).git.refs() if "heads/callboard/" in ref]
    assert not list(house.state.glob("checkout-*"))


def numbers(told: Deliveries, event: str) -> list[int]:
    """Where deliveries of an event stand in the log."""
    return [number for number, one in enumerate(told.log) if one.event == event]
