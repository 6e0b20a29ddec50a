"""GitLab (gitlab.com and self-managed) as a forge, through its REST API v4 and its GraphQL API."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from callboard.forges import gitlab_facts
from callboard.forges.budget import Budget
from callboard.forges.gitlab_api import ACCESS, Api
from callboard.forges.gitlab_commits import commit
from callboard.forges.gitlab_facts import Answer, Around, Person
from callboard.forges.gitlab_queries import ABOUT
from callboard.forges.protocol import (
    DASHBOARD_LABEL,
    About,
    Account,
    CheckReport,
    ForgeError,
    HeadMoved,
    Issue,
    NewPullRequest,
    PullRequest,
)
from callboard.redaction import Secret

_LONGEST_DESCRIPTION = 140
"""Characters of a status; GitLab takes 255, GitHub 140, and the report promises 140."""


class GitLab:
    """One project on GitLab; see ``forges.protocol.Forge``."""

    word: Literal["pull request", "merge request"] = "merge request"
    access = ACCESS

    def __init__(
        self,
        web_url: str,
        repository: str,
        token: Secret,
        *,
        api_url: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.repository = repository
        self._web = web_url.rstrip("/")
        self.git_url = f"{self._web}/{repository}.git"
        self._api = Api(web_url, repository, token, api_url, budget)
        self._me: gitlab_facts.Me | None = None
        self._trains: bool | None = None
        self._access: dict[str, bool] = {}
        self._persons: dict[str, Person] = {}
        self._groups: dict[str, frozenset[str] | None] = {}
        self._projects: dict[int, str] = {}

    @property
    def reads(self) -> int:
        return self._api.reads

    @property
    def writes(self) -> int:
        return self._api.writes

    def identity(self) -> Account:
        return self._who().account

    def _who(self) -> gitlab_facts.Me:
        if self._me is None:
            self._me = gitlab_facts.me(self._api.read("/user"))
        return self._me

    def about(self, base_ref: str) -> About:  # noqa: ARG002 - a project has trains for all branches or none
        variables = {"project": self.repository, "label": DASHBOARD_LABEL}
        answer = self._api.query(ABOUT, variables)
        if answer["project"] is None:
            # A path that it had before: REST sends on from there, GraphQL knows nothing of it.
            moved = self._api.read(self._api.project)["path_with_namespace"]
            answer = self._api.query(ABOUT, variables | {"project": moved})
        user, project = answer["currentUser"], answer["project"]
        if user is None or project is None:
            raise ForgeError(
                "GitLab knows no such project" if user else "GitLab does not know the token",
                where=f"{self.repository} on {urlsplit(self._web).netloc}",
                hint="check the project's path and that the token may see it",
            )
        self._me = gitlab_facts.me(gitlab_facts.user(user))
        return About(
            identity=self._me.account,
            repository=project["fullPath"],
            default_branch=(project["repository"] or {}).get("rootRef") or "",
            queue=self._has_trains(project),
            dashboard=gitlab_facts.dashboard(project["issues"]["nodes"], self._me.account),
        )

    def _has_trains(self, project: Answer) -> bool:
        """Whether merges go through merge trains. GraphQL tells only Maintainers, REST everybody."""
        settings = project.get("ciCdSettings")
        if settings is not None:
            self._trains = bool(settings["mergePipelinesEnabled"] and settings["mergeTrainsEnabled"])
        elif self._trains is None:
            known = self._api.read(self._api.project)
            self._trains = bool(known.get("merge_pipelines_enabled") and known.get("merge_trains_enabled"))
        return self._trains

    def commit_author(self) -> str:
        me = self._who()
        # By GitLab's own rule for those who keep their address to themselves ("Use a private email").
        private = f"{me.account.id}-{me.account.login}@users.noreply.{urlsplit(self._web).hostname}"
        address = me.email if re.fullmatch(r"[^\s<>]+@[^\s<>]+", me.email) else private
        return f"{me.account.login} <{address}>"

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        # Whether something conflicts is worked out when somebody looks at it, or asks for it.
        asked = {
            "state": "opened",
            "order_by": "created_at",
            "sort": "asc",
            "with_merge_status_recheck": "true",
        }
        listed, complete = self._api.pages(self._requests, asked)
        if not complete:
            raise ForgeError(
                f"there are more than {len(listed)} open merge requests",
                where=self.repository,
                hint="close those that nobody needs any more",
            )
        return tuple(self._complete(self._api.read(f"{self._requests}/{one['iid']}")) for one in listed)

    def finished_lately(self) -> tuple[PullRequest, ...]:
        asked = {"author_id": self.identity().id, "order_by": "updated_at", "sort": "desc"}
        found = [
            mr
            for state, most in (("merged", "50"), ("closed", "20"))
            for mr in self._api.read(self._requests, asked | {"state": state, "per_page": most})
        ]
        return tuple(self._followed(mr) for mr in found)

    def last_closed(self, head_ref: str) -> PullRequest | None:
        asked = {
            "state": "all",
            "source_branch": head_ref,
            "order_by": "updated_at",
            "sort": "desc",
            "per_page": "100",
        }
        done = [
            mr
            for mr in self._api.read(self._requests, asked)
            if mr["state"] in ("closed", "merged") and mr["source_project_id"] == mr["target_project_id"]
        ]
        last = max(done, key=gitlab_facts.finished_at, default=None)
        return None if last is None else self._facts(last, Around())

    def open(self, new: NewPullRequest) -> PullRequest:
        made = self._api.write(
            f"open a merge request for {new.head_ref}",
            "POST",
            self._requests,
            {
                "source_branch": new.head_ref,
                "target_branch": new.base_ref,
                "title": f"Draft: {new.title}" if new.draft else new.title,
                "description": new.body,
                **({"labels": ",".join(new.labels)} if new.labels else {}),
            },
        )
        return self._facts(made, Around())

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        changed = {"title": title, "description": body}
        self._change(f"edit !{number}", number, {name: to for name, to in changed.items() if to is not None})

    def comment(self, pull: PullRequest, body: str, *, marker: str) -> None:
        text = f"{marker}\n{body}"
        mine = pull.comment_of(self.identity(), marker)
        what, notes = f"comment on !{pull.number}", f"{self._requests}/{pull.number}/notes"
        if mine is None:
            self._api.write(what, "POST", notes, {"body": text})
        elif mine.body.replace("\r\n", "\n").rstrip() != text.rstrip():
            self._api.write(what, "PUT", f"{notes}/{mine.id}", {"body": text})

    def label(self, number: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        changed = {"add_labels": ",".join(add), "remove_labels": ",".join(remove)}
        self._change(f"label !{number}", number, {name: to for name, to in changed.items() if to})

    def merge(self, number: int, *, head: str, method: str, title: str, message: str) -> str:
        said = f"{title}\n\n{message}"
        what = f"merge !{number}"
        try:
            merged = self._api.write(
                what,
                "PUT",
                f"{self._requests}/{number}/merge",
                {
                    "sha": head,
                    "squash": method == "squash",
                    "merge_commit_message": said,
                    "squash_commit_message": said,
                    "should_remove_source_branch": False,
                },
            )
        except ForgeError as error:
            if error.status == 409:
                raise HeadMoved(error.what, where=error.where, hint=error.hint, status=409) from None
            raise
        commit = gitlab_facts.merge_commit(merged)
        if merged["state"] != "merged" or not commit:
            raise ForgeError(
                f"GitLab took the order to {what}, and has not merged it yet",
                where=merged["web_url"],
                hint="the next run looks at what became of it",
            )
        return commit

    def enqueue(self, number: int, *, head: str) -> None:
        path = f"{self._api.project}/merge_trains/merge_requests/{number}"
        try:
            self._api.write(f"put !{number} on the merge train", "POST", path, {"sha": head})
        except ForgeError as error:
            if error.status == 409:
                raise HeadMoved(error.what, where=error.where, hint=error.hint, status=409) from None
            raise

    def close(self, number: int) -> None:
        self._change(f"close !{number}", number, {"state_event": "close"})

    def can_write(self, account: Account) -> bool:
        if account.id not in self._access:
            member = self._api.read_or_none(f"{self._api.project}/members/all/{quote(account.id, safe='')}")
            self._access[account.id] = gitlab_facts.may_write(member or {})
        return self._access[account.id]

    def members(self, group: str) -> frozenset[str] | None:
        if group not in self._groups:
            path = f"/groups/{quote(group, safe='')}/members/all"
            try:
                rows, complete = self._api.pages(path)
            except ForgeError as error:
                if error.status not in (403, 404):
                    raise
                rows, complete = [], False
            logins = frozenset(str(one["username"]).lower() for one in rows if one.get("state") == "active")
            self._groups[group] = logins if complete else None
        return self._groups[group]

    def head_of(self, number: int) -> str:
        return f"refs/merge-requests/{number}/head"

    def check(self, pull: PullRequest, report: CheckReport) -> None:
        title = report.title[:_LONGEST_DESCRIPTION]
        mine = self.identity().login
        said = [
            (one.state, one.title) for one in pull.checks if (one.name, one.source) == (report.name, mine)
        ]
        if said == [(report.state, title)]:
            return
        self._api.write(
            f"report {report.name} on {pull.reference}",
            "POST",
            f"{self._api.project}/statuses/{pull.head}",
            {"name": report.name, "state": gitlab_facts.STATUSES[report.state], "description": title},
        )

    def open_issue(self, title: str, body: str, labels: tuple[str, ...]) -> Issue:
        made = self._api.write(
            "open an issue",
            "POST",
            self._issues,
            {"title": title, "description": body, "labels": ",".join(labels)},
        )
        return Issue(made["iid"], made["web_url"], made["title"], body, tuple(sorted(made["labels"])))

    def edit_issue(self, number: int, *, body: str) -> None:
        self._api.write(f"edit issue #{number}", "PUT", f"{self._issues}/{number}", {"description": body})

    def commit(
        self,
        branch: str,
        *,
        parent: str,
        files: Mapping[str, bytes | None],
        existing: Collection[str],
        message: str,
        expected: str | None,
    ) -> str:
        return commit(
            self._api,
            branch,
            parent=parent,
            files=files,
            existing=existing,
            message=message,
            expected=expected,
        )

    def file_url(self, path: str, base: str) -> str:
        return f"{self._web}/{self.repository}/-/blob/{quote(base)}/{quote(path)}"

    @property
    def _requests(self) -> str:
        return f"{self._api.project}/merge_requests"

    @property
    def _issues(self) -> str:
        return f"{self._api.project}/issues"

    def _complete(self, mr: Answer) -> PullRequest:
        """An open merge request with all that deciding needs."""
        here = f"{self._requests}/{mr['iid']}"
        lists = {
            "notes": self._api.pages(f"{here}/notes"),
            "changed files": self._api.pages(f"{here}/diffs"),
            "checks": self._api.pages(f"{self._api.project}/repository/commits/{mr['sha']}/statuses")
            if mr["sha"]
            else ([], True),
        }
        notes = lists["notes"][0]
        approved = gitlab_facts.has_approvals(notes)
        if approved:
            lists["pushes"] = self._api.pages(f"{here}/versions")
        around = Around(
            notes=notes,
            approved_by=self._api.read(f"{here}/approvals")["approved_by"] if approved else (),
            reviewers=self._api.read(f"{here}/reviewers") if mr.get("reviewers") else (),
            versions=lists["pushes"][0] if approved else (),
            statuses=lists["checks"][0],
            diffs=lists["changed files"][0],
            cut=tuple(what for what, (_, complete) in lists.items() if not complete),
        )
        return self._facts(mr, around)

    def _followed(self, mr: Answer) -> PullRequest:
        """A merged merge request with what follows a merge: its paths, and what was said about it."""
        here = f"{self._requests}/{mr['iid']}"
        notes = self._api.pages(f"{here}/notes")[0] if mr["user_notes_count"] else []
        return self._facts(mr, Around(notes=notes, diffs=self._api.pages(f"{here}/diffs")[0]))

    def _facts(self, mr: Answer, around: Around) -> PullRequest:
        own = mr["source_project_id"] == mr["target_project_id"]
        source = self.repository if own else self._path_of(mr["source_project_id"])
        return gitlab_facts.pull_request(mr, around, source=source, person=self._person)

    def _path_of(self, project: int | None) -> str:
        """The path of another project; empty when it was deleted."""
        if project is None:
            return ""
        if project not in self._projects:
            known = self._api.read_or_none(f"/projects/{project}")
            self._projects[project] = known["path_with_namespace"] if known else f"project {project}"
        return self._projects[project]

    def _person(self, user: str) -> Person:
        if user not in self._persons:
            about = self._api.read_or_none(f"/users/{user}") or {}
            self._persons[user] = Person(
                can_write=self.can_write(Account(user, "")), is_person=about.get("bot") is False
            )
        return self._persons[user]

    def _change(self, what: str, number: int, changed: Mapping[str, str]) -> None:
        if changed:
            self._api.write(what, "PUT", f"{self._requests}/{number}", changed)
