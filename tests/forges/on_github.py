"""A catalog on a sandbox GitHub, with the bot that works on it and people who do other things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard import http
from callboard.forges.budget import Budget
from callboard.forges.github import GitHub
from callboard.forges.protocol import NewPullRequest, PullRequest
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge

NAME = "acme/catalog"


@dataclass(frozen=True)
class Scene:
    """``bot`` is an app with the tokens of ``tokens``; ``robin`` writes, ``mallory`` only reads."""

    forge: SandboxForge
    bot: GitHub
    tokens: Mapping[str, str]

    @classmethod
    def on(cls, forge: SandboxForge, *, kind: str = "Bot", writes: Budget | None = None) -> Scene:
        tokens = {login: forge.add_user(login) for login in ("robin", "mallory")}
        tokens["callboard"] = forge.add_user("callboard", kind=kind)  # type: ignore[arg-type]
        forge.add_repository(
            NAME, {"README.md": b"x\n"}, collaborators={"robin": "write", "callboard": "write"}
        )
        bot = GitHub(forge.url, NAME, Secret(tokens["callboard"]), writes=writes)
        return cls(forge, bot, tokens)

    def api(self, login: str, method: str, path: str, body: object = None) -> Any:
        """What somebody does through the API; ``path`` is below the repository."""
        with http.connect(self.forge.api_url, token=Secret(self.tokens[login])) as client:
            answer = client.request(method, f"/repos/{NAME}/{path}", json=body)
            return answer.json() if answer.body else None

    def opened(self, branch: str = "callboard/x", path: str = "models/x/a") -> PullRequest:
        """A new pull request of ours."""
        self.forge.commit(NAME, branch, {path: branch.encode()}, "Add", author="callboard")
        return self.bot.open(NewPullRequest(branch, "main", "Title", "Body"))

    def read(self, number: int) -> PullRequest:
        """An open pull request as the bot reads it."""
        return next(pull for pull in self.bot.open_pull_requests() if pull.number == number)

    def tip(self, branch: str = "main") -> str | None:
        """Where a branch is."""
        return self.forge.repository(NAME).git.resolve(f"refs/heads/{branch}")
