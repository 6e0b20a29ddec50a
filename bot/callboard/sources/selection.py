"""Which models of a source are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from callboard.config import Select
from callboard.config_models import Words
from callboard.model import Model


class BadExpression(ValueError):
    """It says no selection: why, and what would."""


def selected(name: str, select: Select) -> bool:
    """Whether a model of that name is wanted: included by one glob and excluded by none, in any case."""
    return matches(select.include, (name,)) and not matches(select.exclude, (name,))


def wanted(model: Model, select: Select) -> bool:
    """Whether all conditions hold for the whole record, the name included."""
    return selected(model.name, select) and meets(model, select)


def meets(model: Model, select: Select) -> bool:
    """Whether all conditions but those on the name hold, which the source itself has looked at."""
    for field, words_of in _WORDS.items():
        condition: Words | None = getattr(select, field)
        if condition is not None:
            words = words_of(model)
            included = not condition.include or matches(condition.include, words)
            if not included or matches(condition.exclude, words):
                return False
    return True


def matches(globs: Sequence[str], words: Iterable[str]) -> bool:
    """Whether one of the words matches one of the globs, in any case."""
    folded = [glob.casefold() for glob in globs]
    return any(fnmatchcase(word.casefold(), glob) for word in words for glob in folded)


def parse_selection(expression: str) -> Select:
    """The selection that a command line says: ``fraud-*``, or ``name=fraud-*,task=text-generation,-tag=old``.

    Terms are separated by commas. ``FIELD=GLOB`` includes, ``-FIELD=GLOB`` excludes; a term without a field
    is one for the name. Several of one field: any of them. Several fields: all of them. Raises BadExpression.
    """
    include: dict[str, list[str]] = {}
    exclude: dict[str, list[str]] = {}
    for term in filter(None, (part.strip() for part in expression.split(","))):
        into = exclude if term.startswith("-") else include
        field, equals, glob = term.removeprefix("-").partition("=")
        if not equals:
            field, glob = "name", field
        elif field not in _FIELDS:
            raise BadExpression(f"{field!r} cannot be selected by; use one of: {', '.join(_FIELDS)}")
        if not glob:
            raise BadExpression(f"{term!r} says no glob; write {field}=GLOB")
        into.setdefault(_FIELDS[field], []).append(glob)
    conditions = {
        field: Words(include=tuple(include.get(field, ())), exclude=tuple(exclude.get(field, ())))
        for field in (include.keys() | exclude.keys()) - {"name"}
    }
    names = {"include": tuple(include.get("name", ("*",))), "exclude": tuple(exclude.get("name", ()))}
    return Select.model_validate({**names, **conditions})


def _tags(model: Model) -> list[str]:
    pairs = (f"{key}={value}" for key, value in model.properties.items())
    return [*model.tags, *model.properties, *pairs]


def stages(model: Model) -> list[str]:
    """The registry's own words for where the model and its versions are."""
    words = [model.state, *(word for one in model.versions for word in (one.state, *one.aliases))]
    return [word for word in words if word]


def _one(field: str) -> Callable[[Model], list[str]]:
    def words(model: Model) -> list[str]:
        value: str | None = getattr(model, field)
        return [value] if value else []

    return words


_WORDS: Mapping[str, Callable[[Model], Sequence[str]]] = {
    "tags": _tags,
    "stages": stages,
    "tasks": lambda model: model.tasks,
    "categories": lambda model: model.categories,
    "owners": _one("owner"),
    "lifecycles": _one("lifecycle"),
}
_FIELDS = {
    "name": "name",
    "tag": "tags",
    "stage": "stages",
    "alias": "stages",
    "task": "tasks",
    "category": "categories",
    "owner": "owners",
    "lifecycle": "lifecycles",
}
"""What the command line calls each condition."""
