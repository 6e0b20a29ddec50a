"""What a cold reader got merged, or stopped, and must never again."""

from __future__ import annotations

import pytest

from callboard.pulls.dashboard import ticked
from callboard.pulls.limits import LONGEST_BODY
from callboard.sandbox.forge.bare import Bare
from callboard.walk.facts import LARGEST_OF_A_STRANGER
from callboard.walk.workplace import open_backstage
from tests.walk.house import BASE_CONFIG, REPOSITORY, House, card

PATH = "models/one/catalog-info.yaml"


def _open_one(house: House) -> tuple[int, str]:
    house.card("one", card("one"))
    (proposal,) = house.sync().proposals
    assert proposal.pull is not None
    return proposal.pull.number, proposal.branch


def _git(house: House) -> Bare:
    return house.forge.repository(REPOSITORY).git


def _amend(house: House, branch: str, path: str, mode: str, blob: str) -> None:
    """Force-push the branch's commit with one entry of its tree set to something else, its message kept."""
    git = _git(house)
    head = git.resolve(f"refs/heads/{branch}")
    assert head is not None
    commit = git.commit(head)
    index = {"GIT_INDEX_FILE": str(house.folder / "index")}
    git.run("read-tree", head, env=index)
    git.run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", env=index)
    tree = git.run("write-tree", env=index).decode().strip()
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", "robin"), ("EMAIL", "robin@example.com"))
    }
    parents = [word for parent in commit.parents for word in ("-p", parent)]
    amended = git.run("commit-tree", tree, *parents, data=commit.message.encode(), env=who).decode().strip()
    url = house.forge.git_url(REPOSITORY).replace("://", f"://robin:{house.robin}@")
    git.run(
        "-c", "protocol.allow=always", "push", "--quiet", "--force", url, f"{amended}:refs/heads/{branch}"
    )


def _blob(house: House, branch: str, path: str) -> str:
    entry = _git(house).entry(f"refs/heads/{branch}", path)
    assert entry is not None
    return entry.sha


def test_an_approval_does_not_outlive_a_change_of_mode(house: House) -> None:
    number, branch = _open_one(house)
    house.approve(number)
    for mode in ("120000", "100755"):
        _amend(house, branch, PATH, mode, _blob(house, branch, PATH))

        (one,) = house.reconcile().handled

        assert one.done != "merged"
        assert any("only plain files" in reason.sentence for reason in one.verdict.reasons)


def test_a_submodule_on_one_branch_does_not_stop_the_others(house: House) -> None:
    _, branch = _open_one(house)
    house.card("two", card("two"))
    (other,) = [proposal for proposal in house.sync().proposals if proposal.action == "open"]
    assert other.pull is not None
    house.approve(other.pull.number)
    _amend(house, branch, "models/one/sub", "160000", "1" * 40)

    handled = house.reconcile().handled

    assert {one.pull.number: one.done for one in handled}[other.pull.number] == "merged"
    house.sync(cache="other")


def test_an_approval_does_not_outlive_another_base_branch(house: House) -> None:
    number, branch = _open_one(house)
    git = _git(house)
    head = git.resolve(f"refs/heads/{branch}")
    assert head is not None
    house.commit({"other.txt": b"x"}, branch="aside")
    house.hands().retarget(number, "aside")
    house.approve(number)
    house.hands().retarget(number, "main")

    (one,) = house.reconcile().handled

    assert one.done != "merged"
    assert "approved-other-base" in {reason.code for reason in one.verdict.reasons}


def test_more_than_a_hundred_comments_do_not_hide_our_own(registered_house: House) -> None:
    house = registered_house
    number, _ = _open_one(house)
    for count in range(101):
        house.hands().comment(number, f"comment {count}")
    house.approve(number)
    house.reconcile()
    mark = house.forge.log.mark()

    house.reconcile()

    assert house.counts(mark).writes == 0


@pytest.mark.parametrize("place", ["tag", "commit", "folder"])
def test_what_people_pinned_or_keep_in_another_folder_is_no_former_branch(
    registered_house: House, place: str
) -> None:
    house = registered_house
    _open_one(house)
    house.approve(1)
    house.reconcile()
    text = house.read(PATH).replace("name: one", "name: pinned")
    pinned = {"models/pinned/catalog-info.yaml": text.encode()}
    git = _git(house)
    if place == "folder":
        house.commit({f"team/{path}": content for path, content in pinned.items()})
        reference = "main/team"
    else:
        house.commit(pinned, branch="aside")
        commit = git.resolve("refs/heads/aside")
        assert commit is not None
        git.run("update-ref", "refs/tags/v1", commit)
        reference = "v1" if place == "tag" else commit
    url = house.hands().blob_url("models/pinned/catalog-info.yaml").replace("/main/", f"/{reference}/")
    settings = house.workplace().config.backstage
    assert settings is not None
    catalog = open_backstage(settings, house.environ)
    catalog.register(url)

    house.reconcile()

    assert url in {location.target for location in catalog.locations()}


def test_two_that_propose_to_one_catalog_leave_each_others_branches_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = house.config_text + "pull-requests: {group-by: owner}\n"
    theirs = mine.replace("path: cards", "path: theirs")
    (house.folder / "theirs").mkdir()
    (house.folder / "theirs" / "two.md").write_text(card("two"))
    house.card("one", card("one"))

    def walk(text: str, scope: str) -> int:
        base = BASE_CONFIG.replace("scope: test", f"scope: {scope}")
        monkeypatch.setattr("tests.walk.house.BASE_CONFIG", base)
        house.config_text = text
        (proposal,) = house.sync(cache=scope).proposals
        assert proposal.pull is not None
        return proposal.pull.number

    first, second = walk(mine, "mine"), walk(theirs, "theirs")
    mark = house.forge.log.mark()

    assert (walk(mine, "mine"), walk(theirs, "theirs")) == (first, second)
    assert first != second
    assert house.counts(mark).writes == house.counts(mark).pushes == 0


def test_a_wish_to_merge_is_not_for_what_was_pushed_after_it(house: House) -> None:
    house.config_text += "merge: {quiet-hours: [{days: [mon, tue, wed, thu, fri, sat, sun]}]}\n"
    number, branch = _open_one(house)
    house.hands().comment(number, "/callboard merge")
    house.reconcile()
    # When it was committed says who committed it.
    house.edit(PATH, f"{house.read(PATH, branch)}# mine\n", branch)
    bo = house.forge.add_user("bo")
    house.forge.set_role(REPOSITORY, "bo", "write")
    house.approve(number)
    house.approve(number, token=bo)

    (one,) = house.reconcile().handled

    assert [reason.code for reason in one.verdict.reasons] == ["quiet-hours"]


def test_nobody_has_the_bot_read_more_than_it_can_in_a_pass(house: House) -> None:
    _open_one(house)
    big = b"- a: b\n" * (LARGEST_OF_A_STRANGER // 7 + 1)
    for name, content in (("small", b"kind: ["), ("big", big)):
        house.commit({f"models/{name}/catalog-info.yaml": content}, branch=name)
    small, large = (house.hands().propose(name, f"My {name} model") for name in ("small", "big"))

    house.reconcile()

    assert house.hands().comments(small)
    assert house.hands().comments(large) == []


def test_of_a_dashboard_no_more_is_read_than_was_ever_written() -> None:
    box = "- [x] **hold** it <!-- callboard:do hold 7 -->\n"

    assert ticked(box)
    assert ticked("\n" * LONGEST_BODY + box) == ()
