"""What people write stays, and what registries say still arrives."""

from __future__ import annotations

from tests.walk.house import House, card

CATALOG = "models/one/catalog-info.yaml"
PAGE = "models/one/docs/index.md"


def _landed(house: House) -> str:
    house.card("one", card("one", version="1", tags="tabular, fraud"))
    house.land_everything()
    return house.read(CATALOG)


def _next_version(house: House) -> str:
    """The registry publishes version 2 with another tag; what is proposed then is landed."""
    house.card("one", card("one", version="2", tags="tabular, fraud, fast"))
    house.land_everything()
    return house.read(CATALOG)


def test_an_owner_changed_by_hand_stays(house: House) -> None:
    text = _landed(house)
    house.edit(CATALOG, text.replace("owner: group:default/fraud", "owner: group:default/risk"))

    after = _next_version(house)

    assert "owner: group:default/risk" in after
    assert "version: '2'" in after


def test_tags_added_and_removed_by_hand_stay_so_and_the_registrys_arrive(house: House) -> None:
    text = _landed(house)
    house.edit(CATALOG, text.replace("    - tabular\n", "    - by-hand\n"))

    after = _next_version(house)

    assert "- by-hand" in after
    assert "- tabular" not in after
    assert "- fast" in after


def test_comments_order_and_bytes_of_untouched_lines_stay(house: House) -> None:
    text = _landed(house)
    head, spec = text.split("spec:\n")
    mine = f"# ours\n{head}spec:   # look here\n" + "".join(reversed(spec.splitlines(keepends=True)))
    house.edit(CATALOG, mine)

    after = _next_version(house)

    before_lines, after_lines = mine.splitlines(), after.splitlines()
    gone = [line for line in before_lines if line not in after_lines]
    new = [line for line in after_lines if line not in before_lines]
    assert gone == ["    callboard.dev/version: '1'"]
    assert new == ["    callboard.dev/version: '2'", "    - fast"]


def test_a_rewritten_paragraph_stays_and_the_registrys_change_elsewhere_arrives(house: House) -> None:
    _landed(house)
    page = house.read(PAGE)
    line = next(line for line in page.splitlines() if "Says what one says" in line)
    house.edit(PAGE, page.replace(line, "A person said it better."))

    _next_version(house)

    after = house.read(PAGE)
    assert "A person said it better." in after
    assert line not in after
    assert "2" in after


def test_a_folder_that_a_person_made_with_the_same_name_is_not_touched(house: House) -> None:
    house.commit({"models/one/catalog-info.yaml": b"# by hand\n"})
    house.card("one", card("one"))

    (proposal,) = house.sync().proposals

    assert all(not path.startswith("models/one/") for path in proposal.group.files)


def test_nothing_is_proposed_for_edits_alone(house: House) -> None:
    text = _landed(house)
    house.edit(CATALOG, text.replace("owner: group:default/fraud", "owner: group:default/risk"))

    assert house.sync().proposals == ()


def test_a_file_that_people_broke_is_left_alone_and_said(house: House) -> None:
    _landed(house)
    house.edit(CATALOG, "kind: [\n")
    house.card("one", card("one", version="2"))

    result = house.sync()

    assert result.proposals == ()
    assert any(finding.where.startswith("models/one") for finding in result.desired.findings)


def test_a_pull_request_text_written_by_a_person_is_kept(house: House) -> None:
    house.card("one", card("one", version="1"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    number = proposal.pull.number
    _, body = house.hands().text(number)
    house.hands().rewrite(number, "My title", body + "\nMy words.\n")
    house.card("one", card("one", version="2"))

    house.sync()

    title, after = house.hands().text(number)
    assert title == "My title"
    assert "My words." in after


def test_a_hostile_lock_is_reported_and_its_folder_left_alone(house: House) -> None:
    _landed(house)
    for content in (
        b"[" * 100_000,
        b'{"lock": 1, "key": {"scope": "../../x"}}',
        b"\xff\x00",
        b'{"lock":1,"x":NaN}',
    ):
        house.commit({"models/one/.callboard.lock": content})
        house.card("one", card("one", version="3"))

        result = house.sync()

        assert result.proposals == ()
        assert any("lock" in finding.what for finding in result.desired.findings)
