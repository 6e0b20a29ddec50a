"""Repositories, commits, trees and files."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from callboard.sandbox.forge.bare import Commit, FileChange, Person
from callboard.sandbox.forge.state import Account, Protection, Repository

from .links import Links, node_id
from .people import account, permissions

# GitHub's own templates, as the API gives them out.
_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def minimal(links: Links, repository: Repository) -> dict[str, Any]:
    """minimal-repository."""
    url = links.repository(repository)
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": account(links, repository.owner),
        "private": repository.private,
        "html_url": links.page(repository),
        "description": None,
        "fork": repository.parent is not None,
        "url": url,
    } | {name: url + template for name, template in _URLS.items()}


def full(links: Links, repository: Repository, actor: Account | None = None) -> dict[str, Any]:
    """full-repository, which holds repository."""
    page = links.page(repository)
    issues = sum(pull.state == "open" for pull in repository.pulls.values())
    return minimal(links, repository) | {
        "clone_url": f"{page}.git",
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "topics": [],
        "default_branch": repository.default_branch,
        "visibility": "private" if repository.private else "public",
        "size": 0,
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "network_count": 0,
        "subscribers_count": 0,
        "open_issues": issues,
        "open_issues_count": issues,
        "has_issues": True,
        "has_projects": False,
        "has_wiki": False,
        "has_pages": False,
        "has_downloads": False,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        "delete_branch_on_merge": False,
        "created_at": repository.created_at,
        "updated_at": repository.updated_at,
        "pushed_at": repository.pushed_at,
        "permissions": permissions(repository.role(actor) or "read"),
    }


def _utc(date: str) -> str:
    return date.replace("+00:00", "Z")


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": _utc(person.date)}


_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _verification(repository: Repository, commit: Commit) -> dict[str, Any]:
    if commit.sha not in repository.signed:
        return _UNSIGNED
    return {
        "verified": True,
        "reason": "valid",
        "signature": f"the sandbox forge says that it signed {commit.sha}",
        "payload": f"tree {commit.tree}",
        "verified_at": _utc(commit.committer.date),
    }


def _parents(links: Links, repository: Repository, commit: Commit, place: str) -> list[dict[str, str]]:
    url = links.repository(repository)
    return [
        {
            "sha": sha,
            "url": f"{url}/{place}/{sha}",
            "html_url": links.page(repository, "commit", sha),
        }
        for sha in commit.parents
    ]


def git_commit(links: Links, repository: Repository, commit: Commit) -> dict[str, Any]:
    """git-commit."""
    url = links.repository(repository)
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", commit.sha),
        "url": f"{url}/git/commits/{commit.sha}",
        "html_url": links.page(repository, "commit", commit.sha),
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
        "parents": _parents(links, repository, commit, "git/commits"),
        "verification": _verification(repository, commit),
    }


def commit(links: Links, repository: Repository, found: Commit) -> dict[str, Any]:
    """commit. No account is matched by e-mail address, as when the address is unknown to GitHub."""
    url = f"{links.repository(repository)}/commits/{found.sha}"
    plain = git_commit(links, repository, found)
    inner = {key: plain[key] for key in ("url", "author", "committer", "message", "tree", "verification")}
    return {
        "sha": found.sha,
        "node_id": plain["node_id"],
        "url": url,
        "html_url": plain["html_url"],
        "comments_url": f"{url}/comments",
        "commit": inner | {"comment_count": 0},
        "author": None,
        "committer": None,
        "parents": _parents(links, repository, found, "commits"),
    }


def ref(links: Links, repository: Repository, name: str, sha: str, kind: str = "commit") -> dict[str, Any]:
    """git-ref."""
    url = links.repository(repository)
    return {
        "ref": name,
        "node_id": node_id("Ref", f"{repository.full_name}:{name}"),
        "url": f"{url}/git/{quote(name)}",
        "object": {"type": kind, "sha": sha, "url": f"{url}/git/{kind}s/{sha}"},
    }


def short_branch(links: Links, repository: Repository, name: str, sha: str) -> dict[str, Any]:
    """short-branch."""
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{links.repository(repository)}/commits/{sha}"},
        "protected": name in repository.protections,
    }


def branch(links: Links, repository: Repository, name: str, tip: Commit) -> dict[str, Any]:
    """branch-with-protection."""
    url = f"{links.repository(repository)}/branches/{quote(name)}"
    required = repository.protections.get(name, Protection()).checks
    return {
        "name": name,
        "commit": commit(links, repository, tip),
        "_links": {"self": url, "html": links.page(repository, "tree", name)},
        "protected": name in repository.protections,
        "protection": {
            "enabled": name in repository.protections,
            "required_status_checks": {
                "enforcement_level": "non_admins" if required else "off",
                "contexts": list(required),
                "checks": [{"context": context, "app_id": None} for context in required],
            },
        },
        "protection_url": f"{url}/protection",
    }


def protection(links: Links, repository: Repository, name: str, rules: Protection) -> dict[str, Any]:
    """branch-protection."""
    url = f"{links.repository(repository)}/branches/{quote(name)}/protection"
    body: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_linear_history": {"enabled": False},
        "allow_force_pushes": {"enabled": True},
        "allow_deletions": {"enabled": True},
    }
    if rules.approvals:
        body["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": rules.dismiss_stale_reviews,
            "require_code_owner_reviews": False,
            "required_approving_review_count": rules.approvals,
            "require_last_push_approval": False,
        }
    if rules.checks or rules.strict:
        body["required_status_checks"] = {
            "url": f"{url}/required_status_checks",
            "strict": rules.strict,
            "contexts": list(rules.checks),
            "checks": [{"context": context, "app_id": None} for context in rules.checks],
            "contexts_url": f"{url}/required_status_checks/contexts",
        }
    return body


def diff_entry(links: Links, repository: Repository, change: FileChange, commit_sha: str) -> dict[str, Any]:
    """diff-entry."""
    contents = f"{links.repository(repository)}/contents/{quote(change.path)}?ref={commit_sha}"
    body: dict[str, Any] = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": links.page(repository, "blob", commit_sha, change.path),
        "raw_url": links.page(repository, "raw", commit_sha, change.path),
        "contents_url": contents,
    }
    if change.patch:
        body["patch"] = change.patch
    if change.previous:
        body["previous_filename"] = change.previous
    return body
