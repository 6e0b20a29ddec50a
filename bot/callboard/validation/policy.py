"""What a policy file says of one entity. The policy is the operator's; the entity may be anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any

from callboard.documents.place import Path
from callboard.validation.diagnostics import Diagnostic, Finding, Report, shown
from callboard.validation.json_schema import JsonSchema
from callboard.validation.licenses import BadLicense, license_id, permits
from callboard.validation.policy_settings import Choice, Licenses, Relation, RelationName, Rule
from callboard.validation.policy_settings import Policy as Settings
from callboard.validation.processed import without_ai_model
from callboard.validation.references import KINDS, NotAReference, parse_reference, references_of

_MOST = 20
"""Things said of one entity by one schema."""
_STATED: Mapping[RelationName, tuple[str, ...]] = {
    "ownedBy": ("owner",),
    "partOf": ("system", "domain", "subcomponentOf", "subdomainOf"),
    "dependsOn": ("dependsOn",),
    "dependencyOf": ("dependencyOf",),
    "providesApi": ("providesApis",),
    "consumesApi": ("consumesApis",),
    "memberOf": ("memberOf",),
    "hasMember": ("members",),
    "childOf": ("parent",),
    "parentOf": ("children",),
}
"""Relation to the fields of spec that state it."""
Entity = Mapping[str, Any]


class Policy:
    """A policy, ready to be held against many entities."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def text(self) -> str:
        """All that it says: equal for equal policies."""
        return self.settings.model_dump_json(by_alias=True)

    def __reduce__(self) -> tuple[Callable[[str], Policy], tuple[str]]:
        return _policy_of, (self.text,)

    def findings(self, entity: Entity) -> Iterator[Finding]:
        """What is wrong with one entity, without what has to stand beside its file."""
        if not self.settings.ai_model:
            yield from without_ai_model(entity)
        for key, schema in self._schemas_for(entity):
            for wrong in schema.mismatches(entity, _MOST):
                code = "policy-missing" if wrong.keyword == "required" else "policy-schema"
                what = f"{_dotted(wrong.path)}: {wrong.message}"
                yield Finding(wrong.path, code, what, f"see the schema of {key} in the policy", key=wrong.key)
        yield from self._annotation_findings(entity)
        for rule in self._rules_for(entity):
            for finding in _rule_findings(rule, entity, self._rule_schemas.get(rule.name)):
                yield _of_rule(rule, finding)

    def files(self, entity: Entity) -> Iterator[str]:
        """The files that have to be beside the entity's own, relative to its folder."""
        for rule in self._rules_for(entity):
            yield from rule.require.files

    def missing_files(self, entity: Entity, missing: Mapping[str, str]) -> Iterator[Finding]:
        """What to say of those ``missing`` among ``files``, each with its whole path."""
        for rule in self._rules_for(entity):
            for file in rule.require.files:
                if file in missing:
                    what, hint = f"{file} is not beside this file", f"add {shown(missing[file], 200)}"
                    yield _of_rule(rule, Finding(("metadata", "name"), "policy-file", what, hint))

    def judged(self, report: Report) -> Report:
        """The report with each warning as severe as the policy says, and without those that are off."""
        found = (self._judged(one) for one in report.diagnostics)
        return replace(report, diagnostics=tuple(one for one in found if one is not None))

    def _judged(self, one: Diagnostic) -> Diagnostic | None:
        if one.severity != "warning":
            return one
        if one.code == "unknown-kind" and (one.entity or "").partition(":")[0] in self._own_kinds:
            return None
        wanted = self.settings.codes.get(one.code, "warning")
        return None if wanted == "off" else replace(one, severity=wanted)

    @cached_property
    def _own_kinds(self) -> frozenset[str]:
        return frozenset(kind.lower() for kind in self.settings.kinds)

    @cached_property
    def _kind_schemas(self) -> Mapping[str, JsonSchema]:
        both = {**self.settings.kinds, **self.settings.types}
        return {key.lower(): JsonSchema(schema, formats=True) for key, schema in both.items()}

    @cached_property
    def _annotation_schemas(self) -> Mapping[str, JsonSchema]:
        return {key: JsonSchema(one, formats=True) for key, one in self.settings.annotations.items()}

    @cached_property
    def _rule_schemas(self) -> Mapping[str, JsonSchema]:
        return {
            one.name: JsonSchema(one.schema_, formats=True)
            for one in self.settings.rules
            if one.schema_ is not None
        }

    def _schemas_for(self, entity: Entity) -> Iterator[tuple[str, JsonSchema]]:
        kind, kind_type = entity.get("kind"), _in(entity, "spec", "type")
        for key in (kind, f"{kind}/{kind_type}" if isinstance(kind_type, str) else None):
            if isinstance(key, str) and (schema := self._kind_schemas.get(key.lower())):
                yield key, schema

    def _annotation_findings(self, entity: Entity) -> Iterator[Finding]:
        annotations = _in(entity, "metadata", "annotations")
        for key, schema in self._annotation_schemas.items():
            value = _in(annotations, key)
            if isinstance(value, str):
                for wrong in schema.mismatches(value, _MOST):
                    what = f"the annotation {key}: {wrong.message}"
                    hint = "see its schema in the policy"
                    yield Finding(("metadata", "annotations", key), "policy-schema", what, hint)

    def _rules_for(self, entity: Entity) -> Iterator[Rule]:
        for rule in self.settings.rules:
            if _fits(rule.for_, entity) and not (rule.unless and _fits(rule.unless, entity)):
                yield rule


@lru_cache(maxsize=4)
def _policy_of(text: str) -> Policy:
    """A policy that comes from another process, once and not with every question."""
    return Policy(Settings.model_validate_json(text))


def _of_rule(rule: Rule, finding: Finding) -> Finding:
    why = f" ({rule.name}: {rule.why})" if rule.why else f" ({rule.name})"
    return replace(finding, what=finding.what + why, severity=rule.severity)


def _fits(choice: Choice, entity: Entity) -> bool:
    conditions = (
        (choice.kinds, entity.get("kind")),
        (choice.types, _in(entity, "spec", "type")),
        (choice.lifecycles, _in(entity, "spec", "lifecycle")),
        (choice.namespaces, _in(entity, "metadata", "namespace") or "default"),
        (choice.names, _in(entity, "metadata", "name")),
    )
    tags = choice.tags
    return all(not globs or _is_one_of(value, globs) for globs, value in conditions) and (
        not tags or any(_is_one_of(one, tags) for one in _tags(entity))
    )


def _tags(entity: Entity) -> list[Any]:
    tags = _in(entity, "metadata", "tags")
    return tags if isinstance(tags, list) else []


def _is_one_of(value: object, globs: Iterable[str]) -> bool:
    return isinstance(value, str) and any(fnmatchcase(value.lower(), glob.lower()) for glob in globs)


def _rule_findings(rule: Rule, entity: Entity, schema: JsonSchema | None) -> Iterator[Finding]:
    yield from _required(rule, entity)
    yield from _allowed(rule, entity)
    for wrong in schema.mismatches(entity, _MOST) if schema else ():
        code = "policy-missing" if wrong.keyword == "required" else "policy-schema"
        what = f"{_dotted(wrong.path)}: {wrong.message}"
        yield Finding(wrong.path, code, what, "see the schema of this rule", key=wrong.key)


def _required(rule: Rule, entity: Entity) -> Iterator[Finding]:
    for field in rule.require.fields:
        yield from _set(entity, tuple(field.split(".")), field)
    for section in ("annotations", "labels"):
        for key in getattr(rule.require, section):
            yield from _set(entity, ("metadata", section, key), f"the {section[:-1]} {key}")
    for glob in rule.require.tags:
        if not any(_is_one_of(tag, (glob,)) for tag in _tags(entity)):
            what = f"no tag is {shown(glob)}"
            yield Finding(("metadata", "tags"), "policy-tag", what, "add one")
    for relation in rule.require.relations:
        yield from _relation(relation, entity)


def _set(entity: Entity, path: Path, name: str) -> Iterator[Finding]:
    value = _in(entity, *map(str, path))
    if value is None:
        yield Finding(path, "policy-missing", f"{name} is missing", "add it")
    elif (isinstance(value, str) and not value.strip()) or value in ([], {}):
        yield Finding(path, "policy-missing", f"{name} is empty", "say something there")


def _relation(relation: Relation, entity: Entity) -> Iterator[Finding]:
    fields = _STATED[relation.name]
    stated = [(path, reference) for path, reference in _references(entity) if path[1] in fields]
    if any(_is_one_of(reference, relation.to) for _, reference in stated):
        return
    wanted = "" if relation.to == ("*",) else f" to one of {', '.join(relation.to)}"
    what = f"there is no relation {relation.name}{wanted}"
    yield Finding(
        ("spec", fields[0]), "policy-relation", what, f"state it in spec.{' or spec.'.join(fields)}"
    )


def _references(entity: Entity) -> Iterator[tuple[Path, str]]:
    """Path and whole of each reference that can be read."""
    namespace = _in(entity, "metadata", "namespace")
    found = list(references_of(entity))
    owner = _in(entity, "spec", "owner")
    if entity.get("kind") not in KINDS and isinstance(owner, str):
        # What others say of their owners, every plugin's kinds say.
        found.append((("spec", "owner"), owner, "Group"))
    for path, text, kind in found:
        try:
            own = namespace if isinstance(namespace, str) and namespace else "default"
            yield path, str(parse_reference(text, kind=kind, namespace=own))
        except NotAReference:
            continue


def _allowed(rule: Rule, entity: Entity) -> Iterator[Finding]:
    allow = rule.allow
    for field, code, globs in (
        ("type", "policy-type", allow.types),
        ("lifecycle", "policy-lifecycle", allow.lifecycles),
    ):
        value = _in(entity, "spec", field)
        if globs and isinstance(value, str) and not _is_one_of(value, globs):
            what = f"the {field} {shown(value)} is not allowed"
            yield Finding(("spec", field), code, what, f"allowed: {', '.join(globs)}")
    for field, code, globs in (
        ("owner", "policy-owner", allow.owners),
        ("system", "policy-system", allow.systems),
    ):
        for path, reference in _references(entity) if globs else ():
            if path[1] == field and not _is_one_of(reference, globs):
                what = f"the {field} {shown(reference)} is not allowed"
                yield Finding(path, code, what, f"allowed: {', '.join(globs)}")
    for index, tag in enumerate(_tags(entity) if allow.tags else ()):
        if isinstance(tag, str) and not _is_one_of(tag, allow.tags):
            what = f"the tag {shown(tag)} is not allowed"
            yield Finding(
                ("metadata", "tags", index), "policy-tag", what, f"allowed: {', '.join(allow.tags)}"
            )
    if allow.licenses is not None:
        yield from _license(allow.licenses, entity)


def _license(licenses: Licenses, entity: Entity) -> Iterator[Finding]:
    path: Path = ("metadata", "annotations", licenses.annotation)
    text = _in(entity, *map(str, path))
    if not isinstance(text, str) or text.lower() in {one.lower() for one in licenses.besides}:
        return
    allowed = {license_id(one).lower() for one in licenses.ids}
    known = ", ".join((*licenses.ids, *licenses.besides))
    try:
        if permits(text, lambda one: not allowed or one.lower() in allowed):
            return
        what, hint = f"the license {shown(text)} is not allowed", f"allowed: {known}"
    except BadLicense as error:
        what = str(error)
        hint = f"allowed: {known}" if known else "write an identifier of SPDX, such as Apache-2.0"
    yield Finding(path, "policy-license", what, hint)


def _in(value: object, *path: str) -> object:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _dotted(path: Path) -> str:
    text = " ".join(".".join(str(step) for step in path).split())
    return (text if len(text) <= 100 else f"{text[:99]}…") or "the entity"
