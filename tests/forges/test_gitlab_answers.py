"""What the sandbox does not do and GitLab may: forks, lists without an end, merges that take their time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from callboard.forges.gitlab import GitLab
from callboard.forges.protocol import ForgeError
from callboard.redaction import Secret

HEAD = "1" * 40
HERE = "/api/v4/projects/acme%2Fcatalog"
Answers = dict[str, Any]


@pytest.fixture
def answers() -> Answers:
    """Path without its query to what is answered; 404 for all others."""
    return {"/api/v4/user": {"id": 7, "username": "project_3_bot_a1"}}


@pytest.fixture
def gitlab(answers: Answers) -> Iterator[GitLab]:
    """A forge whose server says nothing but these answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps({"message": "404 Not found"} if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield GitLab(f"http://127.0.0.1:{server.server_port}", "acme/catalog", Secret("glpat-0123456789"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ME = {"id": "gid://gitlab/User/7", "username": "project_3_bot_a1", "bot": True}
SAM = {"id": "gid://gitlab/User/12", "username": "sam", "bot": False}


def _open(answers: Answers, **different: Any) -> None:
    whole = {"hasNextPage": False, "hasPreviousPage": False, "endCursor": None}
    node = {
        "iid": "5",
        "webUrl": "http://gitlab.example/acme/catalog/-/merge_requests/5",
        "title": "Title",
        "description": None,
        "author": ME,
        "state": "opened",
        "draft": False,
        "sourceBranch": "callboard/fraud",
        "targetBranch": "main",
        "sourceProjectId": 3,
        "targetProjectId": 3,
        "sourceProject": {"fullPath": "acme/catalog"},
        "diffHeadSha": HEAD,
        "labels": {"nodes": []},
        "detailedMergeStatus": "MERGEABLE",
        "conflicts": False,
        "diffRefs": {"headSha": HEAD, "startSha": "a" * 40},
        "diffStats": [{"path": "models/x/a"}],
        "diffStatsSummary": {"fileCount": 1},
        "commitCount": 1,
        "approvedBy": {"nodes": []},
        "reviewers": {"nodes": []},
        "headPipeline": None,
        "pipelines": {"nodes": [], "pageInfo": whole},
        "notes": {"nodes": [], "pageInfo": whole},
        "createdAt": "2026-03-01T10:00:00Z",
        "updatedAt": "2026-03-01T10:00:00Z",
        **different,
    }
    answers |= {
        "/api/graphql": {"data": {"project": {"mergeRequests": {"nodes": [node], "pageInfo": whole}}}},
        HERE: {"path_with_namespace": "acme/catalog"},
        f"{HERE}/merge_requests/5/diffs": [{"old_path": "models/x/a", "new_path": "models/x/a"}],
        f"{HERE}/repository/commits/{HEAD}/statuses": [],
    }


def _approved(answers: Answers, who: Any, **different: Any) -> None:
    at = {"createdAt": "2026-03-01T11:00:00Z", "lastEditedAt": None}
    note = {"id": "gid://gitlab/Note/1", "system": True, "body": "approved this merge request", "author": who}
    _open(
        answers,
        approvedBy={"nodes": [who]},
        notes={"nodes": [note | at], "pageInfo": {"hasPreviousPage": False}},
        **different,
    )
    version = {"id": 1, "head_commit_sha": HEAD, "created_at": "2026-03-01T10:00:00Z", "state": "collected"}
    answers[f"{HERE}/merge_requests/5/versions"] = [version]


@pytest.mark.parametrize(
    ("number", "project", "told"),
    [(9, {"fullPath": "eve/catalog"}, "eve/catalog"), (10, None, "project 10"), (None, None, "")],
    ids=["a fork", "a private fork", "a fork that was deleted"],
)
def test_the_branch_of_a_fork_is_told_as_such(
    answers: Answers, gitlab: GitLab, number: int | None, project: Any, told: str
) -> None:
    _open(answers, sourceProjectId=number, sourceProject=project)

    (pull,) = gitlab.open_pull_requests()

    assert pull.head_repository == told
    assert pull.paths == ("models/x/a",)


def test_a_merge_request_whose_branch_is_gone_is_told_without_checks(
    answers: Answers, gitlab: GitLab
) -> None:
    _open(answers, diffHeadSha=None, detailedMergeStatus="COMMITS_STATUS")

    (pull,) = gitlab.open_pull_requests()

    assert (pull.head, pull.checks, pull.paths_complete) == ("", (), False)


def test_a_deleted_author_is_nobody(answers: Answers, gitlab: GitLab) -> None:
    _open(answers, author=None)

    assert gitlab.open_pull_requests()[0].author.login == "ghost"


def test_a_job_without_a_description_says_nothing(answers: Answers, gitlab: GitLab) -> None:
    job = {"id": "gid://gitlab/Ci::Build/4", "name": "lint", "status": "SUCCESS", "allowFailure": False}
    jobs = {"nodes": [job | {"detailedStatus": {"label": "passed"}}], "pageInfo": {"hasNextPage": False}}
    known = {"id": "gid://gitlab/Ci::Pipeline/8", "sha": "f" * 40, "jobs": jobs}
    other = known | {"id": "gid://gitlab/Ci::Pipeline/9"}
    _open(
        answers,
        headPipeline={"id": known["id"], "status": "WAITING_FOR_CALLBACK", "source": "merge_request_event"},
        pipelines={"nodes": [known, other], "pageInfo": {"hasNextPage": False}},
    )

    (pull,) = gitlab.open_pull_requests()

    assert [(one.name, one.state, one.title) for one in pull.checks] == [
        ("lint", "success", ""),
        ("pipeline", "pending", ""),
    ]


@pytest.mark.parametrize("what", ["notes", "diffs", "statuses"])
def test_a_list_without_an_end_holds_the_merge_back(answers: Answers, gitlab: GitLab, what: str) -> None:
    _open(
        answers,
        commitCount=2,
        notes={"nodes": [], "pageInfo": {"hasPreviousPage": True}},
        pipelines={"nodes": [], "pageInfo": {"hasNextPage": True}},
    )
    answers[f"{HERE}/merge_requests/5/notes"] = []
    endless: dict[str, Callable[[int], Any]] = {
        "notes": lambda number: {
            "id": number, "system": False, "body": "x", "author": None, "created_at": "2026-03-01T10:00:00Z",
        },
        "diffs": lambda number: {"old_path": f"models/x/{number}", "new_path": f"models/x/{number}"},
        "statuses": lambda number: {"id": number, "name": f"job {number}", "ref": "x", "status": "success"},
    }  # fmt: skip
    (path,) = (path for path in answers if path.endswith(f"/{what}"))
    answers[path] = [endless[what](number) for number in range(100)]

    (pull,) = gitlab.open_pull_requests()

    assert [check.state for check in pull.checks if check.source == "callboard"] == ["pending"]


@pytest.mark.parametrize(
    ("member", "is_bot", "counts"),
    [
        ({"access_level": 30, "state": "active"}, False, (True, True)),
        ({"access_level": 40, "state": "active"}, False, (True, True)),
        ({"access_level": 20, "state": "active"}, False, (False, True)),
        ({"access_level": 40, "state": "blocked"}, False, (False, True)),
        (None, False, (False, True)),
        ({"access_level": 30, "state": "active"}, True, (True, False)),
    ],
)
def test_whose_approval_may_count(
    answers: Answers, gitlab: GitLab, member: Any, is_bot: bool, counts: tuple[bool, bool]
) -> None:
    _approved(answers, SAM | {"bot": is_bot})
    answers[f"{HERE}/members/all/12"] = member

    (review,) = gitlab.open_pull_requests()[0].reviews

    assert (review.author_can_write, review.author_is_person) == counts
    assert (review.commit, review.submitted_at) == (HEAD, "2026-03-01T11:00:00Z")


@pytest.mark.parametrize(
    ("user", "is_person"), [({"bot": False}, True), ({"bot": True}, False), ({}, False), (None, False)]
)
def test_who_is_not_said_to_be_a_person_is_asked_for(
    answers: Answers, gitlab: GitLab, user: Any, is_person: bool
) -> None:
    _approved(answers, {name: value for name, value in SAM.items() if name != "bot"})
    answers |= {"/api/v4/users/12": user, f"{HERE}/members/all/12": {"access_level": 30, "state": "active"}}

    (review,) = gitlab.open_pull_requests()[0].reviews

    assert review.author_is_person is is_person


def test_what_nobody_approved_costs_no_request_of_its_own(answers: Answers, gitlab: GitLab) -> None:
    _open(answers)
    gitlab.open_pull_requests()
    read = gitlab.reads
    gitlab.open_pull_requests()
    assert gitlab.reads - read == 1

    _approved(answers, SAM)
    gitlab.open_pull_requests()  # asks once who sam is
    read = gitlab.reads
    gitlab.open_pull_requests()
    assert gitlab.reads - read == 1 + 3


def test_what_somebody_else_opened_is_read_no_further(answers: Answers, gitlab: GitLab) -> None:
    _approved(answers, SAM, author=SAM, commitCount=7)
    gitlab.open_pull_requests()
    read = gitlab.reads
    gitlab.open_pull_requests()
    assert gitlab.reads - read == 1


def test_an_error_of_graphql_is_told(answers: Answers, gitlab: GitLab) -> None:
    answers["/api/graphql"] = {"errors": [{"message": "Query has complexity of 300"}]}

    with pytest.raises(ForgeError, match="complexity of 300"):
        gitlab.open_pull_requests()


def test_a_merge_that_is_only_ordered_is_not_taken_for_one(answers: Answers, gitlab: GitLab) -> None:
    mr = {"state": "locked", "sha": HEAD, "web_url": "http://gitlab.example/acme/catalog/-/merge_requests/5"}
    answers[f"{HERE}/merge_requests/5/merge"] = mr

    with pytest.raises(ForgeError, match="has not merged it yet"):
        gitlab.merge(5, head=HEAD, method="squash", title="T", message="M")


@pytest.mark.parametrize("told", [None, {"data": {"project": None}}])
def test_what_gitlab_refuses_to_tell_is_an_error_and_no_absence(
    answers: Answers, gitlab: GitLab, told: Any
) -> None:
    answers["/api/graphql"] = told

    with pytest.raises(ForgeError) as refused:
        gitlab.open_pull_requests()

    assert refused.value.status == 404

    assert "check the project's path" in refused.value.hint


@pytest.mark.parametrize(
    ("email", "written"),
    [
        ("bot@acme.example", "project_3_bot_a1 <bot@acme.example>"),
        (None, "project_3_bot_a1 <7-project_3_bot_a1@users.noreply.127.0.0.1>"),
        ("a> <b@c", "project_3_bot_a1 <7-project_3_bot_a1@users.noreply.127.0.0.1>"),
    ],
)
def test_commits_are_by_the_address_that_gitlab_knows_us_by(
    answers: Answers, gitlab: GitLab, email: str | None, written: str
) -> None:
    answers["/api/v4/user"]["commit_email"] = email

    assert gitlab.commit_author() == written
