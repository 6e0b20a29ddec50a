"""Labels of a project."""

from __future__ import annotations

import re

from callboard.sandbox.forge.pulls import add_label
from callboard.sandbox.gitlab.refusal import Denied
from callboard.sandbox.gitlab.shapes import issues as shapes
from callboard.sandbox.gitlab.table import Answer, Call, operation

_LABELS = "/projects/:id/labels"


@operation("GET", _LABELS, "labels/list", models="`search`")
def list_labels(call: Call) -> Answer:
    """All, by name."""
    search = call.query.get("search", "").lower()
    found = sorted(
        (each for name, each in call.repository.labels.items() if search in name), key=lambda each: each.name
    )
    return call.page([shapes.label(each) for each in found])


@operation(
    "POST", _LABELS, "labels/create", needs="triage", models="409 when there is one; 400 for a bad color"
)
def create(call: Call) -> Answer:
    """A new label."""
    name, color = call.text("name"), call.text("color")
    if call.repository.label(name):
        raise Denied(409, "Label already exists")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", color):
        raise Denied(400, {"color": ["must be a valid color code"]})
    made = add_label(call.world, call.repository, name, color.removeprefix("#"), call.optional("description"))
    return Answer(shapes.label(made), 201)
