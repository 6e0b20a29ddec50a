"""What is read of a GitLab project: in bulk through GraphQL, through REST where more decides something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from callboard.forges import gitlab_facts, gitlab_nodes
from callboard.forges.gitlab_api import Api
from callboard.forges.gitlab_facts import Answer, Around
from callboard.forges.gitlab_people import People
from callboard.forges.gitlab_queries import ABOUT, FINISHED, OPEN, STATUSES
from callboard.forges.protocol import DASHBOARD_LABEL, About, ForgeError, PullRequest

_LISTS = {"notes": "notes", "diffs": "changed files", "versions": "pushes", "statuses": "checks"}
_UNDECIDED = (None, "UNCHECKED")


class Reads:
    """The reads of one project. Every method may raise ForgeError."""

    def __init__(self, api: Api, people: People) -> None:
        self._api, self._people = api, people
        self._trains: bool | None = None

    def about(self) -> About:
        """See ``forges.protocol.Forge.about``."""
        variables = {"project": self._api.repository, "label": DASHBOARD_LABEL}
        answer = self._api.query(ABOUT, variables)
        if answer["project"] is None:
            # A path that it had before: REST sends on from there, GraphQL knows nothing of it.
            moved = self._api.read(self._api.project)["path_with_namespace"]
            answer = self._api.query(ABOUT, variables | {"project": moved})
        user, project = gitlab_nodes.user(answer["currentUser"]), answer["project"]
        if project is None:
            raise self._no_project()
        if user is not None:
            self._people.remember_me(user)
        identity = self._people.me().account
        return About(
            identity=identity,
            repository=project["fullPath"],
            default_branch=(project["repository"] or {}).get("rootRef") or "",
            queue=self._has_trains(),
            dashboard=gitlab_nodes.dashboard(project["issues"]["nodes"], identity),
        )

    def open_pull_requests(self) -> tuple[PullRequest, ...]:
        """All open merge requests, oldest first."""
        nodes = self._open(OPEN)
        undecided = any(node["detailedMergeStatus"] in _UNDECIDED for node in nodes)
        if undecided:
            # Whether something conflicts is worked out when somebody asks REST for it, and soon known.
            self._api.pages(self._requests, {"state": "opened", "with_merge_status_recheck": "true"})
        arounds = [self._around(node) for node in nodes]
        waiting = self._waiting() if nodes and self._has_trains() else frozenset()
        by_now = {node["iid"]: node for node in self._open(STATUSES)} if undecided else {}
        pulls = []
        for node, around in zip(nodes, arounds, strict=True):
            now = by_now.get(node["iid"])
            told = node if now is None or now["diffHeadSha"] != node["diffHeadSha"] else {**node, **now}
            mr = gitlab_nodes.merge_request(told)
            pull = self._facts(mr, around, gitlab_nodes.source_path(node))
            pulls.append(replace(pull, in_queue=pull.number in waiting))
        return tuple(pulls)

    def _open(self, query: str) -> list[Answer]:
        nodes: list[Answer] = []
        after = None
        while True:
            listed = self._query(query, {"after": after})["mergeRequests"]
            nodes += listed["nodes"]
            page = listed["pageInfo"]
            if not page["hasNextPage"] or page["endCursor"] == after:
                return nodes
            after = page["endCursor"]

    def finished_lately(self) -> tuple[PullRequest, ...]:
        """The last fifty merged ones of ours, and the last twenty that were closed."""
        found = self._query(FINISHED, {"author": self._people.me().account.login})
        merged, closed = found["merged"]["nodes"], found["closed"]["nodes"]
        squashed: dict[int, str] = {}
        if any(node["squashOnMerge"] and not node["mergeCommitSha"] for node in merged):
            # After a fast-forward the squashed commit is on the base branch, and GraphQL does not tell it.
            asked = {"state": "merged", "author_id": self._people.me().account.id, "per_page": "50"}
            rows = self._api.read(self._requests, asked | {"order_by": "updated_at", "sort": "desc"})
            squashed = {mr["iid"]: mr["squash_commit_sha"] for mr in rows}
        return tuple(self._finished(node, squashed) for node in (*merged, *closed))

    def last_closed(self, head_ref: str) -> PullRequest | None:
        """The merge request of one of our branches that was closed or merged last."""
        # In the order of their changes, which may be later than the close: a comment is one, too.
        asked = {"state": "all", "source_branch": head_ref, "order_by": "updated_at", "sort": "desc"}
        done = [
            mr
            for mr in self._api.read(self._requests, asked | {"per_page": "100"})
            if mr["state"] in ("closed", "merged") and mr["source_project_id"] == mr["target_project_id"]
        ]
        last = max(done, key=gitlab_facts.finished_at, default=None)
        return None if last is None else self.alone(last)

    def alone(self, mr: Answer) -> PullRequest:
        """A merge request of this project's own branches, without what stands around it."""
        return self._facts(mr, Around(), self._api.repository)

    @property
    def _requests(self) -> str:
        return f"{self._api.project}/merge_requests"

    def _has_trains(self) -> bool:
        """Whether merges go through merge trains; asked once. GraphQL tells it Maintainers only."""
        if self._trains is None:
            known = self._api.read(self._api.project)
            self._trains = bool(known.get("merge_pipelines_enabled") and known.get("merge_trains_enabled"))
        return self._trains

    def _waiting(self) -> frozenset[int]:
        """The merge requests that stand on a merge train."""
        cars, _ = self._api.pages(f"{self._api.project}/merge_trains", {"scope": "active"})
        return frozenset(car["merge_request"]["iid"] for car in cars)

    def _around(self, node: Answer) -> Around:
        """What stands around an open merge request, as far as deciding needs it.

        What GraphQL does not tell is read where it decides something: for ours alone, since others are never
        merged. That is what renamed files were called, when somebody approves it or committed to it; and the
        heads that it had, and who reported its checks, when somebody approves it.
        """
        mr, around = gitlab_nodes.merge_request(node), gitlab_nodes.around(node)
        is_ours = mr["author"] is not None and str(mr["author"]["id"]) == self._people.me().account.id
        is_approved = is_ours and bool(around.approved_by)
        here = f"{self._requests}/{mr['iid']}"
        more: dict[str, tuple[list[Answer], bool]] = {}
        if gitlab_nodes.lacks_notes(node):
            more["notes"] = self._api.pages(f"{here}/notes")
        if is_approved or (is_ours and node["commitCount"] != 1):
            more["diffs"] = self._api.pages(f"{here}/diffs")
        if is_approved:
            more["versions"] = self._api.pages(f"{here}/versions")
        if mr["sha"] and (is_approved or gitlab_nodes.lacks_statuses(node)):
            more["statuses"] = self._api.pages(f"{self._api.project}/repository/commits/{mr['sha']}/statuses")
        return replace(
            around,
            notes=more["notes"][0] if "notes" in more else around.notes,
            diffs=more["diffs"][0] if "diffs" in more else around.diffs,
            versions=more["versions"][0] if "versions" in more else (),
            statuses=more["statuses"][0] if "statuses" in more else around.statuses,
            cut=tuple(_LISTS[name] for name, (_, complete) in more.items() if not complete),
        )

    def _finished(self, node: Answer, squashed: Mapping[int, str]) -> PullRequest:
        """A merged or closed one, with what follows: its paths, and what was said about it."""
        mr, around = gitlab_nodes.merge_request(node), gitlab_nodes.around(node)
        if gitlab_nodes.lacks_notes(node):
            around = replace(around, notes=self._api.pages(f"{self._requests}/{mr['iid']}/notes")[0])
        mr = {**mr, "squash_commit_sha": squashed.get(mr["iid"])}
        return self._facts(mr, around, gitlab_nodes.source_path(node))

    def _facts(self, mr: Answer, around: Around, source: str) -> PullRequest:
        self._people.remember(one["user"] for one in (*around.approved_by, *around.reviewers))
        self._people.remember(note["author"] for note in around.notes)
        return gitlab_facts.pull_request(mr, around, source=source, person=self._people.person)

    def _query(self, text: str, variables: Mapping[str, object]) -> Answer:
        project: Answer | None = self._api.query(text, {"project": self._api.repository, **variables})[
            "project"
        ]
        if project is None:
            raise self._no_project()
        return project

    def _no_project(self) -> ForgeError:
        return ForgeError(
            "GitLab knows no such project",
            where=f"{self._api.repository} on {urlsplit(self._api.web).netloc}",
            hint="check the project's path and that the token may see it",
            status=404,
        )
