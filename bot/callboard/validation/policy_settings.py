"""The policy file: what an organisation wants of its catalog beyond what Backstage asks, as data."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from callboard.config_base import Globs, Settings, dashed
from callboard.config_file import ConfigError, load_settings
from callboard.documents.place import Fault, Path
from callboard.documents.reader import read_documents
from callboard.model import Severity
from callboard.validation.diagnostics import WARNINGS
from callboard.validation.formats import KEY, is_key
from callboard.validation.globs import is_glob
from callboard.validation.json_schema import BadSchema, JsonSchema
from callboard.validation.licenses import BadLicense, license_id
from callboard.validation.references import KINDS
from callboard.validation.schema_keywords import KEYWORDS, unknown_keywords

_Name = Annotated[str, dashed(63)]
_Field = Annotated[
    str,
    Field(
        pattern=r"^(metadata|spec)(\.[A-Za-z0-9_-]+)+$",
        description="a field below metadata or spec, such as metadata.description or spec.system",
    ),
]
_File = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$",
        description="a path below the folder of the entity's file, such as docs/evaluation.md",
    ),
]
RelationName = Literal[
    "ownedBy",
    "partOf",
    "dependsOn",
    "dependencyOf",
    "providesApi",
    "consumesApi",
    "memberOf",
    "hasMember",
    "childOf",
    "parentOf",
]
Schema = Annotated[dict[str, Any], Field(description="A JSON Schema; draft 2020-12 unless it says so.")]


class Choice(Settings):
    """Which entities are meant: those that fit all that is given. Every entity, if nothing is."""

    kinds: Globs = ()
    types: Globs = ()
    """Of ``spec.type``."""
    lifecycles: Globs = ()
    namespaces: Globs = ()
    names: Globs = ()
    tags: Globs = ()
    """At least one of the tags of the entity is one of these."""


class Relation(Settings):
    """A relation, as Backstage calls it, that the entity itself states."""

    name: RelationName
    to: Globs = ("*",)
    """Of full references, in lower case: ``group:default/*``."""


class Require(Settings):
    """What has to be there."""

    fields: tuple[_Field, ...] = ()
    """Set, and neither empty nor blank."""
    annotations: tuple[str, ...] = ()
    """Set, and neither empty nor blank."""
    labels: tuple[str, ...] = ()
    tags: Globs = ()
    """For each of these, at least one tag."""
    relations: tuple[Relation, ...] = ()
    files: tuple[_File, ...] = ()
    """Beside the entity's file."""


class Licenses(Settings):
    """Licenses, as SPDX has them."""

    annotation: str = "callboard.dev/license"
    """Where an entity says its license, as an expression such as ``MIT OR Apache-2.0``."""
    ids: tuple[str, ...] = ()
    """SPDX identifiers, or ``LicenseRef-…``. None given: every license that SPDX knows."""
    besides: tuple[str, ...] = ()
    """Words that SPDX does not know, such as ``llama3.1``, in any case."""


class Allow(Settings):
    """What may stand in a field, if anything stands there."""

    types: Globs = ()
    lifecycles: Globs = ()
    owners: Globs = ()
    """Of full references, in lower case: ``group:*`` is every group."""
    systems: Globs = ()
    """The same of ``spec.system``."""
    tags: Globs = ()
    """Every tag is one of these."""
    licenses: Licenses | None = None


class Rule(Settings):
    """What is wanted of some entities."""

    name: _Name
    """Stands in every diagnostic of this rule."""
    why: str = ""
    """One sentence for whoever breaks the rule."""
    severity: Severity = "error"
    for_: Choice = Field(default=Choice(), alias="for")
    """Which entities."""
    unless: Choice | None = None
    """… without these."""
    require: Require = Require()
    allow: Allow = Allow()
    schema_: Schema | None = Field(default=None, alias="schema")
    """The whole entity is held against it."""


class Policy(Settings):
    """One policy file."""

    codes: dict[str, Literal["error", "warning", "off"]] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"enum": [*sorted(WARNINGS)]}}
    )
    """What those diagnostics are that are warnings by themselves."""
    ai_model: bool = True
    """The catalog has Backstage's AI module: the kind AiResource, and APIs of the type mcp-server."""
    kinds: dict[str, Schema] = Field(default_factory=dict)
    """Kinds of one's own, each with the schema of its entities."""
    types: dict[str, Schema] = Field(default_factory=dict)
    """``Kind/type`` with the schema of its entities, such as ``Resource/ai-model``."""
    annotations: dict[str, Schema] = Field(default_factory=dict)
    """Annotations of one's own, each with the schema of its value, which is a string."""
    rules: tuple[Rule, ...] = ()

    @field_validator("types")
    @classmethod
    def _with_kind(cls, types: dict[str, Schema]) -> dict[str, Schema]:
        for one in types:
            kind, slash, name = one.partition("/")
            if not (kind and slash and name):
                raise ValueError(f"write Kind/type, such as Resource/ai-model, for {one[:60]!r}")
        return types


def load_policy(text: bytes | str, file: str) -> Policy:
    """The policy that ``text`` holds. Raises ConfigError, with the place of all that is wrong with it."""
    policy = load_settings(text, file, Policy, "rules:")
    (document,) = (one for one in read_documents(text, file).documents if one.value is not None)
    faults = [
        Fault(document.place(path, key=key), "config-value", what, hint)
        for path, key, what, hint in _beyond_types(policy)
    ]
    if faults:
        raise ConfigError(faults)
    return policy


def _beyond_types(policy: Policy) -> Iterator[tuple[Path, bool, str, str]]:
    """Path, whether its key is meant, what is wrong, what would be right."""
    for code in policy.codes:
        if code not in WARNINGS:
            near = difflib.get_close_matches(code, sorted(WARNINGS), 1)
            hint = f"did you mean {near[0]!r}?" if near else "see the warnings in docs/diagnostics.md"
            yield ("codes", code), True, f"{code[:60]!r} is no warning that could be something else", hint
    yield from _in_schemas(policy)
    yield from _without_effect(policy)
    names: set[str] = set()
    for index, rule in enumerate(policy.rules):
        if rule.name in names:
            hint = "give each rule a name of its own"
            yield ("rules", index, "name"), False, f"there is a rule {rule.name!r} already", hint
        names.add(rule.name)
        licenses = rule.allow.licenses
        for position, one in enumerate(licenses.ids if licenses else ()):
            try:
                license_id(one)
            except BadLicense as error:
                path = ("rules", index, "allow", "licenses", "ids", position)
                yield path, False, str(error), "what SPDX does not know belongs under besides"


def _in_schemas(policy: Policy) -> Iterator[tuple[Path, bool, str, str]]:
    for path, schema in _schemas(policy):
        for where, keyword in unknown_keywords(schema):
            near = difflib.get_close_matches(keyword, sorted(KEYWORDS), 1)
            hint = f"did you mean {near[0]!r}?" if near else "a remark of your own begins with x-"
            what = f"{keyword[:60]!r} is no keyword of JSON Schema, and asks for nothing"
            yield (*path, *where, keyword), True, what, hint
        try:
            JsonSchema(schema, formats=True)
        except BadSchema as error:
            hint = "correct it; it can refer to nothing outside of itself, and patterns know no look-around"
            yield (*path, *error.path), False, f"this is no JSON Schema that can be used: {error}", hint


def _without_effect(policy: Policy) -> Iterator[tuple[Path, bool, str, str]]:
    """What can never find anything, so that it hardly was meant."""
    for path, kind in _kinds(policy):
        known = {one.lower(): one for one in (*KINDS, *policy.kinds)}
        near = difflib.get_close_matches(kind.lower(), sorted(known), 1, 0.8)
        if near and near[0] != kind.lower() and not is_glob(kind):
            hint = f"did you mean {known[near[0]]!r}? A kind of your own stands under kinds, too"
            yield path, len(path) == 2, f"Backstage knows no kind {kind[:60]!r}", hint
    for path, section, key in _keys(policy):
        if not is_key(key):
            what = f"{key[:60]!r} cannot be the key of {section}"
            yield path, len(path) == 2, what, f"write {KEY}"
    for section, names in (("kinds", policy.kinds), ("types", policy.types)):
        first: dict[str, str] = {}
        for name in names:
            if first.setdefault(name.lower(), name) != name:
                what = f"{name[:60]!r} is {first[name.lower()][:60]!r} again, as case makes no difference"
                yield (section, name), True, what, "write one schema for it"
    for section in ("types", "annotations"):
        for name, schema in getattr(policy, section).items():
            if not schema:
                yield (section, name), False, "an empty schema asks for nothing", "say what has to be so"
    for index, rule in enumerate(policy.rules):
        if rule.unless is not None and not any(rule.unless.model_dump().values()):
            what = "without any condition, unless means every entity, and the rule is for none"
            hint = "leave it out, or say which entities the rule is not for"
            yield ("rules", index, "unless"), True, what, hint
        if rule.require == Require() and rule.allow == Allow() and not rule.schema_:
            yield ("rules", index, "name"), False, "the rule asks for nothing", "add require, allow or schema"


def _kinds(policy: Policy) -> Iterator[tuple[Path, str]]:
    for name in policy.types:
        yield ("types", name), name.partition("/")[0]
    for index, rule in enumerate(policy.rules):
        for field, choice in (("for", rule.for_), ("unless", rule.unless)):
            for position, kind in enumerate(choice.kinds if choice else ()):
                yield ("rules", index, field, "kinds", position), kind


def _keys(policy: Policy) -> Iterator[tuple[Path, str, str]]:
    """Path, what it is the key of, and the key."""
    for key in policy.annotations:
        yield ("annotations", key), "an annotation", key
    for index, rule in enumerate(policy.rules):
        path: Path = ("rules", index)
        for position, key in enumerate(rule.require.annotations):
            yield (*path, "require", "annotations", position), "an annotation", key
        for position, key in enumerate(rule.require.labels):
            yield (*path, "require", "labels", position), "a label", key
        if rule.allow.licenses is not None:
            yield (*path, "allow", "licenses", "annotation"), "an annotation", rule.allow.licenses.annotation


def _schemas(policy: Policy) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for key in ("kinds", "types", "annotations"):
        for name, schema in getattr(policy, key).items():
            yield (key, name), schema
    for index, rule in enumerate(policy.rules):
        if rule.schema_ is not None:
            yield ("rules", index, "schema"), rule.schema_


def policy_schema() -> dict[str, Any]:
    """The JSON Schema of policy files, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://callboard.dev/schemas/policy.schema.json",
        **Policy.model_json_schema(),
        "title": "A policy of callboard validate",
    }
