"""Projects, branches and protections."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.state import Account, Repository

from .commits import basic as commit
from .links import Links, at
from .people import access_level


def project(links: Links, repository: Repository, actor: Account | None) -> dict[str, Any]:
    """ProjectWithAccess."""
    owner, settings = repository.owner, repository.settings
    level = access_level(repository, actor)
    host = links.root.partition("://")[2].partition(":")[0]
    checked = settings.only_allow_merge_if_pipeline_succeeds
    return {
        "id": repository.id,
        "description": None,
        "name": repository.name,
        "name_with_namespace": f"{owner.login} / {repository.name}",
        "path": repository.name,
        "path_with_namespace": repository.full_name,
        "created_at": at(repository.created_at),
        "default_branch": repository.default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"git@{host}:{repository.full_name}.git",
        "http_url_to_repo": f"{links.project(repository)}.git",
        "web_url": links.project(repository),
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": at(repository.updated_at),
        "namespace": {
            "id": owner.id,
            "name": owner.login,
            "path": owner.login,
            "kind": "group" if owner.kind == "Organization" else "user",
            "full_path": owner.login,
            "parent_id": None,
            "avatar_url": None,
            "web_url": links.account(owner),
        },
        "_links": {"self": links.api(repository)},
        "archived": False,
        "empty_repo": not repository.refs,
        "visibility": "private" if repository.private else "public",
        "merge_requests_enabled": True,
        "issues_enabled": True,
        "jobs_enabled": True,
        "merge_method": settings.merge_method,
        "squash_option": settings.squash_option,
        "only_allow_merge_if_pipeline_succeeds": checked,
        "allow_merge_on_skipped_pipeline": None,
        "only_allow_merge_if_all_discussions_are_resolved": (
            settings.only_allow_merge_if_all_discussions_are_resolved
        ),
        "merge_pipelines_enabled": bool(repository.queues),
        "merge_trains_enabled": bool(repository.queues),
        "remove_source_branch_after_merge": settings.remove_source_branch_after_merge,
        "merge_commit_template": None,
        "squash_commit_template": None,
        "permissions": {
            "project_access": {"access_level": level, "notification_level": 3} if 0 < level < 50 else None,
            "group_access": {"access_level": level, "notification_level": 3} if level == 50 else None,
        },
    }


def branch(links: Links, repository: Repository, name: str, actor: Account | None) -> dict[str, Any]:
    """Branch."""
    sha = repository.refs[f"refs/heads/{name}"]
    may_push = repository.allows(actor, "write") if actor else False
    tip = repository.refs.get(f"refs/heads/{repository.default_branch}")
    is_default = name == repository.default_branch
    return {
        "name": name,
        "commit": commit(links, repository, repository.git.commit(sha)),
        "merged": not is_default and tip is not None and repository.git.is_ancestor(sha, tip),
        "protected": is_protected(repository, name),
        "developers_can_push": True,
        "developers_can_merge": True,
        "can_push": may_push,
        "default": is_default,
        "web_url": links.page(repository, "tree", name),
    }


def is_protected(repository: Repository, name: str) -> bool:
    """Default branches are protected from the start."""
    return name == repository.default_branch or name in repository.protections


def protection(repository: Repository, name: str) -> dict[str, Any]:
    """ProtectedBranch."""
    levels = [
        {"id": repository.id, "access_level": 30, "access_level_description": "Developers + Maintainers"}
    ]
    return {
        "id": repository.id,
        "name": name,
        "push_access_levels": levels,
        "merge_access_levels": levels,
        "allow_force_push": False,
    }
