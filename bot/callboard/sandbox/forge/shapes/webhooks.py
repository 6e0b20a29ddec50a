"""What GitHub's webhooks say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from callboard.sandbox.forge.bare import ZERO, Commit
from callboard.sandbox.forge.happenings import Happening
from callboard.sandbox.forge.merging import Mergeability
from callboard.sandbox.forge.state import Issue, Pull, Repository

from . import pulls
from .issues import issue
from .links import Links, node_id
from .people import account
from .repositories import full


def payload(links: Links, repository: Repository, told: Happening) -> dict[str, Any]:
    """The body of one delivery."""
    body: dict[str, Any] = {"action": told.action} if told.action else {}
    body |= {"repository": _repository(links, repository), "sender": account(links, told.actor)}
    if told.kind == "push":
        return body | _push(links, repository, told)
    if told.kind == "check_run":
        run = pulls.check_run(links, repository, told.more["check_run"])
        return body | {"check_run": run}
    assert told.about is not None
    if told.kind == "issue_comment":
        comment = pulls.comment(links, repository, told.more["comment"])
        body["comment"] = comment | {
            "performed_via_github_app": None,
            "reactions": _reactions(comment["url"]),
        }
        body["issue"] = _issue(links, repository, told.about)
    elif told.kind == "issues":
        body["issue"] = _issue(links, repository, told.about)
    else:
        assert isinstance(told.about, Pull)
        body |= _pull_request(links, repository, told.about, told)
    if "label" in told.more:
        body["label"] = pulls.labels(links, repository, [told.more["label"]])[0]
    if "changes" in told.more:
        body["changes"] = told.more["changes"]
    return body


def _pull_request(links: Links, repository: Repository, pull: Pull, told: Happening) -> dict[str, Any]:
    if told.kind == "pull_request_review":
        review = pulls.review(links, repository, pull, told.more["review"])
        # In webhooks the states are written small, in the API large.
        review["state"] = review["state"].lower()
        return {"pull_request": pulls.simple(links, repository, pull), "review": review}
    # Whether it merges is not known yet when a webhook tells of it.
    undecided = Mergeability(None, "UNKNOWN")
    body = {"number": pull.number, "pull_request": pulls.full(links, repository, pull, undecided)}
    return body | {key: told.more[key] for key in ("before", "after") if key in told.more}


def _issue(links: Links, repository: Repository, about: Pull | Issue) -> dict[str, Any]:
    found = issue(links, repository, about)
    return found | {
        "performed_via_github_app": None,
        "reactions": _reactions(found["url"]),
        "timeline_url": f"{found['url']}/timeline",
    }


def _reactions(url: str) -> dict[str, Any]:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0} | dict.fromkeys(kinds, 0)


def _repository(links: Links, repository: Repository) -> dict[str, Any]:
    # Webhooks of pushes tell these as numbers, and who works here is no part of any.
    return full(links, repository) | {"is_template": False, "web_commit_signoff_required": False}


def _push(links: Links, repository: Repository, told: Happening) -> dict[str, Any]:
    ref, before, after = (told.more[key] for key in ("ref", "before", "after"))
    git = repository.git
    commits: list[Commit] = []
    if after != ZERO:
        start = before if before != ZERO else git.resolve(repository.default_branch)
        commits = git.commits(f"{start}..{after}" if start and start != after else after, oldest_first=True)
        commits = commits[-20:] if start and start != after else commits[-1:]
    told_commits = [_commit(links, repository, each) for each in commits]
    created, deleted = before == ZERO, after == ZERO
    place = "tree" if created else "compare"
    span = ref.removeprefix("refs/heads/") if created else f"{before[:12]}...{after[:12]}"
    head = None if deleted else _commit(links, repository, git.commit(after))
    seconds = {
        key: int(datetime.fromisoformat(getattr(repository, key)).timestamp())
        for key in ("created_at", "pushed_at")
    }
    owner = account(links, repository.owner) | {"name": repository.owner.login, "email": None}
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": not created and not deleted and not git.is_ancestor(before, after),
        "base_ref": None,
        "compare": links.page(repository, place, span),
        "commits": told_commits,
        "head_commit": head,
        "pusher": {"name": told.actor.login, "email": f"{told.actor.slug}@users.noreply.example"},
        "repository": _repository(links, repository)
        | seconds
        | {"owner": owner, "stargazers": 0, "master_branch": repository.default_branch},
    }


def _commit(links: Links, repository: Repository, commit: Commit) -> dict[str, Any]:
    git = repository.git
    empty = git.write_tree(None, [])
    changes = git.changes(commit.parents[0] if commit.parents else empty, commit.sha)
    paths = {
        kind: [change.path for change in changes if change.status == kind]
        for kind in ("added", "removed", "modified")
    }
    for change in changes:
        if change.status == "renamed":
            paths["added"].append(change.path)
            paths["removed"].append(change.previous or "")
    people = {
        role: {"name": who.name, "email": who.email, "username": who.name}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    return (
        paths
        | people
        | {
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": True,
            "message": commit.message,
            "timestamp": commit.committer.date,
            "url": links.page(repository, "commit", commit.sha),
            "node_id": node_id("Commit", commit.sha),
        }
    )
