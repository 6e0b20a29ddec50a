"""What Backstage's GitHub reader asks for (its requests are described in facts about a real backend)."""

from __future__ import annotations

import base64
import fnmatch

from tests.sandbox.forge.conftest import CARD, REPOSITORY, Stage

RAW = {"accept": "application/vnd.github.v3.raw"}


def test_a_file_is_read_raw_and_then_conditionally(stage: Stage) -> None:
    path = "contents/models/fraud/catalog-info.yaml"
    first = stage.api("robin", "GET", path, None, RAW, ref="main")
    assert first.content == CARD
    again = stage.api("robin", "GET", path, None, RAW | {"if-none-match": first.headers["etag"]}, ref="main")
    assert (again.status_code, again.content) == (304, b"")
    stage.branch("main", {"models/fraud/catalog-info.yaml": b"kind: API\n"})
    changed = stage.api(
        "robin", "GET", path, None, RAW | {"if-none-match": first.headers["etag"]}, ref="main"
    )
    assert changed.content == b"kind: API\n"


def test_a_glob_goes_by_status_tree_and_blobs(stage: Stage) -> None:
    status = stage.api("robin", "GET", "commits/main/status", per_page=0).json()
    assert status["sha"] == stage.tip()
    assert status["repository"]["archive_url"].startswith(f"{stage.forge.api_url}/repos/{REPOSITORY}/")
    trees = status["repository"]["trees_url"].replace("{/sha}", f"/{status['sha']}")
    tree = stage.api("robin", "GET", trees.removeprefix(stage.forge.api_url), recursive="true").json()
    assert tree["truncated"] is False
    found = [each for each in tree["tree"] if fnmatch.fnmatch(each["path"], "models/*/catalog-info.yaml")]
    assert len(found) == 1
    blob = stage.api("robin", "GET", found[0]["url"].removeprefix(stage.forge.api_url)).json()
    assert base64.b64decode(blob["content"]) == CARD


def test_addresses_follow_the_host_that_was_asked(stage: Stage) -> None:
    told = stage.api(None, "GET", "", None, {"host": "forge.example:8080"}).json()
    assert told["url"] == f"http://forge.example:8080/api/v3/repos/{REPOSITORY}"
    assert told["clone_url"] == f"http://forge.example:8080/{REPOSITORY}.git"
