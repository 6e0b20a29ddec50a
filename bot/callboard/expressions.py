"""Regular expressions over texts from outside, in time that grows with the text's length alone."""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema


class BadExpression(ValueError):
    """It is no regular expression that can be used: why."""


def holds(text: str, expression: str) -> bool:
    """Whether a part of the text is as the expression says. Raises BadExpression.

    Python's own engine can be made to run for ever by a text, this one (the ``regex`` crate in pydantic)
    cannot; so it knows neither look-around nor back-references.
    """
    # What cannot be encoded would be an error of its own, whatever the expression says.
    known = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    return _compiled(expression).isinstance_python(known)


def checked(expression: str) -> str:
    """The same expression. Raises BadExpression."""
    _compiled(expression)
    return expression


def literally(text: str) -> str:
    """An expression for just this text."""
    return "".join(
        character if character.isascii() and character.isalnum() else f"\\x{{{ord(character):x}}}"
        for character in text.encode("utf-8", "replace").decode("utf-8")
    )


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=expression, regex_engine="rust-regex"))
    except SchemaError as error:
        why = str(error).strip().splitlines()[-1].strip().removeprefix("error: ")
        said = f"write a regular expression, without look-around and back-references ({why})"
        raise BadExpression(said) from None
