"""Git without a work tree, against a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from callboard.changes.fingerprint import blob_id, entry_of, fingerprint
from callboard.git.command import GitError
from callboard.git.repository import Repository
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge

NAME = "acme/catalog"


@pytest.fixture
def token(forge: SandboxForge) -> str:
    token = forge.add_user("callboard", kind="Bot")
    files = {"README.md": b"hello\n", **{f"models/m{n}/a.txt": f"{n}\n".encode() for n in range(20)}}
    forge.add_repository(NAME, files=files, collaborators={"callboard[bot]": "write"})
    return token


@pytest.fixture
def repository(forge: SandboxForge, token: str, tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "clone", forge.git_url(NAME), Secret(token))
    repository.fetch("main", "callboard/")
    return repository


def _base(repository: Repository) -> str:
    base = repository.fetch("main", "callboard/")
    assert base is not None
    return base


def _build(repository: Repository, files: dict[str, bytes | None], parent: str | None = None) -> str:
    return repository.build(parent or _base(repository), files, "Do it\n", "Bot <bot@example.com>")


def test_the_clone_is_bare_and_has_no_blobs(repository: Repository) -> None:
    assert not list(repository.folder.rglob("a.txt"))
    local = repository._local_objects()
    assert blob_id(b"0\n") not in local


def test_blobs_come_in_one_batch_and_only_once(repository: Repository) -> None:
    entries = repository.tree(_base(repository), "models")
    before = repository.fetches

    contents = repository.blobs(entry.blob for entry in entries.values())
    repository.blobs(entry.blob for entry in entries.values())

    assert len(contents) == 20
    assert contents[blob_id(b"7\n")] == b"7\n"
    assert repository.fetches == before + 1


def test_a_commit_is_built_and_pushed_without_a_work_tree(
    forge: SandboxForge, repository: Repository
) -> None:
    commit = _build(repository, {'models/new/ü "x".txt': b"new", "models/m0/a.txt": None})

    assert repository.push({"callboard/new": (None, commit)}) == {"callboard/new": None}

    assert forge.file(NAME, "callboard/new", 'models/new/ü "x".txt') == b"new"
    assert "models/m0/a.txt" not in {
        entry.path for entry in forge.repository(NAME).git.tree(commit, recursive=True)
    }
    assert repository.changes(repository.commit(commit)) == {
        'models/new/ü "x".txt': entry_of(b"new"),
        "models/m0/a.txt": None,
    }


def test_a_push_does_not_read_what_the_changed_files_were(
    forge: SandboxForge, repository: Repository
) -> None:
    commit = _build(repository, {f"models/m{n}/a.txt": b"new" for n in range(5)})
    mark = forge.log.mark()

    assert repository.push({"callboard/new": (None, commit)}) == {"callboard/new": None}

    assert forge.log.counts(mark).fetches == 0
    assert forge.file(NAME, "callboard/new", "models/m4/a.txt") == b"new"
    assert blob_id(b"0\n") not in repository._local_objects()


def test_a_branch_that_somebody_moved_is_not_overwritten(forge: SandboxForge, repository: Repository) -> None:
    first = _build(repository, {"a": b"1"})
    repository.push({"callboard/x": (None, first)})
    theirs = forge.commit(NAME, "callboard/x", {"a": b"theirs"}, "Mine", author="acme")
    second = _build(repository, {"a": b"2"})

    refused = repository.push({"callboard/x": (first, second), "callboard/y": (None, second)})

    assert refused["callboard/x"]
    assert refused["callboard/y"] is None
    assert forge.repository(NAME).git.resolve("refs/heads/callboard/x") == theirs


def test_a_branch_that_must_not_exist_is_not_overwritten(forge: SandboxForge, repository: Repository) -> None:
    theirs = forge.commit(NAME, "callboard/x", {"a": b"theirs"}, "Mine", author="acme")

    refused = repository.push({"callboard/x": (None, _build(repository, {"a": b"1"}))})

    assert refused["callboard/x"]
    assert forge.repository(NAME).git.resolve("refs/heads/callboard/x") == theirs


def test_a_branch_is_deleted_only_where_we_left_it(forge: SandboxForge, repository: Repository) -> None:
    commit = _build(repository, {"a": b"1"})
    repository.push({"callboard/x": (None, commit), "callboard/y": (None, commit)})
    forge.commit(NAME, "callboard/y", {"a": b"theirs"}, "Mine", author="acme")

    refused = repository.push({"callboard/x": (commit, None), "callboard/y": (commit, None)})

    assert refused["callboard/x"] is None
    assert refused["callboard/y"]
    assert forge.repository(NAME).git.resolve("refs/heads/callboard/x") is None


def test_whether_branches_may_be_pushed_is_asked_without_pushing(
    forge: SandboxForge, repository: Repository, tmp_path: Path
) -> None:
    base, refs = _base(repository), set(forge.repository(NAME).git.refs())
    reader = forge.add_user("reader")
    forge.set_role(NAME, "reader", "read")
    theirs = Repository(tmp_path / "theirs", forge.git_url(NAME), Secret(reader))
    theirs.fetch("main", "callboard/")

    repository.try_push(base)
    with pytest.raises(GitError):
        theirs.try_push(base)

    assert set(forge.repository(NAME).git.refs()) == refs
    assert repository.pushes == theirs.pushes == 0


def test_heads_that_are_gone_are_forgotten(repository: Repository) -> None:
    commit = _build(repository, {"a": b"1"})
    repository.push({"callboard/x": (None, commit)})
    _base(repository)
    assert repository.heads() == {"callboard/x": commit}

    repository.push({"callboard/x": (commit, None)})
    _base(repository)

    assert repository.heads() == {}


def test_parents_are_told_even_in_a_shallow_clone(forge: SandboxForge, token: str, tmp_path: Path) -> None:
    first = Repository(tmp_path / "one", forge.git_url(NAME), Secret(token))
    base = _base(first)
    commit = _build(first, {"a": b"1"}, base)
    first.push({"callboard/x": (None, commit)})
    other = Repository(tmp_path / "two", forge.git_url(NAME), Secret(token))
    _base(other)

    assert other.commit(commit).parents == (base,)
    other.fetch_commits([base])
    assert fingerprint(other.changes(other.commit(commit))) == fingerprint({"a": entry_of(b"1")})


def test_commits_of_the_base_branch_are_known_from_others(
    forge: SandboxForge, repository: Repository
) -> None:
    old = _base(repository)
    for number in range(3):
        forge.commit(NAME, "main", {"n": str(number).encode()}, "More", author="acme")
    other = _build(repository, {"a": b"1"}, old)
    _base(repository)

    assert repository.on_base([old, other]) == {old}


def test_a_commit_that_the_forge_lost_is_not_had_and_stops_no_other(repository: Repository) -> None:
    base = _base(repository)

    assert repository.fetch_commits([base, "0" * 39 + "1"]) == {base}


def test_a_missing_base_branch_is_none(forge: SandboxForge, token: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "other", forge.git_url(NAME), Secret(token))

    assert repository.fetch("trunk", "callboard/") is None


def test_a_wrong_token_is_an_error_without_the_token(forge: SandboxForge, token: str, tmp_path: Path) -> None:
    wrong = "wrong-token-0123456789"
    repository = Repository(tmp_path / "other", forge.git_url(NAME), Secret(wrong))

    with pytest.raises(GitError) as refused:
        repository.push({"callboard/x": (None, "0" * 40)})

    assert wrong not in str(refused.value)


def test_a_users_git_configuration_and_hooks_change_nothing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        '[url "http://127.0.0.1:1/"]\n\tinsteadOf = http://\n[core]\n\tquotePath = true\n'
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    assert _base(repository)


def test_only_the_web_protocols_are_spoken(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "other", "ext::sh -c touch% /tmp/pwned", None)

    with pytest.raises(GitError):
        repository.fetch("main", "callboard/")
