"""GitLab as a forge, against the sandbox whose answers are checked against GitLab's own response schemas."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from callboard import http
from callboard.forges.gitlab import GitLab
from callboard.forges.protocol import ForgeError, HeadMoved, NewPullRequest, PullRequest
from callboard.redaction import Secret
from callboard.sandbox.forge import Protection, SandboxForge
from tests.walk.hands import OnGitLab

NAME = "acme/catalog"
OPENING = "gitlab/merge_requests/create"
MERGING = "gitlab/merge_requests/merge"


@pytest.fixture
def robin(forge: SandboxForge) -> str:
    return forge.add_user("robin")


@pytest.fixture
def gitlab(forge: SandboxForge, robin: str) -> GitLab:
    forge.add_repository(NAME, {"README.md": b"x\n"}, collaborators={"robin": "write"})
    return GitLab(forge.url, NAME, Secret(forge.add_project_token(NAME, role="write", name="callboard")))


class Robin(OnGitLab):
    """What robin does in this project."""

    def api(self, method: str, path: str, body: object = None) -> object:
        with http.connect(self._forge.gitlab_api_url, token=Secret(self._token)) as client:
            answer = client.request(
                method, f"/projects/{quote(NAME, safe='')}/merge_requests{path}", json=body
            )
            return answer.json() if answer.body else None


def _open(
    forge: SandboxForge, gitlab: GitLab, branch: str = "callboard/x", path: str = "models/x/a"
) -> PullRequest:
    forge.commit(NAME, branch, {path: branch.encode()}, "Add", author="robin")
    return gitlab.open(NewPullRequest(branch, "main", "Title", "Body", labels=("model-catalog",)))


def test_it_knows_who_we_are(gitlab: GitLab) -> None:
    identity = gitlab.identity()

    assert identity.login.startswith("project_")
    assert gitlab.commit_author().startswith(f"{identity.login} <")
    assert gitlab.reads == 1


def test_opening_takes_one_write_and_no_read(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="robin")
    mark = forge.log.mark()

    opened = gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body", labels=("model-catalog",)))

    assert (forge.log.counts(mark).writes, forge.log.counts(mark).reads) == (1, 0)
    assert (gitlab.writes, gitlab.reads) == (1, 0)
    assert (opened.reference, opened.labels) == ("!1", ("model-catalog",))


def test_everything_that_deciding_needs_is_read(forge: SandboxForge, gitlab: GitLab, robin: str) -> None:
    opened = _open(forge, gitlab)
    Robin(forge, robin).approve(opened.number)

    (pull,) = gitlab.open_pull_requests()

    assert pull.author == gitlab.identity()
    assert (pull.title, pull.body, pull.state, pull.draft) == ("Title", "Body", "open", False)
    assert (pull.head_ref, pull.base_ref, pull.head_repository) == ("callboard/x", "main", NAME)
    assert pull.head == forge.repository(NAME).git.resolve("refs/heads/callboard/x")
    assert pull.paths == ("models/x/a",)
    assert pull.paths_complete
    assert pull.labels == ("model-catalog",)
    assert pull.mergeable is True
    assert not pull.blocked_by_forge
    assert [
        (one.state, one.author.login, one.author_can_write, one.author_is_person) for one in pull.reviews
    ] == [("approved", "robin", True, True)]
    assert pull.reviews[0].commit == pull.head


def test_an_approval_is_told_with_the_head_that_it_was_for(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    opened = _open(forge, gitlab)
    Robin(forge, robin).approve(opened.number)
    moved = forge.commit(NAME, "callboard/x", {"models/x/b": b"2"}, "More", author="robin")

    (pull,) = gitlab.open_pull_requests()

    assert pull.head == moved
    assert [one.commit for one in pull.reviews if one.state == "approved"] in ([opened.head], [moved])
    assert [(push.before, push.after) for push in pull.force_pushes] == [(opened.head, moved)]


def test_an_approval_that_was_taken_back_is_none(forge: SandboxForge, gitlab: GitLab, robin: str) -> None:
    opened = _open(forge, gitlab)
    Robin(forge, robin).approve(opened.number)
    Robin(forge, robin).unapprove(opened.number)

    (pull,) = gitlab.open_pull_requests()

    assert pull.reviews == ()


def test_the_approval_of_a_bot_is_told_as_such(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)
    other = forge.add_project_token(NAME, role="write", name="other")
    Robin(forge, other).approve(opened.number)

    (pull,) = gitlab.open_pull_requests()

    assert [one.author_is_person for one in pull.reviews] == [False]


def test_a_renamed_file_counts_with_both_its_names_once_it_might_be_merged(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    content = b"a text long enough to be recognised as the same file\n" * 20
    forge.commit(NAME, "main", {"outside/a.txt": content}, "Add", author="robin")
    files = {"outside/a.txt": None, "models/x/a.txt": content}
    forge.commit(NAME, "callboard/x", files, "Move", author="robin")
    opened = gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body"))
    assert gitlab.open_pull_requests()[0].paths == ("models/x/a.txt",)
    Robin(forge, robin).approve(opened.number)

    (pull,) = gitlab.open_pull_requests()

    assert pull.paths == ("models/x/a.txt", "outside/a.txt")


def test_a_file_renamed_by_a_further_commit_counts_with_both_its_names(
    forge: SandboxForge, gitlab: GitLab
) -> None:
    content = b"a text long enough to be recognised as the same file\n" * 20
    forge.commit(NAME, "main", {"outside/a.txt": content}, "Add", author="robin")
    _open(forge, gitlab)
    files = {"outside/a.txt": None, "models/x/b": content}
    forge.commit(NAME, "callboard/x", files, "Move", author="robin")

    (pull,) = gitlab.open_pull_requests()

    assert pull.paths == ("models/x/a", "models/x/b", "outside/a.txt")


def test_more_files_than_a_page_holds_are_all_told(forge: SandboxForge, gitlab: GitLab) -> None:
    files = {f"models/x/{number}": str(number).encode() for number in range(130)}
    forge.commit(NAME, "callboard/x", files, "Add", author="robin")
    gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    (pull,) = gitlab.open_pull_requests()

    assert len(pull.paths) == 130
    assert pull.paths_complete


def test_a_merge_is_pinned_to_its_head(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)
    moved = forge.commit(NAME, "callboard/x", {"models/x/b": b"2"}, "More", author="robin")

    with pytest.raises(HeadMoved):
        gitlab.merge(opened.number, head=opened.head, method="squash", title="T", message="M")
    merged = gitlab.merge(opened.number, head=moved, method="squash", title="T", message="M")

    assert forge.file(NAME, "main", "models/x/b") == b"2"
    assert forge.repository(NAME).git.resolve("refs/heads/main") == merged


@pytest.mark.parametrize("setting", ["merge", "rebase_merge", "ff"])
@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_merge_commit_is_the_base_branchs_whatever_the_project_says(
    forge: SandboxForge, gitlab: GitLab, setting: str, method: str
) -> None:
    forge.project_settings(NAME).merge_method = setting  # type: ignore[assignment]
    opened = _open(forge, gitlab)

    commit = gitlab.merge(opened.number, head=opened.head, method=method, title="T", message="M")

    (merged,) = gitlab.finished_lately()
    assert commit == merged.merge_commit == forge.repository(NAME).git.resolve("refs/heads/main")


def test_protection_is_told_and_never_worked_around(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.protect(NAME, "main", Protection(approvals=1))
    opened = _open(forge, gitlab)

    (pull,) = gitlab.open_pull_requests()
    with pytest.raises(ForgeError) as refused:
        gitlab.merge(opened.number, head=opened.head, method="squash", title="T", message="M")

    assert pull.blocked_by_forge
    assert pull.mergeable
    assert refused.value.status in (405, 422)
    assert "Callboard never works around" in refused.value.hint


def test_a_conflict_is_told(forge: SandboxForge, gitlab: GitLab) -> None:
    _open(forge, gitlab, path="README.md")
    forge.commit(NAME, "main", {"README.md": b"other\n"}, "Change", author="robin")

    (pull,) = gitlab.open_pull_requests()

    assert pull.mergeable is False


def test_a_comment_is_rewritten_in_place_and_not_when_it_is_equal(
    forge: SandboxForge, gitlab: GitLab
) -> None:
    opened = _open(forge, gitlab)
    marker = "<!-- callboard:test -->"
    gitlab.comment(opened, "one", marker=marker)
    (pull,) = gitlab.open_pull_requests()
    mark = forge.log.mark()

    gitlab.comment(pull, "one", marker=marker)
    equal = forge.log.counts(mark).writes
    gitlab.comment(pull, "two", marker=marker)

    (after,) = gitlab.open_pull_requests()
    assert equal == 0
    assert [comment.body for comment in after.comments] == [f"{marker}\ntwo"]


@pytest.mark.parametrize("status", [500, 502])
def test_a_write_is_never_repeated_after_an_unclear_answer(
    forge: SandboxForge, gitlab: GitLab, status: int
) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="robin")
    forge.fail_next(OPENING, status, after_applying=True)

    with pytest.raises(ForgeError):
        gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    assert len([one for one in forge.log.since() if one.operation == OPENING]) == 1
    assert len(gitlab.open_pull_requests()) == 1


def test_the_last_closed_pull_request_of_a_branch_is_found(forge: SandboxForge, gitlab: GitLab) -> None:
    assert gitlab.last_closed("callboard/x") is None
    opened = _open(forge, gitlab)
    assert gitlab.last_closed("callboard/x") is None
    gitlab.close(opened.number)

    closed = gitlab.last_closed("callboard/x")

    assert closed is not None
    assert (closed.number, closed.state, closed.head) == (opened.number, "closed", opened.head)


def test_only_our_merged_ones_are_followed_with_what_they_say(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    opened = _open(forge, gitlab)
    commit = gitlab.merge(opened.number, head=opened.head, method="merge", title="T", message="M")
    gitlab.comment(opened, "landed", marker="<!-- m -->")
    forge.commit(NAME, "theirs", {"models/y/a": b"1"}, "Add", author="robin")
    hands = Robin(forge, robin)
    hands.merge(hands.propose("theirs", "Theirs"))

    (merged,) = gitlab.finished_lately()

    assert (merged.number, merged.state, merged.merge_commit) == (opened.number, "merged", commit)
    assert merged.paths == ("models/x/a",)
    assert [one.body for one in merged.comments] == ["<!-- m -->\nlanded"]


def test_labels_come_and_go_and_a_missing_one_is_fine(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)

    gitlab.label(opened.number, add=("extra",), remove=("model-catalog", "never-there"))

    (pull,) = gitlab.open_pull_requests()
    assert pull.labels == ("extra",)


def test_title_and_text_are_changed_each_alone(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)

    gitlab.edit(opened.number, body="Other")
    gitlab.edit(opened.number, title="New")
    gitlab.edit(opened.number)

    (pull,) = gitlab.open_pull_requests()
    assert (pull.title, pull.body) == ("New", "Other")
    assert gitlab.writes == 3


def test_a_draft_is_opened_as_one(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="robin")

    gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body", draft=True))

    assert gitlab.open_pull_requests()[0].draft


def test_a_wrong_token_and_a_missing_project_say_what_to_do(forge: SandboxForge, gitlab: GitLab) -> None:
    wrong = "glpat-wrong_wrong_wrong"
    for forge_side in (GitLab(forge.url, NAME, Secret(wrong)), GitLab(forge.url, "acme/none", Secret(wrong))):
        with pytest.raises(ForgeError) as refused:
            forge_side.open_pull_requests()
        with pytest.raises(ForgeError) as not_written:
            forge_side.edit(1, title="x")
        assert refused.value.hint
        assert wrong not in f"{refused.value} {not_written.value}"


def test_a_forge_that_is_gone_says_so(gitlab: GitLab) -> None:
    gone = GitLab("http://127.0.0.1:1", NAME, Secret("glpat-0123456789"))

    with pytest.raises(ForgeError, match="no clear answer when asked to close !1"):
        gone.close(1)
