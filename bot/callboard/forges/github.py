"""GitHub (github.com and GitHub Enterprise Server) as a forge.

What is read in bulk goes through GraphQL (one request for 50 pull requests with all their facts); what is
written goes through PyGithub, one request each, never repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal
from urllib.parse import quote, urlsplit

from callboard import http
from callboard.forges import budget, github_checks, github_commits, github_facts
from callboard.forges import github_queries as queries
from callboard.forges.budget import Budget
from callboard.forges.github_reads import Reader
from callboard.forges.github_writes import MutationRefused, Writer
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

_NO_CHECKS: set[tuple[str, Secret]] = set()
"""Where and with which token check runs were refused in this process."""


class GitHub:
    """One repository on GitHub; see ``forges.protocol.Forge``."""

    word: Literal["pull request", "merge request"] = "pull request"
    access = "write access to contents, pull requests, issues, commit statuses and (for an app) checks"

    def __init__(
        self,
        web_url: str,
        repository: str,
        token: Secret,
        *,
        api_url: str | None = None,
        writes: Budget | None = None,
    ) -> None:
        self.repository = repository
        self._web = web_url.rstrip("/")
        self.git_url = f"{self._web}/{repository}.git"
        api = (api_url or default_api_url(self._web)).rstrip("/")
        # github.com has /graphql beside the REST root, Enterprise Server /api/graphql beside /api/v3.
        graphql = (api.removesuffix("/v3") if api.endswith("/api/v3") else api) + "/graphql"
        self._reader = Reader(http.connect(api, token=token), graphql, repository)
        self._writer = Writer(
            http.github_client(api, token),
            api=api,
            graphql=graphql,
            where=f"{repository} on {urlsplit(self._web).netloc}",
            access=self.access,
            budget=writes or budget.shared((api, token), _limits(api)),
        )
        self._identity: Account | None = None
        self._checks = (api, token)

    @property
    def reads(self) -> int:
        return self._reader.sent

    @property
    def writes(self) -> int:
        return self._writer.sent

    def identity(self) -> Account:
        if self._identity is None:
            self._identity = github_facts.account(self._reader.viewer())
        return self._identity

    def about(self, base_ref: str) -> About:
        asked = {"branch": base_ref, "label": DASHBOARD_LABEL}
        # A token may be allowed all that a walk needs, and not see issues or queues.
        about = github_facts.about(
            self._reader.query(queries.ABOUT, asked, optional=("issues", "mergeQueue"))
        )
        self._identity = about.identity
        return about

    def commit_author(self) -> str:
        me = self.identity()
        login = "".join(char for char in me.login if char.isalnum() or char in "-[]")
        return f"{login} <{me.id}+{login}@users.noreply.github.com>"

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        found: list[PullRequest] = []
        after = None
        while True:
            answer = self._reader.query(queries.OPEN, {"after": after})
            listed = answer["repository"]["pullRequests"]
            found += self._reader.facts(listed["nodes"])
            page = listed["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] == after:
                return tuple(found)
            after = page["endCursor"]

    def finished_lately(self) -> tuple[PullRequest, ...]:
        answer = self._reader.query(queries.FINISHED)["repository"]
        return tuple(self._reader.facts([*answer["merged"]["nodes"], *answer["closed"]["nodes"]]))

    def last_closed(self, head_ref: str) -> PullRequest | None:
        answer = self._reader.query(queries.LAST_CLOSED, {"head": head_ref})
        # A fork may have a branch of the same name.
        own = [one for one in answer["repository"]["pullRequests"]["nodes"] if not one["isCrossRepository"]]
        return next(iter(self._reader.facts(own[:1])), None)

    def open(self, new: NewPullRequest) -> PullRequest:
        made = self._writer.send(
            f"open a pull request for {new.head_ref}",
            "POST",
            f"{self._rest}/pulls",
            {
                "base": new.base_ref,
                "head": new.head_ref,
                "title": new.title,
                "body": new.body,
                "draft": new.draft,
            },
        )
        number = made["number"]
        self._reader.ids[number] = made["node_id"]
        if new.labels:
            self._add_labels(number, new.labels)
        return PullRequest(
            number=number,
            url=made["html_url"],
            title=new.title,
            body=new.body,
            author=Account(id=str(made["user"]["id"]), login=made["user"]["login"]),
            state="open",
            draft=new.draft,
            head_ref=new.head_ref,
            head=made["head"]["sha"],
            head_repository=made["head"]["repo"]["full_name"],
            base_ref=new.base_ref,
            base=made["base"]["sha"],
            labels=tuple(sorted(new.labels)),
        )

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        changed = {"title": title, "body": body}
        self._change(number, f"edit #{number}", {key: to for key, to in changed.items() if to is not None})

    def comment(self, pull: PullRequest, body: str, *, marker: str) -> None:
        text = f"{marker}\n{body}"
        mine = pull.comment_of(self.identity(), marker)
        what = f"comment on #{pull.number}"
        if mine is None:
            self._writer.send(what, "POST", f"{self._rest}/issues/{pull.number}/comments", {"body": text})
        elif mine.body.replace("\r\n", "\n").rstrip() != text.rstrip():
            self._writer.send(what, "PATCH", f"{self._rest}/issues/comments/{mine.id}", {"body": text})

    def label(self, number: int, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        if add:
            self._add_labels(number, add)
        for name in remove:
            path = f"{self._rest}/issues/{number}/labels/{quote(name, safe='')}"
            try:
                self._writer.send(f"take a label off #{number}", "DELETE", path)
            except ForgeError as error:
                if error.status != 404:
                    raise

    def merge(self, number: int, *, head: str, method: str, title: str, message: str) -> str:
        body = {"commit_title": title, "commit_message": message, "merge_method": method, "sha": head}
        try:
            merged = self._writer.send(f"merge #{number}", "PUT", f"{self._rest}/pulls/{number}/merge", body)
        except ForgeError as error:
            if error.status == 409:
                raise _moved(error) from None
            raise
        return str(merged["sha"])

    def enqueue(self, number: int, *, head: str) -> None:
        try:
            pull = self._node(number)
            self._writer.mutate(f"enqueue #{number}", queries.ENQUEUE, {"pull": pull, "head": head})
        except MutationRefused as error:
            # GitHub's words for it are not documented.
            if self._head(number)["headRefOid"] != head:
                raise _moved(error) from None
            raise

    def dequeue(self, number: int) -> None:
        pull = self._node(number)
        self._writer.mutate(f"take #{number} out of the queue", queries.DEQUEUE, {"pull": pull})

    def close(self, number: int) -> None:
        self._change(number, f"close #{number}", {"state": "closed"})

    def can_write(self, account: Account) -> bool:
        return bool(account.id) and self._reader.can_write(account.login)

    def members(self, group: str) -> frozenset[str] | None:
        return self._reader.members(group)

    def head_of(self, number: int) -> str:
        return f"refs/pull/{number}/head"

    def check(self, pull: PullRequest, report: CheckReport) -> None:
        login = self.identity().login
        if github_checks.already_says(pull.checks, report, login.removesuffix("[bot]")):
            return
        what = f"report {report.name} on {pull.head[:7]}"
        # Only apps may report check runs, and not every app is allowed to.
        if login.endswith("[bot]") and self._checks not in _NO_CHECKS:
            try:
                body = github_checks.check_run(report, pull.head)
                self._writer.send(what, "POST", f"{self._rest}/check-runs", body)
            except ForgeError as error:
                if error.status != 403:
                    raise
                _NO_CHECKS.add(self._checks)
            else:
                return
        body = github_checks.status(report)
        self._writer.send(what, "POST", f"{self._rest}/statuses/{pull.head}", body)

    def open_issue(self, title: str, body: str, labels: tuple[str, ...]) -> Issue:
        sent = {"title": title, "body": body, "labels": list(labels)}
        made = self._writer.send("open an issue", "POST", f"{self._rest}/issues", sent)
        return Issue(made["number"], made["html_url"], title, body, tuple(sorted(labels)))

    def edit_issue(self, number: int, *, body: str) -> None:
        what = f"edit the issue #{number}"
        self._writer.send(what, "PATCH", f"{self._rest}/issues/{number}", {"body": body})

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
        what, git = f"commit to {branch}", f"{self._rest}/git"

        def blob(data: bytes) -> str:
            sent = github_commits.blob_body(data)
            return str(self._writer.send(what, "POST", f"{git}/blobs", sent)["sha"])

        entries = github_commits.tree_entries(files, existing, blob)
        tree = self._writer.send(what, "POST", f"{git}/trees", {"base_tree": parent, "tree": entries})
        # Without author and committer it is GitHub's to sign.
        made = {"message": message, "tree": tree["sha"], "parents": [parent]}
        commit = str(self._writer.send(what, "POST", f"{git}/commits", made)["sha"])
        self._point(what, f"refs/heads/{branch}", expected or github_commits.ZERO, commit)
        return commit

    def _point(self, what: str, ref: str, before: str, after: str) -> None:
        update = {"name": ref, "beforeOid": before, "afterOid": after, "force": True}
        here = self._reader.repository_id()
        try:
            self._writer.mutate(what, queries.POINT, {"repository": here, "updates": [update]})
        except MutationRefused as error:
            # GitHub's words for it are not documented.
            found = self._reader.query(queries.REF, {"ref": ref})["repository"]["ref"]
            if (found["target"]["oid"] if found else github_commits.ZERO) != before:
                raise _moved(error) from None
            raise

    def file_url(self, path: str, base: str) -> str:
        return f"{self._web}/{self.repository}/blob/{quote(base)}/{quote(path)}"

    @property
    def _rest(self) -> str:
        return f"/repos/{self.repository}"

    def _add_labels(self, number: int, names: Iterable[str]) -> None:
        path = f"{self._rest}/issues/{number}/labels"
        self._writer.send(f"label #{number}", "POST", path, {"labels": list(names)})

    def _change(self, number: int, what: str, changed: Mapping[str, str]) -> None:
        self._writer.send(what, "PATCH", f"{self._rest}/pulls/{number}", changed)

    def _node(self, number: int) -> str:
        """What GraphQL calls a pull request."""
        return self._reader.ids.get(number) or self._head(number)["id"]

    def _head(self, number: int) -> Mapping[str, str]:
        """What GraphQL calls a pull request, and its head."""
        answer = self._reader.query(queries.HEAD, {"number": number})
        found: Mapping[str, str] = answer["repository"]["pullRequest"]
        return found


def default_api_url(web_url: str) -> str:
    """The REST root for a GitHub web address (docs.github.com, "Getting started with the REST API")."""
    if urlsplit(web_url).hostname == "github.com":
        return "https://api.github.com"
    return f"{web_url.rstrip('/')}/api/v3"


def _limits(api: str) -> budget.Limits | None:
    # Enterprise Server has no limits unless its administrator sets some, which it tells when they are met.
    host = urlsplit(api).hostname or ""
    return budget.GITHUB if host == "api.github.com" or host.endswith(".ghe.com") else None


def _moved(error: ForgeError) -> HeadMoved:
    return HeadMoved(error.what, where=error.where, hint="the next run decides anew", status=409)
