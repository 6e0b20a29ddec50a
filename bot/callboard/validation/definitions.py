"""API definitions: whether they are what the type of their API says.

Backstage stores a definition as text and never looks into it; who opens the page of the API sees that it is
broken.
Definitions come from outside and are hostile: nothing that they refer to is fetched, what is too large or too
deep is not looked into, and that is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from callboard.documents.limits import Limits
from callboard.documents.place import Path
from callboard.documents.reader import Document, read_documents
from callboard.resources import shipped
from callboard.validation.addresses import is_url, scheme_of
from callboard.validation.diagnostics import Finding, shown
from callboard.validation.json_schema import JsonSchema

if TYPE_CHECKING:
    from graphql import GraphQLError

    from callboard.validation.federation import Linked

LARGEST = 1024 * 1024
"""Characters of a definition that are looked into, where it is YAML, JSON or Protocol Buffers."""
LARGEST_GRAPHQL = 256 * 1024
"""The same of GraphQL, whose parser is slow."""
_MOST_TOKENS = 50_000
_MOST = 5
"""Things said of one definition."""
_LIMITS = Limits(bytes=4 * LARGEST, nodes=300_000, faults=1)
_PLACE: Path = ("spec", "definition")


@dataclass(frozen=True, slots=True)
class _Wrong(Exception):
    """Why a definition is not what its type says: the code of it, what is wrong, what would be right."""

    code: str
    what: str
    hint: str


def definition_findings(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the definition of an API, or with the addresses of an MCP server."""
    spec = entity.get("spec")
    if entity.get("kind") != "API" or not isinstance(spec, dict):
        return
    kind, definition = spec.get("type"), spec.get("definition")
    if kind == "mcp-server":
        yield from _remotes(spec.get("remotes"))
    elif isinstance(kind, str) and kind in _CHECKS and isinstance(definition, str) and definition:
        check, largest = _CHECKS[kind]
        try:
            if len(definition) > largest:
                what = f"it has more than {largest:,} characters and was not looked into"
                raise _Wrong("definition-unchecked", what, "check it where it comes from")
            for wrong in check(definition):
                yield _finding(kind, wrong)
        except _Wrong as wrong:
            yield _finding(kind, wrong)


def _finding(kind: str, wrong: _Wrong) -> Finding:
    return Finding(_PLACE, wrong.code, f"the {kind} definition: {wrong.what}", wrong.hint, "warning")


def _remotes(remotes: object) -> Iterator[Finding]:
    for index, remote in enumerate(remotes if isinstance(remotes, list) else ()):
        url = remote.get("url") if isinstance(remote, dict) else None
        if isinstance(url, str) and url and not (is_url(url) and scheme_of(url) in ("http", "https")):
            what = f"{shown(url)} is no address that an MCP server can be reached at"
            path = ("spec", "remotes", index, "url")
            yield Finding(path, "definition-invalid", what, "write an http: or https: address", "warning")


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A definition in YAML or JSON."""

    value: Mapping[str, Any]
    document: Document | None
    """With the places in it; None where it is JSON, whose reader is many times faster and knows none."""

    def at(self, path: Path, *, key: bool = False) -> str:
        """Where in the definition something stands, in words."""
        name = _pointer(path)
        if self.document is None:
            return name
        return f"line {self.document.place(path, key=key).line}, {name}"


def _parsed(text: str) -> _Parsed:
    """Raises _Wrong."""
    if isinstance(found := _json(text), dict):
        return _Parsed(found, None)
    reading = read_documents(text, "definition", _LIMITS)
    documents = [one for one in reading.documents if one.value is not None]
    if reading.faults:
        fault = reading.faults[0]
        if fault.code in ("yaml-too-large", "yaml-too-deep", "yaml-alias-bomb"):
            raise _Wrong("definition-unchecked", f"{fault.what}, so it was not looked into", fault.hint)
        what = f"line {fault.place.line}: {fault.what}"
        raise _Wrong("definition-syntax", what, fault.hint)
    if len(documents) > 1:
        raise _Wrong("definition-syntax", "it holds more than one document", "keep one")
    value: object = documents[0].value if documents else None
    if not isinstance(value, dict):
        raise _Wrong("definition-syntax", "it is no mapping", "write the definition itself, as YAML or JSON")
    return _Parsed(value, documents[0])


def _json(text: str) -> object:
    """What JSON holds; None where it is no JSON, or nested too deep."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return None


def _version(parsed: _Parsed, field: str) -> str:
    """Raises _Wrong."""
    version = parsed.value.get(field)
    if isinstance(version, int | float) and not isinstance(version, bool):
        written = None if parsed.document is None else parsed.document.written((field,))
        hint = (
            "put it in quotes"
            if written is None
            else f"put it in quotes, as in {field}: {shown(written, 20)}"
        )
        raise _Wrong("definition-invalid", f"{field} is a number, and must be a text", hint)
    if not isinstance(version, str):
        raise _Wrong("definition-invalid", f"it has no {field}", f"add {field} with its version")
    return version


def _openapi(text: str) -> Iterator[_Wrong]:
    parsed = _parsed(text)
    field = "swagger" if "swagger" in parsed.value and "openapi" not in parsed.value else "openapi"
    version = _version(parsed, field)
    short = ".".join(version.split(".")[:2])
    known = ("2.0",) if field == "swagger" else ("3.0", "3.1", "3.2")
    if short not in known:
        what = f"{field} {shown(version, 20)} is not one of the versions known here"
        raise _Wrong("definition-unchecked", what, f"known: {', '.join(known)}")
    said = 0
    for wrong in _openapi_schema(short).mismatches(parsed.value, _MOST):
        said += 1
        what = f"{parsed.at(wrong.path, key=wrong.key)}: {wrong.message}"
        yield _Wrong("definition-invalid", what, f"write it as OpenAPI {short} has it")
    for path, reference in () if _surely_has_all(text, parsed.value) else _lost_references(parsed.value):
        if said >= _MOST:
            return
        said += 1
        what = f"{parsed.at(path)}: {shown(reference)} leads to nothing in it"
        yield _Wrong("definition-invalid", what, "correct the reference, or add what it leads to")


@cache
def _openapi_schema(version: str) -> JsonSchema:
    text = shipped("schemas", "openapi", f"{version}.schema.json").read_text(encoding="utf-8")
    return JsonSchema(json.loads(text))


_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
"""What stands under these keys is what the API speaks of, and refers to nothing."""


def _lost_references(value: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """References within the definition that lead nowhere. Those to elsewhere are never followed."""
    found: dict[tuple[int, str], bool] = {}
    stack: list[tuple[object, Path, object]] = [(value, (), value)]
    while stack:
        inner, path, base = stack.pop()
        if isinstance(inner, list):
            stack += [(item, (*path, index), base) for index, item in reversed(list(enumerate(inner)))]
        elif isinstance(inner, dict):
            # A schema with an address of its own is what references in it begin at.
            address = inner.get("$id")
            base = inner if isinstance(address, str) and address[:1] not in ("", "#") else base
            reference = inner.get("$ref")
            if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
                if (id(base), reference) not in found:
                    found[id(base), reference] = _leads_somewhere(base, reference)
                if not found[id(base), reference]:
                    yield (*path, "$ref"), reference
            below = [(key, one) for key, one in inner.items() if key not in _DATA and key[:2] != "x-"]
            stack += [(one, (*path, key), base) for key, one in reversed(below)]


_REFERENCE = re.compile(r"""\$ref["']?\s*:\s*(?:"([^"\n]*)"|'([^'\n]*)'(?!'))""")


def _surely_has_all(text: str, value: Mapping[str, Any]) -> bool:
    """Whether each reference that the text can hold leads somewhere, told without a look at every value."""
    found = _REFERENCE.findall(text)
    # A backslash may spell one otherwise, and what has an address of its own has references of its own.
    if len(found) != text.count("$ref") or "\\" in text or "$id" in text:
        return False
    references = {one or other for one, other in found}
    return all(_leads_somewhere(value, one) for one in references if one == "#" or one[:2] == "#/")


def _leads_somewhere(value: object, reference: str) -> bool:
    for step in unquote(reference).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and len(name) < 10 and int(name) < len(value):
            value = value[int(name)]
        else:
            return False
    return True


def _asyncapi(text: str) -> Iterator[_Wrong]:
    """The version and what every definition has; there is no more to it without AsyncAPI's own schemas."""
    parsed = _parsed(text)
    version = _version(parsed, "asyncapi")
    if version.split(".")[0] not in ("2", "3"):
        what = f"asyncapi {shown(version, 20)} is not one of the versions known here"
        raise _Wrong("definition-unchecked", what, "known: 2, 3")
    info = parsed.value.get("info")
    if not isinstance(info, dict):
        yield _Wrong("definition-invalid", "it has no info", "add info, with title and version")
    else:
        for field in ("title", "version"):
            if not isinstance(info.get(field), str):
                what = f"{parsed.at(('info', field))}: there is no such text"
                hint = f"add info.{field}, in quotes if it looks like a number"
                yield _Wrong("definition-invalid", what, hint)
    channels = parsed.value.get("channels", None if version[0] == "2" else {})
    if not isinstance(channels, dict):
        yield _Wrong("definition-invalid", "it has no channels", "add channels, if only an empty mapping")


class _Enough(Exception):
    """There is no need to look for more."""


def _graphql(text: str) -> Iterator[_Wrong]:
    from graphql import GraphQLSyntaxError, parse
    from graphql.language import ParallelVisitor, visit
    from graphql.language import TypeSystemDefinitionNode as Definition
    from graphql.language import TypeSystemExtensionNode as Extension
    from graphql.validation import SDLValidationContext
    from graphql.validation.specified_rules import specified_sdl_rules

    from callboard.validation.federation import linked_by

    hint = "write the schema in GraphQL's schema language"
    errors: list[GraphQLError] = []
    from_elsewhere: Linked | None = None

    def say(error: GraphQLError) -> None:
        if from_elsewhere is not None and from_elsewhere.explains(error):
            return
        errors.append(error)
        # Each costs a comparison with all names that there are.
        if len(errors) >= _MOST:
            raise _Enough

    try:
        document = parse(text, max_tokens=_MOST_TOKENS)
        if not any(isinstance(one, Definition | Extension) for one in document.definitions):
            raise _Wrong("definition-invalid", "it holds queries, and no type", hint)
        from_elsewhere = linked_by(document)
        context = SDLValidationContext(document, None, say)
        with suppress(_Enough):
            visit(document, ParallelVisitor([rule(context) for rule in specified_sdl_rules]))
    except GraphQLSyntaxError as error:
        if "Parsing aborted" in error.message:
            what = f"it has more than {_MOST_TOKENS:,} words or is nested too deep, and was not looked into"
            raise _Wrong("definition-unchecked", what, "check it where it comes from") from None
        raise _Wrong("definition-syntax", _graphql_words(error), hint) from None
    for one in errors:
        yield _Wrong("definition-invalid", _graphql_words(one), hint)


def _graphql_words(error: GraphQLError) -> str:
    line = error.locations[0].line if error.locations else 1
    words = " ".join(error.message[:800].removeprefix("Syntax Error: ").split()).rstrip(".")
    return f"line {line}: {words if len(words) <= 200 else f'{words[:199]}…'}"


_PROTO = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|(?P<unended>/\*|["'])|(?P<brace>[{}])"""
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*+)|(?P<odd>[^\s0-9;=<>()\[\],:.+\-/])",
    re.DOTALL,
)
_PROTO_DECLARES = frozenset({"enum", "extend", "message", "service"})


def _grpc(text: str) -> Iterator[_Wrong]:
    """Whether it can be a file of Protocol Buffers: its words and braces. No compiler looks at it."""
    hint = "write the .proto file of the service"
    declares, depth, first = False, 0, True
    for token in _PROTO.finditer(text):
        line = text.count("\n", 0, token.start()) + 1 if token["unended"] or token["odd"] else 0
        if token["unended"]:
            what = f"line {line}: a comment or a text that begins with {token['unended']} does not end"
            raise _Wrong("definition-syntax", what, hint)
        if token["odd"]:
            what = f"line {line}: {shown(token['odd'])} has no place in a .proto file"
            raise _Wrong("definition-syntax", what, hint)
        if token["brace"]:
            depth += 1 if token["brace"] == "{" else -1
        elif token["word"]:
            if first and token["word"] not in _PROTO_BEGINS:
                what = f"it begins with {shown(token['word'], 30)}, as no .proto file does"
                raise _Wrong("definition-syntax", what, hint)
            first = False
            declares |= depth == 0 and token["word"] in _PROTO_DECLARES
        if depth < 0:
            break
    if depth:
        what = "there is a } too many" if depth < 0 else f"{depth} {{ too many"
        raise _Wrong("definition-syntax", what, hint)
    if not declares:
        yield _Wrong("definition-invalid", "it declares no service, message or enum", hint)


_PROTO_BEGINS = _PROTO_DECLARES | {"edition", "import", "option", "package", "syntax"}
_CHECKS: Mapping[str, tuple[Callable[[str], Iterator[_Wrong]], int]] = {
    "openapi": (_openapi, LARGEST),
    "asyncapi": (_asyncapi, LARGEST),
    "graphql": (_graphql, LARGEST_GRAPHQL),
    "grpc": (_grpc, LARGEST),
}


def _pointer(path: Path) -> str:
    text = " ".join("/".join(str(step) for step in path).split())
    return (text if len(text) <= 80 else f"…{text[-79:]}") or "the definition"
