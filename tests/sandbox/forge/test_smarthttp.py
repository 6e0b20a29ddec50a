"""An unmodified git clones, fetches and pushes over HTTP."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import httpx2

from tests.sandbox.forge.conftest import REPOSITORY, Stage


def committed(stage: Stage, clone: Path, name: str, data: bytes = b"text\n") -> str:
    (clone / name).write_bytes(data)
    stage.git("add", "--all", cwd=clone)
    stage.git("commit", "--quiet", "--message", f"Add {name}", cwd=clone)
    return stage.git("rev-parse", "HEAD", cwd=clone).stdout.strip()


def test_a_bare_blobless_clone_fetches_blobs_only_when_asked(stage: Stage) -> None:
    stage.git(
        "clone", "--quiet", "--bare", "--depth=1", "--filter=blob:none", stage.forge.git_url(REPOSITORY), "c"
    )
    bare = stage.workspace / "c"
    missing = stage.git("rev-list", "--objects", "--missing=print", "main", cwd=bare).stdout
    assert sum(line.startswith("?") for line in missing.splitlines()) == 2
    before = stage.forge.log.counts().fetches
    assert stage.git("cat-file", "blob", "main:README.md", cwd=bare).stdout == "# Models\n"
    assert stage.forge.log.counts().fetches > before


def test_a_push_makes_a_branch_and_moves_its_pull_request(stage: Stage) -> None:
    clone = stage.clone()
    stage.git("switch", "--quiet", "--create", "pushed", cwd=clone)
    committed(stage, clone, "one.txt")
    mark = stage.forge.log.mark()
    stage.git("push", "--quiet", "origin", "pushed", cwd=clone, login="callboard")
    assert stage.forge.log.counts(mark).pushes == 1
    opening = {"title": "Pushed", "head": "pushed", "base": "main"}
    number = stage.api("callboard", "POST", "pulls", opening).json()["number"]
    head = committed(stage, clone, "two.txt")
    stage.git("push", "--quiet", "origin", "pushed", cwd=clone, login="callboard")
    assert stage.api("robin", "GET", f"pulls/{number}").json()["head"]["sha"] == head


def test_a_force_push_by_git_is_told_as_one_and_by_whom(stage: Stage) -> None:
    pull = stage.opened("forced")
    clone = stage.clone()
    stage.git("switch", "--quiet", "--create", "forced", "origin/main", cwd=clone)
    new, old = committed(stage, clone, "other.txt"), pull.head
    refused = stage.git("push", "origin", "forced", cwd=clone, login="callboard", check=False)
    assert "non-fast-forward" in refused.stderr
    lease = f"--force-with-lease=forced:{old}"
    stage.git("push", "--quiet", lease, "origin", "forced", cwd=clone, login="callboard")
    event = pull.force_pushes[0]
    assert (event.actor.login, event.before, event.after) == ("callboard", old, new)


def test_a_stale_lease_is_refused(stage: Stage) -> None:
    stage.opened("leased")
    clone = stage.clone()
    stage.git("switch", "--quiet", "--create", "leased", "origin/main", cwd=clone)
    committed(stage, clone, "other.txt")
    moved = stage.branch("leased", {"meanwhile.txt": b""})
    lease = f"--force-with-lease=leased:{stage.tip()}"
    refused = stage.git("push", lease, "origin", "leased", cwd=clone, login="callboard", check=False)
    assert "stale info" in refused.stderr
    assert stage.tip("leased") == moved


def test_deleting_the_branch_by_git_closes_its_pull_request(stage: Stage) -> None:
    pull = stage.opened("dropped")
    stage.git("push", "--quiet", "origin", "--delete", "dropped", cwd=stage.clone(), login="callboard")
    assert pull.state == "closed"


def test_the_heads_of_pull_requests_can_be_fetched_and_not_pushed(stage: Stage) -> None:
    pull = stage.opened("kept")
    stage.api("callboard", "DELETE", "git/refs/heads/kept")
    clone = stage.clone()
    stage.git("fetch", "--quiet", "origin", f"refs/pull/{pull.number}/head", cwd=clone)
    assert stage.git("rev-parse", "FETCH_HEAD", cwd=clone).stdout.strip() == pull.head
    target = f"HEAD:refs/pull/{pull.number}/head"
    refused = stage.git("push", "--force", "origin", target, cwd=clone, login="callboard", check=False)
    assert "hidden ref" in refused.stderr


def test_pushes_need_a_token_of_somebody_who_may_write(stage: Stage) -> None:
    clone = stage.clone()
    committed(stage, clone, "one.txt")
    before = stage.tip()
    anonymous = stage.git("push", "origin", "HEAD:main", cwd=clone, check=False)
    assert "could not read Username" in anonymous.stderr
    reader = stage.git("push", "origin", "HEAD:main", cwd=clone, login="mallory", check=False)
    assert "403" in reader.stderr
    stage.tokens["mallory"] = "wrong-token"
    wrong = stage.git("push", "origin", "HEAD:main", cwd=clone, login="mallory", check=False)
    assert "Authentication failed" in wrong.stderr
    assert stage.tip() == before
    statuses = {
        request.status for request in stage.forge.log.since() if request.kind == "git" and request.is_write
    }
    assert 200 not in statuses


def test_a_private_repository_is_cloned_by_those_who_may_read_it(stage: Stage) -> None:
    stage.forge.add_repository("acme/secret", {"a": b""}, collaborators={"robin": "read"}, private=True)
    url = stage.forge.git_url("acme/secret")
    assert stage.git("clone", "--quiet", url, "one", check=False).returncode
    assert "not found" in stage.git("clone", "--quiet", url, "two", login="mallory", check=False).stderr
    stage.git("clone", "--quiet", url, "three", login="robin")
    assert stage.api("mallory", "GET", "/repos/acme/secret").status_code == 404
    assert stage.api("robin", "GET", "/repos/acme/secret").json()["private"] is True


def test_a_large_push_and_a_packed_request_arrive_whole(stage: Stage) -> None:
    clone = stage.clone()
    data = os.urandom(3 << 20)
    sent = committed(stage, clone, "large.bin", data)
    # Above http.postBuffer git sends in chunks, without a length.
    stage.git("push", "--quiet", "origin", "HEAD:main", cwd=clone, login="callboard")
    assert stage.tip() == sent
    request = gzip.compress(b"0014command=ls-refs\n0000")
    answer = httpx2.post(
        f"{stage.forge.git_url(REPOSITORY)}/git-upload-pack",
        content=request,
        headers={
            "content-type": "application/x-git-upload-pack-request",
            "content-encoding": "gzip",
            "git-protocol": "version=2",
        },
    )
    assert sent.encode() in answer.content


def test_the_old_protocols_and_unknown_services_are_refused(stage: Stage) -> None:
    url = f"{stage.forge.git_url(REPOSITORY)}/info/refs"
    assert httpx2.get(url).status_code == 403
    assert httpx2.get(url, params={"service": "git-upload-archive"}).status_code == 403


def test_credentials_that_are_none_are_refused(stage: Stage) -> None:
    url = f"{stage.forge.git_url(REPOSITORY)}/info/refs"
    for value in ("Basic !!!", "Digest x", f"Basic {'/' * 4}"):
        answer = httpx2.get(url, params={"service": "git-upload-pack"}, headers={"authorization": value})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_push_that_is_done_may_still_be_answered_with_an_error(stage: Stage) -> None:
    clone = stage.clone()
    sent = committed(stage, clone, "one.txt")
    stage.forge.fail_next("git/push", 502, after_applying=True)
    failed = stage.git("push", "origin", "HEAD:main", cwd=clone, login="callboard", check=False)
    assert failed.returncode
    assert stage.tip() == sent
    stage.forge.fail_next("git/fetch", 500)
    assert stage.git("fetch", "origin", cwd=clone, check=False).returncode
