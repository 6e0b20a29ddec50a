"""Absence is not deletion, decided from values alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callboard.catalog.absence import absent, orphaned
from callboard.catalog.identity import Key
from callboard.model import Listing, Model

_IDS = [f"m{number}" for number in range(30)]


def _held(ids: list[str]) -> dict[Key, str]:
    return {Key("s", "cards", one): one for one in ids}


def _listing(
    ids: list[str],
    *,
    complete: bool = True,
    unread: tuple[str, ...] = (),
    archived: tuple[str, ...] = (),
) -> Listing:
    models = tuple(Model(source="cards", id=one, name=one) for one in ids)
    return Listing(source="cards", models=models, complete=complete, unread=unread, archived=archived)


def _deleted(
    listing: Listing, held: dict[Key, str], *, deselected: tuple[Key, ...] = (), prune: bool = False
) -> set[str]:
    listed = {Key("s", "cards", model.id) for model in listing.models}
    return {key.id for key in absent(listing, held, listed, deselected, prune=prune).deletions}


def test_one_missing_model_is_a_deletion() -> None:
    assert _deleted(_listing(_IDS[1:]), _held(_IDS)) == {"m0"}


def test_a_model_that_could_not_be_read_is_not_missing() -> None:
    assert _deleted(_listing(_IDS[1:], unread=("m0",)), _held(_IDS)) == set()


def test_five_may_go_at_once_and_six_may_not() -> None:
    assert len(_deleted(_listing(_IDS[5:]), _held(_IDS))) == 5
    assert _deleted(_listing(_IDS[6:]), _held(_IDS)) == set()


def test_a_tenth_may_go_where_that_is_more() -> None:
    many = [f"m{number}" for number in range(200)]

    assert len(_deleted(_listing(many[20:]), _held(many))) == 20
    assert _deleted(_listing(many[21:]), _held(many)) == set()


def test_archived_models_leave_as_missing_ones_do_and_all_at_once_only_when_asked() -> None:
    few, many = tuple(_IDS[:5]), tuple(_IDS[:6])

    assert _deleted(_listing(_IDS[5:], archived=few), _held(_IDS)) == set(few)
    assert _deleted(_listing(_IDS[6:], archived=many), _held(_IDS)) == set()
    assert _deleted(_listing(_IDS[6:], archived=many), _held(_IDS), prune=True) == set(many)
    assert _deleted(_listing(_IDS[5:], archived=few, complete=False), _held(_IDS)) == set()
    result = absent(_listing([], archived=many), _held(_IDS[:6]), (), (), prune=False)
    assert [one.what for one in result.findings] == ["6 of 6 models were archived at once and are kept"]


def test_a_source_of_which_all_but_one_is_archived_did_answer() -> None:
    listing = _listing([], archived=("m0",))

    assert _deleted(listing, _held(["m0", "m1"])) == {"m0", "m1"}


@given(
    st.sets(st.sampled_from(_IDS)),
    st.booleans(),
    st.booleans(),
    st.sets(st.sampled_from(_IDS)),
    st.sets(st.sampled_from(_IDS)),
)
def test_nothing_is_deleted_that_is_listed_or_unsure(
    ids: set[str], complete: bool, prune: bool, gone_from_selection: set[str], archived: set[str]
) -> None:
    gone_from_selection -= archived
    listing = _listing(sorted(ids), complete=complete, archived=tuple(archived))
    deselected = tuple(Key("s", "cards", one) for one in gone_from_selection)

    deleted = _deleted(listing, _held(_IDS), deselected=deselected, prune=prune)

    assert not deleted & ids
    assert complete or not deleted
    assert prune or not deleted & gone_from_selection


@given(st.sets(st.sampled_from(_IDS)), st.booleans())
def test_what_is_missing_and_stays_is_always_said(ids: set[str], complete: bool) -> None:
    listing = _listing(sorted(ids), complete=complete)
    listed = {Key("s", "cards", one) for one in ids}

    result = absent(listing, _held(_IDS), listed, (), prune=False)

    kept = set(_held(_IDS)) - listed - set(result.deletions)
    assert not kept or result.findings


def test_a_source_that_is_gone_deletes_only_when_asked() -> None:
    assert orphaned("cards", _held(["a"]), prune=False).deletions == ()
    assert len(orphaned("cards", _held(["a"]), prune=True).deletions) == 1
