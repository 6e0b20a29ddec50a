"""GraphQL: the syntax, and the rules of its schema language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from graphql import GraphQLError, GraphQLSyntaxError, parse
from graphql.language import ParallelVisitor, visit
from graphql.language import TypeSystemDefinitionNode as Definition
from graphql.language import TypeSystemExtensionNode as Extension
from graphql.validation import SDLValidationContext
from graphql.validation.specified_rules import specified_sdl_rules

from callboard.validation.definitions.federation import Linked, linked_by
from callboard.validation.definitions.limits import MOST
from callboard.validation.definitions.wrong import Wrong

_MOST_TOKENS = 50_000


class _Enough(Exception):
    """There is no need to look for more."""


def wrong_in(text: str) -> Iterator[Wrong]:
    """What is wrong in a definition. Raises Wrong."""
    hint = "write the schema in GraphQL's schema language"
    errors: list[GraphQLError] = []
    from_elsewhere: Linked | None = None

    def say(error: GraphQLError) -> None:
        if from_elsewhere is not None and from_elsewhere.explains(error):
            return
        errors.append(error)
        # Each costs a comparison with all names that there are.
        if len(errors) >= MOST:
            raise _Enough

    try:
        document = parse(text, max_tokens=_MOST_TOKENS)
        if not any(isinstance(one, Definition | Extension) for one in document.definitions):
            raise Wrong("definition-invalid", "it holds queries, and no type", hint)
        from_elsewhere = linked_by(document)
        context = SDLValidationContext(document, None, say)
        with suppress(_Enough):
            visit(document, ParallelVisitor([rule(context) for rule in specified_sdl_rules]))
    except GraphQLSyntaxError as error:
        if "Parsing aborted" in error.message:
            what = f"it has more than {_MOST_TOKENS:,} words or is nested too deep, and was not looked into"
            raise Wrong("definition-unchecked", what, "check it where it comes from") from None
        raise Wrong("definition-syntax", _words(error), hint) from None
    for one in errors:
        yield Wrong("definition-invalid", _words(one), hint)


def _words(error: GraphQLError) -> str:
    line = error.locations[0].line if error.locations else 1
    words = " ".join(error.message[:800].removeprefix("Syntax Error: ").split()).rstrip(".")
    return f"line {line}: {words if len(words) <= 200 else f'{words[:199]}…'}"
