"""Every operation that the sandbox forge has answers as GitHub's description says."""

from __future__ import annotations

import base64
import time

import jwt

from callboard.sandbox.forge.rest import OPERATIONS
from tests.contracts.github import Contract, operation_of
from tests.sandbox.forge.conftest import REPOSITORY, Stage
from tests.sandbox.forge.signing import keys


def visit_people(stage: Stage) -> None:
    stage.api("robin", "GET", "/user")
    stage.api(None, "GET", "/users/robin")
    stage.api(None, "GET", "/users/ci%5Bbot%5D")
    stage.api("robin", "GET", "/rate_limit")
    stage.api("robin", "GET", "collaborators")
    stage.api("robin", "GET", "collaborators/robin")
    stage.api("robin", "GET", "collaborators/mallory/permission")
    stage.forge.add_team("acme/ml", ["robin", "ada"])
    stage.api("robin", "GET", "/orgs/acme/teams/ml/members", per_page=1)


def visit_repository(stage: Stage) -> None:
    stage.api(None, "GET", "")
    stage.api("robin", "GET", "branches", protected="false")
    stage.api("robin", "GET", "branches/main")
    stage.api("robin", "GET", "commits", path="README.md", per_page=1)
    stage.api("robin", "GET", "commits/main")
    stage.branch("compared", {"README.md": b"# All models\n", "models/fraud/catalog-info.yaml": None})
    stage.api("robin", "GET", "compare/main...compared")
    stage.api("robin", "GET", "contents/README.md", ref="main")
    stage.api("robin", "GET", "contents/models")
    rules = {
        "required_status_checks": {"strict": True, "contexts": ["validate"]},
        "required_pull_request_reviews": {"required_approving_review_count": 1},
        "enforce_admins": True,
        "restrictions": None,
    }
    stage.api("ada", "PUT", "branches/main/protection", rules)
    stage.api("ada", "GET", "branches/main/protection")
    stage.api("ada", "GET", "branches/main")
    stage.api("ada", "DELETE", "branches/main/protection")


def visit_objects(stage: Stage) -> None:
    blob = stage.api(
        "callboard", "POST", "git/blobs", {"content": base64.b64encode(b"\0").decode(), "encoding": "base64"}
    )
    stage.api("robin", "GET", f"git/blobs/{blob.json()['sha']}")
    entries = [
        {"path": "a/b.bin", "mode": "100644", "type": "blob", "sha": blob.json()["sha"]},
        {"path": "a/c.txt", "mode": "100644", "type": "blob", "content": "text"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = stage.api("callboard", "POST", "git/trees", {"base_tree": stage.tip(), "tree": entries})
    stage.api("robin", "GET", f"git/trees/{tree.json()['sha']}", recursive=1)
    made = {"message": "Made of objects", "tree": tree.json()["sha"], "parents": [stage.tip()]}
    commit = stage.api("callboard", "POST", "git/commits", made).json()["sha"]
    stage.api("robin", "GET", f"git/commits/{commit}")
    stage.api("callboard", "POST", "git/refs", {"ref": "refs/heads/made", "sha": stage.tip()})
    stage.api("callboard", "PATCH", "git/refs/heads/made", {"sha": commit})
    stage.api("robin", "GET", "git/ref/heads/made")
    stage.api("robin", "GET", "git/matching-refs/heads/ma")
    stage.api("callboard", "DELETE", "git/refs/heads/made")


def visit_pulls(stage: Stage) -> None:
    number = stage.opened("visited").number
    stage.api("robin", "GET", "pulls", state="all", head="acme:visited", sort="updated", direction="desc")
    stage.api("robin", "GET", f"pulls/{number}")
    stage.api("callboard", "PATCH", f"pulls/{number}", {"title": "Visited", "body": "Twice"})
    stage.api("robin", "GET", f"pulls/{number}/files")
    stage.api("robin", "GET", f"pulls/{number}/commits")
    stage.api("callboard", "POST", f"pulls/{number}/requested_reviewers", {"reviewers": ["robin", "ada"]})
    stage.api("robin", "GET", f"pulls/{number}/requested_reviewers")
    stage.api("callboard", "DELETE", f"pulls/{number}/requested_reviewers", {"reviewers": ["ada"]})
    review = stage.api(
        "robin", "POST", f"pulls/{number}/reviews", {"event": "APPROVE", "body": "Fine"}
    ).json()
    stage.api("robin", "GET", f"pulls/{number}/reviews")
    stage.api("robin", "GET", f"pulls/{number}/reviews/{review['id']}")
    dismissal = f"pulls/{number}/reviews/{review['id']}/dismissals"
    stage.api("robin", "PUT", dismissal, {"message": "Looked again", "event": "DISMISS"})
    stage.branch("main", {"elsewhere.txt": b""})
    stage.api("callboard", "PUT", f"pulls/{number}/update-branch", {})
    stage.api("callboard", "PUT", f"pulls/{number}/merge", {"merge_method": "squash"})
    stage.api("robin", "GET", f"pulls/{number}/merge")


def visit_conversation(stage: Stage) -> None:
    number = stage.opened("discussed").number
    comment = stage.api("robin", "POST", f"issues/{number}/comments", {"body": "Why?"}).json()["id"]
    stage.api("robin", "GET", f"issues/{number}/comments")
    stage.api("robin", "GET", f"issues/comments/{comment}")
    stage.api("robin", "PATCH", f"issues/comments/{comment}", {"body": "Why not?"})
    stage.api("robin", "DELETE", f"issues/comments/{comment}")
    stage.api("robin", "POST", "labels", {"name": "team/ml", "color": "ff0000"})
    stage.api("robin", "GET", "labels/team%2Fml")
    stage.api("robin", "GET", "labels")
    stage.api("robin", "POST", f"issues/{number}/labels", {"labels": ["team/ml", "hold"]})
    stage.api("robin", "PUT", f"issues/{number}/labels", {"labels": ["hold"]})
    stage.api("robin", "GET", f"issues/{number}/labels")
    stage.api("robin", "DELETE", f"issues/{number}/labels/hold")


def visit_issues(stage: Stage) -> None:
    opened = {"title": "Dashboard", "body": "All of it", "labels": ["callboard-dashboard"]}
    number = stage.api("callboard", "POST", "issues", opened).json()["number"]
    stage.api("robin", "GET", f"issues/{number}")
    stage.api("robin", "GET", f"issues/{stage.opened('listed').number}")
    stage.api("callboard", "PATCH", f"issues/{number}", {"body": "Less of it"})
    stage.api("robin", "GET", "issues", state="all", labels="callboard-dashboard", creator="callboard")


def visit_apps(stage: Stage) -> None:
    private, public = keys()
    app = stage.forge.add_app("callboard-app", public, {"contents": "write", "metadata": "read"})
    stage.forge.set_role(REPOSITORY, "callboard-app", "write")
    now = int(time.time())
    claims = {"iss": str(app.id), "iat": now - 30, "exp": now + 300}
    stage.tokens["app"] = jwt.encode(claims, private, algorithm="RS256")
    number = stage.api("app", "GET", "installation").json()["id"]
    asked = {"repositories": ["model-catalog"], "permissions": {"contents": "read"}}
    stage.api("app", "POST", f"/app/installations/{number}/access_tokens", asked)


def visit_checks(stage: Stage) -> None:
    sha = stage.branch("checked")
    stage.api("callboard", "POST", f"statuses/{sha}", {"state": "success", "context": "validate"})
    stage.api("robin", "GET", "commits/checked/status")
    stage.api("robin", "GET", "commits/checked/statuses")
    run = stage.api(
        "ci", "POST", "check-runs", {"name": "docs", "head_sha": sha, "status": "in_progress"}
    ).json()["id"]
    note = {
        "path": "README.md",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "warning",
        "message": "?",
    }
    output = {"title": "Built", "summary": "All pages", "annotations": [note]}
    stage.api("ci", "PATCH", f"check-runs/{run}", {"conclusion": "success", "output": output})
    stage.api("robin", "GET", f"check-runs/{run}")
    stage.api("robin", "GET", f"check-runs/{run}/annotations")
    stage.api("robin", "GET", "commits/checked/check-runs", check_name="docs")


def test_every_operation_answers_as_github_describes_it(stage: Stage, github_contract: Contract) -> None:
    for visit in (
        visit_people,
        visit_repository,
        visit_objects,
        visit_pulls,
        visit_conversation,
        visit_issues,
        visit_apps,
        visit_checks,
    ):
        visit(stage)
    refused = [request for request in stage.forge.log.since() if request.status >= 400]
    assert refused == []
    assert {operation.id for operation in OPERATIONS} - github_contract.conforming.keys() == set()


def test_every_operation_of_the_table_is_one_of_githubs_at_githubs_path() -> None:
    for operation in OPERATIONS:
        official = operation_of(operation.id)
        assert (operation.method, operation.path.count("/")) == (official.method, official.path.count("/"))
