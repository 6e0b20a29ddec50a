"""What other people propose from their forks."""

from __future__ import annotations

from callboard.sandbox.forge import SandboxForge
from tests.forges.on_github import NAME, Scene


def _proposed(scene: Scene, branch: str) -> int:
    if "mallory/catalog" not in scene.forge.world.repositories:
        scene.forge.fork(NAME, "mallory")
    scene.forge.commit("mallory/catalog", branch, {"models/x/a": b"1"}, "Add", author="mallory")
    body = {"title": "Mine", "body": "Look", "head": f"mallory:{branch}", "base": "main"}
    number: int = scene.api("mallory", "POST", "pulls", body)["number"]
    return number


def test_a_pull_request_from_a_fork_says_so_and_can_be_checked(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    number = _proposed(scene, "theirs")
    pull = scene.read(number)

    assert (pull.head_repository, pull.head_ref, pull.paths) == ("mallory/catalog", "theirs", ("models/x/a",))
    assert scene.bot.head_of(number) == f"refs/pull/{number}/head"
    assert forge.repository(NAME).refs[scene.bot.head_of(number)] == pull.head


def test_a_branch_of_a_fork_is_not_ours_by_its_name(forge: SandboxForge) -> None:
    scene = Scene.on(forge)
    ours = scene.opened("callboard/x", "models/y/a")
    scene.bot.close(ours.number)
    theirs = _proposed(scene, "callboard/x")
    scene.bot.close(theirs)

    closed = scene.bot.last_closed("callboard/x")

    assert closed is not None
    assert closed.number == ours.number
