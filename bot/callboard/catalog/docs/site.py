"""The files of a model's TechDocs site."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from callboard.catalog import inert
from callboard.catalog.docs.evaluations import evaluation_tables, plot, validation_table
from callboard.catalog.docs.facts import endpoint_rows, facts, signature_tables, version_tables
from callboard.catalog.docs.numbers import size
from callboard.catalog.docs.openapi import inferred_openapi
from callboard.catalog.docs.sections import OVERVIEW, page_phrases, split_card
from callboard.catalog.markdown import clean_markdown, plain
from callboard.documents.writer import dump
from callboard.model import Model
from callboard.resources import shipped

_PAGES = {
    "usage": "Usage",
    "api": "API definition",
    "limitations": "Limitations",
    "evaluation": "Evaluation",
    "training": "Training",
    "versions": "Versions",
}
"""In the order of the navigation, with their titles."""
_SUMMARY = 300


def render_docs(
    model: Model, *, title: str, entity_name: str, owner: str, lifecycle: str, system: str | None
) -> dict[str, str]:
    """Path within the model's folder to text: ``mkdocs.yml``, ``docs/*.md``, ``docs/assets/evaluation.svg``.

    Only pages with content exist. The same record gives the same bytes.
    """
    description = clean_markdown(model.description or "", heading_offset=2).text.strip("\n")
    cleaned = clean_markdown(model.card.markdown if model.card else "")
    card = split_card(cleaned.text, {model.name, model.name.rpartition("/")[2], title, entity_name})
    drawing = plot(model)
    bodies: dict[str, dict[str, Any]] = {
        "usage": endpoint_rows(model) | {"signature": signature_tables(model)},
        "evaluation": evaluation_tables(model)
        | {"plot": _figure(drawing), "validations": validation_table(model)},
        "versions": version_tables(model.versions) if model.versions else {},
        "api": {"definition": (inferred_openapi(model, entity_name) or "").strip("\n")},
    }
    has_content = {
        "usage": bool(model.endpoints or bodies["usage"]["signature"]),
        "evaluation": bool(bodies["evaluation"]["tables"] or bodies["evaluation"]["validations"]),
        "versions": bool(model.versions),
        "api": bool(bodies["api"]["definition"]),
    }
    pages = [name for name in _titles() if has_content.get(name) or name in card]
    is_short = len(description) <= _SUMMARY and "\n" not in description
    values: dict[str, Any] = {
        "title": plain(title),
        "summary": description if is_short else plain(model.description or "", _SUMMARY),
        "description": "" if is_short else description,
        "facts": facts(model, owner=owner, lifecycle=lifecycle, system=system),
        "card": card.get(OVERVIEW, ""),
        "notes": _notes(model, cleaned.removed),
    }
    files = {
        "mkdocs.yml": _mkdocs(title, model.description or "", entity_name, pages),
        "docs/index.md": _page("index", values),
    }
    for name in pages:
        template = name if shipped("techdocs", "pages").joinpath(f"{name}.md.jinja").exists() else "card"
        files[f"docs/{name}.md"] = _page(
            template, bodies.get(name, {}) | {"heading": _titles()[name], "card": card.get(name, "")}
        )
    if drawing and "evaluation" in pages:
        files["docs/assets/evaluation.svg"] = _drawing(drawing)
    return files


@cache
def _titles() -> dict[str, str]:
    """All pages but the overview; one that only ``sections.yaml`` names holds sections of cards alone."""
    return _PAGES | {name: name.capitalize() for name, _ in page_phrases() if name not in _PAGES}


def _mkdocs(title: str, description: str, entity_name: str, pages: list[str]) -> str:
    skeleton: dict[str, Any] = yaml.safe_load(shipped("techdocs", "mkdocs.yml").read_text("utf-8"))
    navigation = [{"Overview": "index.md"}, *({_titles()[name]: f"{name}.md"} for name in pages)]
    skeleton["site_name"] = inert.label(title) or inert.label(entity_name)
    skeleton["site_description"] = inert.label(description, _SUMMARY) or f"The model {inert.label(title)}"
    skeleton["nav"] = navigation
    return dump([skeleton])


def _figure(drawing: dict[str, Any] | None) -> dict[str, str] | None:
    if drawing is None:
        return None
    return {"alt": plain(drawing["title"]), "caption": plain(drawing["title"])}


def _notes(model: Model, removed: tuple[str, ...]) -> list[str]:
    notes = []
    if removed:
        changes = "; ".join(removed)
        notes.append(f"Left out of the model card, or shown in another way: {changes}.")
    if model.card and model.card.cut_bytes:
        notes.append(f"The model card is longer than this: {size(model.card.cut_bytes)} were left out.")
    return notes


@cache
def _environment(*, escape: bool) -> ImmutableSandboxedEnvironment:
    # Pages are Markdown, whose values were cleaned as Markdown; only the drawing is XML.
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(shipped("techdocs")),
        undefined=StrictUndefined,
        autoescape=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _page(template: str, values: dict[str, Any]) -> str:
    rendered = _environment(escape=False).get_template(f"pages/{template}.md.jinja").render(values)
    return rendered.strip("\n") + "\n"


def _drawing(values: dict[str, Any]) -> str:
    return _environment(escape=True).get_template("evaluation.svg.jinja").render(values)
