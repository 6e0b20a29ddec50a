"""What GitLab is asked to change, and what it tells of itself, its groups and its trains."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from callboard import http
from callboard.forges.budget import Budget
from callboard.forges.gitlab import GitLab
from callboard.forges.protocol import (
    DASHBOARD_LABEL,
    Account,
    CheckReport,
    ForgeError,
    HeadMoved,
    NewPullRequest,
    PullRequest,
)
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge
from callboard.sandbox.forge.pulls import Opening, open_pull
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.forge.reviewing import comment
from tests.forges.test_gitlab import NAME, OPENING
from tests.servers.forge import ForgeFactory

CREATE_COMMIT = "gitlab/commits/create"


@pytest.fixture
def robin(forge: SandboxForge) -> str:
    return forge.add_user("robin")


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def gitlab(forge: SandboxForge, robin: str, waits: list[float]) -> GitLab:
    forge.add_repository(NAME, {"README.md": b"x\n"}, collaborators={"robin": "write"})
    token = forge.add_project_token(NAME, role="write", name="callboard")
    return GitLab(forge.url, NAME, Secret(token), budget=Budget(None, sleep=waits.append))


def _open(forge: SandboxForge, gitlab: GitLab, branch: str = "callboard/x") -> PullRequest:
    forge.commit(NAME, branch, {"models/x/a": branch.encode()}, "Add", author="robin")
    return gitlab.open(NewPullRequest(branch, "main", "Title", "Body"))


def test_one_read_tells_who_we_are_and_what_the_project_is_called(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    token = forge.add_project_token(NAME, role="maintain", name="maintainer")
    maintainer = GitLab(forge.url, NAME, Secret(token))
    mine = maintainer.open_issue("Dashboard", "Body", (DASHBOARD_LABEL,))
    assert not maintainer.about("main").queue  # whether there are trains is asked once, and of REST
    read = maintainer.reads

    about = maintainer.about("main")

    assert maintainer.reads - read == 1
    assert (about.repository, about.default_branch, about.queue) == (NAME, "main", False)
    assert about.dashboard == mine
    assert about.identity == maintainer.identity()
    assert maintainer.commit_author() == GitLab(forge.url, NAME, Secret(token)).commit_author()
    assert maintainer.reads - read == 1


def test_an_issue_of_somebody_else_is_not_our_dashboard(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    GitLab(forge.url, NAME, Secret(robin)).open_issue("Mine", "x", (DASHBOARD_LABEL,))
    gitlab.open_issue("Other", "x", ("other",))
    assert gitlab.about("main").dashboard is None

    made = gitlab.open_issue("Dashboard", "one", (DASHBOARD_LABEL, "extra"))
    gitlab.open_issue("A later one", "x", (DASHBOARD_LABEL,))
    gitlab.edit_issue(made.number, body="two")

    found = gitlab.about("main").dashboard
    assert found is not None
    assert (found.number, found.body, found.labels) == (made.number, "two", (DASHBOARD_LABEL, "extra"))


def test_a_renamed_project_is_told_by_its_new_path(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.rename(NAME, "models")

    assert gitlab.about("main").repository == "acme/models"
    with pytest.raises(ForgeError, match="moved"):
        gitlab.open_issue("x", "x", ())


def test_a_quiet_sweep_over_more_than_a_page_takes_five_reads(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    repository, me = forge.repository(NAME), forge.account("robin")
    head = forge.commit(NAME, "callboard/0", {"models/x/a": b"1"}, "Add", author="robin")
    for number in range(1, 51):
        repository.git.update_ref(f"refs/heads/callboard/{number}", head)
    with forge.world.lock:
        settle(forge.world, repository, me)
        for number in range(51):
            open_pull(forge.world, repository, me, Opening("Title", "Body", f"callboard/{number}", "main"))
    ours = GitLab(forge.url, NAME, Secret(robin))
    mark = forge.log.mark()

    ours.about("main")
    pulls = ours.open_pull_requests()
    ours.finished_lately()

    counts = forge.log.counts(mark)
    # About us, the project once, twice fifty (which is so up to a hundred), and what is finished.
    assert (len(pulls), counts.reads, counts.writes) == (51, 5, 0)


def test_what_is_finished_is_told_in_one_read_with_labels_and_comments(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    merged, closed = _open(forge, gitlab), _open(forge, gitlab, "callboard/y")
    gitlab.label(closed.number, add=("hold",))
    gitlab.comment(closed, "why", marker="<!-- m -->")
    gitlab.close(closed.number)
    commit = gitlab.merge(merged.number, head=merged.head, method="merge", title="T", message="M")
    forge.commit(NAME, "theirs", {"models/z/a": b"1"}, "Add", author="robin")
    theirs = GitLab(forge.url, NAME, Secret(robin))
    theirs.close(theirs.open(NewPullRequest("theirs", "main", "Theirs", "x")).number)
    gitlab.identity()
    read = gitlab.reads

    found = gitlab.finished_lately()

    assert gitlab.reads - read == 1
    assert [(one.number, one.state, one.merge_commit, one.paths) for one in found] == [
        (merged.number, "merged", commit, ("models/x/a",)),
        (closed.number, "closed", None, ("models/x/a",)),
    ]
    assert (found[1].labels, [one.body for one in found[1].comments]) == (("hold",), ["<!-- m -->\nwhy"])


def test_a_squash_that_was_fast_forwarded_takes_one_more_read(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.project_settings(NAME).merge_method = "ff"
    opened = _open(forge, gitlab)
    commit = gitlab.merge(opened.number, head=opened.head, method="squash", title="T", message="M")
    read = gitlab.reads

    (found,) = gitlab.finished_lately()

    assert found.merge_commit == commit != opened.head
    assert gitlab.reads - read == 2 + 1  # who we are was asked as well


def test_what_was_closed_last_is_not_what_was_changed_last(forge: SandboxForge, gitlab: GitLab) -> None:
    first = _open(forge, gitlab)
    gitlab.close(first.number)
    second = gitlab.open(NewPullRequest("callboard/x", "main", "Again", "Body", labels=("no",)))
    gitlab.close(second.number)
    gitlab.comment(first, "later", marker="<!-- m -->")

    found = gitlab.last_closed("callboard/x")

    assert found is not None
    assert (found.number, found.labels) == (second.number, ("no",))


def test_an_edited_comment_and_a_bots_are_told_as_such(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    opened = _open(forge, gitlab)
    gitlab.comment(opened, "one", marker="<!-- m -->")
    person = GitLab(forge.url, NAME, Secret(robin))
    person.comment(opened, "/merge", marker="/rebase")
    person.comment(person.open_pull_requests()[0], "/hold", marker="/rebase")

    first, second = gitlab.open_pull_requests()[0].comments

    assert (first.author_is_person, first.edited) == (False, False)
    assert (second.author_is_person, second.edited, second.body) == (True, True, "/rebase\n/hold")
    assert first.created_at < second.created_at


def test_what_has_more_notes_than_a_page_is_read_on(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)
    pull, me = forge.pull(NAME, opened.number), forge.account("robin")
    with forge.world.lock:
        for number in range(101):
            comment(forge.world, forge.repository(NAME), pull, me, f"note {number}")

    (told,) = gitlab.open_pull_requests()
    gitlab.close(opened.number)
    (finished,) = gitlab.finished_lately()

    assert len(told.comments) == len(finished.comments) == 101


def test_what_the_forge_has_not_worked_out_is_asked_for(start_forge: ForgeFactory) -> None:
    forge = start_forge(undecided_reads=3)
    forge.add_user("robin")
    forge.add_repository(NAME, {"README.md": b"x\n"}, collaborators={"robin": "write"})
    gitlab = GitLab(forge.url, NAME, Secret(forge.add_project_token(NAME)))
    _open(forge, gitlab)

    assert [gitlab.open_pull_requests()[0].mergeable for _ in range(2)] == [None, True]


def test_what_is_no_project_says_so(forge: SandboxForge, gitlab: GitLab, robin: str) -> None:
    with pytest.raises(ForgeError) as refused:
        GitLab(forge.url, "acme/none", Secret(robin)).about("main")
    assert "project" in refused.value.hint


def test_a_train_takes_what_is_pinned_and_merges_it(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)
    _open(forge, gitlab, "callboard/y")
    assert not gitlab.about("main").queue
    with pytest.raises(ForgeError, match="merge train"):
        gitlab.enqueue(opened.number, head=opened.head)

    forge.set_queue(NAME)
    fresh = GitLab(forge.url, NAME, Secret(forge.add_project_token(NAME, role="maintain", name="two")))
    assert fresh.about("main").queue
    with pytest.raises(HeadMoved):
        gitlab.enqueue(opened.number, head="1" * 40)
    gitlab.enqueue(opened.number, head=opened.head)

    assert {pull.number: pull.in_queue for pull in fresh.open_pull_requests()} == {1: True, 2: False}
    assert forge.process_queue(NAME) == [opened.number]
    assert [pull.state for pull in gitlab.finished_lately()] == ["merged"]


def test_what_is_taken_off_the_train_is_not_merged(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.set_queue(NAME)
    opened = _open(forge, gitlab)
    gitlab.enqueue(opened.number, head=opened.head)

    gitlab.dequeue(opened.number)

    assert forge.process_queue(NAME) == []
    with pytest.raises(ForgeError, match="off the merge train"):
        gitlab.dequeue(opened.number)


def test_a_check_is_a_status_and_is_not_said_twice(forge: SandboxForge, gitlab: GitLab) -> None:
    _open(forge, gitlab)
    report = CheckReport("callboard", "failure", "2 problems", "…")
    (pull,) = gitlab.open_pull_requests()
    gitlab.check(pull, report)
    (pull,) = gitlab.open_pull_requests()
    written = gitlab.writes

    gitlab.check(pull, report)
    assert gitlab.writes == written
    gitlab.check(pull, CheckReport("callboard", "neutral", "x" * 200, "…"))

    (after,) = gitlab.open_pull_requests()
    (mine,) = [one for one in after.checks if one.name == "callboard"]
    assert (mine.state, mine.title) == ("neutral", "x" * 140)


def test_who_may_write_is_asked_once(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.add_user("eve")
    forge.add_user("ted")
    forge.set_role(NAME, "ted", "triage")
    read = gitlab.reads

    for _ in range(2):
        found = [gitlab.can_write(_account(forge, login)) for login in ("robin", "ted", "eve")]
        assert found == [True, False, False]

    assert gitlab.reads - read == 3


def _account(forge: SandboxForge, login: str) -> Account:
    account = forge.account(login)
    return Account(str(account.id), account.login)


def test_the_members_of_a_group_are_told(forge: SandboxForge, gitlab: GitLab) -> None:
    forge.add_user("Sam")
    forge.add_team("acme/ml", ["Sam", "robin"])
    read = gitlab.reads

    assert gitlab.members("acme/ml") == frozenset({"sam", "robin"})
    assert gitlab.members("acme/ml") == frozenset({"sam", "robin"})
    assert gitlab.members("acme/none") is None
    assert gitlab.reads - read == 2


def test_git_fetches_the_head_by_its_ref(forge: SandboxForge, gitlab: GitLab) -> None:
    opened = _open(forge, gitlab)

    assert gitlab.head_of(opened.number) == "refs/merge-requests/1/head"
    assert forge.repository(NAME).git.refs()["refs/merge-requests/1/head"] == opened.head


def test_a_commit_through_the_api_has_our_bytes_and_is_signed(
    forge: SandboxForge, gitlab: GitLab, robin: str
) -> None:
    base = forge.commit(NAME, "main", {"models/a": b"1\n", "models/b": b"2\n"}, "Add", author="robin")
    odd = b"\xff\x00binary\r\n"
    files = {"models/a": b"one\n", "models/b": None, "models/c.svg": odd, "models/d": "ümlaut\n".encode()}

    commit = gitlab.commit(
        "callboard/x",
        parent=base,
        files=files,
        existing=["models/a", "models/b"],
        message="Update\n\nT: 1",
        expected=None,
    )

    git = forge.repository(NAME).git
    made = git.commit(commit)
    assert (made.parents, made.message) == ((base,), "Update\n\nT: 1")
    assert forge.file(NAME, "callboard/x", "models/a") == b"one\n"
    assert forge.file(NAME, "callboard/x", "models/c.svg") == odd
    assert forge.file(NAME, "callboard/x", "models/d").decode() == "ümlaut\n"
    with pytest.raises(KeyError):
        forge.file(NAME, "callboard/x", "models/b")
    project = f"/projects/{quote(NAME, safe='')}/repository/commits"
    with http.connect(forge.gitlab_api_url, token=Secret(robin)) as client:
        told = client.get_json(f"{project}/{commit}/signature")
        with pytest.raises(http.HttpProblem, match="Signature Not Found"):
            client.get_json(f"{project}/{base}/signature")
    assert told["verification_status"] == "verified_system"


def test_a_branch_is_replaced_only_from_where_it_was(forge: SandboxForge, gitlab: GitLab) -> None:
    base = forge.repository(NAME).git.resolve("refs/heads/main") or ""
    first = gitlab.commit(
        "callboard/x", parent=base, files={"a": b"1"}, existing=(), message="One", expected=None
    )
    again = {"parent": base, "files": {"a": b"2"}, "existing": (), "message": "Two"}

    for wrong in (None, base):
        with pytest.raises(HeadMoved):
            gitlab.commit("callboard/x", expected=wrong, **again)  # type: ignore[arg-type]
    second = gitlab.commit("callboard/x", expected=first, **again)  # type: ignore[arg-type]

    git = forge.repository(NAME).git
    assert git.resolve("refs/heads/callboard/x") == second
    assert git.commit(second).parents == (base,)


def test_a_token_that_may_only_read_is_told_which_scope_it_lacks(forge: SandboxForge, gitlab: GitLab) -> None:
    token = forge.add_project_token(NAME, role="write", name="reader", read_only=True)
    reader = GitLab(forge.url, NAME, Secret(token))
    assert reader.open_pull_requests() == ()

    with pytest.raises(ForgeError) as refused:
        reader.open_issue("x", "x", ())

    assert "lacks the scope api" in refused.value.hint


def test_a_write_refused_for_its_rate_is_sent_once_more_after_the_wait(
    forge: SandboxForge, gitlab: GitLab, waits: list[float]
) -> None:
    forge.commit(NAME, "callboard/x", {"models/x/a": b"1"}, "Add", author="robin")
    forge.faults.gitlab_rate_limit(OPENING, retry_after=7)

    gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body"))

    assert waits == [7]
    forge.faults.gitlab_rate_limit(OPENING, retry_after=7)
    forge.faults.gitlab_rate_limit(OPENING, retry_after=7)
    with pytest.raises(ForgeError) as refused:
        gitlab.open(NewPullRequest("callboard/x", "main", "Title", "Body"))
    assert refused.value.status == 429


def test_a_longer_wait_than_a_minute_is_for_the_next_run(
    forge: SandboxForge, gitlab: GitLab, waits: list[float]
) -> None:
    forge.faults.gitlab_rate_limit("gitlab/issues/create", retry_after=600)

    with pytest.raises(ForgeError, match="until"):
        gitlab.open_issue("x", "x", ())

    assert waits == []
