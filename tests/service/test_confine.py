"""What of a repository's callboard.yaml counts: what its operator bound to it, and nothing else."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from callboard.config import Config, SecretReference, SourceSettings
from callboard.config_file import ConfigError, load_config
from callboard.service.confine import Confined, Refused, confine
from callboard.service.settings import load_service
from callboard.sources import kserve, mlflow, oci, refused, rest
from callboard.sources.registry import SOURCE_TYPES, source_type

SERVICE = """\
state: state
repositories:
  - repository: https://github.com/acme/one
    token: {env: ONE_TOKEN}
    webhook-secret: {env: HOOK}
    formerly: [https://github.com/acme/uno]
    servers:
      - url: https://mlflow.acme.internal
        secrets: [{name: MLFLOW_TOKEN, env: ONE_MLFLOW}, {name: PASSWORD, file: /run/secrets/one}]
        ca-bundle: /etc/ssl/acme.pem
      - url: https://backstage.acme.internal
        secrets: [{name: BS_TOKEN, env: ONE_BACKSTAGE}]
      - {url: 'https://oci.acme.internal', secrets: [{name: REGISTRY, env: ONE_REGISTRY}]}
      - {url: 'https://auth.acme.internal', secrets: [{name: REGISTRY, env: ONE_REGISTRY}]}
      - {url: 'https://other.acme.internal', secrets: [{name: REGISTRY, env: ANOTHER}]}
    catalogs: [https://github.com/acme/central]
  - repository: https://github.com/acme/central
    token: {env: CENTRAL_TOKEN}
    webhook-secret: {env: HOOK}
    base: trunk
    servers: [{url: https://secret.acme.internal, secrets: [{name: CENTRAL_SECRET, env: CENTRAL_SECRET}]}]
"""
OCI = (
    "sources: [{name: models, type: oci, url: 'https://oci.acme.internal', catalog: true,"
    " username: robot, password: {env: REGISTRY}, %s}]"
)
MLFLOW = "sources: [{name: prod, type: mlflow, url: 'https://mlflow.acme.internal', %s}]"


def confined(text: str, repository: str = "one") -> Confined:
    service = load_service(SERVICE, "service.yaml")
    served = service.at(f"https://github.com/acme/{repository}")
    assert served is not None
    config = load_config(text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES)
    return confine(config, served, service)


def source(text: str) -> SourceSettings:
    (found,) = confined(text).config.sources
    return found


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that are public here; no test asks a real DNS."""

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        addresses = {"hub.example": "93.184.216.34", "inside.example": "10.1.2.3"}
        if host not in addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_bound_secret_is_read_from_where_the_operator_has_it() -> None:
    found = source(MLFLOW % "token: {env: MLFLOW_TOKEN}")

    assert isinstance(found, mlflow.Settings)
    assert found.token is not None
    assert (found.token.env, found.token.file) == ("ONE_MLFLOW", None)
    assert found.ca_bundle == Path("/etc/ssl/acme.pem")


def test_a_cluster_is_signed_in_to_by_its_address_with_the_operators_token() -> None:
    found = source(MLFLOW.replace("type: mlflow", "type: kserve") % "token: {env: MLFLOW_TOKEN}")

    assert isinstance(found, kserve.Settings)
    assert found.token is not None
    assert found.token.env == "ONE_MLFLOW"
    assert found.ca_bundle == Path("/etc/ssl/acme.pem")


def test_a_key_for_a_header_is_bound_like_a_token() -> None:
    text = (
        MLFLOW.replace("type: mlflow", "type: rest")
        % "models: {path: /m}, fields: {id: id}, api-key: {env: %s}"
    )
    found = source(text % "MLFLOW_TOKEN")

    assert isinstance(found, rest.Settings)
    assert found.api_key is not None
    assert found.api_key.env == "ONE_MLFLOW"
    assert isinstance(source(text % "BS_TOKEN"), refused.Settings)


def test_a_password_is_bound_like_a_token() -> None:
    found = source(MLFLOW % "username: ann, password: {env: PASSWORD}")

    assert isinstance(found, mlflow.Settings)
    assert found.password is not None
    assert found.password.file == Path("/run/secrets/one")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (MLFLOW % "token: {env: ONE_TOKEN}", "the secret ONE_TOKEN is not bound to github.com/acme/one and"),
        (MLFLOW % "token: {env: PATH}", "the secret PATH is not bound"),
        (MLFLOW % "token: {env: BS_TOKEN}", "the secret BS_TOKEN is not bound"),  # to another server
        (MLFLOW % "token: {env: CENTRAL_SECRET}", "is not bound"),  # to another repository
        (MLFLOW % "token: {file: /run/secrets/one}", "cannot name a file of the service as a secret"),
        (MLFLOW % "ca-bundle: /etc/passwd", "a ca-bundle of a repository is not read"),
        (
            (MLFLOW % "token: {env: MLFLOW_TOKEN}").replace("mlflow.acme.internal", "hub.example"),
            "the secret MLFLOW_TOKEN is not bound to github.com/acme/one and hub.example",
        ),
        (
            (MLFLOW % "token: {env: MLFLOW_TOKEN}").replace("https://mlflow", "http://mlflow"),
            "does not resolve",
        ),
        (
            (MLFLOW % "token: {env: MLFLOW_TOKEN}").replace("acme.internal", "acme.internal:8443"),
            "does not resolve",
        ),
        ((MLFLOW % "").replace("mlflow.acme.internal", "inside.example"), "is not a public address"),
        ((MLFLOW % "").replace("mlflow.acme.internal", "secret.acme.internal"), "does not resolve"),
        (MLFLOW % "insecure-skip-tls-verify: i-accept-that-anyone-may-answer", "certificates are verified"),
        ("sources: [{name: a, type: kserve, in-cluster: true}]", "are the service's own"),
        ("sources: [{name: a, type: kserve, kubeconfig: /root/.kube/config}]", "are the service's own"),
        ("sources: [{name: a, type: kserve, url: 'https://inside.example'}]", "is not a public address"),
        (
            "sources: [{name: a, type: threescale, read: custom-resources, select: {}, in-cluster: true}]",
            "are the service's own",
        ),
        ("sources: [{name: a, type: github-models, path: /etc/passwd}]", "cannot be used in the service"),
        (OCI % "token-server: 'https://evil.example'", "does not resolve"),
        (OCI % "token-server: 'https://hub.example'", "the secret REGISTRY is not bound to"),
        (OCI % "token-server: 'https://inside.example'", "is not a public address"),
        (OCI % "token-server: 'https://mlflow.acme.internal'", "the secret REGISTRY is not bound to"),
        (OCI % "token-server: 'https://other.acme.internal'", "REGISTRY is another secret for other"),
        ("sources: [{name: a, type: files, path: /etc}]", "is not inside the repository"),
        ("sources: [{name: a, type: files, path: ../other}]", "is not inside the repository"),
        ("sources: [{name: a, type: files, path: 'cards/../../x'}]", "is not inside the repository"),
        ("sources: [{name: a, type: files, path: 'C:\\x'}]", "is not inside the repository"),
    ],
)
def test_a_source_that_reaches_for_more_says_so_and_is_not_asked(text: str, what: str) -> None:
    found = source(text)

    assert isinstance(found, refused.Settings)
    assert what in found.what
    assert found.hint
    (problem,) = refused.list_models(found, None).problems  # type: ignore[arg-type]
    assert problem.source == found.name
    assert not refused.list_models(found, None).complete  # type: ignore[arg-type]


def test_a_refused_source_keeps_its_name_and_what_it_was_called() -> None:
    found = source("sources: [{name: a, formerly: [b], owner: 'group:x', type: files, path: /etc}]")

    assert (found.name, found.formerly, found.owner) == ("a", ("b",), "group:x")


def test_the_password_of_a_registry_goes_to_a_token_server_that_it_is_bound_to_as_well() -> None:
    for more in ("", "token-server: 'https://auth.acme.internal'"):
        found = source(OCI % more)

        assert isinstance(found, oci.Settings)
        assert found.password is not None
        assert found.password.env == "ONE_REGISTRY"


def test_a_source_of_a_kind_that_nobody_thought_of_is_refused() -> None:
    class Strange(SourceSettings):
        type: str = "strange"

    service = load_service(SERVICE, "service.yaml")
    config = Config(sources=(Strange(name="a"),))

    (found,) = confine(config, service.repositories[0], service).config.sources

    assert isinstance(found, refused.Settings)


def test_a_public_server_may_be_asked_without_a_secret() -> None:
    found = source((MLFLOW % "").replace("mlflow.acme.internal", "hub.example"))

    assert isinstance(found, mlflow.Settings)


def test_folders_of_the_repository_are_what_its_sources_read() -> None:
    found = confined("sources: [{name: a, type: files, path: ./cards}, {name: b, type: files, path: .}]")

    assert [str(one) for one in found.folders] == ["cards", "."]


def test_the_catalog_is_the_repository_itself_as_its_operator_says() -> None:
    text = "catalog: {api-url: 'https://evil.example', app: {id: 1, private-key: {env: PATH}}, path: here}"

    found = confined(text)

    catalog = found.config.catalog
    assert (catalog.repository, catalog.api_url) == ("https://github.com/acme/one", None)
    assert (catalog.token, catalog.app) == (SecretReference(env="ONE_TOKEN"), None)
    assert catalog.path == "here"
    assert not found.central


def test_another_catalog_is_one_that_the_operator_lists_with_keys_of_its_own() -> None:
    found = confined("catalog: {repository: 'https://github.com/acme/central', base: trunk}")

    assert found.central
    assert found.config.catalog.token == SecretReference(env="CENTRAL_TOKEN")
    assert found.config.catalog.scope == "github.com/acme/uno"  # as its keys began


@pytest.mark.parametrize(
    ("text", "repository", "what"),
    [
        ("catalog: {repository: 'https://github.com/acme/else'}", "one", "may not propose to"),
        ("catalog: {repository: 'https://github.com/acme/one'}", "central", "may not propose to"),
        ("catalog: {base: other}", "one", "lands on main of github.com/acme/one"),
        ("catalog: {repository: 'https://github.com/acme/central'}", "one", "lands on trunk"),
        (
            "catalog: {repository: 'https://github.com/acme/central', base: trunk, scope: mine}",
            "one",
            "is not github.com/acme/one's",
        ),
        ("catalog: {formerly: ['https://github.com/acme/central']}", "one", "is not known to be"),
        ("backstage: {url: 'https://hub.example'}", "one", "may not register with hub.example"),
        ("backstage: {url: 'https://['}", "one", "backstage: url: the address is not a URL"),
        (
            "backstage: {url: 'https://backstage.acme.internal', token: {env: MLFLOW_TOKEN}}",
            "one",
            "the secret MLFLOW_TOKEN is not bound",
        ),
        (
            "sources: [" + ", ".join(f"{{name: s{n}, type: files, path: .}}" for n in range(51)) + "]",
            "one",
            "more than 50 sources",
        ),
        ("overrides-folder: /etc/overrides", "one", "overrides-folder cannot be used in the service"),
        ("overrides-folder: overrides", "one", "overrides-folder cannot be used in the service"),
    ],
)
def test_a_configuration_that_reaches_for_more_is_refused(text: str, repository: str, what: str) -> None:
    with pytest.raises(Refused) as problem:
        confined(text, repository)

    assert what in problem.value.what
    assert problem.value.hint


def test_backstage_is_signed_in_to_with_the_operators_token() -> None:
    found = confined("backstage: {url: 'https://backstage.acme.internal', token: {env: BS_TOKEN}}")

    assert found.config.backstage is not None
    assert found.config.backstage.token is not None
    assert found.config.backstage.token.env == "ONE_BACKSTAGE"


def test_overrides_are_files_of_the_repository_and_a_folder_of_the_operator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert confined("overrides: [overrides/*.yaml]").config.overrides == ("overrides/*.yaml",)
    assert confined("").config.overrides_folder is None

    folder = "    webhook-secret: {env: HOOK}\n    overrides-folder: /etc/overrides\n"
    monkeypatch.setattr(
        f"{__name__}.SERVICE", SERVICE.replace("    webhook-secret: {env: HOOK}\n", folder, 1)
    )
    assert confined("").config.overrides_folder == Path("/etc/overrides")


@pytest.mark.parametrize(
    "pattern", ["/etc/*.yaml", "../o.yaml", "a/../../o.yaml", "./o.yaml", "a//b", ".git/config", "a\\b", ""]
)
def test_no_pattern_of_overrides_leads_out_of_the_repository(pattern: str) -> None:
    with pytest.raises(ConfigError, match="a path below callboard"):
        confined(f"overrides: ['{pattern}']")


def test_a_part_of_the_configuration_that_nobody_thought_of_holds_no_secret() -> None:
    service = load_service(SERVICE, "service.yaml")

    class Later(Config):
        signing: tuple[SecretReference, ...] = (SecretReference(env="PATH"),)

    with pytest.raises(Refused, match="signing cannot be used in the service"):
        confine(Later(), service.repositories[0], service)
