"""Keywords of JSON Schemas that no draft has: validators ignore them, so a typing error asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from callboard.documents.place import Path

_KEYWORDS = """\
additionalItems additionalProperties contains contentSchema else if items not propertyNames then \
unevaluatedItems unevaluatedProperties
allOf anyOf items oneOf prefixItems
$defs definitions dependencies dependentSchemas patternProperties properties
$anchor $comment $dynamicAnchor $dynamicRef $id $recursiveAnchor $recursiveRef $ref $schema $vocabulary \
const contentEncoding contentMediaType default dependentRequired deprecated description enum \
examples exclusiveMaximum exclusiveMinimum format id maxContains maximum maxItems maxLength maxProperties \
minContains minimum minItems minLength minProperties multipleOf pattern readOnly required title type \
uniqueItems writeOnly
"""
# Those whose value is a schema, a list of schemas, schemas by name, or something else.
_ONE, _SEVERAL, _NAMED, _OTHERS = (frozenset(line.split()) for line in _KEYWORDS.splitlines())
KEYWORDS = _ONE | _SEVERAL | _NAMED | _OTHERS
"""Of draft 4 to draft 2020-12."""


def unknown_keywords(schema: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The path of each schema in a schema, and a keyword in it that no draft has and that is no ``x-…``."""
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key not in KEYWORDS and not key.startswith("x-"):
            yield path, key
        for step, inner in _schemas_in(key, value):
            yield from unknown_keywords(inner, (*path, key, *step))


def _schemas_in(key: str, value: Any) -> Iterator[tuple[Path, object]]:
    if key in _ONE and isinstance(value, dict):
        yield (), value
    elif key in _SEVERAL and isinstance(value, list):
        yield from (((index,), one) for index, one in enumerate(value))
    elif key in _NAMED and isinstance(value, dict):
        yield from (((name,), one) for name, one in value.items())
