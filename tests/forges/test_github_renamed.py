"""A repository that has another name now is found by its old one, and says its new one."""

from __future__ import annotations

import pytest

from callboard.forges.github import GitHub
from callboard.forges.protocol import ForgeError, NewPullRequest
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from tests.forges.on_github import NAME, Scene


@pytest.fixture
def scene(forge: SandboxForge) -> Scene:
    scene = Scene.on(forge)
    scene.opened()
    forge.rename(NAME, "models")
    return scene


def test_it_says_its_new_name(scene: Scene) -> None:
    assert scene.bot.about("main").repository == "acme/models"


def test_reads_and_writes_by_the_old_name_go_on(scene: Scene) -> None:
    (pull,) = scene.bot.open_pull_requests()
    scene.forge.commit("acme/models", "callboard/y", {"models/y/a": b"1"}, "Add", author="callboard")

    scene.bot.comment(pull, "text", marker="<!-- m -->")
    scene.bot.edit(pull.number, title="New title")
    opened = scene.bot.open(NewPullRequest("callboard/y", "main", "T", "B", labels=("a",)))
    scene.bot.merge(pull.number, head=pull.head, method="squash", title="T", message="M")

    (left,) = scene.bot.open_pull_requests()
    assert (left.number, left.labels) == (opened.number, ("a",))
    merged = scene.bot.finished_lately()[0]
    assert (merged.title, len(merged.comments)) == ("New title", 1)
    assert merged.head_repository == "acme/models"


def test_a_new_repository_of_the_old_name_is_another_one(scene: Scene) -> None:
    scene.forge.add_repository(NAME, {"README.md": b"other\n"}, collaborators={"callboard": "write"})

    assert scene.bot.about("main").repository == NAME
    assert scene.bot.open_pull_requests() == ()


def test_who_may_not_see_it_is_not_told_its_new_name(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    forge.add_repository("acme/private", {"README.md": b"x\n"}, private=True)
    forge.rename("acme/private", "hidden")
    stranger = GitHub(forge.url, "acme/private", Secret(scene.tokens["mallory"]))

    with pytest.raises(ForgeError, match="Could not resolve") as refused:
        stranger.about("main")
    with pytest.raises(ForgeError) as also:
        stranger.edit(1, title="x")

    assert also.value.status == 404
    assert "hidden" not in str(refused.value) + str(also.value)
