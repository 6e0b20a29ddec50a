"""Issues and their notes."""

from __future__ import annotations

from callboard.sandbox.forge.state import Comment, Issue
from callboard.sandbox.gitlab.refusal import Denied, forbidden, missing, wrong
from callboard.sandbox.gitlab.shapes import issues as shapes
from callboard.sandbox.gitlab.shapes import notes as note_shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

from .notes import changeable, text

_LIST = "/projects/:id/issues"
_ONE = f"{_LIST}/:iid"


@operation(
    "GET", _LIST, "issues/list", models="`state`, `labels`, `author_id`, `scope`, `search`; newest first"
)
def list_issues(call: Call) -> Answer:
    """The issues that fit."""
    query, labels = call.query, call.names("labels") or []
    mine = query.get("scope", "all") == "created_by_me"
    found = [
        each
        for each in call.repository.issues.values()
        if query.get("state", "all") in ("all", each.state)
        and all(label in each.labels for label in labels)
        and query.get("author_id", str(each.author.id)) == str(each.author.id)
        and (not mine or each.author == call.actor)
        and query.get("search", "").lower() in f"{each.title}\n{each.body or ''}".lower()
    ]
    ordered = call.ordered(found, lambda each: each.number, sort="desc")
    return call.page([shapes.issue(call.links, call.repository, each) for each in ordered])


@operation("POST", _LIST, "issues/create", needs="read")
def create(call: Call) -> Answer:
    """Open one."""
    repository, now = call.repository, call.world.now()
    title = call.text("title")
    if not title.strip():
        raise Denied(400, {"title": ["can't be blank"]})
    number = len(repository.issues) + 1
    made = Issue(call.world.new_id(), number, title, call.optional("description"), call.signed_in, now, now)
    made.labels = call.names("labels") or []
    repository.issues[number] = made
    return Answer(shapes.issue(call.links, repository, made), 201)


def _found(call: Call) -> Issue:
    found = call.repository.issues.get(call.number("iid"))
    if found is None:
        raise missing()
    return found


@operation("GET", _ONE, "issues/get")
def get(call: Call) -> Answer:
    """One issue."""
    return Answer(shapes.issue(call.links, call.repository, _found(call)))


@operation(
    "PUT", _ONE, "issues/update", models="title, description, labels, close and reopen; 403 for who may not"
)
def update(call: Call) -> Answer:
    """Change one."""
    found = _found(call)
    if call.signed_in != found.author and not call.repository.allows(call.actor, "triage"):
        raise forbidden()
    found.title = call.text("title", found.title)
    if "description" in call.given:
        found.body = call.optional("description")
    labels = call.names("labels")
    removed = call.names("remove_labels") or []
    kept = [*(found.labels if labels is None else labels), *(call.names("add_labels") or [])]
    found.labels = [name for name in dict.fromkeys(kept) if name not in removed]
    found.updated_at = call.world.now()
    event = call.text("state_event", "")
    if event not in ("", "close", "reopen"):
        raise wrong("state_event", "does not have a valid value")
    if event:
        found.state = "closed" if event == "close" else "opened"
        found.closed_at = found.updated_at if event == "close" else None
    return Answer(shapes.issue(call.links, call.repository, found))


@operation("GET", f"{_ONE}/notes", "issue_notes/list", models="newest first")
def list_notes(call: Call) -> Answer:
    """The notes on an issue."""
    found = _found(call)
    ordered = call.ordered(found.notes, lambda each: (each.created_at, each.id), sort="desc")
    return call.page([note_shapes.note(call.links, each, found) for each in ordered])


@operation("POST", f"{_ONE}/notes", "issue_notes/create")
def create_note(call: Call) -> Answer:
    """Say something."""
    found, now = _found(call), call.world.now()
    written = Comment(call.world.new_id(), found.number, call.signed_in, text(call), now, now)
    found.notes.append(written)
    return Answer(note_shapes.note(call.links, written, found), 201)


@operation("PUT", f"{_ONE}/notes/:note", "issue_notes/update", models="403 for other people's notes")
def update_note(call: Call) -> Answer:
    """Write a note anew."""
    found, number = _found(call), call.number("note")
    for each in found.notes:
        if each.id == number:
            changeable(call, each).body = text(call)
            each.updated_at = call.world.now()
            return Answer(note_shapes.note(call.links, each, found))
    raise missing()
