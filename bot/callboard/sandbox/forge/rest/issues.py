"""Labels and comments of pull requests, which GitHub keeps under issues."""

from __future__ import annotations

from callboard.sandbox.forge import pulls as rules
from callboard.sandbox.forge import reviewing
from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes import pulls as shapes
from callboard.sandbox.forge.state import Comment

from .table import Answer, Call, operation

_ISSUE = "/repos/{owner}/{repo}/issues/{number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{number}"
_LABELS = "/repos/{owner}/{repo}/labels"


@operation("GET", f"{_ISSUE}/comments", "issues/list-comments")
def list_comments(call: Call) -> Answer:
    """The conversation, oldest first."""
    repository, number = call.repository, call.pull.number
    found = [each for each in repository.comments.values() if each.number == number]
    return call.page([shapes.comment(call.links, repository, each) for each in found])


@operation("POST", f"{_ISSUE}/comments", "issues/create-comment", models="422 for an empty text")
def create_comment(call: Call) -> Answer:
    """Add to the conversation."""
    written = reviewing.comment(call.world, call.repository, call.pull, call.signed_in, call.text("body"))
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


def _pull_labels(call: Call) -> Answer:
    return Answer(shapes.labels(call.links, call.repository, call.pull.labels))


@operation("GET", f"{_ISSUE}/labels", "issues/list-labels-on-issue")
def list_on_issue(call: Call) -> Answer:
    """The labels of a pull request."""
    return call.page(shapes.labels(call.links, call.repository, call.pull.labels))


@operation(
    "POST",
    f"{_ISSUE}/labels",
    "issues/add-labels",
    needs="triage",
    models="makes labels that the repository lacks",
)
def add(call: Call) -> Answer:
    """Add labels."""
    rules.set_labels(call.world, call.repository, call.pull, call.pull.labels + call.texts("labels"))
    return _pull_labels(call)


@operation("PUT", f"{_ISSUE}/labels", "issues/set-labels", needs="triage")
def set_all(call: Call) -> Answer:
    """Exactly these labels."""
    rules.set_labels(call.world, call.repository, call.pull, call.texts("labels"))
    return _pull_labels(call)


@operation(
    "DELETE",
    f"{_ISSUE}/labels/{{name:path}}",
    "issues/remove-label",
    needs="triage",
    models="404 when it has none such",
)
def remove(call: Call) -> Answer:
    """Take one label off."""
    pull, name = call.pull, call.path["name"].lower()
    kept = [label for label in pull.labels if label.lower() != name]
    if kept == pull.labels:
        raise Refused(404, "Label does not exist")
    rules.set_labels(call.world, call.repository, pull, kept)
    return _pull_labels(call)


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
