"""The dashboard on a forge: opened once, rewritten when it says something else, never over people's words."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callboard import http
from callboard.forges.protocol import About, Issue
from callboard.model import Problem
from callboard.pulls.dashboard import DASHBOARD_TITLE, Order, ticked
from callboard.pulls.dashboard_rows import FROM_PULL_REQUESTS, FROM_REGISTRIES, Row
from callboard.pulls.limits import LONGEST_BODY
from callboard.pulls.verdict import Reason, Verdict
from callboard.redaction import Secret
from callboard.sandbox.forge.faults import Fault
from callboard.walk.acting import Handled
from callboard.walk.dashboard import rows_of_pass, rows_of_proposals, write_dashboard
from callboard.walk.pausing import PAUSED_LABEL, pause_reason
from tests.walk.house import ONE_SOURCE, REPOSITORY, House, card

EVERYTHING = FROM_PULL_REQUESTS | FROM_REGISTRIES
LIMITED = ONE_SOURCE + "pull-requests: {limit: 1, dashboard: true}\n"
WITH_DASHBOARD = ONE_SOURCE + "pull-requests: {dashboard: true}\n"


def review(title: str = "Fraud detector: version 4", missing: str = "Approvals: 0 of 1.") -> Row:
    return Row("review", title, missing, reference="#7", url="https://forge.example/7", target="7")


def write(house: House, *rows: Row, about: About | None = None, **more: Any) -> Problem | None:
    workplace = house.workplace()
    return write_dashboard(
        workplace, about or workplace.forge.about("main"), rows, more.pop("known", EVERYTHING), **more
    )


def dashboard(house: House) -> Issue:
    issue = house.workplace().forge.about("main").dashboard
    assert issue is not None
    return issue


def edit(house: House, on_github: dict[str, Any], on_gitlab: dict[str, Any]) -> None:
    """A person changes the dashboard."""
    number = dashboard(house).number
    if house.kind == "gitlab":
        path = f"/projects/{quote(REPOSITORY, safe='')}/issues/{number}"
        api, method, body = house.forge.gitlab_api_url, "PUT", on_gitlab
    else:
        path = f"/repos/{REPOSITORY}/issues/{number}"
        api, method, body = house.forge.api_url, "PATCH", on_github
    with http.connect(api, token=Secret(house.robin)) as client:
        client.request(method, path, json=body)


def rewrite(house: House, body: str) -> None:
    edit(house, {"body": body}, {"description": body})


def tick(house: House, box: str) -> None:
    lines = dashboard(house).body.replace("\r\n", "\n").split("\n")
    ticked_lines = [
        line.replace("- [ ]", "- [x]") if line.endswith(f"<!-- callboard:do {box} -->") else line
        for line in lines
    ]
    assert ticked_lines != lines
    rewrite(house, "\r\n".join(ticked_lines))


def test_without_configuration_nothing_is_opened(house: House) -> None:
    assert write(house, review()) is None
    assert house.workplace().forge.about("main").dashboard is None


def test_it_is_opened_once_and_rewritten_only_when_it_says_something_else(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    assert write(house, review()) is None
    opened = dashboard(house)
    mark = house.forge.log.mark()

    assert write(house, review()) is None
    assert house.counts(mark).writes == 0
    assert write(house, review(missing="The check catalog failed.")) is None

    assert house.counts(mark).writes == 1
    now = dashboard(house)
    assert (now.number, now.title) == (opened.number, DASHBOARD_TITLE)
    assert "The check catalog failed." in now.body


def test_a_ticked_box_is_an_order_until_it_was_dealt_with(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    write(house, review())
    tick(house, "hold 7")
    (order,) = ticked(dashboard(house).body)
    mark = house.forge.log.mark()
    assert write(house, review()) is None
    assert house.counts(mark).writes == 0, "what nobody dealt with stays ticked"

    write(house, review(), handled=[order], done=["hold #7: done so"])

    assert order == Order("hold", 7)
    assert ticked(dashboard(house).body) == ()
    assert "done so" in dashboard(house).body


def test_what_people_tick_and_write_during_a_pass_is_not_written_over(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    write(house, review())
    about = house.workplace().forge.about("main")
    tick(house, "hold 7")
    rewrite(house, dashboard(house).body.replace("_What you write here stays._", "Bea is away."))

    write(house, review(missing="The check catalog failed."), about=about)

    now = dashboard(house)
    assert ticked(now.body) == (Order("hold", 7),)
    assert "Bea is away." in now.body
    assert "The check catalog failed." in now.body


def test_one_that_was_closed_is_opened_anew_by_the_next_pass(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    write(house, review())
    first = dashboard(house).number
    edit(house, {"state": "closed"}, {"state_event": "close"})

    write(house, review())

    assert dashboard(house).number != first


def test_notes_that_leave_no_room_are_told_and_stay(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    write(house, review())
    rewrite(house, dashboard(house).body.replace("_What you write here stays._", "n" * (LONGEST_BODY - 500)))

    problem = write(house, review("Other"))

    assert problem is not None
    assert "leave no room" in problem.what
    assert "n" * 60_000 in dashboard(house).body


def test_what_the_forge_refuses_is_told(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    operation = "gitlab/issues/create" if house.kind == "gitlab" else "issues/create"
    house.forge.faults.add(Fault(operation, 500, after_applying=False))

    problem = write(house, review())

    assert problem is not None
    assert problem.source == "forge"


def test_the_pause_that_the_text_names_is_the_one_that_is_looked_for(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    write(house, review())
    issue = dashboard(house)
    assert f"`{PAUSED_LABEL}`" in issue.body

    edit(house, {"labels": [*issue.labels, PAUSED_LABEL]}, {"add_labels": PAUSED_LABEL})

    workplace = house.workplace()
    assert pause_reason(workplace.config, {}, workplace.forge.about("main")) is not None


def test_a_sync_tells_what_it_did_not_open_and_leaves_the_rest_as_it_is(house: House) -> None:
    house.config_text = LIMITED
    for version in ("1", "2"):
        for name in ("one", "two"):
            house.card(name, card(name, version=version))
        if version == "1":
            house.land_everything()
    write(house, review())

    result = house.sync()
    rows = rows_of_proposals(result.proposals, "models")
    assert write(house, *rows, known=FROM_REGISTRIES) is None

    body = dashboard(house).body
    assert "| two: version 2 | 1 are open already (pull-requests: limit). |" in body
    assert "Fraud detector: version 4 | Approvals: 0 of 1. |" in body
    (waiting,) = [one for one in result.proposals if one.action == "wait"]
    tick(house, f"open {waiting.branch}")
    assert ticked(dashboard(house).body) == (Order("open", branch=waiting.branch),)


def test_a_refusal_is_told_as_declined(house: House) -> None:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.hands().close(proposal.pull.number)

    (row,) = rows_of_proposals(house.sync().proposals, "models")

    assert (row.section, row.target) == ("declined", str(proposal.pull.number))


def test_a_pass_tells_what_it_left_behind(house: House) -> None:
    for name in ("a", "b", "c", "d", "e"):
        house.card(name, card(name))
    house.sync()
    pulls = house.workplace().forge.open_pull_requests()
    wait = Verdict("wait", "0" * 40, (Reason("wait", "approvals-missing", "Approvals: 0 of 1.", "Ask."),))
    dones = ("merged", "queued", "rewritten", "failed", "nothing")

    handled = [Handled(pull, wait, done, "the branch moved") for pull, done in zip(pulls, dones, strict=True)]
    rows = rows_of_pass(handled, [(pulls[0], "pending: not there yet.")], "models")

    assert [(row.section, row.missing) for row in rows] == [
        ("review", "It stands in the queue of the forge."),
        ("review", "It was written anew; its checks run again."),
        ("blocked", "the branch moved."),
        ("review", "Approvals: 0 of 1."),
        ("failed", "pending: not there yet."),
    ]


def test_walks_keep_the_dashboard_and_come_to_rest(house: House) -> None:
    house.config_text = LIMITED
    for name in ("one", "two"):
        house.card(name, card(name))
        house.sync()
    house.reconcile()
    mark = house.forge.log.mark()
    house.sync(cache="other")
    house.reconcile()

    assert house.counts(mark).writes == 0
    body = dashboard(house).body
    assert "New model: one" in body
    assert "1 are open already" in body


def test_what_is_ticked_is_done_by_the_walk_that_can_do_it(house: House) -> None:
    house.config_text = LIMITED
    for name in ("one", "two"):
        house.card(name, card(name))
        proposals = house.sync().proposals
    first, second = proposals
    assert (first.action, second.action) == ("unchanged", "wait")
    assert first.pull is not None
    house.reconcile()
    tick(house, f"open {second.branch}")
    tick(house, f"hold {first.pull.number}")

    opened = house.sync().proposals[1]
    house.approve(first.pull.number)
    handled = house.reconcile().handled

    assert opened.pull is not None
    assert [one.verdict.kind for one in handled] == ["hold", "wait"]
    assert ticked(dashboard(house).body) == ()
    mark = house.forge.log.mark()
    house.sync()
    house.reconcile()
    assert house.counts(mark).writes == 0


def test_the_label_on_the_dashboard_stops_every_write(house: House) -> None:
    house.config_text = WITH_DASHBOARD
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    edit(house, {"labels": ["callboard-dashboard", PAUSED_LABEL]}, {"add_labels": PAUSED_LABEL})
    house.approve(proposal.pull.number)
    house.card("two", card("two"))
    mark = house.forge.log.mark()

    synced, passed = house.sync(), house.reconcile()

    assert house.counts(mark).writes == 0
    assert house.counts(mark).pushes == 0
    assert synced.paused is not None
    assert passed.paused is not None
    assert [one.verdict.kind for one in passed.handled] == ["hold"]
