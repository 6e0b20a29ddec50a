"""People's commits on another base, beside what git's own rebase makes of the same."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from callboard.git.rebase import CannotRebase, rebase
from callboard.git.repository import Repository
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.bare import git_environment

NAME = "acme/catalog"
LINES = "".join(f"line {number}\n" for number in range(20))
COMMITTER = "callboard[bot] <1+callboard[bot]@users.noreply.example.com>"


class Work:
    """A work tree of a person, whose pushes go straight into the forge's repository."""

    def __init__(self, folder: Path, origin: Path) -> None:
        self.folder = folder
        self._environment = git_environment() | {
            "GIT_AUTHOR_NAME": "Robin Ä", "GIT_AUTHOR_EMAIL": "robin@example.com",
            "GIT_AUTHOR_DATE": "2021-03-04T05:06:07+0530",
            "GIT_COMMITTER_NAME": "Robin", "GIT_COMMITTER_EMAIL": "robin@example.com",
        }  # fmt: skip
        subprocess.run(["git", "clone", "--quiet", str(origin), str(folder)], check=True)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self._environment, check=True, capture_output=True
        )
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change\n\nWhy: ü\n") -> str:
        for path, content in files.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                place.unlink()
            else:
                place.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "--quiet", "--force", "--all", "origin")

    def tree(self, commit: str) -> str:
        return self.git("rev-parse", f"{commit}^{{tree}}")


@pytest.fixture
def token(forge: SandboxForge) -> str:
    token = forge.add_user("callboard", kind="Bot")
    files = {"README.md": b"hello\n", "models/one/a.txt": LINES.encode(), "models/two/b.txt": b"b\n"}
    forge.add_repository(NAME, files=files, collaborators={"callboard[bot]": "write"}, private=True)
    return token


@pytest.fixture
def work(forge: SandboxForge, token: str, tmp_path: Path) -> Work:
    """On the branch that is to be rebased."""
    work = Work(tmp_path / "work", forge.repository(NAME).git.path)
    work.git("checkout", "--quiet", "-b", "callboard/x")
    return work


@pytest.fixture
def repository(forge: SandboxForge, token: str, tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clone", forge.git_url(NAME), Secret(token))


def _rebased(work: Work, repository: Repository) -> str:
    """The new head, pushed, and known to the work tree."""
    work.push()
    onto = repository.fetch("main", "callboard/")
    assert onto is not None
    head = repository.heads()["callboard/x"]
    new = rebase(repository, head, onto, COMMITTER)
    assert repository.push({"callboard/x": (head, new)}) == {"callboard/x": None}
    work.git("fetch", "--quiet", "origin")
    return new


def _on_main(work: Work, files: Mapping[str, str | bytes | None]) -> None:
    work.git("checkout", "--quiet", "main")
    work.commit(files, "On main")
    work.git("checkout", "--quiet", "callboard/x")


def test_commits_keep_their_author_date_message_and_changes(work: Work, repository: Repository) -> None:
    work.commit({"models/one/a.txt": LINES.replace("line 3\n", "mine\n")}, "First\n\nbody ü\n")
    work.commit({'models/new/ü "x".txt': "new", "models/two/b.txt": None}, "Second")
    _on_main(work, {"models/one/a.txt": LINES.replace("line 15\n", "theirs\n"), "other": "x"})

    new = _rebased(work, repository)

    said = work.git("log", "--format=%an <%ae> %ad|%s|%b|%cn", "--date=iso", f"main..{new}").split("\n")
    assert "Robin Ä <robin@example.com> 2021-03-04 05:06:07 +0530|Second||callboard[bot]" in said
    assert "Robin Ä <robin@example.com> 2021-03-04 05:06:07 +0530|First|body ü" in said
    assert work.git("merge-base", "main", new) == work.git("rev-parse", "main")
    work.git("rebase", "--quiet", "main")
    assert work.tree(new) == work.tree("HEAD")
    work.git("fsck", "--strict")


def test_modes_links_and_contents_of_any_bytes_come_along(work: Work, repository: Repository) -> None:
    (work.folder / "run.sh").write_text("#!/bin/sh\n")
    (work.folder / "run.sh").chmod(0o755)
    (work.folder / "link").symlink_to("README.md")
    work.commit({"bytes": bytes(range(256)) * 50})
    _on_main(work, {"other": "x"})

    new = _rebased(work, repository)

    work.git("rebase", "--quiet", "main")
    assert work.tree(new) == work.tree("HEAD")


def test_a_head_that_stands_on_the_base_stays_as_it_is(work: Work, repository: Repository) -> None:
    head = work.commit({"a": "1"})

    assert _rebased(work, repository) == head
    assert _rebased(work, repository) == head


def test_a_second_time_changes_nothing(work: Work, repository: Repository) -> None:
    work.commit({"a": "1"})
    _on_main(work, {"other": "x"})
    new = _rebased(work, repository)
    work.git("reset", "--quiet", "--hard", new)

    assert _rebased(work, repository) == new


@pytest.mark.parametrize(
    ("mine", "theirs", "path"),
    [
        ({"models/one/a.txt": "mine\n" + LINES}, {"models/one/a.txt": "x\n" + LINES}, "models/one/a.txt"),
        ({"models/two/b.txt": None}, {"models/two/b.txt": "c\n"}, "models/two/b.txt"),
        ({"new": "mine"}, {"new": "theirs"}, "new"),
        ({"new": "mine"}, {"new/file": "theirs"}, "new"),
        ({"new/file": "mine"}, {"new": "theirs"}, "new"),
        ({"models/two/b.txt": b"\0mine"}, {"models/two/b.txt": b"\0theirs"}, "models/two/b.txt"),
    ],
    ids=["same lines", "removed and changed", "both added", "file and folder", "folder and file", "binary"],
)  # fmt: skip
def test_a_conflict_names_its_files_and_changes_nothing(
    forge: SandboxForge, work: Work, repository: Repository,
    mine: dict[str, str | bytes | None], theirs: dict[str, str | bytes | None], path: str,
) -> None:  # fmt: skip
    head = work.commit(mine)
    _on_main(work, theirs)

    with pytest.raises(CannotRebase) as refused:
        _rebased(work, repository)

    assert refused.value.conflicts == (path,)
    assert forge.repository(NAME).git.resolve("refs/heads/callboard/x") == head


def test_what_the_base_has_already_is_left_out(work: Work, repository: Repository) -> None:
    work.commit({"same": "1"}, "Same")
    work.commit({"other": "2"}, "Other")
    _on_main(work, {"same": "1"})

    assert work.git("log", "--format=%s", f"main..{_rebased(work, repository)}") == "Other"


def test_a_branch_of_which_the_base_has_everything_is_left_as_it_is(
    work: Work, repository: Repository
) -> None:
    work.commit({"same": "1"})
    _on_main(work, {"same": "1", "more": "2"})

    with pytest.raises(CannotRebase, match="has everything"):
        _rebased(work, repository)


def test_a_merge_of_the_base_is_left_out_when_it_changes_nothing_of_its_own(
    work: Work, repository: Repository
) -> None:
    work.commit({"a": "1"}, "A")
    _on_main(work, {"one": "1"})
    work.git("merge", "--quiet", "--no-edit", "main")
    work.commit({"b": "2"}, "B")
    _on_main(work, {"two": "2"})

    new = _rebased(work, repository)

    assert work.git("log", "--format=%s", f"main..{new}").split() == ["B", "A"]
    assert work.git("rev-list", "--merges", f"main..{new}") == ""


def test_a_merge_that_changes_something_of_its_own_is_not_lost(work: Work, repository: Repository) -> None:
    work.commit({"a": "1"})
    _on_main(work, {"one": "1"})
    work.git("merge", "--quiet", "--no-edit", "--no-commit", "main")
    work.commit({"hidden": "in the merge"})
    _on_main(work, {"two": "2"})

    with pytest.raises(CannotRebase, match="merge"):
        _rebased(work, repository)


def test_branches_without_a_common_commit_are_left_alone(work: Work, repository: Repository) -> None:
    work.git("checkout", "--quiet", "--orphan", "callboard/other")
    work.commit({"a": "1"})
    work.git("branch", "--quiet", "--force", "callboard/x", "HEAD")

    with pytest.raises(CannotRebase, match="nothing in common"):
        _rebased(work, repository)


def test_a_branch_with_very_many_commits_is_left_alone(
    work: Work, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.git.rebase._MOST_COMMITS", 2)
    for number in range(3):
        work.commit({"a": str(number)})
    _on_main(work, {"one": "1"})

    with pytest.raises(CannotRebase, match="3 commits"):
        _rebased(work, repository)
