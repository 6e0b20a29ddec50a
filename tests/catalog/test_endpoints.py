"""What a registry's addresses may hold, none of the catalog's files does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.endpoints import publishable
from callboard.catalog.identity import Key
from callboard.catalog.plan import plan_folder, wish
from callboard.catalog.shelf import Shelf
from callboard.config import Defaults, SourceSettings
from callboard.model import (
    Artifact,
    Counterpart,
    Endpoint,
    Evaluation,
    License,
    Link,
    Model,
    Validation,
    Version,
)

SECRET = "hunter2hunter2"


def model_at(url: str) -> Model:
    """A model that has the address everywhere where a record has one."""
    evaluation = Evaluation(metric="f1", value=0.5, source=url)
    return Model(
        source="cards",
        id="fraud",
        name="fraud",
        endpoints=(Endpoint(url=url, protocol="rest"),),
        links=(Link(url=url, title="Run"),),
        counterparts=(Counterpart(registry="oci", said_by="storageUri", uri=url),),
        license=License(id="mit", url=url),
        evaluations=(evaluation,),
        versions=(
            Version(
                name="1",
                artifacts=(Artifact(uri=url),),
                evaluations=(evaluation,),
                validations=(Validation(name="bias", passed=True, source=url),),
            ),
        ),
    )


def written(model: Model) -> tuple[bytes, str]:
    """All files of the model's folder, and all that is said about it."""
    wanted, problems = wish(
        Key("scope", model.source, model.id), "fraud", model, Shelf({}), "models",
        SourceSettings(name="cards", type="files"), Defaults(),
    )  # fmt: skip
    assert wanted is not None
    files = plan_folder(wanted, {}).files
    return b"\n".join(content or b"" for content in files.values()), repr(problems)


HIDDEN = st.sampled_from(
    [
        f"https://{SECRET}@models.example/v1",
        f"https://me:{SECRET}@models.example/v1",
        f"https://{SECRET}:@models.example/v1",
        f"HTTPS://me:{SECRET}@models.example:8443/v1?a=b",
        f"grpc://me:{SECRET}@models.example:50051",
        f"s3://AKIA:{SECRET}@bucket/model",
        f"//me:{SECRET}@models.example",
        f"https:\\\\me:{SECRET}@models.example",
        f"https:me:{SECRET}@models.example",
        f"ht\u200btps://me:{SECRET}@models.example",
        f"https://me:{SECRET}/x@models.example",
        f"https://me:{SECRET}#x@models.example",
    ]
)
NAMES = ["api_key", "apikey", "API-Key", "key", "token", "access_token", "accessToken", "secret", "password",
         "sig", "signature", "X-Amz-Signature", "X-Amz-Credential", "client%5Fsecret"]  # fmt: skip
ASKED = st.builds(
    lambda name, before, mark: f"https://models.example/v1{mark}{before}{name}={SECRET}",
    st.sampled_from(NAMES),
    st.sampled_from(["", "version=2&", "a;", "b=?"]),
    st.sampled_from(["?", "#", "?x#"]),
)


@given(HIDDEN | ASKED, st.sampled_from(["", " ", "\t"]))
@settings(deadline=None)
def test_no_secret_of_an_address_is_written_or_said_and_each_is_reported(url: str, before: str) -> None:
    files, said = written(model_at(before + url))

    assert SECRET.encode() not in files
    assert SECRET not in said
    for place in ("endpoints[0]", "links[0]", "license", "evaluations[0]", "artifacts[0]", "validations[0]"):
        assert f"{place}." in said


@given(st.text() | st.from_regex(r"https?://[a-z@:/?#&=.]*", fullmatch=True))
def test_it_never_raises_and_what_is_publishable_stays(url: str) -> None:
    once, _ = publishable(model_at(url))

    assert publishable(once) == (once, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example/v1?version=2",
        "http://models.example:8080/@scope/x",
        "https://m.example/#usage",
    ],
)
def test_an_address_without_secrets_stays_as_it_is(url: str) -> None:
    assert publishable(model_at(url)) == (model_at(url), ())


@pytest.mark.parametrize("uri", ["models:/fraud@champion", "s3://bucket/model", "mailto:a@b.example"])
def test_what_is_no_address_of_a_server_stays_in_artifacts_and_links(uri: str) -> None:
    model = model_at(uri).model_copy(update={"endpoints": ()})

    assert publishable(model) == (model, ())


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "grpc://models.example:1", "/v1"]
)
def test_an_endpoint_that_is_no_http_address_is_left_out_and_reported(url: str) -> None:
    kept, (problem,) = publishable(Model(
        source="cards", id="fraud", name="fraud", endpoints=(Endpoint(url=url, protocol="rest"),)
    ))  # fmt: skip

    assert kept.endpoints == ()
    assert problem.what == "the endpoint is no absolute http(s) address; it is left out"
    assert problem.where == "source cards, endpoints[0].url of 'fraud'"


def test_an_address_loses_its_parameters_and_an_artifact_its_user() -> None:
    asked, _ = publishable(model_at("https://models.example/v1?api-version=1&api_key=hunter2"))
    named, _ = publishable(model_at("s3://AKIA:hunter2@bucket/model"))

    assert asked.endpoints[0].url == "https://models.example/v1"
    assert named.versions[0].artifacts[0].uri == "bucket/model"
    assert (named.endpoints, named.links, named.license) == ((), (), License(id="mit"))
