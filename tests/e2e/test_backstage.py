"""The end of the walk on real parts: a forge over real git, and a real Backstage that reads from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from callboard.backstage.client import Catalog
from callboard.backstage.registration import Outcome, register_and_confirm
from callboard.documents.reader import read_documents
from callboard.http import connect
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from tests.servers.backstage import Backstage, GitHub, running
from tests.servers.catalogs import eventually, resource

REPOSITORY = "acme/model-catalog"
WITHIN = 60.0


@pytest.fixture
def token(forge: SandboxForge) -> str:
    """Backstage's token on the forge, which holds a private repository."""
    token = forge.add_user("backstage-reader")
    forge.add_repository(
        REPOSITORY, {"README.md": b"# Models\n"}, private=True, collaborators={"backstage-reader": "read"}
    )
    return token


@pytest.fixture
def backstage(forge: SandboxForge, token: str, tmp_path: Path) -> Iterator[Backstage]:
    """A real Backstage that reads the forge through its GitHub integration."""
    with running(tmp_path, forge=GitHub(forge.url, token)) as started:
        yield started


@pytest.fixture
def catalog(backstage: Backstage) -> Iterator[Catalog]:
    """Its client."""
    with connect(backstage.url, token=Secret(backstage.token)) as http:
        yield Catalog(http)


def merge(forge: SandboxForge, model: str, *texts: str) -> str:
    """Bring a catalog file to the base branch; its target."""
    path = f"models/{model}/catalog-info.yaml"
    forge.commit(REPOSITORY, "main", {path: "---\n".join(texts).encode()}, f"Add {model}", author="acme")
    return f"{forge.url}/{REPOSITORY}/blob/main/{path}"


def documents(*texts: str) -> list[Mapping[str, Any]]:
    return [document.value for text in texts for document in read_documents(text, "x").documents]


def states(outcomes: Sequence[Outcome]) -> list[list[str]]:
    return [[each.state for each in outcome.confirmations] for outcome in outcomes]


def test_a_merged_location_is_registered_and_each_entity_confirmed_or_told_apart(
    forge: SandboxForge, catalog: Catalog
) -> None:
    elsewhere = merge(forge, "elsewhere", resource("taken"))
    catalog.register(elsewhere)
    eventually(lambda: catalog.entity("resource:default/taken"))

    server = (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: fraud-detector\n"
        "  annotations: {callboard.dev/source: prod-mlflow}\n  tags: [tabular]\n"
        "spec:\n  type: model-server\n  lifecycle: production\n  owner: group:default/ml-platform\n"
        "  dependsOn: ['resource:default/fraud-detector']\n  providesApis: [fraud-detector]\n"
    )
    api = (
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: fraud-detector\n"
        "spec:\n  type: openapi\n  lifecycle: production\n  owner: group:default/ml-platform\n"
        "  definition: |\n    openapi: 3.1.0\n    info: {title: Fraud, version: '1'}\n    paths: {}\n"
    )
    fraud = [resource("fraud-detector"), server, api]
    invalid = resource("invalid").replace("  owner: group:default/ml\n", "")
    merged = {
        merge(forge, "fraud-detector", *fraud): documents(*fraud),
        merge(forge, "taken", resource("taken")): documents(resource("taken")),
        merge(forge, "invalid", invalid): documents(invalid),
    }
    outcomes = register_and_confirm(catalog, merged, within=WITHIN)
    assert states(outcomes) == [["confirmed"] * 3, ["foreign"], ["error"]]
    assert elsewhere in outcomes[1].confirmations[0].why
    assert "owner" in outcomes[2].confirmations[0].why
    assert forge.log.counts().unimplemented == 0


def test_an_edit_is_stale_until_backstage_has_read_it_from_the_base_branch(
    forge: SandboxForge, catalog: Catalog
) -> None:
    target = merge(forge, "fraud", resource("fraud"))
    first = register_and_confirm(catalog, {target: documents(resource("fraud"))}, within=WITHIN)
    changed = resource("fraud", owner="group:default/risk")
    # Merged, as far as we know, but not yet on the branch that Backstage reads.
    early = register_and_confirm(catalog, {target: documents(changed)}, within=1)
    assert "spec.owner" in early[0].confirmations[0].why
    assert merge(forge, "fraud", changed) == target
    second = register_and_confirm(catalog, {target: documents(changed)}, within=WITHIN)
    assert states([*first, *early, *second]) == [["confirmed"], ["stale"], ["confirmed"]]
    assert [location.target for location in catalog.locations()] == [target]


def test_backstage_reads_the_forge_with_a_pattern_too(forge: SandboxForge, catalog: Catalog) -> None:
    for model in ("one", "two"):
        merge(forge, model, resource(model))
    catalog.register(f"{forge.url}/{REPOSITORY}/blob/main/models/*/catalog-info.yaml")
    found = eventually(
        lambda: catalog.entities_by_refs(["resource:default/one", "resource:default/two"]),
        lambda entities: None not in entities.values(),
    )
    assert set(found) == {"resource:default/one", "resource:default/two"}
    assert forge.log.counts().unimplemented == 0


def test_techdocs_are_served_beside_the_catalog(backstage: Backstage, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / "mkdocs.yml").write_text("site_name: Fraud detector\nplugins: [techdocs-core]\n")
    (site / "docs" / "index.md").write_text("# Fraud detector\n\nTells fraud from business.\n")
    folder = backstage.techdocs / "default" / "resource" / "fraud-detector"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    subprocess.run(command, cwd=site, check=True)
    served = "api/techdocs/static/docs/default/resource/fraud-detector"
    with connect(backstage.url, token=Secret(backstage.token)) as http:
        assert "Tells fraud from business." in http.get_text(f"{served}/index.html")
        assert http.get_json(f"{served}/techdocs_metadata.json")["site_name"] == "Fraud detector"
