"""A catalog repository with the people that the tests of the forge need, and ways to speak to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import github
import httpx2
import pytest
from github.Repository import Repository

from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.state import Pull, Role

REPOSITORY = "acme/model-catalog"
CARD = b"kind: Component\n" + b"# note\n" * 20
FILES = {"README.md": b"# Models\n", "models/fraud/catalog-info.yaml": CARD}


@dataclass
class Stage:
    """One forge with one repository. ``callboard`` writes, ``robin`` reviews, ``mallory`` may only read."""

    forge: SandboxForge
    tokens: dict[str, str]
    workspace: Path
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(verify=False, timeout=30))

    @classmethod
    def on(cls, forge: SandboxForge, workspace: Path) -> Stage:
        """Set the stage on a running forge."""
        tokens = {login: forge.add_user(login) for login in ("callboard", "robin", "mallory", "ada")}
        tokens["ci"] = forge.add_user("ci", kind="Bot")
        roles: dict[str, Role] = {"callboard": "write", "robin": "write", "ci": "write", "ada": "admin"}
        forge.add_repository(REPOSITORY, FILES, collaborators=roles)
        return cls(forge, tokens, workspace)

    def api(
        self,
        login: str | None,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        /,
        **query: str | int,
    ) -> httpx2.Response:
        """One REST request; a path without a slash at its start is below the repository."""
        if not path.startswith("/"):
            path = f"/repos/{REPOSITORY}/{path}".rstrip("/")
        sent = {"authorization": f"Bearer {self.tokens[login]}"} if login else {}
        return self.client.request(
            method,
            self.forge.api_url + path,
            json=body,
            headers=sent | dict(headers or {}),
            params={name: str(value) for name, value in query.items()} or None,
        )

    def graphql(self, login: str, query: str, **variables: Any) -> Any:
        """A GraphQL answer."""
        answer = self.client.post(
            f"{self.forge.url}/api/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"bearer {self.tokens[login]}"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def github(self, login: str) -> github.Github:
        """An unmodified PyGithub, its own waiting and repeating switched off."""
        return github.Github(
            auth=github.Auth.Token(self.tokens[login]),
            base_url=self.forge.api_url,
            seconds_between_requests=None,
            seconds_between_writes=None,
            retry=None,
        )

    def repository(self, login: str) -> Repository:
        """The repository through PyGithub."""
        return self.github(login).get_repo(REPOSITORY)

    def git(
        self, *arguments: str, login: str | None = None, cwd: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run git as somebody with a token."""
        askpass = self.workspace / "askpass"
        askpass.write_text('#!/bin/sh\ncase "$1" in User*) echo x-access-token;; *) echo "$TOKEN";; esac\n')
        askpass.chmod(0o755)
        environment = os.environ | {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        }
        environment |= {"GIT_ASKPASS": str(askpass), "TOKEN": self.tokens[login]} if login else {}
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def clone(self, name: str = "clone") -> Path:
        """A clone with a work tree."""
        self.git("clone", "--quiet", self.forge.git_url(REPOSITORY), name)
        return self.workspace / name

    def branch(self, name: str, files: Mapping[str, bytes | None] | None = None) -> str:
        """A commit on a branch."""
        content = files or {f"models/{name}.yaml": b"kind: Resource\n"}
        return self.forge.commit(REPOSITORY, name, content, f"Add {name}", author="callboard")

    def opened(self, name: str, files: Mapping[str, bytes | None] | None = None, **more: Any) -> Pull:
        """An open pull request of ``callboard`` from a new branch."""
        self.branch(name, files)
        body = {"title": f"Add {name}", "body": "", "head": name, "base": "main"} | more
        answer = self.api("callboard", "POST", "pulls", body)
        assert answer.status_code == 201, answer.text
        return self.forge.pull(REPOSITORY, answer.json()["number"])

    def rewritten(self, name: str) -> str:
        """The branch moved to a commit that does not descend from the one before."""
        git = self.forge.repository(REPOSITORY).git
        main = git.resolve("main")
        assert main
        old = self.forge.repository(REPOSITORY).refs[f"refs/heads/{name}"]
        commit = git.commit(old)
        fresh = git.commit_tree(commit.tree, [main], "Rewritten", commit.author, commit.committer)
        answer = self.api("callboard", "PATCH", f"git/refs/heads/{name}", {"sha": fresh, "force": True})
        assert answer.status_code == 200, answer.text
        return fresh

    def tip(self, branch: str = "main") -> str:
        """The commit of a branch."""
        return self.forge.repository(REPOSITORY).refs[f"refs/heads/{branch}"]


@pytest.fixture
def stage(forge: SandboxForge, tmp_path: Path) -> Stage:
    """The stage on a forge with the usual knobs."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Stage.on(forge, workspace)
