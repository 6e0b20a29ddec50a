"""A catalog project with the people that the tests of GitLab's face need, and ways to speak to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import gitlab
import httpx2
import pytest

from callboard.sandbox.forge import SandboxForge
from tests.sandbox.forge.conftest import REPOSITORY, Stage

PROJECT = quote(REPOSITORY, safe="")


class GitLabStage(Stage):
    """The stage of the GitHub tests, spoken to in GitLab's words."""

    def rest(
        self, login: str | None, method: str, path: str, body: Any = None, /, **query: str | int
    ) -> httpx2.Response:
        """One request; a path without a slash at its start is below the project."""
        path = path if path.startswith("/") else f"/projects/{PROJECT}/{path}".rstrip("/")
        return self.client.request(
            method,
            self.forge.gitlab_api_url + path,
            json=body,
            headers={"private-token": self.tokens[login]} if login else {},
            params={name: str(value) for name, value in query.items()} or None,
        )

    def gitlab(self, login: str) -> gitlab.Gitlab:
        """An unmodified python-gitlab."""
        return gitlab.Gitlab(
            self.forge.url, private_token=self.tokens[login], keep_base_url=True, retry_transient_errors=False
        )

    def project(self, login: str) -> Any:
        """The project through python-gitlab."""
        return self.gitlab(login).projects.get(REPOSITORY)

    def merge_request(self, name: str, **more: Any) -> Any:
        """An open merge request of ``callboard`` from a new branch, as answered."""
        self.branch(name, more.pop("files", None))
        body = {"title": f"Add {name}", "source_branch": name, "target_branch": "main"} | more
        answer = self.rest("callboard", "POST", "merge_requests", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def read(self, number: int, login: str = "callboard") -> Any:
        """A merge request as it is answered now."""
        return self.rest(login, "GET", f"merge_requests/{number}").json()


def _stage(forge: SandboxForge, workspace: Path) -> GitLabStage:
    workspace.mkdir()
    stage = GitLabStage.on(forge, workspace)
    assert isinstance(stage, GitLabStage)
    return stage


@pytest.fixture
def stage(forge: SandboxForge, tmp_path: Path) -> GitLabStage:
    """The stage on a forge with the usual knobs."""
    return _stage(forge, tmp_path / "workspace")
