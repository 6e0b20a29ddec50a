"""What becomes of the boxes that people tick on the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callboard.forges.protocol import PullRequest
from callboard.pulls.asked import REOPENED_LABEL
from callboard.pulls.dashboard import Order
from callboard.sandbox.forge.faults import Fault
from callboard.walk.base import base_of_commit
from callboard.walk.dashboard import opened_on_order
from callboard.walk.facts import gather
from callboard.walk.ordering import Ordered, obey_boxes
from tests.walk.house import House, card


def obey(house: House, *orders: Order) -> Ordered:
    workplace = house.workplace()
    commit = workplace.repository.fetch("main", "callboard/")
    base = base_of_commit(workplace.repository, commit, "models")
    pulls = workplace.forge.open_pull_requests()
    identity = workplace.forge.identity()
    examined = gather(workplace, base, identity, pulls, lambda _pull: True, now=datetime.now(UTC))
    return obey_boxes(workplace, base, orders, examined)


@pytest.fixture
def pull(house: House) -> PullRequest:
    """An open pull request of ours."""
    house.card("one", card("one"))
    house.sync()
    (found,) = house.workplace().forge.open_pull_requests()
    return found


def test_hold_and_unhold_do_what_the_commands_do(house: House, pull: PullRequest) -> None:
    held = obey(house, Order("hold", pull.number))

    assert "hold" in house.hands().labels(pull.number)
    assert held.orders == (Order("hold", pull.number),)
    assert held.done[0].startswith(f"hold {pull.reference}: Callboard leaves it alone")
    assert "hold" in held.examined[0].facts.pull.labels

    assert "Not held any more" in obey(house, Order("unhold", pull.number)).done[0]
    assert "hold" not in house.hands().labels(pull.number)


def test_a_merge_that_misses_something_says_what(house: House, pull: PullRequest) -> None:
    ordered = obey(house, Order("merge", pull.number))

    assert ordered.done == (f"merge {pull.reference}: not merged. Approvals: 0 of 1.",)
    assert ordered.examined[0].facts.merge_asked


def test_a_merge_that_misses_nothing_is_left_to_the_pass(house: House, pull: PullRequest) -> None:
    house.approve(pull.number)

    (said,) = obey(house, Order("merge", pull.number)).done

    assert said.endswith("nothing is missing; it is merged in its turn")


def test_a_branch_that_people_committed_to_is_written_anew_on_order(house: House, pull: PullRequest) -> None:
    house.edit("models/one/docs/index.md", "Mine.\n", pull.head_ref)

    ordered = obey(house, Order("recreate", pull.number), Order("check-all"))

    assert "Mine." not in house.read("models/one/docs/index.md", pull.head_ref)
    assert ordered.examined == ()
    assert [one.done for one in ordered.handled] == ["rewritten"]
    assert ordered.orders == (Order("recreate", pull.number), Order("check-all"))
    assert len(ordered.done) == 1


def test_a_declined_one_is_proposed_again_on_order(house: House, pull: PullRequest) -> None:
    house.hands().close(pull.number)

    ordered = obey(house, Order("reopen", pull.number), Order("hold", pull.number))

    assert REOPENED_LABEL in house.hands().labels(pull.number)
    assert "the next sync proposes it again" in ordered.done[0]
    assert "it is not open any more" in ordered.done[1]


def test_what_the_forge_refuses_is_told_and_the_next_order_is_carried_out(
    house: House, pull: PullRequest
) -> None:
    operation = "gitlab/merge_requests/update" if house.kind == "gitlab" else "issues/add-labels"
    house.forge.faults.add(Fault(operation, 500, after_applying=False))

    ordered = obey(house, Order("hold", pull.number), Order("hold", pull.number))

    assert "it failed: " in ordered.done[0]
    assert len(ordered.orders) == 2


def test_what_was_opened_on_order_is_told_and_what_was_not_too(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    orders = [
        Order("open", branch=proposal.branch),
        Order("open", branch="callboard/gone-0123456789"),
        Order("hold", 7),
    ]

    opened, done = opened_on_order(orders, [proposal])

    assert opened == tuple(orders[:2])
    assert done == (
        f"open {proposal.branch}: it is {proposal.pull.reference}",
        "open callboard/gone-0123456789: nothing asks for it any more",
    )
    house.hands().close(proposal.pull.number)
    _, (said,) = opened_on_order(orders[:1], house.sync().proposals)
    assert "not opened; " in said
    assert obey(house, *orders[:2]).orders == ()
