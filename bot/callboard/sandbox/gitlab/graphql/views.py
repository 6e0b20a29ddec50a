"""What GitLab's GraphQL queries see of a project, and where they start; fields in snake_case."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge.graphql.connection import Connection
from callboard.sandbox.forge.state import Account, Issue, Repository, World
from callboard.sandbox.gitlab.shapes.issues import issue as issue_shape
from callboard.sandbox.gitlab.shapes.links import Links
from callboard.sandbox.gitlab.shapes.merge_requests import state as state_of
from callboard.sandbox.gitlab.shapes.people import signature

from .mergeviews import MergeRequestView, labels_page
from .pages import page
from .people import global_id, user


class QueryView:
    """Query."""

    def __init__(self, world: World, links: Links, actor: Account | None) -> None:
        self._world, self._links, self._actor = world, links, actor

    def current_user(self) -> dict[str, Any] | None:
        """Who asks; nothing for nobody."""
        if self._actor is None:
            return None
        return user(self._actor) | {"commit_email": signature(self._actor).email}

    def project(self, full_path: str) -> ProjectView | None:
        """A project by its present path; nothing for one that is not there, or not to be seen."""
        found = self._world.repositories.get(full_path.lower())
        if found is None or not found.allows(self._actor, "read"):
            return None
        return ProjectView(self._links, found, self._actor)


class ProjectView:
    """Project."""

    def __init__(self, links: Links, repository: Repository, actor: Account | None) -> None:
        self._links, self._repository, self._actor = links, repository, actor
        self.id, self.full_path = global_id("Project", repository.id), repository.full_name

    def beside(self, other: Repository) -> ProjectView:
        """Another project, for the same caller."""
        return ProjectView(self._links, other, self._actor)

    def repository(self) -> dict[str, Any]:
        """Repository."""
        found = self._repository
        has_root = f"refs/heads/{found.default_branch}" in found.refs
        return {"root_ref": found.default_branch if has_root else None}

    def issues(
        self,
        *,
        state: str | None = None,
        label_name: list[str] | None = None,
        sort: str = "CREATED_DESC",
        **asked: Any,
    ) -> Connection:
        """The issues that fit."""
        found = [
            each
            for each in self._repository.issues.values()
            if state in (None, "all", each.state) and set(label_name or ()) <= set(each.labels)
        ]
        found.sort(key=lambda each: each.number, reverse=sort == "CREATED_DESC")
        return page([self._issue(each) for each in found], **asked)

    def _issue(self, issue: Issue) -> dict[str, Any]:
        told = issue_shape(self._links, self._repository, issue)
        return {
            "iid": str(issue.number),
            "web_url": told["web_url"],
            "title": issue.title,
            "description": issue.body,
            "author": user(issue.author),
            "labels": labels_page(issue.labels),
        }

    def merge_requests(
        self,
        *,
        iids: list[str] | None = None,
        state: str | None = None,
        author_username: str | None = None,
        source_branches: list[str] | None = None,
        sort: str = "created_desc",
        **asked: Any,
    ) -> Connection:
        """The merge requests that fit."""
        found = [
            each
            for each in self._repository.pulls.values()
            if state in (None, "all", state_of(each))
            and (iids is None or str(each.number) in iids)
            and author_username in (None, each.author.slug)
            and (source_branches is None or each.head_ref in source_branches)
        ]
        by_update = sort == "UPDATED_DESC"
        found.sort(
            key=lambda each: (each.updated_at if by_update else each.created_at, each.number),
            reverse=sort.lower().endswith("desc"),
        )
        listed = page(found, **asked)
        views = [MergeRequestView(self._links, self._repository, each, self) for each in listed.nodes]
        return Connection(views, listed.total_count, listed.page_info)
