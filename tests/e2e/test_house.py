"""The main job on real parts: MLflow and cards in, confirmed Backstage entities and served pages out."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard import http
from callboard.backstage.client import Catalog
from callboard.catalog.docs.build import build_sites
from callboard.config_file import load_config
from callboard.redaction import Secret
from callboard.resources import shipped
from callboard.sandbox.forge import SandboxForge
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.walk.reconcile import ReconcileResult, reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import Workplace, open_backstage, open_workplace
from tests.servers.backstage import Backstage, GitHub, running
from tests.servers.mlflow import MLflowServer
from tests.walk.house import BASE_CONFIG, REPOSITORY


class RealHouse:
    """A real MLflow, a real Backstage, and the sandbox forge between them."""

    def __init__(
        self,
        forge: SandboxForge,
        backstage: Backstage,
        mlflow: MLflowServer,
        folder: Path,
        tokens: dict[str, str],
    ) -> None:
        self.forge, self.backstage, self.folder, self._tokens = forge, backstage, folder, tokens
        self.text = BASE_CONFIG.format(forge=forge.url) + (
            "pull-requests: {group-by: source, limit: 20}\n"
            "sources:\n"
            f"  - {{name: cards, type: files, path: cards}}\n"
            f"  - {{name: prod-mlflow, type: mlflow, url: '{mlflow.url}'}}\n"
            f"backstage: {{url: '{backstage.url}', token: {{env: BS_TOKEN}}, confirm-within: 90}}\n"
        )

    def workplace(self, cache: str) -> Workplace:
        config = load_config(
            self.text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES
        )
        environ = self._tokens | {"BS_TOKEN": self.backstage.token}
        return open_workplace(config, self.folder, cache=self.folder / cache, environ=environ)

    def sync(self, cache: str = "cache") -> SyncResult:
        return sync(self.workplace(cache), dry_run=False, prune=False, progress=lambda _name, _count: None)

    def reconcile(self) -> ReconcileResult:
        place = self.workplace("cache")
        assert place.config.backstage is not None
        catalog = open_backstage(place.config.backstage, {"BS_TOKEN": self.backstage.token})
        return reconcile(place, catalog, progress=lambda _text: None)

    def approve(self, number: int) -> None:
        with http.connect(self.forge.api_url, token=Secret(self._tokens["ROBIN"])) as client:
            path = f"/repos/{REPOSITORY}/pulls/{number}/reviews"
            client.post_json(path, {"event": "APPROVE", "body": "good"})

    def get(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(
            self.backstage.url + path, headers={"Authorization": f"Bearer {self.backstage.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()


@pytest.fixture
def house(forge: SandboxForge, mlflow_server: MLflowServer, tmp_path: Path) -> Iterator[RealHouse]:
    bot, robin = forge.add_user("callboard", kind="Bot"), forge.add_user("robin")
    files = {"org.yaml": shipped("examples", "org.yaml").read_bytes()}
    forge.add_repository(REPOSITORY, files, collaborators={"robin": "write", "callboard[bot]": "write"})
    shutil.copytree(shipped("examples", "models"), tmp_path / "cards")
    with running(tmp_path, forge=GitHub(forge.url, bot)) as backstage:
        yield RealHouse(forge, backstage, mlflow_server, tmp_path, {"FORGE_TOKEN": bot, "ROBIN": robin})


def test_models_become_entities_that_a_real_backstage_has_and_pages_that_it_serves(house: RealHouse) -> None:
    opened = house.sync()
    assert {proposal.action for proposal in opened.proposals} == {"open"}
    for proposal in opened.proposals:
        assert proposal.pull is not None
        house.approve(proposal.pull.number)

    landed = house.reconcile()

    assert [one.done for one in landed.handled] == ["merged"] * len(opened.proposals)
    assert landed.registration is not None
    found = [each for outcome in landed.registration.outcomes for each in outcome.confirmations]
    assert [(each.entity_ref, each.why) for each in found if each.state != "confirmed"] == []
    assert len(landed.registration.outcomes) == len(opened.desired.changes) > 5
    assert house.forge.log.counts().unimplemented == 0

    _relations_resolve(house)
    _second_run_writes_nothing(house)
    _pages_are_served(house, opened)


def _relations_resolve(house: RealHouse) -> None:
    """Every reference between our entities leads to one that is there."""
    with http.connect(house.backstage.url, token=Secret(house.backstage.token)) as client:
        entities = list(Catalog(client).entities({"metadata.annotations.backstage.io/techdocs-ref": "dir:."}))
        catalog = Catalog(client)
        wanted = {
            relation["targetRef"]
            for entity in entities
            for relation in entity.get("relations", [])
            if not relation["targetRef"].startswith(("group:", "system:"))
        }
        assert [ref for ref, found in catalog.entities_by_refs(wanted).items() if found is None] == []


def _second_run_writes_nothing(house: RealHouse) -> None:
    mark = house.forge.log.mark()
    again = house.sync("fresh")
    house.reconcile()
    assert again.desired.changes == ()
    assert house.forge.log.counts(mark).writes == house.forge.log.counts(mark).pushes == 0


def _pages_are_served(house: RealHouse, opened: SyncResult) -> None:
    tree = house.folder / "tree"
    for change in opened.desired.changes:
        for path, content in change.files.items():
            assert content is not None
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content)
    build_sites(tree, house.backstage.techdocs)
    status, page = house.get("/api/techdocs/static/docs/default/resource/fraud-detector/index.html")
    assert status == 200
    assert b"Fraud Detector" in page
    _, answer = house.get("/api/techdocs/metadata/techdocs/default/resource/fraud-detector")
    metadata: dict[str, Any] = json.loads(answer)
    assert metadata["site_name"]
