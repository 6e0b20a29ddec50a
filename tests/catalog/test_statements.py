"""What statements name, and which of them can come to mean something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.statements import Named, named
from callboard.model import Counterpart

_COMMIT = "ab12" * 10


@pytest.mark.parametrize(
    ("registry", "uri", "means"),
    [
        ("mlflow", "models:/a%2Fb/3", Named(("a/b",), version="3")),
        ("mlflow", "models:/m-0123", "nothing"),
        ("mlflow", "models:/", "nothing"),
        ("mlflow", "models://elsewhere/a/3", "nothing"),
        ("mlflow", "runs:/", "nothing"),
        ("kubeflow", "models:/a/3", "nothing"),
        ("kubeflow", "model-registry://h/n/v/more", "nothing"),
        ("oci", "oci://alone", "nothing"),
        ("oci", "oci://h/a@sha256:short", "nothing"),
        ("huggingface", "hf://acme/a", "mutable"),
        ("huggingface", "hf://acme/a:main", "mutable"),
        ("huggingface", f"hf://acme/a:{_COMMIT}", Named(("acme/a",), version=_COMMIT)),
        ("huggingface", "hf://a", "nothing"),
        ("mlflow", "models:/a\x1b[2J/3", "nothing"),
        ("mlflow", f"models:/{'a' * 5000}/3", "nothing"),
    ],
)
def test_an_address_names_what_it_always_will_or_nothing(registry: str, uri: str, means: object) -> None:
    found = named(Counterpart(registry=registry, said_by="x", uri=uri))

    assert found == ((means,) if isinstance(means, Named) else means)


@given(
    st.sampled_from(["mlflow", "kubeflow", "oci", "huggingface", "x"]),
    st.text(max_size=20) | st.from_regex(r"(models|runs|model-registry|oci|hf):/{0,3}[a-z/:@%0-9.]{0,12}"),
    st.none() | st.text(max_size=3),
)
def test_any_statement_names_something_or_nothing(registry: str, uri: str, model: str | None) -> None:
    found = named(Counterpart(registry=registry, said_by="x", uri=uri, model=model))

    assert isinstance(found, str) or all(one.ids or one.name or one.run_id for one in found)
