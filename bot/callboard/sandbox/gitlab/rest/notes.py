"""Notes on merge requests, and threads that are to be resolved."""

from __future__ import annotations

from typing import Any

from callboard.sandbox.forge import reviewing
from callboard.sandbox.forge.state import Comment
from callboard.sandbox.gitlab.refusal import Denied, forbidden, missing
from callboard.sandbox.gitlab.shapes import notes as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

_ONE = "/projects/:id/merge_requests/:iid"
LONGEST = 1_000_000


def text(call: Call) -> str:
    """The body of a note. Raises Denied (400)."""
    body = call.text("body")
    if not body.strip():
        raise Denied(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
    if len(body) > LONGEST:
        raise Denied(
            400, f'400 Bad request - Note {{:note=>["is too long (maximum is {LONGEST} characters)"]}}'
        )
    return body


def _own(call: Call) -> Comment:
    found = call.repository.comments.get(call.number("note"))
    if found is None or found.number != call.pull.number:
        raise missing()
    return found


def changeable(call: Call, found: Comment, role: str = "") -> Comment:
    """A note that the caller wrote; ``role``: or one that this role may touch. Raises Denied (403)."""
    trusted = role == "maintain" and call.repository.allows(call.actor, "maintain")
    if call.signed_in != found.author and not trusted:
        raise forbidden()
    return found


@operation(
    "GET",
    f"{_ONE}/notes",
    "notes/list",
    models="newest first; `sort`, `order_by`, `activity_filter`; with system notes of pushes and approvals",
)
def list_notes(call: Call) -> Answer:
    """People's notes and GitLab's own."""
    repository, pull = call.repository, call.pull
    asked = call.query.get("activity_filter", "all_notes")
    notes: list[dict[str, Any]] = []
    if asked != "only_activity":
        own = (each for each in repository.comments.values() if each.number == pull.number)
        notes += [shapes.note(call.links, each, pull) for each in own]
    if asked != "only_comments":
        notes += [shapes.system_note(call.links, repository, each, pull) for each in shapes.told(pull)]
    by = "updated_at" if call.query.get("order_by") == "updated_at" else "created_at"
    return call.page(call.ordered(notes, lambda each: (each[by], each["id"]), sort="desc"))


def _write(call: Call) -> Comment:
    return reviewing.comment(call.world, call.repository, call.pull, call.signed_in, text(call))


@operation("POST", f"{_ONE}/notes", "notes/create", models="400 for empty and for too long texts")
def create(call: Call) -> Answer:
    """Say something."""
    return Answer(shapes.note(call.links, _write(call), call.pull), 201)


@operation("GET", f"{_ONE}/notes/:note", "notes/get")
def get(call: Call) -> Answer:
    """One note."""
    return Answer(shapes.note(call.links, _own(call), call.pull))


@operation("PUT", f"{_ONE}/notes/:note", "notes/update", models="403 for other people's notes")
def update(call: Call) -> Answer:
    """Write a note anew."""
    found = changeable(call, _own(call))
    found.body, found.updated_at = text(call), call.world.now()
    return Answer(shapes.note(call.links, found, call.pull))


@operation(
    "DELETE",
    f"{_ONE}/notes/:note",
    "notes/delete",
    models="403 for other people's notes, unless a maintainer's",
)
def delete(call: Call) -> Answer:
    """Remove a note."""
    del call.repository.comments[changeable(call, _own(call), "maintain").id]
    return Answer(status=204)


def _discussion(call: Call, comment: Comment) -> dict[str, Any]:
    return {
        "id": f"{comment.id:040x}",
        "individual_note": comment.resolved is None,
        "notes": [shapes.note(call.links, comment, call.pull)],
    }


@operation("POST", f"{_ONE}/discussions", "discussions/create", models="a thread that waits to be resolved")
def start_thread(call: Call) -> Answer:
    """Say something that has to be resolved."""
    comment = _write(call)
    comment.resolved = False
    return Answer(_discussion(call, comment), 201)


@operation("PUT", f"{_ONE}/discussions/:discussion", "discussions/resolve", models="`resolved`")
def resolve_thread(call: Call) -> Answer:
    """Resolve a thread, or open it again."""
    wanted = call.path["discussion"]
    for comment in call.repository.comments.values():
        fits = comment.number == call.pull.number and comment.resolved is not None
        if fits and f"{comment.id:040x}" == wanted:
            comment.resolved = call.flag("resolved")
            return Answer(_discussion(call, comment))
    raise missing("Discussion")
