"""What is merged, what is not and why, and what follows a merge."""

from __future__ import annotations

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
    comments = [comment["body"] for comment in registered_house.api("GET", f"/issues/{number}/comments")]
    assert any("resource:default/one" in body for body in comments)


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
    branch = house.api("GET", f"/pulls/{number}")["head"]["ref"]
    house.approve(number)
    text = house.read("models/one/docs/index.md", branch)
    head = house.edit("models/one/docs/index.md", text + "\nnot what was approved\n", branch)

    (one,) = house.reconcile().handled

    assert one.done == "nothing"
    assert one.verdict.head == head


def test_a_held_pull_request_waits_until_the_label_is_gone(house: House) -> None:
    number = _open_one(house)
    house.approve(number)
    house.api("POST", f"/issues/{number}/labels", {"labels": ["hold"]})

    held = house.reconcile().handled[0]
    house.api("DELETE", f"/issues/{number}/labels/hold")
    freed = house.reconcile().handled[0]

    assert (held.verdict.kind, freed.done) == ("hold", "merged")


def test_a_pause_stops_everything(house: House) -> None:
    house.approve(_open_one(house))

    (one,) = house.reconcile(paused=True).handled

    assert one.done == "nothing"


def test_the_merged_branch_is_deleted_but_not_if_somebody_has_pushed_to_it(house: House) -> None:
    number = _open_one(house)
    branch = house.api("GET", f"/pulls/{number}")["head"]["ref"]
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
    house.api("POST", "/pulls", {"title": "Evil", "head": "callboard/evil", "base": "main", "body": ""})
    sam = house.forge.add_user("sam")
    house.forge.set_role(REPOSITORY, "sam", "write")
    house.approve(1, token=sam)

    (one,) = house.reconcile().handled

    assert (one.verdict.kind, one.done) == ("not-ours", "nothing")


def test_a_pull_request_merged_by_a_person_is_followed_to_its_end(registered_house: House) -> None:
    number = _open_one(registered_house)
    registered_house.api("PUT", f"/pulls/{number}/merge", {"merge_method": "merge"})

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
    target = f"{house.forge.url}/{REPOSITORY}/blob/main/elsewhere.yaml"
    location = _register(house, target)

    first = house.reconcile()
    labels = [label["name"] for label in house.api("GET", f"/issues/{number}/labels")]
    _unregister(house, location)
    second = house.reconcile()
    after = [label["name"] for label in house.api("GET", f"/issues/{number}/labels")]

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
