"""``callboard doctor`` where the catalog is on GitLab, and what commands say there."""

from __future__ import annotations

import pytest

from callboard.config import ForgeKind
from tests.cli.running import Run
from tests.walk.house import REPOSITORY, House, card


@pytest.fixture
def forge_kind() -> ForgeKind:
    return "gitlab"


def test_when_all_is_well_it_says_who_may_write_and_writes_nothing(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    mark = at_home.forge.log.mark()

    done = run("doctor")

    assert (done.code, done.err) == (0, "")
    assert f"{_bot(at_home)} may read and write {REPOSITORY}" in done.out
    assert (at_home.counts(mark).writes, at_home.counts(mark).pushes) == (0, 0)


def test_a_token_that_may_only_read_is_told_what_to_ask_gitlab_for(at_home: House, run: Run) -> None:
    at_home.forge.set_role(REPOSITORY, _bot(at_home), "read")

    done = run("doctor")

    assert done.code == 1
    assert "the role Developer" in done.out
    assert "scope api" in done.out


def test_a_token_with_scopes_to_read_only_is_told_though_its_role_would_do(
    at_home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = at_home.forge.add_project_token(REPOSITORY, role="write", name="reader", read_only=True)
    monkeypatch.setenv("FORGE_TOKEN", token)

    done = run("doctor")

    assert done.code == 1
    assert "✗ token: it has the scopes read_api, read_repository, and not api: make a new one" in done.out


def test_dashboard_and_check_are_looked_at_when_they_are_on(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))
    path = at_home.folder / "callboard.yaml"
    path.write_text(path.read_text() + "pull-requests: {dashboard: true, check: true}\n")

    done = run("doctor")

    assert done.code == 0
    assert "✓ token: has the scope api" in done.out
    assert "✓ dashboard: issues are on" in done.out
    assert "✓ check: a commit status" in done.out


def test_a_wrong_token_is_told_in_gitlabs_words(
    at_home: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_TOKEN", "glpat-wrong0123456789")

    done = run("doctor")

    assert done.code == 1
    assert "CI_JOB_TOKEN" in done.out
    assert "glpat-wrong" not in done.out + done.err


def test_sync_and_reconcile_name_a_merge_request_as_gitlab_does(at_home: House, run: Run) -> None:
    at_home.card("one", card("one"))

    synced, landed = run("sync"), run("reconcile")

    assert "!1" in synced.out
    assert "!1" in landed.out
    assert "/-/merge_requests/1" in synced.out


def _bot(house: House) -> str:
    return house.workplace().forge.identity().login
