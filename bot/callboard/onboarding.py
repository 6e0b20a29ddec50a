"""The files that a repository needs to use Callboard, from the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from callboard.documents.writer import flow_text
from callboard.resources import shipped

FILES = {
    "callboard.yaml": "callboard.yaml",
    ".github/workflows/callboard.yml": "callboard-workflow.yml",
    ".github/workflows/catalog.yml": "validate-workflow.yml",
}
"""Where each file goes, and the template that it is made from."""


def onboarding_files(
    *,
    repository: str,
    base: str,
    source: str,
    where: str,
    owner: str,
    system: str | None,
    backstage: str | None,
) -> dict[str, str]:
    """Path to text. ``where`` is the source's address, path or author, as its type asks for."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML
    )
    given = {"repository": repository, "base": base, "owner": owner, "system": system, "backstage": backstage}
    values = {key: flow_text(value) if value else None for key, value in given.items()}
    values["source"] = flow_text(_source(source, where))
    folder = shipped("templates", "onboarding")
    return {
        path: environment.from_string((folder / template).read_text(encoding="utf-8")).render(values)
        for path, template in FILES.items()
    }


BEGINNINGS: Mapping[str, Mapping[str, Any]] = {
    "rest": {"models": {"path": "/models"}, "fields": {"id": "id", "name": "name"}},
    "threescale": {"token": {"env": "THREESCALE_TOKEN"}, "select": {"include": ["llm-*"]}},
}
"""What sources need that only people can say, as it may be: for them to go on from."""


def _source(kind: str, where: str) -> dict[str, Any]:
    name = "cards" if kind == "files" else kind
    key = {"files": "path", "github-models": "path", "huggingface": "author"}.get(kind, "url")
    # Which repositories to read nobody has said yet; a registry that lists none of its own says so.
    more = {"catalog": True} if kind == "oci" else BEGINNINGS.get(kind, {})
    return {"name": name, "type": kind, key: where, **more}
