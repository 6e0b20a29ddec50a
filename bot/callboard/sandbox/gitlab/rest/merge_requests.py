"""Merge requests."""

from __future__ import annotations

import re
from typing import Any

from callboard.sandbox.forge import pulls as rules
from callboard.sandbox.forge import pushes
from callboard.sandbox.forge.state import Event, Pull, Repository
from callboard.sandbox.gitlab import status
from callboard.sandbox.gitlab.refusal import Denied, forbidden, missing, wrong
from callboard.sandbox.gitlab.shapes import commits as commit_shapes
from callboard.sandbox.gitlab.shapes import merge_requests as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

_LIST = "/projects/:id/merge_requests"
_ONE = f"{_LIST}/:iid"
_DRAFT = re.compile(r"^\s*(\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE)
LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 1_048_576


@operation(
    "GET",
    _LIST,
    "merge_requests/list",
    models="`state`, `iids`, branches, `labels`, `author_id`, `author_username`, `scope`, `search`, "
    "`updated_after`, `view`, `wip`, order; stale merge status unless a recheck is asked for",
)
def list_merge_requests(call: Call) -> Answer:
    """Newest first unless asked otherwise."""
    repository = call.repository
    found = [each for each in repository.pulls.values() if _fits(call, each)]
    by = call.text("order_by", "created_at")
    if by not in ("created_at", "updated_at", "title", "merged_at"):
        raise wrong("order_by", "does not have a valid value")
    ordered = call.ordered(found, lambda each: (_sort_key(each, by), each.number), sort="desc")
    if call.query.get("view") == "simple":
        return call.page([shapes.simple(call.links, repository, each) for each in ordered])
    page = call.page(ordered)
    rechecks = call.flag("with_merge_status_recheck")
    rows = [
        shapes.basic(call.links, repository, each, status.look(repository, each, works_it_out=rechecks))
        for each in page.body
    ]
    return Answer(rows, headers=page.headers)


def _sort_key(pull: Pull, by: str) -> str:
    keys = {"updated_at": pull.updated_at, "title": pull.title, "merged_at": pull.merged_at or ""}
    return keys.get(by, pull.created_at)


def _fits(call: Call, pull: Pull) -> bool:
    query = call.query
    state = query.get("state", "all")
    if state not in ("opened", "closed", "locked", "merged", "all"):
        raise wrong("state", "does not have a valid value")
    labels = call.names("labels") or []
    mine = query.get("scope", "all").replace("-", "_") == "created_by_me"
    iids = call.names("iids")
    words = f"{pull.title}\n{pull.body or ''}".lower()
    return all(
        (
            state in ("all", shapes.state(pull)),
            query.get("source_branch", pull.head_ref) == pull.head_ref,
            query.get("target_branch", pull.base_ref) == pull.base_ref,
            query.get("author_id", str(pull.author.id)) == str(pull.author.id),
            query.get("author_username", pull.author.slug) == pull.author.slug,
            all(label in pull.labels for label in labels),
            not mine or call.actor == pull.author,
            iids is None or str(pull.number) in iids,
            query.get("search", "").lower() in words,
            query.get("wip", "yes" if pull.draft else "no") == ("yes" if pull.draft else "no"),
            pull.updated_at >= query.get("updated_after", "")[:19],
        )
    )


def full(call: Call, pull: Pull) -> dict[str, Any]:
    """The whole merge request, with its merge status of this read."""
    told = status.look(call.repository, pull)
    return shapes.full(call.links, call.repository, pull, told, call.actor)


def _checked(call: Call, name: str, most: int) -> str | None:
    text = call.optional(name)
    if text is not None and len(text) > most:
        raise Denied(400, {name: [f"is too long (maximum is {most} characters)"]})
    return text


@operation(
    "POST",
    _LIST,
    "merge_requests/create",
    needs="write",
    models="drafts by title, new labels made; from a fork by `target_project_id`; 409 for a second one of "
    "the same branches, 422 for one branch; 422 for no commits, too, where GitLab opens an empty one; "
    "400 for missing branches and long texts",
)
def create(call: Call) -> Answer:
    """Open one, in this project or in the one that it is a fork of."""
    fork = call.repository
    repository = _target(call, fork)
    source, target, title = call.text("source_branch"), call.text("target_branch"), call.text("title")
    _checked(call, "title", LONGEST_TITLE)
    body = _checked(call, "description", LONGEST_DESCRIPTION)
    if not title.strip():
        raise Denied(400, {"title": ["can't be blank"]})
    if source == target and fork is repository:
        raise Denied(422, ["You can't use same project/branch for source and target"], key="error")
    for each in repository.pulls.values():
        same = (each.fork or repository) is fork and (each.head_ref, each.base_ref) == (source, target)
        if each.state == "open" and same:
            said = f"Another open merge request already exists for this source branch: !{each.number}"
            raise Denied(409, [said])
    for name, branch, project in (("source_branch", source, fork), ("target_branch", target, repository)):
        if f"refs/heads/{branch}" not in project.refs:
            raise Denied(400, {name: ["does not exist"]})
    if fork.git.is_ancestor(fork.refs[f"refs/heads/{source}"], repository.refs[f"refs/heads/{target}"]):
        raise Denied(422, [f"No commits between {target} and {source}"], key="error")
    head = source if fork is repository else f"{fork.owner.login}:{source}"
    opening = rules.Opening(_DRAFT.sub("", title), body, head, target, bool(_DRAFT.match(title)))
    pull = rules.open_pull(call.world, repository, call.signed_in, opening)
    _set_options(call, repository, pull)
    told = status.look(repository, pull)
    return Answer(shapes.full(call.links, repository, pull, told, call.actor), 201)


def _target(call: Call, source: Repository) -> Repository:
    asked = str(call.given.get("target_project_id") or source.id)
    known = (source, *([source.parent] if source.parent else []))
    found = next((each for each in known if str(each.id) == asked), None)
    if found is None or not found.allows(call.actor, "read"):
        raise missing("Project")
    return found


def _set_options(call: Call, repository: Repository, pull: Pull) -> None:
    labels = call.names("labels")
    if labels is None:
        labels = list(pull.labels)
    removed = call.names("remove_labels") or []
    labels = [name for name in [*labels, *(call.names("add_labels") or [])] if name not in removed]
    rules.set_labels(call.world, repository, pull, labels)
    pull.squash = call.flag("squash", default=pull.squash)
    pull.remove_source_branch = call.flag("remove_source_branch", default=pull.remove_source_branch)
    asked = call.given.get("reviewer_ids")
    if isinstance(asked, list):
        known = {each.id: each for each in call.world.accounts.values()}
        pull.requested_reviewers = [known[each] for each in asked if each in known]


@operation(
    "GET",
    _ONE,
    "merge_requests/get",
    models="`detailed_merge_status`, `checking` at first when asked for; versions' refs; the head's pipeline",
)
def get(call: Call) -> Answer:
    """One, with its merge status."""
    told = full(call, call.pull)
    if call.flag("include_rebase_in_progress"):
        told["rebase_in_progress"] = False
    return Answer(told)


@operation(
    "PUT",
    _ONE,
    "merge_requests/update",
    models="title, description, labels (all, added, removed), draft by title, target branch, close, reopen; "
    "system notes for changed titles and drafts; 403 for who may not",
)
def update(call: Call) -> Answer:
    """Change one; its author may, and who can write."""
    repository, pull = call.repository, call.pull
    if call.signed_in != pull.author and not repository.allows(call.actor, "triage"):
        raise forbidden()
    if not call.given:
        raise Denied(400, "assignee_id, description, labels, state_event, title are missing, at least one "
                     "parameter must be provided", key="error")  # fmt: skip
    if "title" in call.given:
        _retitle(call, pull, call.text("title"))
    if "description" in call.given:
        body = _checked(call, "description", LONGEST_DESCRIPTION)
        if body != pull.body:
            pull.body = body
            _say(call, pull, "changed the description")
    if "target_branch" in call.given and call.text("target_branch") != pull.base_ref:
        before = pull.base_ref
        rules.set_base(call.world, repository, pull, call.text("target_branch"), call.signed_in)
        _say(call, pull, f"changed target branch from `{before}` to `{pull.base_ref}`")
    _set_options(call, repository, pull)
    event = call.text("state_event", "")
    if event not in ("", "close", "reopen"):
        raise wrong("state_event", "does not have a valid value")
    if event == "close" and pull.state == "open":
        pushes.close(call.world, pull)
    if event == "reopen":
        _reopen(call, repository, pull)
    return Answer(full(call, pull))


def _retitle(call: Call, pull: Pull, title: str) -> None:
    _checked(call, "title", LONGEST_TITLE)
    draft, bare = bool(_DRAFT.match(title)), _DRAFT.sub("", title)
    if not bare:
        raise Denied(400, {"title": ["can't be blank"]})
    if draft != pull.draft:
        _say(call, pull, f"marked this merge request as **{'draft' if draft else 'ready'}**")
    if bare != pull.title:
        _say(call, pull, f"changed title from **{pull.title}** to **{bare}**")
    pull.title, pull.draft = bare, draft


def _say(call: Call, pull: Pull, text: str) -> None:
    pull.updated_at = call.world.now()
    pull.events.append(Event(call.world.new_id(), "said", call.signed_in, pull.updated_at, text=text))


def _reopen(call: Call, repository: Repository, pull: Pull) -> None:
    # What cannot be reopened stays as it is, without a word: so does GitLab.
    now = (pull.fork or repository).refs.get(f"refs/heads/{pull.head_ref}")
    if pull.state == "open" or pull.merged_at or now is None:
        return
    pull.state, pull.closed_at, pull.updated_at = "open", None, call.world.now()
    if now != pull.head:
        pushes.head_moved(call.world, repository, pull, call.signed_in, pull.head, now)


@operation("GET", f"{_ONE}/commits", "merge_requests/commits", models="newest first")
def commits(call: Call) -> Answer:
    """The commits."""
    found = reversed(rules.commits(call.repository, call.pull))
    return call.page([commit_shapes.basic(call.links, call.repository, each) for each in found])


@operation(
    "GET",
    f"{_ONE}/diffs",
    "merge_requests/diffs",
    models="real differences; too large ones and too many are cut",
)
def diffs(call: Call) -> Answer:
    """The changed files."""
    return call.page(commit_shapes.diffs(call.repository, rules.changed_files(call.repository, call.pull)))


@operation("GET", f"{_ONE}/changes", "merge_requests/changes", models="the same in one answer; `overflow`")
def changes(call: Call) -> Answer:
    """The merge request with its changed files."""
    repository, pull = call.repository, call.pull
    found = rules.changed_files(repository, pull)
    told = {
        "changes": commit_shapes.diffs(repository, found),
        "overflow": len(found) > repository.settings.most_diff_files,
    }
    return Answer(full(call, pull) | told)


@operation("GET", f"{_ONE}/versions", "merge_requests/versions", models="one for each push, newest first")
def versions(call: Call) -> Answer:
    """The versions of the differences."""
    repository, pull = call.repository, call.pull
    most = repository.settings.most_diff_files
    overflows = len(rules.changed_files(repository, pull)) > most
    listed = reversed(shapes.pushes(pull))
    return call.page([shapes.version(pull, each, overflows, repository) for each in listed])


@operation(
    "GET", f"{_ONE}/reviewers", "merge_requests/reviewers", models="who was asked, who reviewed, and how"
)
def reviewers(call: Call) -> Answer:
    """The reviewers."""
    pull = call.pull
    return call.page([shapes.reviewer(call.links, pull, each) for each in shapes.reviewers(pull)])
