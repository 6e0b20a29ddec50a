"""``callboard doctor``: each thing that can be wrong, and what it says to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.sandbox.forge.faults import Fault
from tests.cli.running import Run
from tests.walk.house import REPOSITORY, House, card

CANARY = "ghp_canary0123456789"


@pytest.fixture
def sound(at_registered_home: House) -> House:
    """Everything is as it should be."""
    at_registered_home.card("one", card("one"))
    return at_registered_home


def change(house: House, old: str, new: str) -> None:
    path = house.folder / "callboard.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_when_all_is_well_it_ends_with_0_and_writes_nothing(sound: House, run: Run) -> None:
    mark = sound.forge.log.mark()

    done = run("doctor")

    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert all(each.startswith("✓ ") for each in lines)
    assert [each.split(":")[0] for each in lines[1:]] == ["✓ git", "✓ forge", "✓ source cards", "✓ backstage"]
    assert f"callboard[bot] may read and write {REPOSITORY}" in done.out
    assert "source cards: answers, 1 model\n" in done.out
    assert (sound.counts(mark).writes, sound.counts(mark).pushes) == (0, 0)


def test_a_token_whose_pull_requests_start_no_workflows_is_told_with_the_checks_that_wait(
    sound: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", sound.forge.add_user("github-actions", kind="Bot"))
    sound.forge.set_role(REPOSITORY, "github-actions[bot]", "write")
    change(sound, "defaults:", "merge: {required-checks: [catalog]}\ndefaults:")

    done = run("doctor")

    assert done.code == 0
    assert "start no workflows: use an App or a token, else somebody has to start catalog" in done.out


def test_what_dashboard_and_check_need_is_looked_at_when_they_are_on(sound: House, run: Run) -> None:
    change(sound, "defaults:", "pull-requests: {dashboard: true, check: true}\ndefaults:")
    mark = sound.forge.log.mark()

    done = run("doctor")

    told = [each for each in done.out.splitlines() if each.startswith(("? dashboard", "? check"))]
    assert done.code == 0
    assert [each.partition(":")[0] for each in told] == ["? dashboard", "? check"]
    assert "only a write shows: give the token 'Issues: Read and write'" in told[0]
    assert "only a write shows: give the token 'Checks: Read and write'" in told[1]
    assert sound.counts(mark).writes == 0


def test_a_permission_that_is_missing_is_named_with_what_github_says(sound: House, run: Run) -> None:
    change(sound, "defaults:", "pull-requests: {dashboard: true}\ndefaults:")
    said, header = "Resource not accessible by personal access token", "x-accepted-github-permissions"
    sound.forge.faults.add(Fault("issues/list-for-repo", 403, False, said, {header: "issues=read"}))

    done = run("doctor")

    assert done.code == 1
    assert f"✗ dashboard: the server answered 403 Forbidden: {said}" in done.out
    assert "give the token the permission issues: read" in done.out


def no_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORGE_TOKEN")


def no_token_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change(house, "  token: {env: FORGE_TOKEN}\n", "")


def wrong_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGE_TOKEN", CANARY)


def reading_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.forge.set_role(REPOSITORY, "callboard[bot]", "read")


def no_branch(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change(house, "catalog:\n", "catalog:\n  base: trunk\n")


def no_repository(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change(house, REPOSITORY, "acme/nowhere")


def no_forge(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change(house, house.forge.url, "http://127.0.0.1:9")


def no_source(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (house.folder / "cards").rename(house.folder / "gone")


def none_configured(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    change(house, "[{name: cards, type: files, path: cards}]", "[]")


def no_backstage(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.catalog is not None
    change(house, house.catalog.url, "http://127.0.0.1:9")


def wrong_backstage_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BS_TOKEN", CANARY)


def no_git(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(house.folder))


@pytest.mark.parametrize(
    ("broken", "who", "what", "remedy"),
    [
        (no_token, "forge", "FORGE_TOKEN is not set", "set it to the token"),
        (no_token_named, "forge", "no token for the forge", "set CALLBOARD_TOKEN or GITHUB_TOKEN"),
        (wrong_token, "forge", "401", "check that the token is set, complete and not expired"),
        (reading_token, "forge", "may not push branches", "give the token write access to contents, pull"),
        (no_branch, "forge", "has no branch trunk", "make a first commit on it, or set catalog: base:"),
        (no_repository, "forge", "Could not resolve", "check the repository's name and that"),
        (no_forge, "forge", "cannot connect", "check the address"),
        (no_source, "source cards", "the folder of models cards cannot be read", "create it, or correct"),
        (none_configured, "sources", "none is configured", "add one under 'sources:'"),
        (no_backstage, "backstage", "cannot connect", "check the address"),
        (wrong_backstage_token, "backstage", "401", "check that the token is set"),
        (no_git, "git", "git does not run", "install git 2.34 or newer"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_the_rest_is_checked(
    sound: House,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[House, pytest.MonkeyPatch], None],
    who: str,
    what: str,
    remedy: str,
) -> None:
    broken(sound, monkeypatch)

    done = run("doctor")

    wrong = [each for each in done.out.splitlines() if each.startswith("✗ ")]
    assert done.code == 1
    assert wrong[0].startswith(f"✗ {who}: ")
    assert what in wrong[0]
    assert remedy in wrong[0]
    assert len(wrong) == (2 if broken is no_git else 1), "git is needed for the forge, too"
    assert CANARY not in done.out + done.err
    assert "Traceback" not in done.out + done.err


def test_a_source_that_is_cut_off_by_its_limit_is_no_finding(
    sound: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callboard.model import Listing, Model

    cut = Listing(source="cards", models=(Model(source="cards", id="a", name="a"),), complete=False)
    monkeypatch.setattr("callboard.sources.files.list_models", lambda _settings, _context: cut)

    done = run("doctor")

    assert done.code == 0
    assert "✓ source cards: answers, 1 model, and there may be more" in done.out


def test_a_wrong_configuration_ends_with_2_and_its_place(run: Run, folder: Path) -> None:
    (folder / "callboard.yaml").write_text("merge: {aprovals: 2}\n")

    done = run("doctor")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("callboard.yaml:1:9: ")
    assert "did you mean 'approvals'?" in done.err
