"""GitLab (gitlab.com and self-managed) as a forge, through its REST API v4 and its GraphQL API."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from callboard.forges.budget import Budget
from callboard.forges.gitlab_api import ACCESS, Api
from callboard.forges.gitlab_commits import commit
from callboard.forges.gitlab_facts import STATUSES, UNTOLD, merge_commit
from callboard.forges.gitlab_people import People
from callboard.forges.gitlab_reads import Reads
from callboard.forges.protocol import (
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
        self._people = People(self._api)
        self._reads = Reads(self._api, self._people)

    @property
    def reads(self) -> int:
        return self._api.reads

    @property
    def writes(self) -> int:
        return self._api.writes

    def identity(self) -> Account:
        return self._people.me().account

    def about(self, base_ref: str) -> About:  # noqa: ARG002 - a project has trains for all branches or none
        return self._reads.about()

    def commit_author(self) -> str:
        me = self._people.me()
        # By GitLab's own rule for those who keep their address to themselves ("Use a private email").
        private = f"{me.account.id}-{me.account.login}@users.noreply.{urlsplit(self._web).hostname}"
        address = me.email if re.fullmatch(r"[^\s<>]+@[^\s<>]+", me.email) else private
        return f"{me.account.login} <{address}>"

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        return self._reads.open_pull_requests()

    def finished_lately(self) -> tuple[PullRequest, ...]:
        return self._reads.finished_lately()

    def last_closed(self, head_ref: str) -> PullRequest | None:
        return self._reads.last_closed(head_ref)

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
        return self._reads.alone(made)

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
        made = merge_commit(merged)
        if merged["state"] != "merged" or not made:
            raise ForgeError(
                f"GitLab took the order to {what}, and has not merged it yet",
                where=merged["web_url"],
                hint="the next run looks at what became of it",
            )
        return made

    def enqueue(self, number: int, *, head: str) -> None:
        path = f"{self._api.project}/merge_trains/merge_requests/{number}"
        try:
            self._api.write(f"put !{number} on the merge train", "POST", path, {"sha": head})
        except ForgeError as error:
            if error.status == 409:
                raise HeadMoved(error.what, where=error.where, hint=error.hint, status=409) from None
            raise

    def dequeue(self, number: int) -> None:
        # A train is one of GitLab's ways to merge by itself, which are all called off alike.
        path = f"{self._api.project}/merge_requests/{number}/cancel_merge_when_pipeline_succeeds"
        self._api.write(f"take !{number} off the merge train", "POST", path, {})

    def close(self, number: int) -> None:
        self._change(f"close !{number}", number, {"state_event": "close"})

    def can_write(self, account: Account) -> bool:
        return self._people.can_write(account)

    def members(self, group: str) -> frozenset[str] | None:
        return self._people.members(group)

    def head_of(self, number: int) -> str:
        return f"refs/merge-requests/{number}/head"

    def check(self, pull: PullRequest, report: CheckReport) -> None:
        title = report.title[:_LONGEST_DESCRIPTION]
        # Who reported a status was perhaps not asked for; then somebody else may have said the same for us.
        sources = (self.identity().login, UNTOLD)
        mine = [one for one in pull.checks if one.name == report.name and one.source in sources]
        if mine and all((one.state, one.title) == (report.state, title) for one in mine):
            return
        self._api.write(
            f"report {report.name} on {pull.reference}",
            "POST",
            f"{self._api.project}/statuses/{pull.head}",
            {"name": report.name, "state": STATUSES[report.state], "description": title},
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

    def _change(self, what: str, number: int, changed: Mapping[str, str]) -> None:
        if changed:
            self._api.write(what, "PUT", f"{self._requests}/{number}", changed)
