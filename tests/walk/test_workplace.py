"""Which repository on which forge a configuration means, and with which token."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.config import Catalog, Config
from callboard.forges.github import GitHub
from callboard.forges.github_app import NEEDED
from callboard.forges.gitlab import GitLab
from callboard.sandbox.forge import SandboxForge
from callboard.walk.workplace import (
    CatalogRepository,
    NotConfigured,
    catalog_repository,
    know_secrets,
    open_workplace,
    scope_of,
)
from tests.sandbox.forge.signing import keys

PIPELINE = {
    "GITLAB_CI": "true",
    "CI_SERVER_URL": "https://code.acme.example/git",
    "CI_PROJECT_URL": "https://code.acme.example/git/acme/ml/Catalog",
    "CI_JOB_TOKEN": "job-token-0123456789",
}


def _config(repository: str | None = None, **different: str) -> Config:
    return Config(catalog=Catalog.model_validate({"repository": repository, **different}))


@pytest.mark.parametrize(
    ("url", "different", "web_url", "name", "forge"),
    [
        ("https://github.com/acme/catalog", {}, "https://github.com", "acme/catalog", "github"),
        ("https://github.com/acme/catalog.git", {}, "https://github.com", "acme/catalog", "github"),
        ("https://gitlab.com/acme/catalog/", {}, "https://gitlab.com", "acme/catalog", "gitlab"),
        ("https://gitlab.com/acme/ml/a/catalog.git", {}, "https://gitlab.com", "acme/ml/a/catalog", "gitlab"),
        ("https://gitlab.acme.example:8443/a/b", {}, "https://gitlab.acme.example:8443", "a/b", "gitlab"),
        ("https://code.example/a/b/c", {"forge": "gitlab"}, "https://code.example", "a/b/c", "gitlab"),
        ("https://gitlab-mirror.example/a/b", {"forge": "github"}, "https://gitlab-mirror.example", "a/b",
         "github"),
        ("https://code.example/git/a/b", {"forge": "gitlab", "api-url": "https://code.example/git/api/v4"},
         "https://code.example/git", "a/b", "gitlab"),
    ],
)  # fmt: skip
def test_an_address_names_forge_and_repository(
    url: str, different: dict[str, str], web_url: str, name: str, forge: str
) -> None:
    assert catalog_repository(_config(url, **different), {}) == CatalogRepository(web_url, name, forge)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "acme/catalog",
        "https://gitlab.com",
        "https://gitlab.com/catalog",
        "https://gitlab.com/acme/catalog/-/tree/main",
        "https://gitlab.com/acme//catalog",
        "https://me:secret@gitlab.com/acme/catalog",
        "https://github.com/acme/team/catalog",
        "https://github.com/acme/catalog?x=1",
        "ssh://git@gitlab.com/acme/catalog",
    ],
)
def test_what_is_no_address_of_a_repository_is_refused(url: str) -> None:
    with pytest.raises(NotConfigured, match="write https://HOST/"):
        catalog_repository(_config(), {"GITLAB_CI": "true", "CI_PROJECT_URL": url})


def test_a_pipeline_tells_where_it_runs_below_a_path_too() -> None:
    found = catalog_repository(_config(), PIPELINE)

    assert found == CatalogRepository("https://code.acme.example/git", "acme/ml/Catalog", "gitlab")
    assert scope_of(_config(), PIPELINE) == "code.acme.example/git/acme/ml/catalog"


def test_a_workflow_tells_where_it_runs() -> None:
    workflow = {"GITHUB_REPOSITORY": "acme/Catalog"}

    assert catalog_repository(_config(), workflow).name == "acme/Catalog"
    assert scope_of(_config(), workflow) == "github.com/acme/catalog"


def test_a_pipeline_may_write_to_a_catalog_elsewhere() -> None:
    found = catalog_repository(_config("https://github.com/acme/catalog"), PIPELINE)

    assert found == CatalogRepository("https://github.com", "acme/catalog", "github")


@pytest.mark.parametrize(
    ("url", "variable", "kind"),
    [
        ("https://gitlab.com/a/b/c", "GITLAB_TOKEN", GitLab),
        ("https://gitlab.com/a/b/c", "CALLBOARD_TOKEN", GitLab),
        ("https://github.com/a/b", "GITHUB_TOKEN", GitHub),
    ],
)
def test_each_forge_has_its_token(tmp_path: Path, url: str, variable: str, kind: type) -> None:
    environ = {variable: "token-0123456789"}

    place = open_workplace(_config(url), tmp_path, cache=tmp_path, environ=environ)

    assert isinstance(place.forge, kind)
    assert place.forge.git_url == f"{url}.git"


def test_the_token_of_one_forge_is_not_sent_to_another(tmp_path: Path) -> None:
    environ = {"GITHUB_TOKEN": "token-0123456789"}

    with pytest.raises(NotConfigured, match="GITLAB_TOKEN"):
        open_workplace(_config("https://gitlab.com/a/b"), tmp_path, cache=tmp_path, environ=environ)


def test_a_job_token_is_not_taken_and_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="CI_JOB_TOKEN can neither push"):
        open_workplace(_config(), tmp_path, cache=tmp_path, environ=PIPELINE)


def test_every_token_that_may_be_used_is_masked() -> None:
    from callboard.redaction import redact

    know_secrets(_config(), {"GITLAB_TOKEN": "glpat-known-0123456789"})

    assert "glpat-known-0123456789" not in redact("said glpat-known-0123456789 aloud")


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("main", "https://gitlab.com/a/b/c/-/blob/main/models/x%20y/catalog-info.yaml"),
        ("2.x", "https://gitlab.com/a/b/c/-/blob/2.x/models/x%20y/catalog-info.yaml"),
    ],
)
def test_a_file_is_registered_where_backstage_reads_gitlab(tmp_path: Path, base: str, url: str) -> None:
    environ = {"GITLAB_TOKEN": "token-0123456789"}
    place = open_workplace(_config("https://gitlab.com/a/b/c"), tmp_path, cache=tmp_path, environ=environ)

    assert place.forge.file_url("models/x y/catalog-info.yaml", base) == url


def test_an_app_works_with_a_token_of_its_installation(forge: SandboxForge, tmp_path: Path) -> None:
    private, public = keys()
    app = forge.add_app("callboard", public, NEEDED)
    forge.add_repository("acme/catalog", {"README.md": b"x\n"}, collaborators={"callboard": "write"})
    identity = {"id": app.id, "private-key": {"env": "APP_KEY"}}
    settings = {"repository": f"{forge.url}/acme/catalog", "app": identity}
    config = Config(catalog=Catalog.model_validate(settings))

    workplace = open_workplace(config, tmp_path, cache=tmp_path, environ={"APP_KEY": private})

    assert workplace.forge.identity().login == "callboard[bot]"
    base = workplace.repository.fetch("main", "callboard/")
    assert base is not None
    workplace.repository.try_push(base)


def test_an_app_is_for_github_and_instead_of_a_token(tmp_path: Path) -> None:
    app = {"id": 1, "private-key": {"env": "APP_KEY"}}
    on_gitlab = {"repository": "https://gitlab.com/acme/catalog", "app": app}

    with pytest.raises(NotConfigured, match="app: is for GitHub"):
        open_workplace(Config(catalog=Catalog.model_validate(on_gitlab)), tmp_path, environ={})
    for wrong in ({"token": {"env": "TOKEN"}}, {"forge": "gitlab"}):
        with pytest.raises(ValueError, match="give"):
            Catalog.model_validate(on_gitlab | wrong)
    settings = {"repository": "https://github.com/acme/catalog", "app": app}
    config = Config(catalog=Catalog.model_validate(settings))
    with pytest.raises(NotConfigured, match="APP_KEY is not set"):
        open_workplace(config, tmp_path, environ={})
