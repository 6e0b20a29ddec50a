"""Our own queue: who goes first, who goes together, who waits, and who is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config import Merge
from callboard.pulls.decide import decide
from callboard.pulls.queue import Candidate, Plan, Sifted, in_order, plan, without_offenders
from callboard.pulls.verdict import Verdict
from tests.pulls.examples import BEA, HEAD, facts, review

START = datetime(2026, 1, 1, tzinfo=UTC)


def ready(
    number: int, *folders: str, at: int | None = 0, entities: Sequence[str] = (), **more: Any
) -> Candidate:
    """A pull request that was approved ``at`` so many minutes and changes these folders."""
    paths = tuple(f"models/{folder}/catalog-info.yaml" for folder in folders or (f"m{number}",))
    known = facts(**{"number": number, "paths": paths, "entities": frozenset(entities)} | more)
    approved = None if at is None else START + timedelta(minutes=at)
    return Candidate(known, Verdict("merge", HEAD, (), ("ann",), 1, approved))


def numbers(candidates: Sequence[Candidate]) -> list[int]:
    return [one.facts.pull.number for one in candidates]


def going(found: Plan) -> list[list[int]]:
    return [numbers(batch) for batch in found.batches]


def test_first_approved_goes_first_then_the_lower_number() -> None:
    late, early, unknown, same = ready(1, at=9), ready(4, at=1), ready(2, at=None), ready(3, at=9)

    assert numbers(in_order([unknown, same, late, early])) == [4, 1, 3, 2]


def test_the_turn_is_the_time_at_which_the_approvals_became_enough() -> None:
    known = facts(reviews=(review(at=3), review(at=9), review(BEA, at=5)))

    assert decide(known, Merge()).approved_at == datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert decide(known, Merge(approvals=2)).approved_at == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert decide(known, Merge(approvals=3)).approved_at is None


def test_what_does_not_overlap_goes_together_in_batches_of_the_given_size() -> None:
    found = plan([ready(number) for number in range(1, 6)], 2)

    assert going(found) == [[1, 2], [3, 4], [5]]
    assert found.waiting == ()


def test_what_changes_the_same_folder_waits_and_says_for_which() -> None:
    found = plan([ready(1, "fraud"), ready(2, "Fraud", "churn"), ready(3, "churn"), ready(4)], 50)

    assert going(found) == [[1, 4]]
    assert numbers(found.waiting) == [2, 3]
    verdict = found.waiting[0].verdict
    assert (verdict.kind, verdict.head, verdict.approved_by) == ("wait", HEAD, ("ann",))
    (reason,) = verdict.reasons
    assert reason.code == "comes-after"
    assert reason.sentence == "#1 changes the same and comes first."
    assert reason.hint == "Nothing to do: #2 has its turn once #1 is merged."
    assert "#2 changes the same" in found.waiting[1].verdict.reasons[0].sentence


def test_all_that_overlap_wait_for_the_first_of_them() -> None:
    found = plan([ready(number, "fraud") for number in (3, 1, 2)], 50)

    assert going(found) == [[1]]
    assert [one.verdict.reasons[0].sentence.split()[0] for one in found.waiting] == ["#1", "#1"]


def test_what_names_the_same_entity_waits_in_any_case() -> None:
    one = ready(1, entities=["component:default/Fraud"])
    other = ready(2, entities=["Component:default/fraud"])

    assert going(plan([other, one], 50)) == [[1]]


def test_a_file_right_in_our_root_is_a_thing_of_its_own() -> None:
    one = ready(1, paths=("models/README.md",))
    other = ready(2, paths=("models/OWNERS.md",))
    same = ready(3, paths=("models/readme.md",))

    assert going(plan([one, other, same], 50)) == [[1, 2]]


def test_folders_are_those_below_a_root_of_several_folders() -> None:
    one = ready(1, path="catalog/models", paths=("catalog/models/a/x.yaml",))
    other = ready(2, path="catalog/models", paths=("catalog/models/b/x.yaml",))

    assert going(plan([one, other], 50)) == [[1, 2]]


candidates = st.lists(
    st.builds(
        lambda folders, entities, at: (folders, entities, at),
        st.lists(st.sampled_from(["a", "A", "b", "c", "d", "e"]), min_size=1, max_size=2),
        st.lists(st.sampled_from(["x", "X", "y", "z"]), max_size=1),
        st.none() | st.integers(0, 3),
    ),
    max_size=8,
).map(
    lambda found: [
        ready(number, *folders, at=at, entities=entities)
        for number, (folders, entities, at) in enumerate(found)
    ]
)


def touched(one: Candidate) -> set[str]:
    folders = {path.split("/")[1].lower() for path in one.facts.pull.paths}
    return folders | {f"entity {name.lower()}" for name in one.facts.entities}


@given(candidates, st.integers(1, 4), st.data())
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_nothing_overlaps_and_the_order_of_telling_does_not_matter(
    known: list[Candidate], size: int, data: st.DataObject
) -> None:
    found = plan(known, size)

    assert plan(data.draw(st.permutations(known)), size) == found
    together = [one for batch in found.batches for one in batch]
    assert sorted(numbers([*together, *found.waiting])) == numbers(known)
    assert all(0 < len(batch) <= size for batch in found.batches)
    assert all(one in known for one in together)
    for index, one in enumerate(together):
        assert all(not touched(one) & touched(other) for other in together[:index])
    order = numbers(in_order(known))
    assert numbers(together) == [number for number in order if number in numbers(together)]
    by_number = {one.facts.pull.number: one for one in known}
    for one in found.waiting:
        (reason,) = one.verdict.reasons
        first = int(reason.sentence.removeprefix("#").split()[0])
        assert one.verdict.kind == "wait"
        assert order.index(first) < order.index(one.facts.pull.number)
        assert touched(by_number[first]) & touched(one)


class Together:
    """What the validation of several says, and how often it was asked."""

    def __init__(self, *conflicts: set[int], base: Sequence[str] = ()) -> None:
        self.conflicts, self.base, self.asked = conflicts, base, 0

    def __call__(self, together: frozenset[int]) -> Sequence[str]:
        self.asked += 1
        clashes = [one for one in self.conflicts if one <= together]
        return [*self.base, *(f"{sorted(one)} say the same" for one in clashes)]


def sentences(found: Sifted) -> list[str]:
    return [one.verdict.reasons[0].sentence for one in found.blocked]


def test_a_batch_that_is_valid_is_asked_about_once() -> None:
    batch = [ready(number) for number in range(50)]
    asked = Together()

    assert without_offenders(batch, asked) == Sifted(tuple(batch), ())
    assert asked.asked == 1


def test_of_two_that_are_not_valid_together_the_later_is_blocked_and_the_rest_goes_on() -> None:
    batch = [ready(number) for number in range(1, 51)]
    asked = Together({7, 30})

    found = without_offenders(batch, asked)

    assert numbers(found.kept) == [number for number in range(1, 51) if number != 30]
    assert numbers(found.blocked) == [30]
    verdict = found.blocked[0].verdict
    assert (verdict.kind, verdict.reasons[0].code) == ("blocked", "invalid-together")
    assert sentences(found) == ["Together with #7 it is not valid: [7, 30] say the same."]
    assert verdict.reasons[0].hint == "Change one of them, or close it: #7 goes on."
    assert asked.asked <= 18


def test_one_that_is_not_valid_even_alone_is_blocked_alone() -> None:
    found = without_offenders([ready(1), ready(2)], Together({1}))

    assert numbers(found.kept) == [2]
    assert sentences(found) == ["It is not valid on the base branch as it is: [1] say the same."]


def test_several_errors_are_counted() -> None:
    found = without_offenders([ready(1), ready(2)], lambda some: ["b.", "a."] if len(some) == 2 else [])

    assert sentences(found) == ["Together with #1 it is not valid: a (and 1 more)."]


def test_what_is_wrong_with_the_base_branch_already_is_nobodys_fault() -> None:
    batch = (ready(1), ready(2))

    assert without_offenders(batch, Together(base=["old"])) == Sifted(batch, ())
    assert numbers(without_offenders(batch, Together({1, 2}, base=["old"])).blocked) == [2]


def test_an_empty_batch_asks_nothing_that_it_need_not() -> None:
    assert without_offenders((), Together(base=["old"])) == Sifted((), ())


@given(
    st.lists(st.sets(st.integers(0, 7), min_size=1, max_size=3), max_size=4),
    st.permutations(range(8)),
)
@settings(max_examples=300, deadline=None)
def test_what_is_kept_is_valid_together_and_each_blocked_one_is_needed_for_its_error(
    conflicts: list[set[int]], order: list[int]
) -> None:
    asked = Together(*conflicts)
    batch = [ready(number, at=place) for place, number in enumerate(order)]

    found = without_offenders(batch, asked)

    assert not asked(frozenset(numbers(found.kept)))
    assert sorted(numbers([*found.kept, *found.blocked])) == list(range(8))
    assert numbers(found.kept) == [number for number in order if number in numbers(found.kept)]
    for one in found.blocked:
        # It is the last of a conflict, and all others of that are named.
        mine = [clash for clash in conflicts if one.facts.pull.number == max(clash, key=order.index)]
        said = one.verdict.reasons[0].sentence
        assert any(all(f"#{other}" in said for other in clash - {one.facts.pull.number}) for clash in mine)
    assert without_offenders(batch, asked) == found
