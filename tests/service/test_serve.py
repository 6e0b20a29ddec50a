"""The service as a whole: a real process, a forge, git, and webhooks in any order."""

from __future__ import annotations

from tests.service.running import ServiceHouse


def test_a_model_card_becomes_a_pull_request_and_its_approval_a_merge(service_house: ServiceHouse) -> None:
    house = service_house
    house.start()
    house.until(lambda: len(house.pulls()) == 1, "no pull request was opened by the first sweep")

    (number,) = house.pulls()
    house.hands().approve(number)
    assert house.post(house.review_payload(number)).json() == {"status": "accepted"}

    house.until(lambda: house.pulls() == {number: True}, "it was not merged")
    house.card("churn")
    house.post(house.push_payload())
    house.until(lambda: len(house.pulls()) == 2, "the push told nothing")
    house.until_idle()
    assert house.stop() == 0
    assert house.bot not in house.said()
