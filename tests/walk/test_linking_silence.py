"""Whatever sources fall silent, no record of several sources changes: decided from values alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.generated import Generated
from callboard.catalog.identity import Key
from callboard.catalog.lock import Lock
from callboard.catalog.shelf import Folder, Shelf
from callboard.config import Config, SourceSettings
from callboard.config_links import Links
from callboard.model import Counterpart, Endpoint, Listing, Model, Version
from callboard.walk.linking import Catalogued, Entry, catalogued

_SOURCES = ("mlflow", "kubeflow", "kserve", "hub")
_TYPES = dict(zip(_SOURCES, ("mlflow", "kubeflow", "kserve", "huggingface"), strict=True))
_IDS = ("a", "b", "c")
_RUNS = ("1" * 32, "2" * 32)
_MODELS = st.lists(
    st.builds(
        Model,
        source=st.sampled_from(_SOURCES),
        id=st.sampled_from(_IDS),
        name=st.sampled_from(_IDS),
        description=st.none() | st.sampled_from(_IDS),
        endpoints=st.just(()) | st.just((Endpoint(url="https://x.example", protocol="rest"),)),
        versions=st.lists(
            st.builds(Version, name=st.just("1"), run_id=st.none() | st.sampled_from(_RUNS)), max_size=1
        ).map(tuple),
        counterparts=st.lists(
            st.builds(
                Counterpart,
                registry=st.sampled_from(list(_TYPES.values())),
                said_by=st.just("x"),
                model=st.none() | st.sampled_from(_IDS),
                run_id=st.none() | st.sampled_from(_RUNS),
            ),
            max_size=2,
        ).map(tuple),
    ),
    max_size=8,
    unique_by=lambda model: (model.source, model.id),
)
_SAME = st.lists(
    st.tuples(st.sampled_from(_SOURCES), st.sampled_from(_IDS)).map(":".join), min_size=2, max_size=3
).map(tuple)


def _walk(config: Config, shelf: Shelf, models: list[Model], silent: set[str]) -> Catalogued:
    listings = [
        Listing(source=name)
        if name in silent
        else Listing(source=name, models=tuple(one for one in models if one.source == name), complete=True)
        for name in _SOURCES
    ]
    live = {Key("s", one.source, one.id): one for one in models if one.source not in silent}
    return catalogued(config, "s", shelf, listings, live, set(), set(), {})


def _shelf(entries: tuple[Entry, ...]) -> Shelf:
    return Shelf(
        {
            one.key: Folder(
                f"models/{one.key.source}-{one.key.id}",
                Lock(key=one.key, record=one.model, inputs="", generated=Generated(), parts=one.parts),
            )
            for one in entries
        }
    )


@given(_MODELS, st.lists(_SAME, max_size=1).map(tuple), st.sets(st.sampled_from(_SOURCES)))
def test_no_record_changes_because_sources_fall_silent(
    models: list[Model], same: tuple[tuple[str, ...], ...], silent: set[str]
) -> None:
    config = Config(
        sources=tuple(SourceSettings(name=name, type=_TYPES[name]) for name in _SOURCES),
        links=Links(same=same),
    )
    first = _walk(config, Shelf({}), models, set())
    written = {one.key: one for one in first.entries}

    quiet = _walk(config, _shelf(first.entries), models, silent)
    again = _walk(config, _shelf(first.entries), models, set())

    assert again.entries == first.entries
    assert not again.deletions
    assert not quiet.deletions
    assert all(written.get(one.key) == one for one in quiet.entries)
