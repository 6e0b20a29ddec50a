"""``callboard doctor`` where the catalog is on GitLab, and what commands say there."""

from __future__ import annotations

import pytest

from callboard.walk.workplace import ForgeKind
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
