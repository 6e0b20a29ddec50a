"""GitHub as a forge, against the sandbox whose every answer is checked against GitHub's description."""

from __future__ import annotations

from typing import Any

import pytest

from callboard import http
from callboard.forges.github import GitHub, default_api_url
from callboard.forges.protocol import ForgeError, HeadMoved, NewPullRequest, PullRequest
from callboard.redaction import Secret
from callboard.sandbox.forge import Protection, SandboxForge

NAME = "acme/catalog"


@pytest.fixture
def robin(forge: SandboxForge) -> str:
    return forge.add_user("robin")


@pytest.fixture
def github(forge: SandboxForge, robin: str) -> GitHub:
    bot = forge.add_user("callboard", kind="Bot")
    people = {"robin": "write", "callboard[bot]": "write"}
    forge.add_repository(NAME, {"README.md": b"x\n"}, collaborators=people)  # type: ignore[arg-type]
    return GitHub(forge.url, NAME, Secret(bot))


def _open(
    forge: SandboxForge, github: GitHub, branch: str = "callboard/x", path: str = "models/x/a"
) -> PullRequest:
    forge.commit(NAME, branch, {path: branch.encode()}, "Add", author="callboard[bot]")
    return github.open(NewPullRequest(branch, "main", "Title", "Body", labels=("model-catalog",)))


def _api(forge: SandboxForge, token: str, method: str, path: str, body: object = None) -> Any:
    """What somebody else does, who is not the bot."""
    with http.connect(forge.api_url, token=Secret(token)) as client:
        answer = client.request(method, path, json=body)
        return answer.json() if answer.body else None


def _review(forge: SandboxForge, token: str, number: int, event: str = "APPROVE") -> None:
    _api(forge, token, "POST", f"/repos/{NAME}/pulls/{number}/reviews", {"body": "fine", "event": event})


def test_it_knows_who_we_are(github: GitHub, forge: SandboxForge) -> None:
    identity = github.identity()

    assert identity.login == "callboard[bot]"
    assert identity.id == str(forge.account("callboard[bot]").id)


def test_opening_takes_two_writes_and_no_read(forge: SandboxForge, github: GitHub) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="callboard[bot]")
    mark = forge.log.mark()

    opened = github.open(NewPullRequest("callboard/x", "main", "Title", "Body", labels=("model-catalog",)))

    assert (forge.log.counts(mark).writes, forge.log.counts(mark).reads) == (2, 0)
    assert opened.number == 1


def test_everything_that_deciding_needs_is_read_in_one_request(
    forge: SandboxForge, github: GitHub, robin: str
) -> None:
    opened = _open(forge, github)
    _review(forge, robin, opened.number)
    github.identity()
    mark = forge.log.mark()

    (pull,) = github.open_pull_requests()

    assert forge.log.counts(mark).reads == 2  # the query, and once per reviewer the permission
    assert pull.author == github.identity()
    assert pull.paths == ("models/x/a",)
    assert pull.labels == ("model-catalog",)
    assert pull.mergeable is True
    assert [(one.state, one.author_can_write, one.author_is_person) for one in pull.reviews] == [
        ("approved", True, True)
    ]
    assert pull.reviews[0].commit == pull.head


def test_more_pull_requests_than_a_page_holds_are_all_read(forge: SandboxForge, github: GitHub) -> None:
    for number in range(51):
        _open(forge, github, f"callboard/{number}", f"models/m{number}/a")

    assert len(github.open_pull_requests()) == 51


def test_a_renamed_file_counts_with_both_its_names(forge: SandboxForge, github: GitHub) -> None:
    content = b"a text long enough to be recognised as the same file\n" * 20
    forge.commit(NAME, "main", {"outside/a.txt": content}, "Add", author="robin")
    files = {"outside/a.txt": None, "models/x/a.txt": content}
    forge.commit(NAME, "callboard/x", files, "Move", author="callboard[bot]")
    github.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    (pull,) = github.open_pull_requests()

    assert set(pull.paths) == {"outside/a.txt", "models/x/a.txt"}


def test_more_files_than_a_page_holds_are_all_told(forge: SandboxForge, github: GitHub) -> None:
    files = {f"models/x/{number}": str(number).encode() for number in range(130)}
    forge.commit(NAME, "callboard/x", files, "Add", author="callboard[bot]")
    github.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    (pull,) = github.open_pull_requests()

    assert len(pull.paths) == 130
    assert pull.paths_complete


def test_a_merge_is_pinned_to_its_head(forge: SandboxForge, github: GitHub) -> None:
    opened = _open(forge, github)
    moved = forge.commit(NAME, "callboard/x", {"models/x/b": b"2"}, "More", author="robin")

    with pytest.raises(HeadMoved):
        github.merge(opened.number, head=opened.head, method="squash", title="T", message="M")
    merged = github.merge(opened.number, head=moved, method="squash", title="T", message="M")

    assert forge.file(NAME, "main", "models/x/b") == b"2"
    assert forge.repository(NAME).git.resolve("refs/heads/main") == merged


def test_protection_is_told_and_never_worked_around(forge: SandboxForge, github: GitHub) -> None:
    forge.protect(NAME, "main", Protection(approvals=1))
    opened = _open(forge, github)

    (pull,) = github.open_pull_requests()
    with pytest.raises(ForgeError) as refused:
        github.merge(opened.number, head=opened.head, method="squash", title="T", message="M")

    assert pull.blocked_by_forge
    assert refused.value.status == 405


def test_a_comment_is_rewritten_in_place_and_not_when_it_is_equal(
    forge: SandboxForge, github: GitHub
) -> None:
    opened = _open(forge, github)
    marker = "<!-- callboard:test -->"
    github.comment(opened, "one", marker=marker)
    (pull,) = github.open_pull_requests()
    mark = forge.log.mark()

    github.comment(pull, "one", marker=marker)
    equal = forge.log.counts(mark).writes
    github.comment(pull, "two", marker=marker)

    (after,) = github.open_pull_requests()
    assert equal == 0
    assert [comment.body for comment in after.comments] == [f"{marker}\ntwo"]


def test_a_write_is_never_repeated_after_an_unclear_answer(forge: SandboxForge, github: GitHub) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="callboard[bot]")
    forge.fail_next("pulls/create", 502, after_applying=True)

    with pytest.raises(ForgeError):
        github.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    assert len([one for one in forge.log.since() if one.operation == "pulls/create"]) == 1
    assert len(github.open_pull_requests()) == 1


def test_the_last_closed_pull_request_of_a_branch_is_found(forge: SandboxForge, github: GitHub) -> None:
    assert github.last_closed("callboard/x") is None
    opened = _open(forge, github)
    github.close(opened.number)

    closed = github.last_closed("callboard/x")

    assert closed is not None
    assert (closed.number, closed.state) == (opened.number, "closed")


def test_merged_pull_requests_are_found_with_what_they_say(forge: SandboxForge, github: GitHub) -> None:
    opened = _open(forge, github)
    commit = github.merge(opened.number, head=opened.head, method="merge", title="T", message="M")

    (merged,) = github.finished_lately()

    assert (merged.number, merged.state, merged.merge_commit) == (opened.number, "merged", commit)


def test_labels_come_and_go_and_a_missing_one_is_fine(forge: SandboxForge, github: GitHub) -> None:
    opened = _open(forge, github)

    github.label(opened.number, add=("extra",), remove=("model-catalog", "never-there"))

    (pull,) = github.open_pull_requests()
    assert pull.labels == ("extra",)


def test_a_wrong_token_and_a_missing_repository_say_what_to_do(forge: SandboxForge, github: GitHub) -> None:
    wrong = "ghp_wrong_wrong_wrong"
    for forge_side in (GitHub(forge.url, NAME, Secret(wrong)), GitHub(forge.url, "acme/none", Secret(wrong))):
        with pytest.raises(ForgeError) as refused:
            forge_side.open_pull_requests()
        assert refused.value.hint
        assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("web", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://git.acme.example", "https://git.acme.example/api/v3"),
    ],
)
def test_the_api_is_where_github_documents_it(web: str, api: str) -> None:
    assert default_api_url(web) == api
