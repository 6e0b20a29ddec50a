"""The service's file: what it says, and what is wrong with it, at its place."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from callboard.config_file import ConfigError
from callboard.service.settings import load_service, secrets_of, service_schema

GOOD = """\
state: /var/lib/callboard
repositories:
  - repository: https://github.com/Acme/Model-Catalog
    token: {env: ACME_TOKEN}
    webhook-secret: {file: /run/secrets/hook}
    servers:
      - url: https://mlflow.acme.internal:8443/mlflow
        secrets: [{name: MLFLOW_TOKEN, env: ACME_MLFLOW_TOKEN}]
        ca-bundle: /etc/ssl/acme.pem
    catalogs: [https://gitlab.com/acme/ml/catalog]
  - repository: https://gitlab.com/acme/ml/catalog
    token: {env: GITLAB_TOKEN}
    signing-token: {env: SIGNING}
"""


def test_a_good_file_is_read() -> None:
    service = load_service(GOOD, "service.yaml")

    one, other = service.repositories
    assert (one.key, one.place.forge) == ("github.com/acme/model-catalog", "github")
    assert (other.key, other.place.forge) == ("gitlab.com/acme/ml/catalog", "gitlab")
    assert service.at("https://GitHub.com/acme/model-catalog.git") is one
    assert one.server("https://MLFLOW.acme.internal:8443/else") is one.servers[0]
    assert one.server("http://mlflow.acme.internal:8443/") is None
    assert one.server("https://mlflow.acme.internal/") is None


def test_the_bot_may_be_an_app() -> None:
    app = "app: {id: 7, private-key: {env: PEM}}"

    service = load_service(GOOD.replace("token: {env: ACME_TOKEN}", app), "service.yaml")

    assert service.repositories[0].catalog.app is not None
    assert "PEM" in {secret.env for secret in secrets_of(service)}


def test_a_good_file_is_good_by_its_schema() -> None:
    jsonschema.validate(json.loads(json.dumps(yaml.safe_load(GOOD))), service_schema())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("state:", "stat:", "service.yaml:1:1: stat is not a key that is known here; did you mean 'state'?"),
        ("token: {env: ACME_TOKEN}", "token: ghp_123456", "and no secret may stand in this file"),
        ("    webhook-secret: {file: /run/secrets/hook}\n", "", "a webhook-secret, or a signing-token"),
        ("webhook-secret: {file", "signing-token: {file", "only GitLab has a signing-token"),
        ("gitlab.com/acme/ml/catalog]", "gitlab.com/acme/else]", "add it to the repositories"),
        ("https://mlflow.acme", "https://user:pass@mlflow.acme", "a user, a token or a password in it"),
        ("url: https://mlflow.acme.internal:8443/mlflow", 'url: "https://["', "is not a URL"),
        ("https://gitlab.com/acme/ml/catalog\n", "https://github.com/acme/model-catalog/\n", "once"),
        ("name: MLFLOW_TOKEN,", "name: MLFLOW-TOKEN,", "letters, digits and _"),
        ("    token: {env: ACME_TOKEN}\n", "", "either a token or, on GitHub, an app"),
        ("token: {env: GITLAB_TOKEN}", "app: {id: 1, private-key: {env: PEM}}", "an app is for GitHub"),
        ("https://github.com/Acme/Model-Catalog", "https://github.com/a/b/c", "https://HOST/OWNER/NAME"),
        ("token: {env: A", "overrides-folder: o\n    token: {env: A", "o is not an absolute path; write it"),
        ("state: /var", "listen: nowhere\nstate: /var", "HOST:PORT"),
        ("state: /var", "listen: localhost:99999\nstate: /var", "is no port"),
    ],
)
def test_a_fault_says_where_and_what(before: str, after: str, said: str) -> None:
    with pytest.raises(ConfigError) as problem:
        load_service(GOOD.replace(before, after, 1), "service.yaml")

    assert said in str(problem.value)
    assert "ghp_123456" not in str(problem.value)
    assert "pass@" not in str(problem.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "a: 1\n---\nb: 2\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"service\.yaml:\d+:\d+: "):
        load_service(text, "service.yaml")
