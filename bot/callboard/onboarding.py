"""The files that a repository needs to use Callboard, from the templates."""

from __future__ import annotations

from typing import Any

import jinja2

from callboard.documents.writer import dump
from callboard.resources import shipped

_FILES = {
    "callboard.yaml": "callboard.yaml",
    ".github/workflows/callboard.yml": "callboard-workflow.yml",
    ".github/workflows/catalog.yml": "validate-workflow.yml",
}


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
    values = {key: _scalar(value) if value else None for key, value in given.items()}
    values["source"] = _scalar_map(_source(source, where))
    folder = shipped("templates", "onboarding")
    return {
        path: environment.from_string((folder / template).read_text(encoding="utf-8")).render(values)
        for path, template in _FILES.items()
    }


def _source(kind: str, where: str) -> dict[str, Any]:
    if kind == "files":
        return {"name": "cards", "type": "files", "path": where}
    if kind == "mlflow":
        return {"name": "mlflow", "type": "mlflow", "url": where}
    return {"name": "huggingface", "type": "huggingface", "author": where}


def _scalar(value: str) -> str:
    """A value as YAML, quoted where it needs to be."""
    return dump([{"value": value}]).strip().removeprefix("value: ")


def _scalar_map(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in values.items()) + "}"
