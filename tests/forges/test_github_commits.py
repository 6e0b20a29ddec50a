"""Commits that GitHub signs, and merges that it queues."""

from __future__ import annotations

import pytest

from callboard.forges.github import GitHub
from callboard.forges.protocol import ForgeError, HeadMoved, NewPullRequest
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from tests.forges.on_github import NAME, Scene

FILES: dict[str, bytes | None] = {
    "models/x/catalog-info.yaml": "name: modèle\r\n".encode(),
    "models/x/docs/plot.png": b"\x89PNG\xff\x00",
    "models/x/docs/nul.txt": b"a\0b",
    "models/x/empty": b"",
    "README.md": None,
    "never-there": None,
}


@pytest.fixture
def scene(forge: SandboxForge) -> Scene:
    return Scene.on(forge)


def _commit(scene: Scene, branch: str, files: dict[str, bytes | None], expected: str | None) -> str:
    parent = scene.tip()
    assert parent
    return scene.bot.commit(
        branch, parent=parent, files=files, existing={"README.md"}, message="Add x", expected=expected
    )


def test_the_forge_commits_the_same_bytes_and_signs_them(scene: Scene) -> None:
    commit = _commit(scene, "callboard/x", FILES, None)

    git = scene.forge.repository(NAME).git
    held = {each.path: git.blob(each.sha) for each in git.tree(commit, recursive=True) if each.type == "blob"}
    assert held == {path: data for path, data in FILES.items() if data is not None}
    assert scene.tip("callboard/x") == commit
    told = scene.api("robin", "GET", f"git/commits/{commit}")
    assert told["verification"]["verified"]
    assert told["author"]["name"] == "callboard[bot]"
    assert told["message"] == "Add x"
    pushed = scene.forge.commit(NAME, "callboard/y", {"a": b"1"}, "Add", author="callboard")
    assert not scene.api("robin", "GET", f"git/commits/{pushed}")["verification"]["verified"]


def test_a_commit_and_its_pull_request_are_four_writes(scene: Scene) -> None:
    scene.bot.about("main")
    mark = scene.forge.log.mark()

    _commit(scene, "callboard/x", {"models/x/a": b"1\n"}, None)
    scene.bot.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    counts = scene.forge.log.counts(mark)
    assert (counts.writes, counts.reads) == (4, 0)


def test_a_branch_that_somebody_moved_is_left_alone(scene: Scene) -> None:
    first = _commit(scene, "callboard/x", {"models/x/a": b"1\n"}, None)
    person = scene.forge.commit(NAME, "callboard/x", {"models/x/b": b"2\n"}, "Mine", author="robin")

    for expected in (first, None):
        with pytest.raises(HeadMoved):
            _commit(scene, "callboard/x", {"models/x/a": b"3\n"}, expected)
    with pytest.raises(HeadMoved):
        _commit(scene, "callboard/gone", {"models/x/a": b"3\n"}, first)
    assert scene.tip("callboard/x") == person

    anew = _commit(scene, "callboard/x", {"models/x/a": b"3\n"}, person)
    assert scene.tip("callboard/x") == anew


def test_a_branch_that_cannot_be_is_an_error_of_its_own(scene: Scene) -> None:
    with pytest.raises(ForgeError) as refused:
        _commit(scene, "not..a branch", {"models/x/a": b"3\n"}, None)

    assert not isinstance(refused.value, HeadMoved)


def test_the_queue_merges_in_its_order_and_nothing_passes_it(scene: Scene) -> None:
    scene.forge.set_queue(NAME, "main")
    one, other = scene.opened("callboard/1", "models/1/a"), scene.opened("callboard/2", "models/2/a")
    with pytest.raises(ForgeError) as refused:
        scene.bot.merge(one.number, head=one.head, method="merge", title="T", message="M")
    mark = scene.forge.log.mark()

    scene.bot.enqueue(other.number, head=other.head)
    scene.bot.enqueue(one.number, head=one.head)

    counts = scene.forge.log.counts(mark)
    assert (counts.writes, counts.reads) == (2, 0)
    assert refused.value.status == 405
    assert [pull.in_queue for pull in scene.bot.open_pull_requests()] == [True, True]
    assert scene.forge.process_queue(NAME, most=1) == [other.number]
    assert [(pull.number, pull.in_queue) for pull in scene.bot.open_pull_requests()] == [(one.number, True)]
    assert scene.forge.process_queue(NAME) == [one.number]
    assert scene.forge.file(NAME, "main", "models/1/a") == b"callboard/1"


def test_what_is_taken_out_of_the_queue_is_not_merged(scene: Scene) -> None:
    scene.forge.set_queue(NAME, "main")
    opened = scene.opened()
    scene.bot.enqueue(opened.number, head=opened.head)

    scene.bot.dequeue(opened.number)

    assert not scene.read(opened.number).in_queue
    assert scene.forge.process_queue(NAME) == []
    with pytest.raises(ForgeError, match="not in the merge queue"):
        scene.bot.dequeue(opened.number)


def test_the_queue_is_pinned_to_the_head(scene: Scene) -> None:
    scene.forge.set_queue(NAME, "main")
    opened = scene.opened()
    moved = scene.forge.commit(NAME, "callboard/x", {"models/x/b": b"2"}, "More", author="robin")

    with pytest.raises(HeadMoved):
        scene.bot.enqueue(opened.number, head=opened.head)
    scene.bot.enqueue(opened.number, head=moved)
    scene.forge.commit(NAME, "callboard/x", {"models/x/c": b"3"}, "More", author="robin")

    assert not scene.read(opened.number).in_queue
    assert scene.forge.process_queue(NAME) == []
    with pytest.raises(KeyError):
        scene.forge.file(NAME, "main", "models/x/b")


def test_a_pull_request_that_nobody_read_can_be_enqueued(scene: Scene) -> None:
    opened = scene.opened()
    scene.forge.set_queue(NAME, "main")
    bot = GitHub(scene.forge.url, NAME, Secret(scene.tokens["callboard"]))
    fresh = Scene(scene.forge, bot, scene.tokens)

    fresh.bot.enqueue(opened.number, head=opened.head)

    assert fresh.read(opened.number).in_queue


def test_a_branch_without_a_queue_says_so(scene: Scene) -> None:
    opened = scene.opened()

    with pytest.raises(ForgeError, match="does not have a merge queue") as refused:
        scene.bot.enqueue(opened.number, head=opened.head)

    assert not isinstance(refused.value, HeadMoved)


def test_nobody_needs_to_have_asked_about_the_repository_first(scene: Scene) -> None:
    bot = GitHub(scene.forge.url, NAME, Secret(scene.tokens["callboard"]))
    parent = scene.tip()
    assert parent

    commit = bot.commit("x", parent=parent, files={"a": b"1"}, existing=(), message="Add", expected=None)

    assert scene.tip("x") == commit
    assert bot.reads == 1


def test_an_answer_that_is_lost_is_not_asked_for_again(scene: Scene) -> None:
    scene.bot.about("main")
    scene.forge.fail_next("graphql", 502, after_applying=True)

    with pytest.raises(ForgeError, match="status 502"):
        _commit(scene, "callboard/x", {"models/x/a": b"1\n"}, None)

    assert scene.tip("callboard/x") != scene.tip()
    assert scene.tip("callboard/x") is not None
