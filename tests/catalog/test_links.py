"""Which models of several registries are one: decided from values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.identity import Key
from callboard.catalog.known import Known
from callboard.catalog.links import Linking, Together, find_links
from callboard.config import Config, SourceSettings
from callboard.config_links import Links
from callboard.model import Artifact, Counterpart, Model, Version

_RUN = "0123456789abcdef" * 2
_DIGEST = "sha256:" + "ab12" * 16
_TYPES = {
    "mlflow": "mlflow",
    "other-mlflow": "mlflow",
    "kubeflow": "kubeflow",
    "kserve": "kserve",
    "oci": "oci",
}


class _Oci(SourceSettings):
    url: str = "https://registry.example:5000"


def _config(*names: str, **links: Any) -> Config:
    sources = tuple(
        (_Oci if _TYPES[name] == "oci" else SourceSettings)(name=name, type=_TYPES[name]) for name in names
    )
    return Config(sources=sources, links=Links(**links))


def _model(source: str, its_id: str, *said: Counterpart, name: str = "", **more: Any) -> Model:
    return Model(source=source, id=its_id, name=name or its_id, counterparts=said, **more)


def _said(registry: str, **what: Any) -> Counterpart:
    return Counterpart(registry=registry, said_by="a label", **what)


def _keyed(models: Sequence[Model]) -> dict[Key, Model]:
    return {Key("s", model.source, model.id): model for model in models}


def _linked(config: Config, *models: Model, **more: Any) -> Linking:
    return find_links(Known(_keyed(models), config.sources), config, **more)


def _groups(linking: Linking) -> list[list[str]]:
    return [[f"{key.source}:{key.id}" for key in group] for group in linking.groups]


def _texts(linking: Linking) -> str:
    return "\n".join(f"{one.what} {one.hint}" for one in linking.findings)


_REGISTERED = _model("kubeflow", "7", name="fraud", versions=(Version(name="v1", id="70"),))
_FRAUD = _model("mlflow", "fraud", versions=(Version(name="3", run_id=_RUN),))


@pytest.mark.parametrize(
    "said",
    [
        _said("kubeflow", model="7"),
        _said("kubeflow", model="7", version="70"),
        _said("kubeflow", version="70"),
        _said("kubeflow", uri="model-registry://fraud/v1"),
        _said("kubeflow", uri="model-registry://registry.ml.svc:8080/fraud/v1"),
        _said("KubeFlow", model="7", uri="inference_services/12"),
    ],
)
def test_a_statement_about_a_registered_model_links(said: Counterpart) -> None:
    linking = _linked(_config("kubeflow", "kserve"), _REGISTERED, _model("kserve", "ml/fraud", said))

    assert _groups(linking) == [["kserve:ml/fraud", "kubeflow:7"]]
    assert linking.findings == ()


@pytest.mark.parametrize(
    "said",
    [
        _said("mlflow", run_id=_RUN),
        _said("mlflow", uri=f"runs:/{_RUN}/model"),
        _said("mlflow", uri="models:/fraud/3"),
        _said("mlflow", model="fraud", uri="models:/fraud/3", version="3"),
        _said("mlflow", model="fraud", run_id="of no version"),
    ],
)
def test_a_run_or_a_numbered_version_that_a_registry_records_links(said: Counterpart) -> None:
    linking = _linked(_config("mlflow", "kubeflow"), _FRAUD, _model("kubeflow", "7", said))

    assert _groups(linking) == [["kubeflow:7", "mlflow:fraud"]]


@pytest.mark.parametrize(
    ("registry", "uri"),
    [
        ("mlflow", "models:/fraud/Production"),
        ("mlflow", "models:/fraud@champion"),
        ("mlflow", "models:/fraud/latest"),
        ("kubeflow", "model-registry://fraud"),
        ("oci", "oci://registry.example:5000/ml/fraud:latest"),
        ("oci", "oci://registry.example:5000/ml/fraud"),
        ("oci", "oci://registry.example:5000/ml/fraud:1"),
    ],
)
def test_what_can_come_to_mean_another_model_links_nothing_and_is_said(registry: str, uri: str) -> None:
    said = _said(registry, uri=uri, model="ml/fraud" if registry == "oci" else "fraud")
    models = _FRAUD, _REGISTERED, _model("oci", "ml/fraud"), _model("kserve", "served", said)

    linking = _linked(_config("mlflow", "kubeflow", "oci", "kserve"), *models)

    assert linking.groups == ()
    assert "which may come to be another: kserve:served" in _texts(linking)


@pytest.mark.parametrize(
    "uri",
    ["oci://registry.example:5000/ml/fraud:1.2.0", f"oci://registry.example:5000/ml/fraud:latest@{_DIGEST}"],
)
def test_an_image_links_by_a_version_or_a_digest_and_only_on_its_own_server(uri: str) -> None:
    config = _config("oci", "kserve")
    elsewhere = uri.replace("registry.example", "other.example")

    here = _linked(config, _model("oci", "ml/fraud"), _model("kserve", "a", _said("oci", uri=uri)))
    there = _linked(config, _model("oci", "ml/fraud"), _model("kserve", "a", _said("oci", uri=elsewhere)))

    assert _groups(here) == [["kserve:a", "oci:ml/fraud"]]
    assert there.groups == ()


def test_an_equal_digest_only_suggests_and_says_so() -> None:
    versions = (Version(name="1", artifacts=(Artifact(uri="x", digest=_DIGEST),)),)
    models = _model("mlflow", "a", versions=versions), _model("oci", "b", versions=versions)

    linking = _linked(_config("mlflow", "oci"), *models)
    decided = _linked(_config("mlflow", "oci", same=(("mlflow:a", "oci:b"),)), *models)
    denied = _linked(_config("mlflow", "oci", apart=(("mlflow:a", "oci:b"),)), *models)

    assert linking.groups == ()
    assert [one.severity for one in linking.findings] == ["warning"]
    assert "mlflow:a and oci:b (sha256:ab12" in _texts(linking)
    assert (_groups(decided), decided.findings) == ([["mlflow:a", "oci:b"]], ())
    assert (_groups(denied), denied.findings) == ([], ())


def test_a_base_model_is_no_link() -> None:
    tuned = _model("kubeflow", "7", lineage={"base_models": ("fraud",)})

    assert _linked(_config("mlflow", "kubeflow"), _FRAUD, tuned) == Linking()


def test_configuration_links_by_id_and_by_name() -> None:
    config = _config("mlflow", "kubeflow", "kserve", same=(("kubeflow:fraud", "mlflow:fraud", "kserve:x/y"),))

    linking = _linked(config, _FRAUD, _REGISTERED, _model("kserve", "x/y"))

    assert _groups(linking) == [["kserve:x/y", "kubeflow:7", "mlflow:fraud"]]


def test_what_configuration_says_of_models_that_are_not_there_is_said_once() -> None:
    words = tuple((f"mlflow:gone-{number}", f"kubeflow:gone-{number}") for number in range(50))
    config = _config("mlflow", "kubeflow", same=words)

    (said,) = _linked(config, _FRAUD, _REGISTERED).findings

    assert "100 models that no source lists: kubeflow:gone-0" in said.what
    assert _linked(config, _FRAUD, unsure={"mlflow", "kubeflow"}).findings == ()


def test_configuration_never_links_within_one_source() -> None:
    config = _config(
        "mlflow", "kubeflow", same=(("mlflow:fraud", "mlflow:b"), ("mlflow:fraud", "kubeflow:7"))
    )

    linking = _linked(config, _FRAUD, _REGISTERED, _model("mlflow", "b"))

    assert _groups(linking) == [["kubeflow:7", "mlflow:fraud"]]
    assert "mlflow:fraud, mlflow:b; this list links nothing" in _texts(linking)


def test_two_services_of_one_registered_model_contradict_each_other_until_configuration_chooses() -> None:
    said = _said("kubeflow", model="7")
    models = _REGISTERED, _model("kserve", "a/fraud", said), _model("kserve", "b/fraud", said)

    linking = _linked(_config("kubeflow", "kserve"), *models)
    chosen = _linked(_config("kubeflow", "kserve", same=(("kubeflow:7", "kserve:b/fraud"),)), *models)

    assert linking.groups == ()
    assert "kubeflow:7 with kserve:a/fraud, kserve:b/fraud" in _texts(linking)
    assert (_groups(chosen), chosen.findings) == ([["kserve:b/fraud", "kubeflow:7"]], ())


def test_a_model_that_claims_to_be_everything_unlinks_nobody() -> None:
    names = [str(number) for number in range(20)]
    registered = [_model("kubeflow", name) for name in names]
    served = [_model("kserve", f"s{name}", _said("kubeflow", model=name)) for name in names]
    greedy = _model("oci", "greedy", *(_said("kubeflow", model=name) for name in names))

    linking = _linked(_config("kubeflow", "kserve", "oci"), *registered, *served, greedy)

    assert len(linking.groups) == 20
    assert "oci:greedy with kubeflow:0" in _texts(linking)


def test_a_contradiction_over_several_registries_links_none_of_them() -> None:
    models = (
        _FRAUD,
        _model("mlflow", "b"),
        _model("kubeflow", "7", _said("mlflow", model="fraud")),
        _model("kserve", "x", _said("kubeflow", model="7"), _said("mlflow", model="b")),
    )

    linking = _linked(_config("mlflow", "kubeflow", "kserve"), *models)

    assert linking.groups == ()
    assert len(linking.findings) == 1


def test_models_kept_apart_are_not_linked_whatever_is_stated() -> None:
    said = _said("kubeflow", model="7")
    config = _config("kubeflow", "kserve", apart=(("kubeflow:7", "kserve:x"),))

    assert _linked(config, _REGISTERED, _model("kserve", "x", said)) == Linking()


def test_which_of_two_servers_is_meant_is_never_guessed() -> None:
    there = _model("other-mlflow", "other")
    by_name = _model("kserve", "x", _said("mlflow", model="fraud"))
    names = ("mlflow", "other-mlflow", "kserve")

    unclear = _linked(_config(*names), _FRAUD, there, by_name)
    told = _linked(_config(*names, means={"kserve": ("mlflow", "kserve")}), _FRAUD, there, by_name)
    elsewhere = _linked(_config(*names, means={"kserve": ("kserve",)}), _FRAUD, there, by_name)
    by_run = _linked(_config(*names), _FRAUD, there, _model("kserve", "x", _said("mlflow", run_id=_RUN)))

    assert unclear == elsewhere
    assert unclear.groups == ()
    assert "not clear which (mlflow, other-mlflow): kserve:x" in _texts(unclear)
    assert "links: {means: {kserve: [NAME]}}" in _texts(unclear)
    assert _groups(told) == _groups(by_run) == [["kserve:x", "mlflow:fraud"]]


def test_a_statement_that_names_two_models_links_nothing() -> None:
    others = _model("kubeflow", "8", versions=(Version(name="v1", id="80"),))
    torn = _model("kserve", "x", _said("kubeflow", model="7", version="80"))

    linking = _linked(_config("kubeflow", "kserve"), _REGISTERED, others, torn)

    assert linking.groups == ()
    assert "of different models there: kserve:x" in _texts(linking)


def test_a_model_that_is_not_listed_is_said_only_where_the_list_is_whole() -> None:
    config, lost = _config("kubeflow", "kserve"), _model("kserve", "x", _said("kubeflow", model="9"))
    known = Known(_keyed([lost]), config.sources, aside={("kubeflow", "9")})

    assert "kserve name models that kubeflow does not list: kserve:x" in _texts(_linked(config, lost))
    assert _linked(config, lost, unsure={"kubeflow"}).findings == ()
    assert find_links(known, config).findings == ()


def test_what_is_published_together_stays_when_statements_begin_to_contradict() -> None:
    said = _said("kubeflow", model="7")
    models = _REGISTERED, _model("kserve", "a", said), _model("kserve", "b", said)
    together = [Together(frozenset({Key("s", "kubeflow", "7"), Key("s", "kserve", "a")}), headless=False)]

    linking = _linked(_config("kubeflow", "kserve"), *models, together=together)
    ended = _linked(_config("kubeflow", "kserve"), *models[:1], _model("kserve", "a"), together=together)

    assert _groups(linking) == [["kserve:a", "kubeflow:7"]]
    assert ended.groups == ()


_IDS = ["a", "b", "7", "x/y", "\ud800|\n`", "é" * 5]
_URIS = [
    "models:/a/3", "models:/b@c", "models:/", "runs:/", f"runs:/{_RUN}/m", "oci://h/a:1.0", "oci://", ":",
    "x", "model-registry://a/b", "models:/a/" + "9" * 30,
    "models://s/a/1", "oci://h/a@sha256:zz", "hf://a/b", "hf://a",
]  # fmt: skip
_COUNTERPARTS = st.builds(
    Counterpart,
    registry=st.sampled_from([*_TYPES.values(), "huggingface", "", "MLFLOW"]),
    said_by=st.just("x"),
    model=st.none() | st.sampled_from(_IDS),
    version=st.none() | st.sampled_from(["3", "70", ""]),
    run_id=st.none() | st.sampled_from([_RUN, ""]),
    uri=st.none() | st.sampled_from(_URIS) | st.text(max_size=8),
)
_VERSIONS = st.lists(
    st.builds(
        Version,
        name=st.sampled_from(["3", "v1"]),
        id=st.none() | st.sampled_from(["70", "71"]),
        run_id=st.none() | st.sampled_from([_RUN]),
        artifacts=st.just((Artifact(uri="x", digest=_DIGEST),)) | st.just(()),
    ),
    max_size=2,
).map(tuple)
_MODELS = st.lists(
    st.builds(
        Model,
        source=st.sampled_from(list(_TYPES)),
        id=st.sampled_from(_IDS),
        name=st.sampled_from(_IDS),
        versions=_VERSIONS,
        counterparts=st.lists(_COUNTERPARTS, max_size=3).map(tuple),
    ),
    max_size=10,
)
_WORDS = st.lists(
    st.tuples(st.sampled_from([*_TYPES, "gone"]), st.sampled_from(_IDS)).map(":".join), min_size=2, max_size=3
).map(tuple)


@given(
    _MODELS,
    st.lists(_WORDS, max_size=2).map(tuple),
    st.lists(_WORDS, max_size=2).map(tuple),
    st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=2),
    st.randoms(use_true_random=False),
)
def test_links_hold_whatever_registries_and_people_say(
    models: list[Model],
    same: tuple[tuple[str, ...], ...],
    apart: tuple[tuple[str, ...], ...],
    published: list[list[int]],
    random: Any,
) -> None:
    keyed = _keyed(models)
    config = _config(*_TYPES).model_copy(update={"links": Links.model_construct(same=same, apart=apart)})
    keys = list(keyed)
    together = [
        Together(frozenset(keys[at] for at in one if at < len(keys)), headless=True) for one in published
    ]

    linking = _find(keyed, config, together)

    every = [key for group in linking.groups for key in group]
    assert len(every) == len(set(every))
    assert all(len({key.source for key in group}) == len(group) > 1 for group in linking.groups)
    assert all(one.severity == "warning" and len(one.what) < 1000 for one in linking.findings)
    shuffled = list(keyed.items())
    random.shuffle(shuffled)
    assert _find(dict(shuffled), config, together[::-1]) == linking
    again = [Together(frozenset(group), headless=False) for group in linking.groups]
    assert _find(keyed, config, [*together, *again]) == linking


def _find(keyed: Mapping[Key, Model], config: Config, together: Sequence[Together]) -> Linking:
    return find_links(Known(keyed, config.sources), config, together)
