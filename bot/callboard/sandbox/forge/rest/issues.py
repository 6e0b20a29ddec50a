"""Issues, and the labels and comments of pull requests, which GitHub keeps under issues too."""

from __future__ import annotations

from callboard.sandbox.forge import pulls as rules
from callboard.sandbox.forge import reviewing
from callboard.sandbox.forge.refusal import Refused, invalid, not_found
from callboard.sandbox.forge.shapes import issues as issue_shapes
from callboard.sandbox.forge.shapes import pulls as shapes
from callboard.sandbox.forge.state import Comment, Issue, Pull

from .table import Answer, Call, operation

_ISSUES = "/repos/{owner}/{repo}/issues"
_ISSUE = f"{_ISSUES}/{{number}}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{number}"
_LABELS = "/repos/{owner}/{repo}/labels"


def _is_open(discussed: Pull | Issue) -> bool:
    return discussed.state in ("open", "opened")


@operation(
    "GET",
    _ISSUES,
    "issues/list-for-repo",
    models="pull requests among them; `state`, `labels` and `creator`; newest first",
)
def list_issues(call: Call) -> Answer:
    """Issues and pull requests."""
    repository, query = call.repository, call.query
    state = query.get("state", "open")
    wanted = {name.lower() for name in query.get("labels", "").split(",") if name}
    everything: list[Pull | Issue] = [*repository.pulls.values(), *repository.issues.values()]
    found = [
        each
        for each in everything
        if state in ("all", "open" if _is_open(each) else "closed")
        and wanted <= {name.lower() for name in each.labels}
        and query.get("creator", each.author.login).lower() == each.author.login.lower()
    ]
    found.sort(key=lambda each: each.number, reverse=True)
    return call.page([issue_shapes.issue(call.links, repository, each) for each in found])


@operation("POST", _ISSUES, "issues/create", models="labels only from who may set them; 422 without a title")
def create_issue(call: Call) -> Answer:
    """Open one."""
    repository, now, title = call.repository, call.world.now(), call.text("title")
    if not title.strip():
        raise invalid("Issue", "title", "missing_field")
    number = repository.next_number()
    made = Issue(call.world.new_id(), number, title, call.optional("body"), call.signed_in, now, now)
    repository.issues[number] = made
    if repository.allows(call.actor, "triage"):
        rules.set_labels(call.world, repository, made, call.texts("labels"))
    return Answer(issue_shapes.issue(call.links, repository, made), 201)


@operation("GET", _ISSUE, "issues/get", models="pull requests too")
def get_issue(call: Call) -> Answer:
    """One issue or pull request."""
    return Answer(issue_shapes.issue(call.links, call.repository, call.discussed))


@operation(
    "PATCH", _ISSUE, "issues/update", models="title, body, labels, state; 403 for who is not its author"
)
def update_issue(call: Call) -> Answer:
    """Change one; its author may, and who can triage."""
    repository, found = call.repository, call.discussed
    if call.signed_in != found.author and not repository.allows(call.actor, "triage"):
        raise Refused(403, "Must have admin rights to Repository.")
    found.title = call.text("title", found.title)
    found.body = call.optional("body") if "body" in call.body else found.body
    found.updated_at = call.world.now()
    if "labels" in call.body and repository.allows(call.actor, "triage"):
        rules.set_labels(call.world, repository, found, call.texts("labels"))
    state = call.text("state", "open" if _is_open(found) else "closed")
    if isinstance(found, Pull):
        rules.set_state(call.world, repository, found, state)
    elif state in ("open", "closed"):
        found.state = "opened" if state == "open" else "closed"
        found.closed_at = found.updated_at if state == "closed" else None
    else:
        raise invalid("Issue", "state")
    return Answer(issue_shapes.issue(call.links, repository, found))


@operation("GET", f"{_ISSUE}/comments", "issues/list-comments")
def list_comments(call: Call) -> Answer:
    """The conversation, oldest first."""
    repository, number = call.repository, call.discussed.number
    found = [each for each in repository.comments.values() if each.number == number]
    return call.page([shapes.comment(call.links, repository, each) for each in found])


@operation("POST", f"{_ISSUE}/comments", "issues/create-comment", models="422 for an empty text")
def create_comment(call: Call) -> Answer:
    """Add to the conversation."""
    body = call.text("body")
    written = reviewing.comment(call.world, call.repository, call.discussed, call.signed_in, body)
    return Answer(shapes.comment(call.links, call.repository, written), 201)


def _comment(call: Call) -> Comment:
    found = call.repository.comments.get(call.number("number"))
    if found is None:
        raise not_found()
    return found


def _own_comment(call: Call) -> Comment:
    found = _comment(call)
    if call.signed_in != found.author and not call.repository.allows(call.actor, "maintain"):
        raise Refused(403, "Must have admin rights to Repository.")
    return found


@operation("GET", _COMMENT, "issues/get-comment")
def get_comment(call: Call) -> Answer:
    """One comment."""
    return Answer(shapes.comment(call.links, call.repository, _comment(call)))


@operation("PATCH", _COMMENT, "issues/update-comment", models="403 for other people's comments")
def update_comment(call: Call) -> Answer:
    """Write a comment anew."""
    found = _own_comment(call)
    found.body, found.updated_at = call.text("body"), call.world.now()
    return Answer(shapes.comment(call.links, call.repository, found))


@operation("DELETE", _COMMENT, "issues/delete-comment", models="403 for other people's comments")
def delete_comment(call: Call) -> Answer:
    """Remove a comment."""
    del call.repository.comments[_own_comment(call).id]
    return Answer(status=204)


def _labels(call: Call) -> Answer:
    return Answer(shapes.labels(call.links, call.repository, call.discussed.labels))


@operation("GET", f"{_ISSUE}/labels", "issues/list-labels-on-issue")
def list_on_issue(call: Call) -> Answer:
    """The labels of a pull request or issue."""
    return call.page(shapes.labels(call.links, call.repository, call.discussed.labels))


@operation(
    "POST",
    f"{_ISSUE}/labels",
    "issues/add-labels",
    needs="triage",
    models="makes labels that the repository lacks",
)
def add(call: Call) -> Answer:
    """Add labels."""
    discussed = call.discussed
    rules.set_labels(call.world, call.repository, discussed, discussed.labels + call.texts("labels"))
    return _labels(call)


@operation("PUT", f"{_ISSUE}/labels", "issues/set-labels", needs="triage")
def set_all(call: Call) -> Answer:
    """Exactly these labels."""
    rules.set_labels(call.world, call.repository, call.discussed, call.texts("labels"))
    return _labels(call)


@operation(
    "DELETE",
    f"{_ISSUE}/labels/{{name:path}}",
    "issues/remove-label",
    needs="triage",
    models="404 when it has none such",
)
def remove(call: Call) -> Answer:
    """Take one label off."""
    discussed, name = call.discussed, call.path["name"].lower()
    kept = [label for label in discussed.labels if label.lower() != name]
    if kept == discussed.labels:
        raise Refused(404, "Label does not exist")
    rules.set_labels(call.world, call.repository, discussed, kept)
    return _labels(call)


@operation("GET", _LABELS, "issues/list-labels-for-repo")
def list_for_repository(call: Call) -> Answer:
    """The labels of the repository."""
    repository = call.repository
    return call.page([shapes.label(call.links, repository, each) for each in repository.labels.values()])


@operation(
    "POST", _LABELS, "issues/create-label", needs="triage", models="422 when there is one of that name"
)
def create(call: Call) -> Answer:
    """A new label."""
    label = rules.add_label(
        call.world,
        call.repository,
        call.text("name"),
        call.text("color", "ededed"),
        call.optional("description"),
    )
    return Answer(shapes.label(call.links, call.repository, label), 201)


@operation("GET", f"{_LABELS}/{{name:path}}", "issues/get-label")
def get(call: Call) -> Answer:
    """One label."""
    label = call.repository.label(call.path["name"])
    if label is None:
        raise not_found()
    return Answer(shapes.label(call.links, call.repository, label))
