"""GraphQL requests, parsed and validated once each: a forge is asked the same few texts again and again."""

from __future__ import annotations

from functools import lru_cache

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate


@lru_cache(maxsize=256)
def parsed(query: str) -> DocumentNode:
    """The syntax tree of a request, which nobody may change. Raises GraphQLSyntaxError."""
    return parse(query)


@lru_cache(maxsize=256)
def problems(schema: GraphQLSchema, query: str) -> tuple[GraphQLError, ...]:
    """What is wrong with a request by ``schema``. Raises GraphQLSyntaxError."""
    return tuple(validate(schema, parsed(query)))
