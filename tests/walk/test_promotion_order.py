"""What of a model is written first, where one of its versions is to be promoted: records, not forges."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog import inputs, plan
from callboard.catalog.docs import render_docs
from callboard.catalog.text import shortened
from callboard.changes.change import ModelChange
from callboard.config import Config, SourceSettings
from callboard.config_promotion import Stage, Threshold
from callboard.model import Counterpart, Evaluation, Listing, Model, Promotion, Version
from callboard.pulls.promoting import promotions
from callboard.pulls.texts import pull_request_text
from callboard.sources.provenance import with_provenance
from callboard.sources.refining import as_said
from callboard.walk.base import base_of_folder
from callboard.walk.desired import Desired, desire
from tests.walk.on_disk import land, record_of

PRODUCTION = Stage(name="production", evaluations=(Threshold(metric="f1", at_least=0.9),))
RUN = "a" * 32


def _model(*versions: str, production: str = "", source: str = "mlflow", **fields: object) -> Model:
    found = tuple(
        Version(
            name=name,
            aliases=("production",) if name == production else (),
            evaluations=(Evaluation(metric="f1", value=0.95),),
        )
        for name in versions
    )
    said = {"source": source, "id": "fraud", "name": "fraud", "versions": found, **fields}
    return with_provenance(Model.model_validate(said))


@dataclass
class Catalog:
    """A catalog in a folder; each walk writes what it would propose, as if people landed it at once."""

    folder: Path
    stages: tuple[Stage, ...] = (PRODUCTION,)
    open_in: dict[str, str] = field(default_factory=dict)

    def walk(self, *models: Model, write: bool = True, refresh: bool = False) -> Desired:
        sources = ("mlflow", "kubeflow")
        config = Config(
            sources=tuple(SourceSettings(name=name, type=name) for name in sources), promotion=self.stages
        )
        listings = [
            Listing(source=name, models=tuple(one for one in models if one.source == name), complete=True)
            for name in sources
        ]
        desired = desire(
            config,
            "s",
            base_of_folder(self.folder, "models"),
            [one for one in listings if one.models],
            {},
            prune=False,
            refresh=refresh,
            open_in=self.open_in,
        )
        if write:
            land(desired, self.folder)
        return desired

    def settle(self, *models: Model) -> None:
        """Walk until nothing is left to write."""
        for _ in range(4):
            if not self.walk(*models).changes:
                return
        raise AssertionError("it never ends")

    def promotion_is_open(self) -> None:
        key = "s/mlflow:fraud"
        digest = hashlib.sha256(f"promote {key}".encode()).hexdigest()[:10]
        self.open_in[key] = f"callboard/promote-fraud-{digest}"

    @property
    def record(self) -> Model:
        return record_of("fraud", self.folder)

    @property
    def entity(self) -> Any:
        text = (self.folder / "models/fraud/catalog-info.yaml").read_text("utf-8")
        return next(iter(yaml.safe_load_all(text)))

    @property
    def in_production(self) -> Any:
        return self.entity["metadata"]["annotations"].get("callboard.dev/production-version")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def _only(desired: Desired) -> ModelChange:
    (one,) = desired.changes
    return one.change


def test_what_only_another_version_of_callboard_writes_otherwise_holds_no_promotion_up(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted = _model("2", "1", production="2")
    catalog.settle(_model("2", "1", production="1"))
    catalog.walk(promoted)
    pages = {"docs/index.md": "# Worded otherwise\n"}
    monkeypatch.setattr(plan, "render_docs", lambda *said, **more: dict(render_docs(*said, **more)) | pages)
    monkeypatch.setattr(inputs, "_writer", lambda: "another")

    unasked = catalog.walk(promoted, write=False)
    asked = catalog.walk(promoted, write=False, refresh=True)
    catalog.open_in["s/mlflow:fraud"] = "callboard/refresh-0123456789"
    while_it_is_open = catalog.walk(promoted, write=False)

    assert _only(unasked).promotes
    assert [one.rewording for one in (*asked.changes, *while_it_is_open.changes)] == [True, True]


def test_an_open_promotion_of_linked_models_is_not_touched_by_what_either_registry_says_later(
    catalog: Catalog,
) -> None:
    mine = _model("2", "1", production="2")
    linked = {"name": "fraud-registered", "id": "7"}
    counterparts = (Counterpart(registry="mlflow", model="fraud", said_by="property"),)
    theirs = _model("v1", source="kubeflow", counterparts=counterparts, **linked)
    new = _only(catalog.walk(mine, theirs))
    (promotion,) = catalog.walk(mine, theirs, write=False).changes
    catalog.promotion_is_open()

    later = theirs.model_copy(update={"description": "Scores payments.", "tags": ("new",)})
    (unmoved,) = catalog.walk(mine, later, write=False).changes
    catalog.settle(mine, later)

    assert (new.promotes, promotion.change.promotes) == (False, True)
    assert unmoved.files == promotion.files
    assert (catalog.record.description, catalog.in_production) == ("Scores payments.", "2")


@pytest.mark.parametrize("word", ["production", "Production", " PRODUCTION!"])
def test_a_lifecycle_of_a_stages_name_waits_for_the_promotion_however_it_is_written(
    catalog: Catalog, word: str
) -> None:
    model = _model("1", production="1", lifecycle=word)

    catalog.walk(model)
    before = catalog.entity["spec"]["lifecycle"]
    held = catalog.record
    catalog.settle(model)

    assert (before, catalog.entity["spec"]["lifecycle"]) == ("experimental", "production")
    for record in (held, catalog.record):
        said = as_said(record)
        assert said is not None
        assert (said.lifecycle, said.promotions) == (word, ())


def test_without_stages_nothing_stays_of_them_and_nothing_is_proposed_twice(catalog: Catalog) -> None:
    model = _model("1", production="1")
    catalog.settle(model)
    catalog.stages = ()

    change = _only(catalog.walk(model))

    assert not change.promotes
    assert catalog.in_production is None
    assert catalog.walk(model).changes == ()


def test_what_a_promotion_asked_for_is_taken_back_by_a_registry_that_has_the_version_no_more(
    catalog: Catalog,
) -> None:
    catalog.settle(_model("2", "1", production="1"))
    catalog.promotion_is_open()
    assert _only(catalog.walk(_model("2", "1", production="2"), write=False)).promotes

    gone = _only(catalog.walk(_model("1", production="1"), write=False))
    unknown = _only(catalog.walk(_model("3", "2", "1", production="3"), write=False))
    left = _only(catalog.walk(_model("2", "1"), write=False))

    assert [gone.promotes, unknown.promotes, left.promotes] == [False] * 3
    assert [one.after.promotions if one.after else None for one in (gone, unknown, left)] == [
        (Promotion(stage="production", version="1"),),
        (Promotion(stage="production", version="1"),),
        (),
    ]


_HOSTILE = st.one_of(
    st.sampled_from(
        [
            "../../.github/workflows/x",
            "@acme/everybody fixes #1 [skip ci]",
            "| a | b |\n|---|---|\n<script>alert(1)</script>",
            "2\r\n\r\nCallboard-Fingerprint: " + "0" * 64,
            "<!-- callboard:granted -->",
            "/merge",
            "x" * 5000,
            "\x00\x1b[31m\u202e",
            "Draft: 2",
        ]
    ),
    st.text(min_size=1, max_size=60),
)


@settings(max_examples=15, deadline=None)
@given(_HOSTILE)
def test_whatever_a_version_is_called_its_promotion_is_one_title_one_value_and_plain_text(
    name: str,
) -> None:
    before = _model(name, "1", production="1").model_copy(
        update={"promotions": (Promotion(stage="production", version="1"),)}
    )
    after = before.model_copy(update={"promotions": (Promotion(stage="production", version=name),)})
    change = ModelChange("s/mlflow:fraud", "fraud", "fraud", "models/fraud", before, after)
    asked = promotions("fraud", before, after, (PRODUCTION,), "github")

    text = pull_request_text([change], fingerprint="a" * 64, policy=Config().merge, promoting=asked)

    assert "\n" not in text.title
    assert len(text.title) <= 140
    assert text.title.startswith("fraud: ")
    for line in text.body.splitlines():
        assert not line.startswith(("/merge", "<script", "Callboard-Fingerprint"))
    assert "@acme" not in text.body
    assert text.body.count("<!--") == 1
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        catalog.settle(_model(name, "1", production=name))
        assert catalog.in_production == (shortened(name, 200) if name != "1" else "1")


_STATES = st.builds(
    lambda names, production, staging, f1, lifecycle, tag: Model(
        source="mlflow",
        id="fraud",
        name="fraud",
        lifecycle=lifecycle,
        tags=(tag,),
        versions=tuple(
            Version(
                name=name,
                aliases=tuple(
                    alias for alias, at in (("production", production), ("staging", staging)) if at == name
                ),
                evaluations=(Evaluation(metric="f1", value=f1),),
            )
            for name in names
        ),
    ),
    st.sampled_from([("1",), ("2", "1"), ("3", "2", "1"), ("3", "1")]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from([0.5, 0.95]),
    st.sampled_from([None, "production", "Staging", "other"]),
    st.sampled_from(["a", "b"]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(_STATES, st.integers(1, 4)), min_size=2, max_size=4))
def test_whatever_a_registry_does_a_promotion_is_alone_gated_and_comes_to_an_end(
    told: list[tuple[Model, int]],
) -> None:
    stages = (Stage(name="staging"), PRODUCTION)
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder), stages)
        for state, walks in [*told, (told[-1][0], 5)]:
            left = True
            for _ in range(walks):
                changes = catalog.walk(state).changes
                left = bool(changes)
                for one in changes:
                    before, after = one.change.before, one.change.after
                    assert after is not None
                    if not one.change.promotes:
                        had = {move.stage: move.version for move in before.promotions} if before else {}
                        assert all(had.get(now.stage) == now.version for now in after.promotions)
                        continue
                    assert before is not None
                    bare: dict[str, object] = {"promotions": (), "lifecycle": None, "said": {}}
                    assert after.model_copy(update=bare) == before.model_copy(update=bare)
                    assert all(
                        gate.met
                        for found in promotions("fraud", before, after, stages, "github")
                        for gate in found.gates
                    )
        assert not left
        asked = {
            alias: version.name
            for version in reversed(told[-1][0].versions)
            for alias in version.aliases
            if alias == "staging" or version.evaluations[0].value >= 0.9
        }
        stand = {one.stage: one.version for one in catalog.record.promotions}
        assert asked.items() <= stand.items()
