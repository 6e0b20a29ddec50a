"""Models of several sources that are one, from listings to the files of the catalog, walk after walk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from callboard.catalog.identity import Key
from callboard.catalog.lock import read_lock
from callboard.config import Config, SourceSettings
from callboard.config_links import Links
from callboard.model import Counterpart, Endpoint, Listing, Model, Version
from callboard.sources.context import Context
from callboard.sources.kserve import Settings as KserveSettings
from callboard.sources.kserve import list_models as list_cluster
from callboard.sources.kubeflow import Settings as KubeflowSettings
from callboard.sources.kubeflow import list_models as list_registry
from callboard.sources.provenance import with_provenance
from callboard.walk.base import base_of_folder
from callboard.walk.desired import Desired, desire
from tests.servers import kubeflow, kubernetes
from tests.walk.house import House, card
from tests.walk.on_disk import land, record_of

SOURCES = ("mlflow", "kubeflow", "kserve")
LABEL = "modelregistry.opendatahub.io/registered-model-id"
FRAUD = Model(
    source="mlflow",
    id="fraud",
    name="fraud",
    owner="group:default/fraud",
    versions=(Version(name="2", run_id="b" * 32), Version(name="1", run_id="a" * 32)),
)
REGISTERED = Model(
    source="kubeflow",
    id="7",
    name="fraud-model",
    description="Scores payments.",
    versions=(Version(name="v1", id="70"),),
    counterparts=(Counterpart(registry="mlflow", run_id="a" * 32, said_by="run", of_version="v1"),),
)
SERVED = Model(
    source="kserve",
    id="ml/fraud",
    name="ml/fraud",
    endpoints=(Endpoint(url="https://fraud.example", protocol="openai-v1", version="70"),),
    versions=(Version(name="70"),),
    counterparts=(Counterpart(registry="kubeflow", model="7", version="70", said_by=LABEL, of_version="70"),),
)


OTHER = Model(source="kubeflow", id="8", name="other")


@dataclass
class Catalog:
    """A catalog in a folder, and walks that write all that they would propose."""

    folder: Path
    links: Links = field(default_factory=Links)
    sources: tuple[tuple[str, str, tuple[str, ...]], ...] = tuple((name, name, ()) for name in SOURCES)
    pending: dict[Key, str] = field(default_factory=dict)
    parts: dict[Key, dict[Key, Model]] = field(default_factory=dict)

    def config(self) -> Config:
        sources = tuple(
            SourceSettings(name=name, type=kind, formerly=was) for name, kind, was in self.sources
        )
        return Config(sources=sources, links=self.links)

    def walk(self, *listings: Listing, prune: bool = False, write: bool = True) -> Desired:
        base = base_of_folder(self.folder, "models")
        told = {one.source for one in listings}
        silent = [Listing(source=name) for name, _, _ in self.sources if name not in told]
        desired = desire(
            self.config(), "s", base, (*listings, *silent), self.pending, prune=prune, parts=self.parts
        )
        assert not [one for one in desired.findings if one.severity == "error"], desired.findings
        if write:
            land(desired, self.folder)
        return desired

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def names(self) -> list[str]:
        return sorted({path.split("/")[1] for path in self.files()})

    def kinds(self, name: str) -> list[str]:
        text = self.files()[f"models/{name}/catalog-info.yaml"]
        return [one["kind"] for one in yaml.safe_load_all(text)]

    def record(self, name: str) -> Model:
        return record_of(name, self.folder)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def listing(*models: Model, source: str = "", complete: bool = True, unread: tuple[str, ...] = ()) -> Listing:
    found = tuple(with_provenance(model) for model in models)
    return Listing(source=source or models[0].source, models=found, complete=complete, unread=unread)


def everything(*more: Model) -> tuple[Listing, ...]:
    return listing(FRAUD), listing(REGISTERED, *more), listing(SERVED)


def test_models_of_three_sources_that_state_it_are_one_entity_set(catalog: Catalog) -> None:
    catalog.walk(*everything())

    assert catalog.names() == ["fraud"]
    assert catalog.kinds("fraud") == ["Resource", "Component", "API"]
    page = catalog.files()["models/fraud/docs/index.md"].decode()
    assert "Known in" in page
    assert "kserve" in page


def test_the_record_says_which_source_won_each_field(catalog: Catalog) -> None:
    catalog.walk(*everything())

    record = catalog.record("fraud")
    assert record.provenance["endpoints"] == "kserve"
    assert record.provenance["owner"] == record.provenance["versions"] == "mlflow"
    assert record.provenance["description"] == "kubeflow"
    assert [one.source for one in record.known_in] == ["mlflow", "kubeflow", "kserve"]


def test_a_second_walk_writes_nothing(catalog: Catalog) -> None:
    catalog.walk(*everything())

    assert catalog.walk(*everything()).changes == ()


@pytest.mark.parametrize("silent", SOURCES)
def test_a_model_loses_nothing_when_one_of_its_sources_does_not_answer(catalog: Catalog, silent: str) -> None:
    catalog.walk(*everything())
    before = catalog.files()

    for quiet in (
        Listing(source=silent),
        Listing(source=silent, complete=True),
        Listing(source=silent, complete=True, unread=("7", "fraud", "ml/fraud")),
    ):
        base = base_of_folder(catalog.folder, "models")
        listings = [one if one.source != silent else quiet for one in everything()]
        desired = desire(catalog.config(), "s", base, listings, {}, prune=False)
        assert desired.changes == ()
    assert catalog.files() == before


def test_a_new_model_waits_for_the_source_that_it_names_a_model_of(catalog: Catalog) -> None:
    first = catalog.walk(listing(FRAUD), listing(SERVED))
    assert catalog.names() == ["fraud"]
    assert any("1 model that would be new wait for kubeflow" in one.what for one in first.findings)

    catalog.walk(*everything())

    assert catalog.names() == ["fraud"]
    assert catalog.kinds("fraud") == ["Resource", "Component", "API"]


def test_what_changes_in_one_registry_is_written_while_another_does_not_answer(catalog: Catalog) -> None:
    catalog.walk(*everything())
    newer = REGISTERED.model_copy(update={"description": "Scores all payments."})

    catalog.walk(listing(FRAUD), listing(newer))

    assert catalog.record("fraud").description == "Scores all payments."
    assert catalog.record("fraud").endpoints == SERVED.endpoints
    assert catalog.kinds("fraud") == ["Resource", "Component", "API"]


def test_a_service_that_is_gone_takes_its_endpoints_with_it_and_nothing_else(catalog: Catalog) -> None:
    other = SERVED.model_copy(update={"id": "ml/other", "name": "other", "counterparts": ()})
    catalog.walk(listing(FRAUD), listing(REGISTERED), listing(SERVED, other))

    desired = catalog.walk(listing(FRAUD), listing(REGISTERED), listing(other))

    (change,) = desired.changes
    assert change.change.kind == "changed"
    assert catalog.names() == ["fraud", "other"]
    assert catalog.kinds("fraud") == ["Resource"]
    assert [one.source for one in catalog.record("fraud").known_in] == ["mlflow", "kubeflow"]


def test_the_folder_stays_when_the_model_it_was_published_for_is_gone_and_others_are_not(
    catalog: Catalog,
) -> None:
    other = FRAUD.model_copy(update={"id": "other", "name": "other", "versions": ()})
    catalog.walk(listing(FRAUD, other), listing(REGISTERED), listing(SERVED))

    desired = catalog.walk(listing(other), listing(REGISTERED), listing(SERVED))
    again = catalog.walk(listing(other), listing(REGISTERED), listing(SERVED))

    assert [one.change.kind for one in desired.changes] == ["changed"]
    assert catalog.names() == ["fraud", "other"]
    assert catalog.record("fraud").source == "kubeflow"
    assert again.changes == ()
    assert catalog.walk(listing(FRAUD, other), listing(REGISTERED), listing(SERVED)).changes[
        0
    ].change.name == ("fraud")
    assert catalog.names() == ["fraud", "other"]


def test_when_all_of_it_is_gone_the_folder_is_proposed_for_deletion(catalog: Catalog) -> None:
    others = [
        one.model_copy(update={"id": "x", "name": f"x-{one.source}", "counterparts": (), "versions": ()})
        for one in (FRAUD, REGISTERED, SERVED)
    ]
    pairs = zip((FRAUD, REGISTERED, SERVED), others, strict=True)
    catalog.walk(*(listing(one, other) for one, other in pairs))

    desired = catalog.walk(*map(listing, others), write=False)

    assert [(one.change.kind, one.change.name) for one in desired.changes] == [("removed", "fraud")]


def test_a_model_that_was_published_first_keeps_its_name_when_others_turn_out_to_be_it(
    catalog: Catalog,
) -> None:
    catalog.walk(listing(OTHER), listing(SERVED))
    assert catalog.names() == ["ml-fraud", "other"]

    desired = catalog.walk(*everything(OTHER))

    assert catalog.names() == ["ml-fraud", "other"]
    assert desired.joined == {Key("s", "mlflow", "fraud"): Key("s", "kserve", "ml/fraud"),
                              Key("s", "kubeflow", "7"): Key("s", "kserve", "ml/fraud")}  # fmt: skip
    assert catalog.walk(*everything(OTHER)).changes == ()


def test_two_that_are_published_stay_apart_and_it_is_said_how_to_make_them_one(catalog: Catalog) -> None:
    catalog.walk(listing(FRAUD), listing(OTHER), listing(SERVED))
    assert catalog.names() == ["fraud", "ml-fraud", "other"]

    desired = catalog.walk(*everything(OTHER))
    before = catalog.files()
    again = catalog.walk(*everything(OTHER))

    assert catalog.names() == ["fraud", "ml-fraud", "other"]
    assert catalog.record("fraud").endpoints == ()
    (said,) = [one for one in desired.findings if "folders of their own" in one.what]
    assert "same: [['mlflow:fraud', 'kserve:ml/fraud']]" in said.hint
    assert again.changes == ()
    assert catalog.files() == before


def test_by_configuration_the_second_goes_once_the_first_holds_it_all(catalog: Catalog) -> None:
    catalog.walk(listing(FRAUD), listing(OTHER), listing(SERVED))
    catalog.links = Links(same=(("kserve:ml/fraud", "mlflow:fraud"),))

    first = catalog.walk(*everything(OTHER))
    second = catalog.walk(*everything(OTHER), write=False)

    assert [(one.change.kind, one.change.name) for one in first.changes] == [("changed", "ml-fraud")]
    assert [(one.change.kind, one.change.name) for one in second.changes] == [("removed", "fraud")]
    (change,) = second.changes
    assert "callboard.yaml says that mlflow:fraud is one with the model ml-fraud" in (
        change.change.differences[0].sentence
    )
    catalog.walk(*everything(OTHER))
    assert catalog.names() == ["ml-fraud", "other"]
    assert catalog.walk(*everything(OTHER)).changes == ()


def test_a_link_that_is_not_stated_any_more_ends(catalog: Catalog) -> None:
    catalog.walk(*everything())
    unlabelled = SERVED.model_copy(update={"counterparts": ()})

    catalog.walk(listing(FRAUD), listing(REGISTERED), listing(unlabelled))

    assert catalog.names() == ["fraud", "ml-fraud"]
    assert catalog.record("fraud").endpoints == ()
    assert catalog.walk(listing(FRAUD), listing(REGISTERED), listing(unlabelled)).changes == ()


def test_contradictory_labels_move_nothing_that_is_published(catalog: Catalog) -> None:
    catalog.walk(*everything())
    before = catalog.files()
    second = SERVED.model_copy(update={"id": "evil/fraud", "name": "evil/fraud"})

    desired = catalog.walk(listing(FRAUD), listing(REGISTERED), listing(SERVED, second))

    assert [one.change.name for one in desired.changes] == ["evil-fraud"]
    assert before.items() <= catalog.files().items()
    assert any("models of one source would become one" in one.what for one in desired.findings)


def test_a_renamed_source_carries_its_part_along(catalog: Catalog) -> None:
    catalog.walk(*everything())
    catalog.sources = (
        ("mlflow", "mlflow", ()),
        ("registry", "kubeflow", ("kubeflow",)),
        ("kserve", "kserve", ()),
    )
    renamed = REGISTERED.model_copy(update={"source": "registry"})

    catalog.walk(listing(FRAUD), listing(renamed), listing(SERVED))

    assert catalog.names() == ["fraud"]
    assert [one.source for one in catalog.record("fraud").known_in] == ["mlflow", "registry", "kserve"]
    assert catalog.walk(listing(FRAUD), listing(renamed), listing(SERVED)).changes == ()


def test_a_source_that_is_not_configured_any_more_freezes_what_it_is_part_of_until_somebody_prunes(
    catalog: Catalog,
) -> None:
    catalog.walk(*everything())
    before = catalog.files()
    catalog.sources = tuple(one for one in catalog.sources if one[0] != "kserve")

    desired = catalog.walk(listing(FRAUD), listing(REGISTERED))

    assert desired.changes == ()
    assert catalog.files() == before
    assert any("there is no source kserve any more" in one.what for one in desired.findings)
    catalog.walk(listing(FRAUD), listing(REGISTERED), prune=True)
    assert catalog.kinds("fraud") == ["Resource"]


def test_a_source_is_given_what_it_said_itself_as_known(catalog: Catalog) -> None:
    catalog.walk(*everything())

    shelf = base_of_folder(catalog.folder, "models").shelf

    assert shelf.known("s", ["mlflow"])["fraud"] == with_provenance(FRAUD)
    assert shelf.known("s", ["kserve"])["ml/fraud"] == with_provenance(SERVED)


def test_a_name_that_is_proposed_already_stays_that_of_the_whole(catalog: Catalog) -> None:
    catalog.pending = {Key("s", "kserve", "ml/fraud"): "ml-fraud"}

    catalog.walk(*everything())

    assert catalog.names() == ["ml-fraud"]


@pytest.mark.parametrize("silent", SOURCES)
def test_what_is_proposed_and_not_merged_loses_nothing_either(catalog: Catalog, silent: str) -> None:
    (proposed,) = catalog.walk(*everything(), write=False).changes
    lock = read_lock(proposed.files["models/fraud/.callboard.lock"] or b"")
    catalog.pending, catalog.parts = {lock.key: "fraud"}, {lock.key: dict(lock.parts)}

    listings = [one for one in everything() if one.source != silent]
    (again,) = catalog.walk(*listings, write=False).changes

    assert again.files == proposed.files


def test_two_folders_of_cards_are_one_by_configuration_up_to_the_merge(house: House) -> None:
    house.config_text = (
        "sources: [{name: cards, type: files, path: cards}, {name: more, type: files, path: more}]\n"
        "links: {same: [['cards:fraud', 'more:payments']]}\n"
    )
    house.card("fraud", card("fraud"))
    (house.folder / "more").mkdir()
    (house.folder / "more" / "payments.md").write_text(card("payments"), encoding="utf-8")

    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    mark = house.forge.log.mark()
    again = house.sync(cache="other")
    assert house.counts(mark).writes == house.counts(mark).pushes == 0
    assert {one.action for one in again.proposals} == {"unchanged"}
    assert "more" in house.hands().text(proposal.pull.number)[1]
    house.approve(proposal.pull.number)
    assert [one.done for one in house.reconcile().handled] == ["merged"]

    assert house.sync().desired.changes == ()
    assert "more: payments" in house.read("models/fraud/docs/index.md")


@pytest.mark.parametrize("forge_kind", ["github"])
def test_a_proposal_for_a_model_that_joins_another_is_closed_and_says_why(house: House) -> None:
    sources = "sources: [{name: cards, type: files, path: cards}, {name: more, type: files, path: more}]\n"
    house.config_text = sources
    house.card("fraud", card("fraud"))
    (house.folder / "more").mkdir()
    (house.folder / "more" / "payments.md").write_text(card("payments"), encoding="utf-8")
    before = {one.group.changes[0].change.name: one for one in house.sync().proposals}
    house.config_text = sources + "links: {same: [['cards:fraud', 'more:payments']]}\n"

    result = house.sync()

    assert [(one.action, one.branch) for one in result.proposals] == [("update", before["fraud"].branch)]
    (closed,) = result.obsolete
    assert closed.pull.head_ref == before["payments"].branch
    assert closed.why == ("The model is one with that of another registry, and is in the catalog with it.",)


def test_what_openshift_ai_labels_is_one_from_the_registries_own_answers(catalog: Catalog) -> None:
    with kubeflow.running() as registry, kubernetes.running() as cluster:
        model = registry.register("fraud", owner="group:default/fraud")
        version = registry.version(model, "v1")
        labels = {LABEL: model, LABEL.replace("registered-model", "model-version"): version}
        cluster.add(
            {
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "metadata": {"name": "fraud", "namespace": "ml", "uid": "uid-1", "labels": labels},
                "spec": {"predictor": {"model": {"modelFormat": {"name": "onnx"}, "storageUri": "s3://m/1"}}},
                "status": {"url": "https://fraud.example"},
            }
        )
        read = (
            list_registry(KubeflowSettings(name="kubeflow", url=registry.url), Context(catalog.folder)),
            list_cluster(KserveSettings(name="kserve", url=cluster.url), Context(catalog.folder)),
        )
    catalog.sources = tuple(one for one in catalog.sources if one[0] != "mlflow")

    catalog.walk(*read)

    assert catalog.names() == ["fraud"]
    assert catalog.kinds("fraud") == ["Resource", "Component", "API"]
    assert [one.source for one in catalog.record("fraud").known_in] == ["kubeflow", "kserve"]
    assert catalog.walk(*read).changes == ()
