"""API definitions: whether they are what the type of their API says.

Backstage stores a definition as text and never looks into it; who opens the page of the API sees that it is
broken.
Definitions come from outside and are hostile: nothing that they refer to is fetched, what is too large or too
deep is not looked into, and that is said.
Each type is a module of its name, with one function ``wrong_in(text)``, which is loaded when one is there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from callboard.documents.place import Path
from callboard.validation.addresses import is_url, scheme_of
from callboard.validation.definitions.limits import LARGEST, LARGEST_GRAPHQL
from callboard.validation.definitions.wrong import Wrong
from callboard.validation.diagnostics import Finding, shown

_PLACE: Path = ("spec", "definition")
_LARGEST = {"openapi": LARGEST, "asyncapi": LARGEST, "graphql": LARGEST_GRAPHQL, "grpc": LARGEST}


def definition_findings(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the definition of an API, or with the addresses of an MCP server."""
    spec = entity.get("spec")
    if entity.get("kind") != "API" or not isinstance(spec, dict):
        return
    kind, definition = spec.get("type"), spec.get("definition")
    if kind == "mcp-server":
        yield from _remotes(spec.get("remotes"))
    elif isinstance(kind, str) and kind in _LARGEST and isinstance(definition, str) and definition:
        try:
            for wrong in _wrong_in(kind, definition):
                yield _finding(kind, wrong)
        except Wrong as wrong:
            yield _finding(kind, wrong)


def _wrong_in(kind: str, definition: str) -> Iterator[Wrong]:
    if len(definition) > _LARGEST[kind]:
        what = f"it has more than {_LARGEST[kind]:,} characters and was not looked into"
        raise Wrong("definition-unchecked", what, "check it where it comes from")
    wrong_in: Callable[[str], Iterator[Wrong]] = importlib.import_module(f"{__name__}.{kind}").wrong_in
    return wrong_in(definition)


def _finding(kind: str, wrong: Wrong) -> Finding:
    return Finding(_PLACE, wrong.code, f"the {kind} definition: {wrong.what}", wrong.hint, "warning")


def _remotes(remotes: object) -> Iterator[Finding]:
    for index, remote in enumerate(remotes if isinstance(remotes, list) else ()):
        url = remote.get("url") if isinstance(remote, dict) else None
        if isinstance(url, str) and url and not (is_url(url) and scheme_of(url) in ("http", "https")):
            what = f"{shown(url)} is no address that an MCP server can be reached at"
            path = ("spec", "remotes", index, "url")
            yield Finding(path, "definition-invalid", what, "write an http: or https: address", "warning")
