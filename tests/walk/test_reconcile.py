"""What is merged, what is not and why, and what follows a merge."""

from __future__ import annotations

import pytest

from tests.walk.house import REPOSITORY, House, card


def _open_one(house: House, version: str = "1") -> int:
    house.card("one", card("one", version=version))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    return proposal.pull.number


def test_nothing_is_merged_without_an_approval(house: House) -> None:
    _open_one(house)

    (one,) = house.reconcile().handled

    assert (one.verdict.kind, one.done) == ("wait", "nothing")


def test_a_quiet_pass_writes_nothing(house: House) -> None:
    _open_one(house)
    house.reconcile()
    mark = house.forge.log.mark()

    house.reconcile()

    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_an_approved_pull_request_is_merged_registered_and_confirmed(registered_house: House) -> None:
    number = _open_one(registered_house)
    registered_house.approve(number)

    result = registered_house.reconcile()

    assert [one.done for one in result.handled] == ["merged"]
    assert result.registration is not None
    assert [outcome.state for outcome in result.registration.outcomes] == ["confirmed"]
    assert any("resource:default/one" in body for body in registered_house.hands().comments(number))


# GitLab takes no approval of anybody below Developer; who lost that role later is in test_gitlab_facts.
@pytest.mark.parametrize("forge_kind", ["github"])
def test_an_approval_by_somebody_who_may_not_write_does_not_count(house: House) -> None:
    number = _open_one(house)
    guest = house.forge.add_user("guest")
    house.forge.set_role(REPOSITORY, "guest", "read")
    house.approve(number, token=guest)

    (one,) = house.reconcile().handled

    assert one.done == "nothing"
    assert "approved-without-permission" in {reason.code for reason in one.verdict.reasons}


def test_an_approval_does_not_outlive_a_change_of_content(house: House) -> None:
    number = _open_one(house, version="1")
    house.card("one", card("one", version="2"))
    house.sync()  # the bot pushes version 2; robin saw version 1, and the forge re-points nothing yet
    branch = house.hands().branch(number)
    house.approve(number)
    text = house.read("models/one/docs/index.md", branch)
    head = house.edit("models/one/docs/index.md", text + "\nnot what was approved\n", branch)

    (one,) = house.reconcile().handled

    assert one.done == "nothing"
    assert one.verdict.head == head


def test_an_approval_that_was_taken_back_does_not_count(house: House) -> None:
    number = _open_one(house)
    house.approve(number)
    house.hands().unapprove(number)

    (one,) = house.reconcile().handled

    assert (one.verdict.kind, one.done) == ("wait", "nothing")


def test_an_approval_outlives_a_push_of_equal_content(house: House) -> None:
    number = _open_one(house)
    house.approve(number)
    house.commit({"README.md": b"the base goes on\n"})
    branch = house.hands().branch(number)
    git = house.forge.repository(REPOSITORY).git
    before = git.resolve(f"refs/heads/{branch}")
    place = house.workplace()
    base = place.repository.fetch("main", "callboard/")
    assert base is not None
    files = {path: house.read(path, branch).encode() for path in house.hands().files(number)}
    message = place.repository.commit(str(before)).message
    again = place.repository.build(base, files, message, place.forge.commit_author())
    assert place.repository.push({branch: (before, again)}) == {branch: None}

    (one,) = house.reconcile().handled

    assert again != before
    assert one.done == "merged", one.verdict.reasons


def test_the_merge_says_where_it_was_reviewed_in_the_forges_own_words(house: House) -> None:
    number = _open_one(house)
    house.approve(number)

    (one,) = house.reconcile().handled

    place = house.workplace()
    merged = place.repository.fetch("main", "callboard/")
    assert merged is not None
    message = place.repository.commit(merged).message
    assert f"({one.pull.reference})" in message.splitlines()[0]
    assert one.pull.reference == {"github": "#", "gitlab": "!"}[house.kind] + str(number)
    assert "Approved-by: robin" in message


def test_a_held_pull_request_waits_until_the_label_is_gone(house: House) -> None:
    number = _open_one(house)
    house.approve(number)
    house.hands().label(number, "hold")

    held = house.reconcile().handled[0]
    house.hands().unlabel(number, "hold")
    freed = house.reconcile().handled[0]

    assert (held.verdict.kind, freed.done) == ("hold", "merged")


def test_a_pause_stops_everything(house: House) -> None:
    house.approve(_open_one(house))

    (one,) = house.reconcile(paused=True).handled

    assert one.done == "nothing"


def test_the_merged_branch_is_deleted_but_not_if_somebody_has_pushed_to_it(house: House) -> None:
    number = _open_one(house)
    branch = house.hands().branch(number)
    house.approve(number)

    house.reconcile()

    assert house.forge.repository(REPOSITORY).git.resolve(f"refs/heads/{branch}") is None


def test_a_conflict_is_solved_by_writing_the_content_anew(house: House) -> None:
    house.card("one", card("one", version="1"))
    house.land_everything()
    house.card("one", card("one", version="2"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    path = "models/one/catalog-info.yaml"
    house.edit(path, house.read(path).replace("- tabular", "- tabular\n    - mine"))

    (one,) = house.reconcile().handled

    assert one.done == "rewritten"
    text = house.read(path, proposal.branch)
    assert "- mine" in text
    assert "callboard.dev/version: '2'" in text


def test_other_peoples_pull_requests_are_never_merged(house: House) -> None:
    house.commit({"models/evil/catalog-info.yaml": b"kind: X\n"}, branch="callboard/evil")
    number = house.hands().propose("callboard/evil", "Evil")
    sam = house.forge.add_user("sam")
    house.forge.set_role(REPOSITORY, "sam", "write")
    house.approve(number, token=sam)

    (one,) = house.reconcile().handled

    assert (one.verdict.kind, one.done) == ("not-ours", "nothing")


def test_a_pull_request_merged_by_a_person_is_followed_to_its_end(registered_house: House) -> None:
    number = _open_one(registered_house)
    registered_house.hands().merge(number)

    result = registered_house.reconcile()
    mark = registered_house.forge.log.mark()
    again = registered_house.reconcile()

    assert result.registration is not None
    assert [outcome.state for outcome in result.registration.outcomes] == ["confirmed"]
    assert again.registration is not None
    assert again.registration.outcomes == ()
    assert registered_house.counts(mark).writes == 0


def test_what_backstage_refuses_is_said_on_the_pull_request_until_it_is_solved(
    registered_house: House,
) -> None:
    house = registered_house
    number = _open_one(house)
    house.approve(number)
    head = b"apiVersion: backstage.io/v1alpha1\nkind: Resource\n"
    taken = head + b"metadata: {name: one}\nspec: {type: x, owner: me}\n"
    house.commit({"elsewhere.yaml": taken})
    assert house.catalog is not None
    location = _register(house, house.hands().blob_url("elsewhere.yaml"))

    first = house.reconcile()
    labels = house.hands().labels(number)
    _unregister(house, location)
    second = house.reconcile()
    after = house.hands().labels(number)

    assert first.registration is not None
    assert [outcome.state for outcome in first.registration.outcomes] == ["foreign"]
    assert "registration-pending" in labels
    assert second.registration is not None
    assert [outcome.state for outcome in second.registration.outcomes] == ["confirmed"]
    assert "registration-pending" not in after


def test_a_merged_deletion_is_unregistered(registered_house: House) -> None:
    house = registered_house
    for name in ("one", "two"):
        house.card(name, card(name))
    house.land_everything()
    (house.folder / "cards" / "two.md").unlink()
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    house.approve(proposal.pull.number)

    result = house.reconcile()

    assert result.registration is not None
    assert [one.target.split("/")[-2] for one in result.registration.unregistered] == ["two"]


def _register(house: House, target: str) -> str:
    from callboard.backstage.confirmation import entity_ref
    from callboard.walk.workplace import open_backstage

    settings = house.workplace().config.backstage
    assert settings is not None
    catalog = open_backstage(settings, house.environ)
    location = catalog.register(target)
    reference = entity_ref({"kind": "Resource", "metadata": {"name": "one"}})
    for _ in range(100):
        if catalog.entity(reference):
            return location.id
        import time

        time.sleep(0.1)
    raise AssertionError("the sandbox catalog did not take the other entity")


def _unregister(house: House, location: str) -> None:
    from callboard.walk.workplace import open_backstage

    settings = house.workplace().config.backstage
    assert settings is not None
    open_backstage(settings, house.environ).unregister(location)
