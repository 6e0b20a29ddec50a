"""How a field of either forge's schema finds its value: by its name in Python's spelling."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLResolveInfo


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """The value of a field of ``source``: an item, an attribute, or what a method answers."""
    name = _snake(info.field_name)
    value = source[name] if isinstance(source, dict) else getattr(source, name)
    return value(**{_snake(key): given for key, given in arguments.items()}) if callable(value) else value
