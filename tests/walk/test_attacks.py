"""What a cold reader got merged, or stopped, and must never again."""

from __future__ import annotations

from callboard.sandbox.forge.bare import Bare
from tests.walk.house import REPOSITORY, House, card

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
