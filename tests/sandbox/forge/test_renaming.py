"""A renamed repository redirects, as GitHub's does."""

from __future__ import annotations

from tests.sandbox.forge.conftest import REPOSITORY, Stage


def test_the_api_sends_on_with_the_status_that_fits_the_method(stage: Stage) -> None:
    stage.forge.rename(REPOSITORY, "models")

    read = stage.api("robin", "GET", "commits", per_page=1)
    written = stage.api("robin", "POST", "issues", {"title": "T"})
    followed = stage.client.get(
        read.headers["location"], headers={"authorization": f"Bearer {stage.tokens['robin']}"}
    )

    assert (read.status_code, written.status_code) == (301, 307)
    assert read.headers["location"] == f"{stage.forge.api_url}/repos/acme/models/commits?per_page=1"
    assert written.headers["location"] == f"{stage.forge.api_url}/repos/acme/models/issues"
    assert len(followed.json()) == 1


def test_git_follows_and_pushes_by_the_old_name(stage: Stage) -> None:
    old = stage.forge.git_url(REPOSITORY)
    stage.forge.rename(REPOSITORY, "models")
    stage.git("clone", "--quiet", old, "clone")
    clone = stage.workspace / "clone"
    stage.git("commit", "--quiet", "--allow-empty", "--message", "More", cwd=clone)

    stage.git("push", "--quiet", "origin", "HEAD:refs/heads/pushed", login="callboard", cwd=clone)

    assert "refs/heads/pushed" in stage.forge.repository("acme/models").refs


def test_graphql_follows_unless_asked_not_to(stage: Stage) -> None:
    stage.forge.rename(REPOSITORY, "models")
    query = """query($follow: Boolean) {
      repository(owner: "acme", name: "model-catalog", followRenames: $follow) { nameWithOwner }
    }"""

    followed = stage.graphql("robin", query, follow=True)
    refused = stage.graphql("robin", query, follow=False)

    assert followed["data"]["repository"]["nameWithOwner"] == "acme/models"
    assert "Could not resolve" in refused["errors"][0]["message"]
