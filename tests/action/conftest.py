"""A model repository on a sandbox forge, checked out for a job with one step: the action of this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from callboard import http
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from tests.action.events import schedule
from tests.action.runner import Job, Outcome, run_action
from tests.contracts.packages import CHECKOUT

REPOSITORY = "acme/models"
CONFIG = """\
catalog: {base: main, path: catalog}
sources: [{name: cards, type: files, path: cards}]
"""
CARD = "---\nname: fraud-detector\nversion: '1'\nlicense: mit\n---\n# Fraud\n\nScores card payments.\n"
ACCOMPLICES = ("callboard", "click", "encodings", "json", "os", "pip", "sitecustomize", "venv", "yaml")
"""Modules that a hostile workspace would like Python to import."""


@dataclass
class Installed:
    """What a session of tests does once, because it takes a while."""

    action: Path
    temp: Path
    workspace: Path
    """Where it was installed from, full of accomplices."""
    outcome: Outcome


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The action as a runner has it after a download, used once: it has installed itself."""
    folder = tmp_path_factory.mktemp("action")
    action, temp, workspace = folder / "_actions" / "callboard" / "v0", folder / "_temp", folder / "work"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "tests", "build", "dist")
    shutil.copytree(CHECKOUT, action, ignore=left_out)
    workspace.mkdir()
    for name in ACCOMPLICES:
        (workspace / f"{name}.py").write_text(
            f"open({str(workspace / 'imported')!r}, 'a').write('{name} ')\n"
        )
    job = Job(
        folder / "job", workspace, REPOSITORY, "http://127.0.0.1:1", "http://127.0.0.1:1/api/v3", temp=temp
    )
    return Installed(action, temp, workspace, run_action(action, job, {"command": "validate"}))


@dataclass
class Stage:
    """A job in a model repository, and the people around it."""

    forge: SandboxForge
    installed: Installed
    job: Job
    robin: str

    def run(self, command: str, **inputs: str) -> Outcome:
        """The job's one step. The token is the job's own unless an input says otherwise."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(self.installed.action, self.job, {"command": command} | given)

    def on(self, event: str, payload: Mapping[str, object], ref: str, sha: str = "") -> None:
        """Let the job be for another event."""
        self.job = replace(self.job, event=event, payload=payload, ref=ref, sha=sha or self.job.sha)

    def push(self, files: Mapping[str, str | None], branch: str = "main") -> str:
        """Somebody pushes to the repository; answers the commit."""
        content = {path: None if text is None else text.encode() for path, text in files.items()}
        return self.forge.commit(REPOSITORY, branch, content, "Change the models", author="robin")

    def check_out(self, branch: str = "main") -> str:
        """What ``actions/checkout`` does for a branch; answers the commit."""
        work = self.job.workspace
        shutil.rmtree(work, ignore_errors=True)
        git(
            "clone", "--quiet", "--branch", branch, self.forge.git_url(REPOSITORY), str(work), cwd=work.parent
        )
        self.job.sha = git("rev-parse", "HEAD", cwd=work)
        return self.job.sha

    def approve(self, number: int) -> None:
        """Robin approves."""
        with http.connect(self.forge.api_url, token=Secret(self.robin)) as client:
            client.post_json(
                f"/repos/{REPOSITORY}/pulls/{number}/reviews", {"event": "APPROVE", "body": "good"}
            )


def git(*arguments: str, cwd: Path) -> str:
    """Run git without anybody's settings."""
    environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def stage(forge: SandboxForge, installed: Installed, tmp_path: Path) -> Stage:
    """A scheduled job in a repository with one model card."""
    token, robin = forge.add_user("github-actions", kind="Bot"), forge.add_user("robin")
    forge.add_repository(
        REPOSITORY,
        files={"callboard.yaml": CONFIG.encode(), "cards/fraud.md": CARD.encode()},
        collaborators={"robin": "write", "github-actions[bot]": "write"},
    )
    job = Job(
        tmp_path / "job", tmp_path / "work", REPOSITORY, forge.url, forge.api_url,
        payload=schedule(REPOSITORY), token=token, temp=installed.temp,
    )  # fmt: skip
    play = Stage(forge, installed, job, robin)
    play.check_out()
    return play
