"""What GitLab's GraphQL queries see of a merge request; fields in snake_case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from callboard.sandbox.forge import pulls
from callboard.sandbox.forge.graphql.connection import Connection
from callboard.sandbox.forge.merging import latest_statuses
from callboard.sandbox.forge.state import Pull, Repository
from callboard.sandbox.gitlab import status
from callboard.sandbox.gitlab.pipelines import Pipeline, pipeline_of, word
from callboard.sandbox.gitlab.shapes import merge_requests as shapes
from callboard.sandbox.gitlab.shapes import notes as note_shapes
from callboard.sandbox.gitlab.shapes.links import Links

from .pages import page
from .people import global_id, user

if TYPE_CHECKING:
    from .views import ProjectView


def labels_page(names: Iterable[str]) -> Callable[..., Connection]:
    """The field of labels."""

    def labels(**asked: Any) -> Connection:
        return page([{"title": name} for name in sorted(names)], **asked)

    return labels


class MergeRequestView:
    """MergeRequest."""

    def __init__(self, links: Links, repository: Repository, pull: Pull, project: ProjectView) -> None:
        self._links, self._repository, self._pull, self._project = links, repository, pull, project
        told = shapes.basic(links, repository, pull, "unchecked")
        self.iid, self.web_url, self.title = str(pull.number), told["web_url"], told["title"]
        self.description, self.author = pull.body, user(pull.author)
        self.state, self.draft = told["state"], pull.draft
        self.source_branch, self.target_branch = pull.head_ref, pull.base_ref
        self.source_project_id, self.target_project_id = told["source_project_id"], repository.id
        self.diff_head_sha = pull.head
        self.squash_on_merge = pull.squash or pull.squash_commit is not None
        self.merge_commit_sha = told["merge_commit_sha"]
        self.created_at, self.updated_at = pull.created_at, pull.updated_at
        self.labels = labels_page(pull.labels)

    def source_project(self) -> ProjectView:
        """Project."""
        return self._project.beside(self._pull.fork) if self._pull.fork else self._project

    def diff_refs(self) -> dict[str, str]:
        """DiffRefs."""
        last = shapes.pushes(self._pull)[-1]
        return {"base_sha": last.base, "head_sha": last.after, "start_sha": last.start}

    def diff_stats(self, path: str | None = None) -> list[dict[str, Any]]:
        """DiffStats: by the new names alone."""
        return [
            {"path": each.path, "additions": each.additions, "deletions": each.deletions}
            for each in pulls.changed_files(self._repository, self._pull)
            if path in (None, each.path)
        ]

    def diff_stats_summary(self) -> dict[str, int]:
        """DiffStatsSummary."""
        most = self._repository.settings.most_diff_files
        return {"file_count": min(len(pulls.changed_files(self._repository, self._pull)), most)}

    def detailed_merge_status(self) -> str:
        """What is known: nothing is worked out for who asks here."""
        return status.look(self._repository, self._pull, works_it_out=False).upper()

    def conflicts(self) -> bool:
        """By what is known already."""
        return self._pull.undecided_reads == 0 and status.has_conflicts(self._repository, self._pull)

    def approved_by(self, **asked: Any) -> Connection:
        """Who approves now."""
        return page([user(who) for who, _ in status.approvals(self._repository, self._pull).by], **asked)

    def reviewers(self, **asked: Any) -> Connection:
        """Who was asked, and who reviewed."""
        shown = []
        for each in shapes.reviewers(self._pull):
            told = shapes.reviewer(self._links, self._pull, each)
            interaction = {"review_state": told["state"].upper()}
            shown.append(user(each) | {"merge_request_interaction": interaction})
        return page(shown, **asked)

    def notes(self, *, filter: str = "ALL_NOTES", **asked: Any) -> Connection:  # noqa: A002 - GitLab's name
        """What was said, oldest first."""
        pull, repository = self._pull, self._repository
        said = [
            (note_shapes.note(self._links, each, pull), each.author, each.created_at, each.updated_at)
            for each in repository.comments.values()
            if each.number == pull.number and filter != "ONLY_ACTIVITY"
        ]
        if filter != "ONLY_COMMENTS":
            said += [
                (
                    note_shapes.system_note(self._links, repository, each, pull),
                    each.actor,
                    each.created_at,
                    each.created_at,
                )
                for each in note_shapes.told(pull)
            ]
        said.sort(key=lambda each: (each[2], each[0]["id"]))
        return page(
            [
                {
                    "id": global_id("DiscussionNote" if note["type"] else "Note", note["id"]),
                    "body": note["body"],
                    "system": note["system"],
                    "author": user(author),
                    "created_at": created,
                    "updated_at": updated,
                    "last_edited_at": None if updated == created else updated,
                }
                for note, author, created, updated in said
            ],
            **asked,
        )

    def head_pipeline(self) -> PipelineView | None:
        """The pipeline of the head."""
        found = pipeline_of(self._repository, self._pull.head)
        return PipelineView(self._repository, found) if found else None

    def pipelines(self, *, sha: str | None = None, **asked: Any) -> Connection:
        """The pipelines of all its heads, newest first."""
        heads = dict.fromkeys(each.after for each in shapes.pushes(self._pull))
        found = [pipeline_of(self._repository, head) for head in heads if sha in (None, head)]
        newest = sorted((each for each in found if each), key=lambda each: -each.id)
        return page([PipelineView(self._repository, each) for each in newest], **asked)

    def commit_count(self) -> int:
        """How many commits it has."""
        return len(pulls.commits(self._repository, self._pull))


class PipelineView:
    """Pipeline."""

    def __init__(self, repository: Repository, pipeline: Pipeline) -> None:
        self._repository, self._pipeline = repository, pipeline
        self.id, self.sha = global_id("Ci::Pipeline", pipeline.id), pipeline.sha
        self.source, self.status = "external", pipeline.status.upper()

    def jobs(self, **asked: Any) -> Connection:
        """Its jobs, those that others reported too. A status that has a description has it for a label."""
        shown = [
            {
                "id": global_id("GenericCommitStatus", each.id),
                "name": each.context,
                "status": word(each).upper(),
                "allow_failure": False,
                "detailed_status": {"label": each.description or word(each)},
            }
            for each in latest_statuses(self._repository, self._pipeline.sha)
        ]
        return page(shown, **asked)
