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

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield GitLab(f"http://127.0.0.1:{server.server_port}", "acme/catalog", Secret("glpat-0123456789"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _open(answers: Answers, **different: Any) -> None:
    mr = {
        "iid": 5,
        "web_url": "http://gitlab.example/acme/catalog/-/merge_requests/5",
        "title": "Title",
        "description": None,
        "author": {"id": 11, "username": "robin"},
        "state": "opened",
        "draft": False,
        "source_branch": "callboard/fraud",
        "target_branch": "main",
        "source_project_id": 3,
        "target_project_id": 3,
        "sha": HEAD,
        "labels": [],
        "detailed_merge_status": "mergeable",
        "diff_refs": {"head_sha": HEAD, "start_sha": "a" * 40},
        "changes_count": "1",
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-01T10:00:00.000Z",
        **different,
    }
    requests = f"{HERE}/merge_requests"
    answers |= {
        requests: [mr],
        f"{requests}/5": mr,
        f"{requests}/5/notes": [],
        f"{requests}/5/diffs": [{"old_path": "models/x/a", "new_path": "models/x/a"}],
        f"{HERE}/repository/commits/{HEAD}/statuses": [],
    }


@pytest.mark.parametrize(
    ("project", "told"),
    [(9, "eve/catalog"), (10, "project 10"), (None, "")],
    ids=["a fork", "a private fork", "a fork that was deleted"],
)
def test_the_branch_of_a_fork_is_told_as_such(
    answers: Answers, gitlab: GitLab, project: int | None, told: str
) -> None:
    _open(answers, source_project_id=project)
    answers["/api/v4/projects/9"] = {"path_with_namespace": "eve/catalog"}

    (pull,) = gitlab.open_pull_requests()

    assert pull.head_repository == told
    assert pull.paths == ("models/x/a",)


def test_a_merge_request_whose_branch_is_gone_is_told_without_checks(
    answers: Answers, gitlab: GitLab
) -> None:
    _open(answers, sha=None, detailed_merge_status="commits_status")

    (pull,) = gitlab.open_pull_requests()

    assert (pull.head, pull.checks, pull.paths_complete) == ("", (), False)


@pytest.mark.parametrize("what", ["notes", "diffs", "statuses"])
def test_a_list_without_an_end_holds_the_merge_back(answers: Answers, gitlab: GitLab, what: str) -> None:
    _open(answers)
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


def test_more_open_ones_than_can_be_read_are_not_taken_for_all(answers: Answers, gitlab: GitLab) -> None:
    answers[f"{HERE}/merge_requests"] = [{"iid": number} for number in range(100)]

    with pytest.raises(ForgeError, match="more than 3000 open merge requests"):
        gitlab.open_pull_requests()


@pytest.mark.parametrize(
    ("member", "user", "counts"),
    [
        ({"access_level": 30, "state": "active"}, {"bot": False}, (True, True)),
        ({"access_level": 40, "state": "active"}, {"bot": False}, (True, True)),
        ({"access_level": 20, "state": "active"}, {"bot": False}, (False, True)),
        ({"access_level": 40, "state": "blocked"}, {"bot": False}, (False, True)),
        (None, {"bot": False}, (False, True)),
        ({"access_level": 30, "state": "active"}, {"bot": True}, (True, False)),
        ({"access_level": 30, "state": "active"}, {}, (True, False)),
        ({"access_level": 30, "state": "active"}, None, (True, False)),
    ],
)
def test_whose_approval_may_count(
    answers: Answers, gitlab: GitLab, member: Any, user: Any, counts: tuple[bool, bool]
) -> None:
    _open(answers)
    sam = {"id": 12, "username": "sam"}
    at = "2026-03-01T11:00:00.000Z"
    note = {
        "id": 1,
        "system": True,
        "body": "approved this merge request",
        "author": sam,
        "created_at": at,
    }
    version = {"id": 1, "head_commit_sha": HEAD, "created_at": "2026-03-01T10:00:00Z", "state": "collected"}
    here = f"{HERE}/merge_requests/5"
    answers |= {
        f"{here}/notes": [note],
        f"{here}/approvals": {"approved_by": [{"user": sam}]},
        f"{here}/versions": [version],
        f"{HERE}/members/all/12": member,
        "/api/v4/users/12": user,
    }

    (review,) = gitlab.open_pull_requests()[0].reviews

    assert (review.author_can_write, review.author_is_person) == counts
    assert (review.commit, review.submitted_at) == (HEAD, at)


def test_a_merge_that_is_only_ordered_is_not_taken_for_one(answers: Answers, gitlab: GitLab) -> None:
    mr = {"state": "locked", "sha": HEAD, "web_url": "http://gitlab.example/acme/catalog/-/merge_requests/5"}
    answers[f"{HERE}/merge_requests/5/merge"] = mr

    with pytest.raises(ForgeError, match="has not merged it yet"):
        gitlab.merge(5, head=HEAD, method="squash", title="T", message="M")


def test_what_gitlab_refuses_to_tell_is_an_error_and_no_absence(gitlab: GitLab) -> None:
    with pytest.raises(ForgeError, match="404") as refused:
        gitlab.open_pull_requests()

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
