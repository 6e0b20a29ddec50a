"""Absence is not deletion."""

from __future__ import annotations

from pathlib import Path

from tests.walk.house import House, card


def _landed(house: House, count: int) -> None:
    house.config_text += "pull-requests: {group-by: all}\n"
    for number in range(count):
        house.card(f"model-{number:02}", card(f"model-{number:02}"))
    house.land_everything()


def _cards(house: House) -> list[Path]:
    return sorted((house.folder / "cards").glob("*.md"))


def test_a_source_that_answers_an_empty_list_deletes_nothing(house: House) -> None:
    _landed(house, 3)
    for path in _cards(house):
        path.unlink()

    result = house.sync()

    assert result.proposals == ()
    (finding,) = result.desired.findings
    assert "answered nothing" in finding.what
    assert finding.severity == "error"


def test_half_a_list_deletes_nothing(house: House) -> None:
    _landed(house, 12)
    for path in _cards(house)[:6]:
        path.unlink()

    result = house.sync()

    assert result.proposals == ()
    assert "6 of 12 models disappeared at once" in result.desired.findings[0].what


def test_an_error_in_the_middle_deletes_nothing(house: House) -> None:
    _landed(house, 3)
    _cards(house)[0].unlink()
    (house.folder / "cards" / "model-01.md").write_bytes(b"---\nname: [\n")
    (house.folder / "cards" / "model-02.md").chmod(0)
    outside = house.folder / "outside.md"
    outside.write_text(card("outside"))
    (house.folder / "cards" / "model-02.md").unlink()
    (house.folder / "cards" / "model-02.md").symlink_to(outside)

    result = house.sync()

    kinds = [change.change.kind for change in result.desired.changes]
    assert "removed" not in kinds or not any(
        change.change.name in ("model-01", "model-02")
        for change in result.desired.changes
        if change.change.kind == "removed"
    )


def test_a_folder_that_is_gone_deletes_nothing(house: House) -> None:
    _landed(house, 2)
    (house.folder / "cards").rename(house.folder / "elsewhere")

    result = house.sync()

    assert result.proposals == ()
    assert result.silent_sources == ("cards",)


def test_one_missing_model_is_proposed_for_deletion_in_a_pull_request_of_its_own(house: House) -> None:
    _landed(house, 3)
    _cards(house)[0].unlink()
    house.card("model-01", card("model-01", version="2"))

    result = house.sync()

    deletion, update = sorted(result.proposals, key=lambda one: not one.group.deletion)
    assert deletion.group.deletion
    assert [one.change.name for one in deletion.group.changes] == ["model-00"]
    assert [one.change.name for one in update.group.changes] == ["model-01"]
    assert deletion.pull is not None
    _, body = house.hands().text(deletion.pull.number)
    assert "model-00" in body


def test_a_deletion_is_never_merged_without_a_person(house: House) -> None:
    _landed(house, 3)
    _cards(house)[0].unlink()
    house.sync()

    (one,) = house.reconcile().handled

    assert one.done == "nothing"


def test_a_narrowed_selection_deletes_nothing_unless_asked(house: House) -> None:
    _landed(house, 3)
    house.config_text = house.config_text.replace(
        "path: cards}", "path: cards, select: {exclude: ['model-00']}}"
    )

    kept = house.sync()
    pruned = house.sync(prune=True)

    assert kept.proposals == ()
    assert "no longer selected" in kept.desired.findings[0].what
    assert [one.change.name for one in pruned.desired.changes] == ["model-00"]
    assert pruned.desired.changes[0].change.kind == "removed"


def test_a_removed_source_deletes_nothing_unless_asked(house: House) -> None:
    _landed(house, 2)
    house.config_text = house.config_text.replace("[{name: cards, type: files, path: cards}]", "[]")

    kept = house.sync()
    pruned = house.sync(prune=True)

    assert kept.proposals == ()
    assert "no source cards" in kept.desired.findings[0].what
    assert {one.change.kind for one in pruned.desired.changes} == {"removed"}
    assert len(pruned.desired.changes) == 2


def test_a_renamed_source_carries_its_models_over(house: House) -> None:
    _landed(house, 2)
    house.config_text = house.config_text.replace("name: cards", "name: registry, formerly: [cards]")

    result = house.sync()

    assert {one.change.kind for one in result.desired.changes} == {"changed"}
    assert {one.change.name for one in result.desired.changes} == {"model-00", "model-01"}
    assert all(one.change.key.startswith("test/cards:") for one in result.desired.changes)


def test_a_source_renamed_without_saying_so_proposes_nothing_twice(house: House) -> None:
    _landed(house, 2)
    house.config_text = house.config_text.replace("name: cards", "name: registry")

    result = house.sync()

    assert result.proposals == ()
    assert "formerly: [cards]" in result.desired.findings[0].hint


def test_pruning_does_not_delete_for_a_source_that_answers_nothing(house: House) -> None:
    _landed(house, 2)
    for path in _cards(house):
        path.unlink()

    assert house.sync(prune=True).proposals == ()
