"""A whole house to walk through: a sandbox forge and catalog, a bot, people, and a folder as the registry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.config import ForgeKind
from callboard.config_file import load_config
from callboard.sandbox.catalog import SandboxCatalog
from callboard.sandbox.forge import Counts, SandboxForge
from callboard.sandbox.forge.state import Role
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.walk.reconcile import ReconcileResult, reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import Workplace, open_backstage, open_workplace
from tests.walk.hands import REPOSITORY, Hands, OnGitHub, OnGitLab

__all__ = ["BASE_CONFIG", "ONE_SOURCE", "REPOSITORY", "House", "card", "found_catalog"]

BASE_CONFIG = """\
catalog:
  repository: {forge}/acme/model-catalog
  token: {{env: FORGE_TOKEN}}
  scope: test
defaults: {{owner: group:default/ml-platform, system: ai}}
"""
_NO_CATALOG_YET = {"README.md": b"hello\n"}
ONE_SOURCE = "sources: [{name: cards, type: files, path: cards}]\n"


@dataclass
class House:
    """Everything that a walk meets, and hands for the people in it."""

    forge: SandboxForge
    folder: Path
    bot: str
    robin: str
    catalog: SandboxCatalog | None = None
    config_text: str = ONE_SOURCE
    tokens: dict[str, str] = field(default_factory=dict)
    kind: ForgeKind = "github"
    """Which of the sandbox forge's two APIs everybody uses."""
    catalog_text: str = ""
    """More lines for the configuration of the catalog, each with two spaces before it."""

    @property
    def base_config(self) -> str:
        text = BASE_CONFIG.format(forge=self.forge.url)
        return text.replace("  scope:", f"  forge: {self.kind}\n{self.catalog_text}  scope:")

    def hands(self, token: str | None = None) -> Hands:
        """Of a person: robin unless told otherwise."""
        return (OnGitLab if self.kind == "gitlab" else OnGitHub)(self.forge, token or self.robin)

    def card(self, name: str, text: str) -> None:
        """Write a model card into the registry."""
        path = self.folder / "cards" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def workplace(self, cache: str = "cache") -> Workplace:
        text = self.base_config + self.config_text
        if self.catalog is not None:
            text += (
                f"backstage: {{url: '{self.catalog.url}', token: {{env: BS_TOKEN}}, confirm-within: 15}}\n"
            )
        config = load_config(text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES)
        return open_workplace(config, self.folder, cache=self.folder / cache, environ=self.environ)

    @property
    def environ(self) -> dict[str, str]:
        catalog = {"BS_TOKEN": self.catalog.token.reveal()} if self.catalog else {}
        return {"FORGE_TOKEN": self.bot, **catalog, **self.tokens}

    def sync(
        self,
        *,
        prune: bool = False,
        dry_run: bool = False,
        cache: str = "cache",
        environ: Mapping[str, str] = os.environ,
    ) -> SyncResult:
        return sync(
            self.workplace(cache),
            dry_run=dry_run,
            prune=prune,
            progress=lambda _name, _count: None,
            environ=environ,
        )

    def reconcile(self, *, paused: bool = False) -> ReconcileResult:
        place = self.workplace()
        backstage = place.config.backstage
        catalog = open_backstage(backstage, self.environ) if backstage else None
        environ = {"CALLBOARD_PAUSED": "1"} if paused else {}
        return reconcile(place, catalog, progress=lambda _text: None, environ=environ)

    def land_everything(self) -> None:
        """Sync, approve and merge until nothing is left to propose."""
        for proposal in self.sync().proposals:
            assert proposal.pull is not None, proposal
            self.approve(proposal.pull.number)
        assert all(one.done == "merged" for one in self.reconcile().handled)

    def api(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """A call to GitHub's API by a person (robin unless told otherwise)."""
        return OnGitHub(self.forge, token or self.robin).api(method, path, body)

    def approve(self, number: int, *, token: str | None = None) -> None:
        self.hands(token).approve(number)

    def read(self, path: str, branch: str = "main") -> str:
        return self.forge.file(REPOSITORY, branch, path).decode()

    def edit(self, path: str, text: str, branch: str = "main") -> str:
        """A person commits a file; answers the commit."""
        return self.forge.commit(REPOSITORY, branch, {path: text.encode()}, f"Edit {path}", author="robin")

    def commit(self, files: Mapping[str, bytes | None], branch: str = "main") -> str:
        return self.forge.commit(REPOSITORY, branch, dict(files), "Change by hand", author="robin")

    def counts(self, mark: int) -> Counts:
        return self.forge.log.counts(mark)


def found_catalog(
    forge: SandboxForge, kind: ForgeKind, files: Mapping[str, bytes] = _NO_CATALOG_YET
) -> tuple[str, str]:
    """Make the catalog's repository, with those who may write to it: the tokens of the bot and of robin."""
    robin = forge.add_user("robin")
    people: dict[str, Role] = {"robin": "write"}
    if kind == "github":
        bot = forge.add_user("callboard", kind="Bot")
        people["callboard[bot]"] = "write"
    forge.add_repository(REPOSITORY, files=dict(files), collaborators=people)
    if kind == "gitlab":
        bot = forge.add_project_token(REPOSITORY, role="write", name="callboard")
    return bot, robin


def card(
    name: str,
    *,
    version: str = "1",
    owner: str = "group:default/fraud",
    tags: str = "tabular",
    body: str = "",
) -> str:
    """A small, good model card."""
    text = body or f"# {name}\n\nSays what {name} says.\n\n## Limitations\n\nNot for children.\n"
    return (
        f"---\nname: {name}\nversion: '{version}'\nowner: {owner}\ntags: [{tags}]\nlicense: mit\n---\n{text}"
    )
