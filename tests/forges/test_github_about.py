"""What the bot learns about itself, the repository and people, and how little it asks for that."""

from __future__ import annotations

import pytest

from callboard.forges.github import GitHub
from callboard.forges.protocol import DASHBOARD_LABEL, ForgeError, Issue
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.faults import Fault
from tests.forges.on_github import NAME, Scene


@pytest.fixture
def scene(forge: SandboxForge) -> Scene:
    return Scene.on(forge)


def test_one_read_tells_who_we_are_and_what_the_repository_is(scene: Scene) -> None:
    mark = scene.forge.log.mark()

    about = scene.bot.about("main")
    identity = scene.bot.identity()

    assert scene.forge.log.counts(mark).reads == 1
    assert about.identity == identity
    assert (identity.login, identity.id) == ("callboard[bot]", str(scene.forge.account("callboard").id))
    assert (about.repository, about.default_branch, about.queue, about.dashboard) == (
        NAME,
        "main",
        False,
        None,
    )


def test_the_queue_of_the_base_branch_is_told(scene: Scene) -> None:
    scene.forge.set_queue(NAME, "main")

    assert scene.bot.about("main").queue
    assert not scene.bot.about("other").queue


def test_the_dashboard_is_the_oldest_open_issue_of_ours_with_its_label(scene: Scene) -> None:
    scene.api("robin", "POST", "issues", {"title": "Mine", "labels": [DASHBOARD_LABEL]})
    closed = scene.bot.open_issue("Closed", "Old", (DASHBOARD_LABEL,))
    scene.api("robin", "PATCH", f"issues/{closed.number}", {"state": "closed"})
    scene.bot.open_issue("Other", "Of ours, and no dashboard", ())
    mark = scene.forge.log.mark()
    opened = scene.bot.open_issue("Models", "One", (DASHBOARD_LABEL, "a-label"))
    scene.bot.edit_issue(opened.number, body="Two")
    writes = scene.forge.log.counts(mark).writes
    scene.bot.open_issue("Models", "A second one", (DASHBOARD_LABEL,))

    labels = ("a-label", DASHBOARD_LABEL)
    assert opened.labels == labels
    assert scene.bot.about("main").dashboard == Issue(opened.number, opened.url, "Models", "Two", labels)
    assert writes == 2


def test_a_quiet_sweep_over_a_hundred_pull_requests_is_four_requests(scene: Scene) -> None:
    first = scene.opened("callboard/0", "models/m0/a")
    for number in range(1, 100):
        scene.forge.commit(NAME, f"callboard/{number}", {f"models/m{number}/a": b"1"}, "Add", author="robin")
        body = {"head": f"callboard/{number}", "base": "main", "title": "T", "body": "B"}
        scene.api("robin", "POST", "pulls", body)
    for login in ("robin", "mallory"):
        scene.api(login, "POST", f"issues/{first.number}/comments", {"body": "/help"})
    bot = GitHub(scene.forge.url, NAME, Secret(scene.tokens["callboard"]))
    mark = scene.forge.log.mark()

    bot.about("main")
    open_ones = bot.open_pull_requests()
    bot.finished_lately()
    bot.identity()

    counts = scene.forge.log.counts(mark)
    assert len(open_ones) == 100
    assert (counts.reads, counts.writes) == (4, 0)


def test_what_was_merged_and_what_was_closed_come_in_one_read(scene: Scene) -> None:
    merged, closed = scene.opened("callboard/m", "models/m/a"), scene.opened("callboard/c", "models/c/a")
    scene.api("robin", "POST", f"pulls/{closed.number}/reviews", {"event": "COMMENT", "body": "No"})
    scene.api("robin", "POST", f"issues/{closed.number}/comments", {"body": "Not now"})
    scene.bot.label(closed.number, add=("ignored",))
    scene.bot.merge(merged.number, head=merged.head, method="merge", title="T", message="M")
    scene.bot.close(closed.number)
    mark = scene.forge.log.mark()

    found = {pull.number: pull for pull in scene.bot.finished_lately()}

    assert scene.forge.log.counts(mark).reads == 1
    assert (found[merged.number].state, found[closed.number].state) == ("merged", "closed")
    assert found[closed.number].labels == ("ignored",)
    assert [one.body for one in found[closed.number].comments] == ["Not now"]
    assert found[merged.number].paths == ("models/m/a",)


def test_comments_tell_when_and_by_whom_and_whether_they_were_changed(scene: Scene) -> None:
    opened = scene.opened()
    said = scene.api("robin", "POST", f"issues/{opened.number}/comments", {"body": "/hold"})
    scene.bot.comment(opened, "text", marker="<!-- callboard -->")
    before = scene.read(opened.number).comments
    scene.api("robin", "PATCH", f"issues/comments/{said['id']}", {"body": "/merge"})

    after = scene.read(opened.number).comments

    assert [one.author_is_person for one in before] == [True, False]
    assert [one.edited for one in before] == [False, False]
    assert [one.edited for one in after] == [True, False]
    assert before[0].created_at == said["created_at"] < before[1].created_at


def test_more_comments_than_a_page_holds_tell_the_same(scene: Scene) -> None:
    opened = scene.opened()
    for number in range(101):
        scene.api("robin", "POST", f"issues/{opened.number}/comments", {"body": str(number)})

    comments = scene.read(opened.number).comments

    assert [one.body for one in comments] == [str(number) for number in range(101)]
    assert all(one.author_is_person and one.created_at and not one.edited for one in comments)


def test_who_may_write_is_asked_once(scene: Scene) -> None:
    opened = scene.opened()
    for login in ("robin", "mallory"):
        scene.api(login, "POST", f"issues/{opened.number}/comments", {"body": "hello"})
    robin, mallory = (one.author for one in scene.read(opened.number).comments)
    mark = scene.forge.log.mark()

    answers = [scene.bot.can_write(who) for who in (robin, robin, mallory, mallory)]

    assert answers == [True, True, False, False]
    assert scene.forge.log.counts(mark).reads == 2


def test_the_members_of_a_team_are_read_page_by_page_and_once(scene: Scene) -> None:
    people = [f"Person-{number}" for number in range(101)]
    for login in people:
        scene.forge.add_user(login)
    scene.forge.add_team("acme/ml", people)
    mark = scene.forge.log.mark()

    members = scene.bot.members("acme/ml")

    assert members == frozenset(login.lower() for login in people)
    assert scene.bot.members("acme/ml") is members
    assert scene.forge.log.counts(mark).reads == 2
    assert scene.bot.members("acme/none") is None
    assert scene.bot.members("stranger/ml") is None


def test_a_forge_that_fails_is_no_team_without_members(scene: Scene) -> None:
    scene.forge.add_team("acme/ml", ["robin"])
    spent = {"x-ratelimit-remaining": "0"}
    for fault in (
        Fault("teams/list-members-in-org", 422, False),
        Fault("teams/list-members-in-org", 403, False, "API rate limit exceeded", spent),
    ):
        scene.forge.faults.add(fault)
        with pytest.raises(ForgeError):
            scene.bot.members("acme/ml")
    assert scene.bot.members("acme/ml") == frozenset({"robin"})
