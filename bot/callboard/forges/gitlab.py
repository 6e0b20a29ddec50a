"""GitLab (gitlab.com and self-managed) as a forge, through its REST API v4.

What is read goes through our own client, which bounds what a server may send and asks again after a failure;
what is written goes through python-gitlab, one request each, never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from gitlab.exceptions import GitlabError

from callboard import http
from callboard.forges import gitlab_facts
from callboard.forges.gitlab_facts import WRITERS, Answer, Around, Person
from callboard.forges.protocol import Account, ForgeError, HeadMoved, NewPullRequest, PullRequest
from callboard.redaction import Secret, redact

_PAGE = 100
_MOST_PAGES = 30
"""Of one list around a merge request; GitLab keeps the diffs of at most 3,000 files."""


class GitLab:
    """One project on GitLab; see ``forges.protocol.Forge``."""

    word: Literal["pull request", "merge request"] = "merge request"
    access = "the role Developer (or what the protected branch asks for) and the scope api"

    def __init__(self, web_url: str, repository: str, token: Secret, *, api_url: str | None = None) -> None:
        self.repository = repository
        self._web = web_url.rstrip("/")
        self.git_url = f"{self._web}/{repository}.git"
        api = (api_url or f"{self._web}/api/v4").rstrip("/")
        self._reader = http.connect(api, token=token)
        self._writer = http.gitlab_client(api, token)
        self._project = f"/projects/{quote(repository, safe='')}"
        self._persons: dict[str, Person] = {}
        self._projects: dict[int, str] = {}
        self._writes = 0

    @property
    def reads(self) -> int:
        return self._reader.requests

    @property
    def writes(self) -> int:
        return self._writes

    def identity(self) -> Account:
        return gitlab_facts.account(self._user)

    @cached_property
    def _user(self) -> Answer:
        user: Answer = self._read("/user")
        return user

    def commit_author(self) -> str:
        me = self.identity()
        # By GitLab's own rule for those who keep their address to themselves ("Use a private email").
        private = f"{me.id}-{me.login}@users.noreply.{urlsplit(self._web).hostname}"
        known = str(self._user.get("commit_email") or "")
        address = known if re.fullmatch(r"[^\s<>]+@[^\s<>]+", known) else private
        return f"{me.login} <{address}>"

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        # Whether something conflicts is worked out when somebody looks at it, or asks for it.
        asked = {
            "state": "opened",
            "order_by": "created_at",
            "sort": "asc",
            "with_merge_status_recheck": "true",
        }
        listed, complete = self._pages(self._requests, asked)
        if not complete:
            raise ForgeError(
                f"there are more than {len(listed)} open merge requests",
                where=self.repository,
                hint="close those that nobody needs any more",
            )
        return tuple(self._complete(self._read(f"{self._requests}/{one['iid']}")) for one in listed)

    def finished_lately(self) -> tuple[PullRequest, ...]:
        asked = {
            "state": "merged",
            "author_id": self.identity().id,
            "order_by": "updated_at",
            "sort": "desc",
            "per_page": "50",
        }
        return tuple(self._followed(mr) for mr in self._read(self._requests, asked))

    def last_closed(self, head_ref: str) -> PullRequest | None:
        asked = {
            "state": "all",
            "source_branch": head_ref,
            "order_by": "created_at",
            "sort": "desc",
            "per_page": str(_PAGE),
        }
        found = (
            self._facts(mr, Around())
            for mr in self._read(self._requests, asked)
            if mr["state"] in ("closed", "merged") and mr["source_project_id"] == mr["target_project_id"]
        )
        return next(found, None)

    def open(self, new: NewPullRequest) -> PullRequest:
        made = self._write(
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
            self._write(what, "POST", notes, {"body": text})
        elif mine.body.replace("\r\n", "\n").rstrip() != text.rstrip():
            self._write(what, "PUT", f"{notes}/{mine.id}", {"body": text})

    def label(self, number: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        changed = {"add_labels": ",".join(add), "remove_labels": ",".join(remove)}
        self._change(f"label !{number}", number, {name: to for name, to in changed.items() if to})

    def merge(self, number: int, *, head: str, method: str, title: str, message: str) -> str:
        said = f"{title}\n\n{message}"
        what = f"merge !{number}"
        try:
            merged = self._write(
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

    def close(self, number: int) -> None:
        self._change(f"close !{number}", number, {"state_event": "close"})

    def file_url(self, path: str, base: str) -> str:
        return f"{self._web}/{self.repository}/-/blob/{quote(base)}/{quote(path)}"

    @property
    def _requests(self) -> str:
        return f"{self._project}/merge_requests"

    def _complete(self, mr: Answer) -> PullRequest:
        """An open merge request with all that deciding needs."""
        here = f"{self._requests}/{mr['iid']}"
        lists = {
            "notes": self._pages(f"{here}/notes"),
            "changed files": self._pages(f"{here}/diffs"),
            "checks": self._pages(f"{self._project}/repository/commits/{mr['sha']}/statuses")
            if mr["sha"]
            else ([], True),
        }
        notes = lists["notes"][0]
        approved = gitlab_facts.has_approvals(notes)
        if approved:
            lists["pushes"] = self._pages(f"{here}/versions")
        around = Around(
            notes=notes,
            approved_by=self._read(f"{here}/approvals")["approved_by"] if approved else (),
            reviewers=self._read(f"{here}/reviewers") if mr.get("reviewers") else (),
            versions=lists["pushes"][0] if approved else (),
            statuses=lists["checks"][0],
            diffs=lists["changed files"][0],
            cut=tuple(what for what, (_, complete) in lists.items() if not complete),
        )
        return self._facts(mr, around)

    def _followed(self, mr: Answer) -> PullRequest:
        """A merged merge request with what follows a merge: its paths, and what was said about it."""
        here = f"{self._requests}/{mr['iid']}"
        notes = self._pages(f"{here}/notes")[0] if mr["user_notes_count"] else []
        return self._facts(mr, Around(notes=notes, diffs=self._pages(f"{here}/diffs")[0]))

    def _facts(self, mr: Answer, around: Around) -> PullRequest:
        own = mr["source_project_id"] == mr["target_project_id"]
        source = self.repository if own else self._path_of(mr["source_project_id"])
        return gitlab_facts.pull_request(mr, around, source=source, person=self._person)

    def _path_of(self, project: int | None) -> str:
        """The path of another project; empty when it was deleted."""
        if project is None:
            return ""
        if project not in self._projects:
            known = self._read_or_none(f"/projects/{project}")
            self._projects[project] = known["path_with_namespace"] if known else f"project {project}"
        return self._projects[project]

    def _person(self, user: str) -> Person:
        if user not in self._persons:
            member = self._read_or_none(f"{self._project}/members/all/{user}") or {}
            about = self._read_or_none(f"/users/{user}") or {}
            self._persons[user] = Person(
                can_write=member.get("access_level", 0) >= WRITERS and member.get("state") == "active",
                is_person=about.get("bot") is False,
            )
        return self._persons[user]

    def _pages(self, path: str, asked: Mapping[str, str] | None = None) -> tuple[list[Answer], bool]:
        """A list, and whether it was read to its end."""
        found: list[Answer] = []
        for page in range(1, _MOST_PAGES + 1):
            rows = self._read(path, {**(asked or {}), "per_page": str(_PAGE), "page": str(page)})
            found += rows
            if len(rows) < _PAGE:
                return found, True
        return found, False

    def _read(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        try:
            return self._reader.get_json(path, params=params)
        except http.HttpProblem as problem:
            hint = _HINTS.get(problem.status or 0, problem.hint)
            raise ForgeError(problem.what, where=problem.where, hint=hint, status=problem.status) from None

    def _read_or_none(self, path: str) -> Any:
        try:
            return self._read(path)
        except ForgeError as error:
            if error.status != 404:
                raise
            return None

    def _change(self, what: str, number: int, changed: Mapping[str, str]) -> None:
        if changed:
            self._write(what, "PUT", f"{self._requests}/{number}", changed)

    def _write(self, what: str, method: Literal["POST", "PUT"], path: str, body: Mapping[str, Any]) -> Any:
        where = f"{self.repository} on {urlsplit(self._web).netloc}"
        self._writes += 1
        send: Callable[..., Any] = self._writer.http_post if method == "POST" else self._writer.http_put
        try:
            return send(path, post_data=dict(body))
        except GitlabError as error:
            status = error.response_code
            raise ForgeError(
                redact(f"GitLab did not {what}: {_said(error)} (status {status})"),
                where=where,
                hint=_HINTS.get(status or 0, "run again later; nothing is repeated blindly"),
                status=status,
            ) from None
        except requests.RequestException as error:
            what = f"no clear answer when asked to {what}: {type(error).__name__}"
            hint = "the next run looks at what was done and goes on from there"
            raise ForgeError(redact(what), where=where, hint=hint) from None


_HINTS = {
    401: "check that the token is set, complete, not expired, and may do this; a CI_JOB_TOKEN may not",
    403: f"give the token {GitLab.access}",
    404: "check the project's path and that the token may see it",
    405: "see on its page what GitLab asks for first; Callboard never works around it",
    406: "it conflicts with the base branch; the next run decides anew",
    409: "it is there already, or its head moved; the next run decides anew",
    422: "see on its page what GitLab asks for first; Callboard never works around it",
    429: "too many requests; run again later",
}


def _said(error: GitlabError) -> str:
    said: object = error.error_message
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:500] or "no reason given"
