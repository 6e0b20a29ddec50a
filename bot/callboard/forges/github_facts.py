"""GitHub's answers (see ``github_queries``), turned into the forge-neutral facts.

Names follow GitHub's GraphQL schema (``PullRequest``, ``PullRequestReview``, ``StatusCheckRollup``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from callboard.forges.protocol import About, Account, Check, Comment, ForcePush, Issue, PullRequest, Review

_REVIEW_STATES: Mapping[
    str, Literal["approved", "changes-requested", "commented", "dismissed", "pending"]
] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes-requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
    "PENDING": "pending",
}
_CONCLUSIONS: Mapping[str, Literal["success", "failure", "neutral"]] = {
    "SUCCESS": "success",
    "NEUTRAL": "neutral",
    "SKIPPED": "neutral",
}
_STATUSES: Mapping[str, Literal["success", "pending"]] = {
    "SUCCESS": "success",
    "PENDING": "pending",
    "EXPECTED": "pending",
}
_MOST_FILES = 3000
"""GitHub lists no more files of a pull request (REST, "List pull requests files")."""
_MOST_FILES_OF_A_FORK = 500
"""Anybody may propose something from a fork, and every page of it is a request in every pass."""
_ROLLUP = "statusCheckRollup"
_UNREAD: Mapping[str, Any] = {"contexts": None}
"""Stands for checks that the token may not read; told by identity."""
_MERGEABLE = {"MERGEABLE": True, "CONFLICTING": False}


def account(author: Mapping[str, Any] | None) -> Account:
    """The account of GraphQL's ``Actor``; a deleted one ("ghost") is nobody."""
    if not author:
        return Account(id="", login="ghost")
    login = str(author["login"])
    # Everywhere but here GitHub writes a bot's login with this ending.
    if author.get("__typename") == "Bot" and not login.endswith("[bot]"):
        login += "[bot]"
    return Account(id=str(author.get("databaseId") or ""), login=login)


def pull_request(
    node: Mapping[str, Any],
    can_write: Callable[[str], bool],
    all_paths: Callable[[int, int], tuple[tuple[str, ...], bool]],
    all_comments: Callable[[int], tuple[Comment, ...]],
) -> PullRequest:
    """The facts of one pull request.

    ``can_write`` tells whether a person (by login) may write to the repository. ``all_paths`` is asked for
    the changed paths, so many at most (and whether they are all), when this answer does not hold them all: it
    is cut at 100, and does not tell where a renamed file came from. ``all_comments`` likewise. What was not
    asked for (reviews, checks and events of a finished one) is empty.
    """
    files = (node.get("files") or {}).get("nodes") or []
    paths, complete = tuple(sorted(file["path"] for file in files)), True
    cut = not node.get("files") or node["files"]["pageInfo"]["hasNextPage"]
    if cut or any(file["changeType"] == "RENAMED" for file in files):
        paths, complete = all_paths(
            node["number"], _MOST_FILES_OF_A_FORK if node["isCrossRepository"] else _MOST_FILES
        )
    return PullRequest(
        number=node["number"],
        url=node["url"],
        title=node["title"],
        body=node["body"],
        author=account(node["author"]),
        state="merged" if node["merged"] else "open" if node["state"] == "OPEN" else "closed",
        draft=node["isDraft"],
        head_ref=node["headRefName"],
        head=node["headRefOid"],
        head_repository=(node["headRepository"] or {}).get("nameWithOwner", ""),
        base_ref=node["baseRefName"],
        base=node["baseRefOid"],
        labels=tuple(sorted(label["name"] for label in (node["labels"] or {"nodes": []})["nodes"])),
        mergeable=_MERGEABLE.get(node["mergeable"]),
        blocked_by_forge=node["mergeStateStatus"] == "BLOCKED",
        reviews=tuple(_review(review, can_write) for review in _reviews(node)),
        checks=_checks(node),
        paths=paths,
        paths_complete=complete,
        force_pushes=tuple(_force_push(event) for event in _events(node, "HeadRefForcePushedEvent")),
        retargeted_at=tuple(event["createdAt"] for event in _events(node, "BaseRefChangedEvent")),
        created_at=node["createdAt"],
        updated_at=node["updatedAt"],
        merge_commit=(node["mergeCommit"] or {}).get("oid"),
        comments=_comments(node, all_comments),
        in_queue=node["isInMergeQueue"],
    )


def about(answer: Mapping[str, Any]) -> About:
    """Who we are and what the repository is."""
    me, repository = account(answer["viewer"]), answer["repository"]
    issues = (repository["issues"] or {"nodes": []})["nodes"]
    ours = [one for one in issues if account(one["author"]).id == me.id]
    return About(
        identity=me,
        repository=repository["nameWithOwner"],
        default_branch=(repository["defaultBranchRef"] or {}).get("name", ""),
        queue=repository["mergeQueue"] is not None,
        dashboard=_issue(ours[0]) if ours else None,
    )


def _issue(node: Mapping[str, Any]) -> Issue:
    labels = tuple(sorted(label["name"] for label in (node["labels"] or {"nodes": []})["nodes"]))
    return Issue(node["number"], node["url"], node["title"], node["body"], labels)


def comment(said: Mapping[str, Any]) -> Comment:
    """A comment as the REST API tells it."""
    author = said["user"] or {"id": "", "login": "ghost", "type": ""}
    return Comment(
        id=said["id"],
        author=Account(id=str(author["id"]), login=author["login"]),
        body=said["body"] or "",
        created_at=said["created_at"],
        edited=said["updated_at"] != said["created_at"],
        author_is_person=author["type"] == "User",
    )


def _comments(
    node: Mapping[str, Any], all_comments: Callable[[int], tuple[Comment, ...]]
) -> tuple[Comment, ...]:
    if node["comments"]["pageInfo"]["hasNextPage"]:
        return all_comments(node["number"])
    return tuple(
        Comment(
            id=one["databaseId"],
            author=account(one["author"]),
            body=one["body"],
            created_at=one["createdAt"],
            edited=one["lastEditedAt"] is not None,
            author_is_person=_is_person(one["author"]),
        )
        for one in node["comments"]["nodes"]
    )


def _is_person(author: Mapping[str, Any] | None) -> bool:
    return author is not None and author["__typename"] == "User"


def _reviews(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # A review that was only started is its author's own business.
    return [review for review in (node.get("reviews") or {"nodes": []})["nodes"] if review["submittedAt"]]


def _review(review: Mapping[str, Any], can_write: Callable[[str], bool]) -> Review:
    author = account(review["author"])
    person = _is_person(review["author"])
    return Review(
        author=author,
        state=_REVIEW_STATES[review["state"]],
        commit=(review["commit"] or {}).get("oid", ""),
        submitted_at=review["submittedAt"],
        author_can_write=person and can_write(author.login),
        author_is_person=person,
    )


def _events(node: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    timeline = node.get("timelineItems") or {"nodes": []}
    return [event for event in timeline["nodes"] if event["__typename"] == kind]


def _force_push(event: Mapping[str, Any]) -> ForcePush:
    return ForcePush(
        before=(event["beforeCommit"] or {}).get("oid", ""),
        after=(event["afterCommit"] or {}).get("oid", ""),
        at=event["createdAt"],
    )


def without_unread_checks(answer: Any, errors: Sequence[Any]) -> list[Any]:
    """The errors that are not about checks; where one is, the answer is marked as not told.

    A fine-grained token cannot read check runs, and an app only with its permission: GitHub then answers an
    error for each head, beside everything else.
    """
    left = []
    for error in errors:
        path = error.get("path") or ()
        if _ROLLUP not in path:
            left.append(error)
            continue
        commit = answer["data"]
        for step in path[: path.index(_ROLLUP)]:
            commit = commit[step]
        commit[_ROLLUP] = _UNREAD
    return left


def _checks(node: Mapping[str, Any]) -> tuple[Check, ...]:
    if "commits" not in node:
        return ()
    commits = node["commits"]["nodes"]
    rollup = (commits[0]["commit"]["statusCheckRollup"] if commits else None) or {"contexts": None}
    contexts = rollup["contexts"] or {"nodes": (), "pageInfo": {"hasNextPage": False}}
    checks = [_check(context) for context in contexts["nodes"]]
    cut = {
        "that the token may not read (it needs checks: read)": rollup is _UNREAD,
        "more than 100 checks": contexts["pageInfo"]["hasNextPage"],
        "more than 100 reviews": (node["reviews"] or {"pageInfo": {}})["pageInfo"].get("hasPreviousPage"),
        "more than 100 force pushes or changes of the base branch": node["timelineItems"]["pageInfo"][
            "hasPreviousPage"
        ],
    }
    # What was not read may say no: in doubt, not merged.
    checks += [Check(name, "pending", "callboard") for name, is_cut in cut.items() if is_cut]
    return tuple(sorted(checks, key=lambda check: (check.name, check.source)))


def _check(context: Mapping[str, Any]) -> Check:
    if context["__typename"] == "StatusContext":
        return Check(
            name=context["context"],
            state=_STATUSES.get(context["state"], "failure"),
            source=(context["creator"] or {}).get("login", ""),
            title=context["description"] or "",
        )
    app = ((context["checkSuite"] or {}).get("app") or {}).get("slug", "")
    done = context["status"] == "COMPLETED"
    state = _CONCLUSIONS.get(context["conclusion"] or "", "failure") if done else "pending"
    return Check(name=context["name"], state=state, source=app, title=context["title"] or "")
