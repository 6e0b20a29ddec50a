"""How much of a definition is looked into, and how much is said of it."""

from __future__ import annotations

LARGEST = 1024 * 1024
"""Characters of a definition that are looked into, where it is YAML, JSON or Protocol Buffers."""
LARGEST_GRAPHQL = 256 * 1024
"""The same of GraphQL, whose parser is slow."""
MOST = 5
"""Things said of one definition."""
