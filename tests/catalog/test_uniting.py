"""One record of several, and what registries disagree about."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.drift import drift
from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.uniting import disagreements, precedence, same_versions, united
from callboard.config import Config, SourceSettings
from callboard.config_links import Links
from callboard.model import (
    Counterpart,
    Endpoint,
    Evaluation,
    License,
    Link,
    Model,
    Problem,
    Signature,
    Version,
)
from callboard.sources.provenance import with_provenance

_RUN = "ab" * 16
_SOURCES = (("kserve", "kserve"), ("hub", "huggingface"), ("kubeflow", "kubeflow"), ("mlflow", "mlflow"))
_SCORE = Evaluation(metric="auc", value=0.9)


def _config(**links: Any) -> Config:
    sources = tuple(SourceSettings(name=name, type=kind) for name, kind in _SOURCES)
    return Config(sources=sources, links=Links(**links))


def _key(model: Model) -> Key:
    return Key("s", model.source, model.id)


def _model(source: str, **more: Any) -> Model:
    return with_provenance(Model(source=source, id=f"{source}-id", name=f"{source}-name", **more))


def _united(*models: Model, **links: Any) -> Model:
    known = Known({_key(model): model for model in models}, _config().sources)
    rank = precedence(known, _config(**links))
    parts = sorted(((_key(model), model) for model in models), key=lambda part: rank(part[0]))
    return united(parts, lambda key: key.source == "kserve", _key(models[0]))


def test_registries_count_before_hubs_and_hubs_before_platforms_in_the_order_of_the_sources() -> None:
    models = [_model(name, description=name) for name, _ in _SOURCES]

    record = _united(*models)

    assert [one.source for one in record.known_in] == ["kubeflow", "mlflow", "hub", "kserve"]
    assert (record.description, record.provenance["description"]) == ("kubeflow", "kubeflow")
    assert (record.source, record.id) == ("kserve", "kserve-id")


def test_the_configured_order_goes_first() -> None:
    models = [_model(name, description=name) for name, _ in _SOURCES]

    assert _united(*models, order=("hub", "mlflow")).description == "hub"
    assert [one.source for one in _united(*models, order=("hub", "mlflow")).known_in] == [
        "hub", "mlflow", "kubeflow", "kserve",
    ]  # fmt: skip


def test_where_it_is_served_the_platform_says() -> None:
    planned, real = (Endpoint(url=f"https://{one}.example", protocol="rest") for one in ("planned", "real"))
    registered = _model("mlflow", endpoints=(planned,))

    assert _united(registered, _model("kserve", endpoints=(real,))).endpoints == (real,)
    assert _united(registered, _model("kserve")).endpoints == (planned,)


def test_links_of_all_are_kept_and_the_record_says_whose_they_are() -> None:
    pages = [Link(url=f"https://{one}.example", title=one) for one in ("mlflow", "kubeflow")]

    record = _united(_model("mlflow", links=(pages[0],)), _model("kubeflow", links=(pages[1], pages[0])))

    assert record.links == (pages[1], pages[0])
    assert record.provenance["links"] == "kubeflow, mlflow"


def test_what_people_overruled_counts_before_every_registry() -> None:
    registered = _model("kubeflow", owner="group:default/registry", tasks=("text",))
    place = {"owner": "overrides/a.yaml:3:5", "tasks": "the table of tasks"}
    overruled = _model("mlflow", owner="group:default/people", tasks=("code",)).model_copy(
        update={"provenance": place}
    )

    record = _united(registered, overruled)

    assert (record.owner, record.provenance["owner"]) == ("group:default/people", "overrides/a.yaml:3:5")
    assert record.tasks == ("text",)
    assert disagreements([[registered, overruled]]) == ()


def test_a_version_gets_from_another_registry_what_its_own_does_not_say() -> None:
    said = Counterpart(registry="mlflow", said_by="x", run_id=_RUN, of_version="v1")
    registered = _model("kubeflow", versions=(Version(name="v2"), Version(name="v1")), counterparts=(said,))
    tracked = _model(
        "mlflow",
        versions=(
            Version(name="4", evaluations=(_SCORE,)),
            Version(name="3", run_id=_RUN, evaluations=(_SCORE,), signature=Signature(), state="READY"),
        ),
    )

    record = _united(registered, tracked)

    newest, first = record.versions
    assert (newest.evaluations, newest.run_id) == ((), None)
    assert (first.name, first.evaluations, first.signature, first.run_id, first.state) == (
        "v1", (_SCORE,), Signature(), _RUN, None,
    )  # fmt: skip
    assert record.provenance["versions"] == "kubeflow, mlflow"


def test_versions_that_two_claim_are_not_believed_to_be_the_same() -> None:
    said = [
        Counterpart(registry="mlflow", said_by="x", run_id=_RUN, of_version=name) for name in ("v1", "v2")
    ]
    registered = _model(
        "kubeflow", versions=(Version(name="v1"), Version(name="v2")), counterparts=tuple(said)
    )
    tracked = _model("mlflow", versions=(Version(name="3", run_id=_RUN),))

    assert same_versions(registered, tracked) == {}
    assert same_versions(registered.model_copy(update={"counterparts": (said[0],)}), tracked) == {"v1": "3"}


_PARTS = st.lists(
    st.builds(
        _model,
        st.sampled_from([name for name, _ in _SOURCES]),
        owner=st.none() | st.sampled_from(["a", "\ud800"]),
        description=st.none() | st.sampled_from(["", "x", "y"]),
        tags=st.lists(st.sampled_from(["x", "y"])).map(tuple),
        versions=st.lists(
            st.builds(Version, name=st.sampled_from(["1", "2"]), run_id=st.none() | st.just(_RUN)), max_size=3
        ).map(tuple),
        counterparts=st.lists(
            st.builds(
                Counterpart,
                registry=st.sampled_from(["mlflow", "kubeflow"]),
                said_by=st.just("x"),
                run_id=st.none() | st.just(_RUN),
                version=st.none() | st.just("1"),
                of_version=st.none() | st.just("1"),
            ),
            max_size=2,
        ).map(tuple),
    ),
    min_size=1,
    unique_by=lambda model: model.source,
)


@settings(max_examples=40)
@given(_PARTS)
def test_nothing_is_made_up_and_nothing_that_somebody_says_is_left_empty(models: list[Model]) -> None:
    record = _united(*models)

    for name in ("owner", "description", "tags", "name"):
        values = [getattr(model, name) for model in models]
        assert getattr(record, name) in values if any(values) else not getattr(record, name)
        assert not any(values) or getattr(record, name)
        assert name not in record.provenance or record.provenance[name] in {model.source for model in models}
    assert [one.name for one in record.versions] in [[one.name for one in model.versions] for model in models]
    assert _united(*models) == record


def test_what_registries_say_differently_is_one_finding_for_a_field() -> None:
    groups = [
        [
            _model("kubeflow", owner="group:default/a", license=License(id="mit")),
            _model("hub", license=License(id="MIT")),
            _model("mlflow", owner=f"group:default/b{number}"),
        ]
        for number in range(40)
    ]

    (said,) = disagreements(groups)

    assert said.severity == "warning"
    assert "the owner of 40 models" in said.what
    assert "kubeflow-name: group:default/a by kubeflow, group:default/b0 by mlflow" in said.what
    assert "and 37 more" in said.what


def _drift(
    models: list[Model], *groups: tuple[Model, ...], unsure: frozenset[str] = frozenset()
) -> list[Problem]:
    known = Known({_key(model): model for model in models}, _config().sources)
    return list(drift([tuple(map(_key, group)) for group in groups], known, unsure))


_LINKED = _model("mlflow", versions=(Version(name="2", aliases=("Champion",)), Version(name="1")))
_TWIN = _model(
    "kubeflow",
    versions=(Version(name="v2", id="72"), Version(name="v1", id="71")),
    counterparts=(
        Counterpart(registry="mlflow", said_by="x", uri="models:/mlflow-id/1", of_version="v1"),
        Counterpart(registry="mlflow", said_by="x", uri="models:/mlflow-id/2", of_version="v2"),
    ),
)


def _serving(version: str, **more: Any) -> Model:
    said = Counterpart(
        registry="kubeflow", said_by="label", model="kubeflow-id", version=version, of_version="now"
    )
    return _model("kserve", versions=(Version(name="now"),), counterparts=(said,), **more)


def test_models_that_are_in_mlflow_only_are_said_where_others_are_in_kubeflow_too() -> None:
    alone = [
        _LINKED.model_copy(update={"id": f"only-{number}", "name": f"only-{number}"}) for number in range(30)
    ]

    (said,) = _drift([_LINKED, _TWIN, *alone], (_LINKED, _TWIN))

    assert said.source == "mlflow"
    assert "30 of 31 models of mlflow are not registered in kubeflow" in said.what
    assert "only-0, only-1, only-10 and 27 more" in said.what
    assert _drift([_LINKED, _TWIN, *alone]) == []
    assert _drift([_LINKED, _TWIN, *alone], (_LINKED, _TWIN), unsure=frozenset({"kubeflow"})) == []


def test_an_old_version_that_is_served_is_said_over_both_registries() -> None:
    old, new = _serving("71"), _serving("72")

    (said,) = _drift([_LINKED, _TWIN, old], (_LINKED, _TWIN, old))

    assert said.source == "kserve"
    assert "kserve serves 1 model in another version than mlflow has in production" in said.what
    assert "mlflow-name (production is 2, served is 1)" in said.what
    assert _drift([_LINKED, _TWIN, new], (_LINKED, _TWIN, new)) == []


def test_a_version_is_known_by_what_the_endpoint_calls_it_where_nothing_states_more() -> None:
    def served(*versions: str) -> Model:
        endpoints = tuple(Endpoint(url="https://x.example", protocol="rest", version=one) for one in versions)
        return _model("kserve", endpoints=endpoints)

    found = {
        versions: len(_drift([_LINKED, served(*versions)], (_LINKED, served(*versions))))
        for versions in [(), ("1",), ("2",), ("1", "2"), ("unknown",)]
    }

    assert found == {(): 0, ("1",): 1, ("2",): 0, ("1", "2"): 0, ("unknown",): 0}


def test_what_is_served_and_registered_nowhere_is_said_once_the_registries_are_sure() -> None:
    stray = _serving("71")

    (said,) = _drift([_LINKED, _TWIN, stray], (_LINKED, _TWIN))

    assert (
        "1 of 1 model of kserve are served and linked with nothing that is registered in kubeflow, mlflow"
        in (said.what)
    )
    assert _drift([_LINKED, _TWIN, stray], (_LINKED, _TWIN), unsure=frozenset({"mlflow"})) == []
