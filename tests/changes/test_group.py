"""Which changes go into one pull request: as configured, within bounds, and without moving about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.changes.change import ModelChange
from callboard.changes.group import FileChange, Group, Placed
from callboard.changes.grouping import Member, Rules, group, is_held, is_promotion
from callboard.changes.shards import Room, parts, place_of
from callboard.config import GroupBy
from callboard.model import Model, Promotion

GITHUB = Room(models=250, files=2500)


def change(
    name: str,
    *,
    kind: str = "new",
    source: str = "cards",
    owner: str = "group:default/fraud",
    system: str = "ai",
    files: int = 5,
    rewording: bool = False,
) -> FileChange:
    record = Model(source=source, id=name, name=name)
    stands = {"promotions": (Promotion(stage="production", version="1"),)} if kind == "promotion" else {}
    folder = f"models/{name}"
    paths = tuple(f"{number}.md" for number in range(files))
    return FileChange(
        ModelChange(
            key=f"test/{source}:{name}",
            name=name,
            title=name,
            folder=folder,
            before=None if kind == "new" else record,
            after=None if kind == "removed" else record.model_copy(update=stands),
            files_added=paths if kind == "new" else (),
        ),
        source,
        {f"{folder}/{path}": None if kind == "removed" else b"x" for path in paths},
        catalog=f"spec: {{type: ai-model, owner: '{owner}', system: '{system}'}}\n".encode(),
        rewording=rewording,
    )


def member(one: FileChange) -> Member:
    """The same model once it is merged."""
    return Member(one.change.key, one.source, one.placed, len(one.files))


def rules(by: GroupBy = "model", room: Room = GITHUB, at_once: int = 10) -> Rules:
    return Rules(by, "test", room, at_once)


def names(groups: Iterable[Group]) -> dict[str, list[str]]:
    return {one.slug: [each.change.name for each in one.changes] for one in groups}


def opened(groups: Iterable[Group]) -> dict[str, str]:
    """Every model's branch when each of the groups has an open pull request."""
    return {each.change.key: one.branch("callboard/", ()) for one in groups for each in one.changes}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("model", {"a": ["a"], "b": ["b"], "c": ["c"]}),
        ("owner", {"fraud": ["a", "b"], "risk": ["c"]}),
        ("system", {"ai": ["a"], "no-system": ["b", "c"]}),
        ("source", {"cards": ["a", "c"], "hub": ["b"]}),
        ("all", {"models": ["a", "b", "c"]}),
    ],
)
def test_changes_are_grouped_as_configured(by: GroupBy, expected: dict[str, list[str]]) -> None:
    changes = [
        change("a", owner="fraud"),
        change("b", owner="group:default/Fraud", source="hub", system=""),
        change("c", owner="group:default/risk", system=""),
    ]

    found = group(changes, (), rules(by), {})

    assert {slug: sorted(held) for slug, held in names(found).items()} == expected


def test_deletions_are_never_mixed_with_other_changes() -> None:
    changes = [change("a"), change("b", kind="removed"), change("c", kind="changed")]

    found = group(changes, map(member, changes[1:]), rules("all"), {})

    assert names(found) == {"models": ["a", "c"], "delete-models": ["b"]}
    assert [one.deletion for one in found] == [True, False]


def test_the_owner_is_the_one_that_the_entity_will_have() -> None:
    assert change("a", owner="risk").placed == Placed("group:default/risk", "system:default/ai")
    assert FileChange(change("a").change, "cards", {}, catalog=b"spec: [").placed == Placed()


def test_what_an_owner_is_called_cannot_break_a_branch_name() -> None:
    (found,) = group([change("a", owner="user:x/..A~^:?*[/.lock")], (), rules("owner"), {})

    assert found.branch("callboard/", ()).startswith("callboard/lock-")


def test_a_first_import_is_a_few_pull_requests_and_all_can_be_merged() -> None:
    changes = [change(f"model-{number}", files=7) for number in range(3000)]

    found = group(changes, (), rules(), {})

    assert len(found) <= 16
    assert sum(len(one.changes) for one in found) == 3000
    assert all(len(one.changes) <= 250 and len(one.files) <= 2500 for one in found)
    assert all(one.slug.startswith("import-cards-") for one in found)
    assert len({one.branch("callboard/", ()) for one in found}) == len(found)


def test_no_import_is_made_of_as_many_as_may_be_open_at_once() -> None:
    changes = [change(f"model-{number}") for number in range(10)]

    assert len(group(changes, (), rules(), {})) == 10
    assert names(group([*changes, change("one-more")], (), rules(), {})).keys() == {"import-cards"}


def test_an_import_is_one_by_owner_when_the_owners_are_few() -> None:
    changes = [change(f"model-{number}", owner=f"team-{number % 3}") for number in range(30)]

    assert names(group(changes, (), rules("owner"), {})).keys() == {"team-0", "team-1", "team-2"}
    assert names(group(changes, (), rules("owner", at_once=2), {})).keys() == {"import-cards"}


def test_each_source_is_imported_apart_and_what_changes_goes_by_the_configuration() -> None:
    changes = [
        *(change(f"a-{number}") for number in range(11)),
        *(change(f"b-{number}", source="hub") for number in range(2)),
        change("old", kind="changed"),
    ]

    assert names(group(changes, (), rules(), {})).keys() == {"import-cards", "b-0", "b-1", "old"}


def test_merging_a_part_moves_nothing_between_the_others() -> None:
    changes = [change(f"model-{number}") for number in range(1000)]
    before = group(changes, (), rules(), {})
    merged = {each.change.key for each in before[0].changes}
    rest = [one for one in changes if one.change.key not in merged]

    after = group(rest, map(member, before[0].changes), rules(), {})

    assert list(after) == list(before[1:])


def test_an_open_import_keeps_its_models_and_later_ones_go_their_own_way() -> None:
    changes = [change(f"model-{number}") for number in range(20)]
    (first,) = group(changes, (), rules(), {})

    after = group([*changes, change("late")], (), rules(), opened([first]))

    assert names(after).keys() == {"import-cards", "late"}
    assert after[0].key == first.key
    assert len(after[0].changes) == 20
    few = changes[:3]
    assert [len(one.changes) for one in group(few, (), rules(), opened([first]))] == [3]


def test_a_model_that_has_a_pull_request_of_its_own_is_not_taken_into_an_import() -> None:
    (own,) = group([change("first")], (), rules(), {})
    later = [change("first"), *(change(f"model-{number}") for number in range(20))]

    assert names(group(later, (), rules(), opened([own])))["first"] == ["first"]


@pytest.mark.parametrize(("before", "after"), [("model", "all"), ("all", "model"), ("source", "owner")])
def test_another_grouping_takes_what_is_open_along(before: GroupBy, after: GroupBy) -> None:
    changes = [change("a"), change("b")]
    held = opened(group(changes, (), rules(before), {}))

    found = group(changes, (), rules(after), held)

    assert names(found) == names(group(changes, (), rules(after), {}))


def test_what_only_this_version_writes_otherwise_is_one_refresh() -> None:
    changes = [change(f"m-{number}", kind="changed", rewording=number > 0) for number in range(4)]

    found = group(changes, map(member, changes), rules(), {})

    assert names(found) == {"m-0": ["m-0"], "refresh": ["m-1", "m-2", "m-3"]}


def test_a_part_that_grew_too_big_while_it_was_open_is_split() -> None:
    changes = [change(f"model-{number}", files=10) for number in range(40)]
    held = opened(group(changes, (), rules("all", Room(50, 400)), {}))
    assert len(set(held.values())) == 1
    grown = [change(f"model-{number}", files=20) for number in range(40)]

    found = group(grown, (), rules("all", Room(50, 400)), held)

    assert len(found) > 1
    assert all(len(one.files) <= 400 for one in found)


def test_a_single_model_is_never_split() -> None:
    (found,) = group([change("huge", files=3000)], (), rules("all"), {})

    assert len(found.files) == 3000


KEYS = st.dictionaries(st.text(min_size=1, max_size=6), st.integers(1, 40), max_size=40)
ROOMS = st.builds(Room, st.integers(1, 10), st.integers(40, 100))


@given(KEYS, ROOMS)
def test_every_part_finds_room_and_names_what_its_models_have_in_common(
    sizes: Mapping[str, int], room: Room
) -> None:
    found = parts(sizes, room)

    assert found.keys() == sizes.keys()
    assert all(place_of(key).startswith(bits) for key, bits in found.items())
    for bits in set(found.values()):
        held = [sizes[key] for key in found if found[key] == bits]
        assert room.has(held) or len(held) == 1


@given(KEYS, ROOMS, st.text(min_size=1, max_size=6), st.integers(1, 40))
def test_one_more_model_splits_no_part_but_its_own(
    sizes: Mapping[str, int], room: Room, key: str, files: int
) -> None:
    before, after = parts(sizes, room), parts({**sizes, key: files}, room)

    moved = {before[one] for one in before if one != key and before[one] != after[one]}
    assert len(moved) <= 1
    assert all(place_of(key).startswith(bits) for bits in moved)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[FileChange], Sequence[FileChange], GroupBy]:
    """Changes, those of them that are merged, and a grouping."""
    drawn = draw(st.lists(st.text("abcdef", min_size=1, max_size=4), unique=True, max_size=30))
    changes = [
        change(name, owner=f"team-{len(name)}", source=draw(st.sampled_from(["cards", "hub"])))
        for name in drawn
    ]
    by = draw(st.sampled_from(["model", "owner", "system", "source", "all"]))
    merged = [one for one in changes if draw(st.booleans())]
    return changes, merged, by  # type: ignore[return-value]


@given(histories(), st.integers(1, 5), st.integers(1, 6))
def test_whatever_is_merged_what_is_open_stays_where_it_is(
    history: tuple[list[FileChange], Sequence[FileChange], GroupBy], models: int, at_once: int
) -> None:
    changes, merged, by = history
    how = rules(by, Room(models, 2500), at_once)
    before = group(changes, (), how, {})
    rest = [one for one in changes if one not in merged]

    after = group(rest, map(member, merged), how, opened(before))

    assert sorted(each.change.key for one in after for each in one.changes) == sorted(
        one.change.key for one in rest
    )
    where = opened(before)
    assert opened(after) == {one.change.key: where[one.change.key] for one in rest}


@pytest.mark.parametrize("by", get_args(GroupBy))
def test_a_promotion_is_alone_whatever_the_grouping_and_comes_after_all_that_need_not_wait(
    by: GroupBy,
) -> None:
    promoted = [change(name, kind="promotion") for name in ("a", "b")]
    others = [change("c", kind="changed"), change("d"), change("e", kind="removed")]
    small = Room(models=250, files=1)
    known = [member(one) for one in (*promoted, *others)]

    first = group([*promoted, *others], known, rules(by), {})
    branches = {one.changes[0].change.key: one.branch("callboard/", ()) for one in first}
    again = group(promoted, known, rules(by, small), branches)
    update = group([change("a", kind="changed")], known, rules(by), branches)

    assert [one.slug for one in first[-2:]] == ["promote-a", "promote-b"]
    assert not any("promote" in one.slug for one in first[:-2])
    assert [one.branch("callboard/", branches.values()) for one in again] == [
        branches[one.change.key] for one in promoted
    ]
    for one in promoted:
        branch = branches[one.change.key]
        assert is_promotion(branch, one.change.key)
        assert is_held(one, branch, rules(by))
    assert not is_promotion(update[0].branch("callboard/", branches.values()), "test/cards:a")
