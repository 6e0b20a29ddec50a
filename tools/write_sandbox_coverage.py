"""Writes docs/sandbox-coverage.md from the sandbox forge's own table of operations.

Run it from a checkout: ``.venv/bin/python tools/write_sandbox_coverage.py``. A test fails while it is stale.
"""

from __future__ import annotations

import re
from pathlib import Path

import graphql

from callboard.sandbox.forge.graphql.endpoint import schema
from callboard.sandbox.forge.rest import OPERATIONS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "sandbox-coverage.md"
_HEAD = """\
# What the sandbox forge does of GitHub

Written by `tools/write_sandbox_coverage.py`; do not edit.

**Shape**: requests and answers of every operation below are checked against GitHub's OpenAPI description
(npm `@octokit/openapi`) in every test that uses the forge, and one test calls each of them with success
(`tests/sandbox/forge/test_rest.py`). Where the description is known to differ from GitHub, the difference
is listed by name, with its reason, in `tests/contracts/github.py`.

**Behavior**: what the forge models beyond the shape, shown by the other tests in `tests/sandbox/forge`. A
dash means that only the shape is proven. Conformance proves shape, not that GitHub behaves so: nothing here
was compared with GitHub itself.

**Everything else answers 501** and is counted in the request log.
"""
_GRAPHQL = """\
## GraphQL, at `/api/graphql` and `/graphql`

A cut of GitHub's schema (npm `@octokit/graphql-schema`): each type, field, argument and enum value is
compared with the official schema, and each query that a test sends is valid by the official schema. No
mutations. Rules kept: `first` or `last` is required and at most 100; cursors; errors beside partial data.
"""
_TAIL = """\
## git over smart HTTP

Real `git http-backend` over bare repositories: clone, partial clone (`--filter`), fetch by commit id,
protocol version 2, push, `--force-with-lease`, deletion; anonymous reads of public repositories; 401 and
403 as at GitHub. Every push moves pull requests: new head, force-push event, re-pointed or dismissed
approvals, closed with its branch, merged when the base receives the head. `refs/pull/N/head` can be fetched
and not pushed.

## Known not to be modelled

Forks and pull requests between repositories; issues that are no pull requests; comments on lines, pending
reviews; teams; rulesets; webhooks; merge queues and auto-merge; signed commits; protection against pushes
to a branch; rate limits that run down (a secondary limit can be asked for as a fault); renamed
repositories.
"""


def text() -> str:
    """The whole page."""
    rows = [
        f"| `{entry.id}` | `{entry.method} {_plain(entry.path)}` | {entry.models or '-'} |"
        for entry in sorted(OPERATIONS, key=lambda entry: entry.id)
    ]
    operations = "| Operation | Request | Behavior |\n|---|---|---|\n" + "\n".join(rows)
    types = "| Type | Fields |\n|---|---|\n" + "\n".join(_types())
    title = f"## REST, below `/api/v3`: {len(rows)} operations"
    parts = [_HEAD, f"{title}\n", f"{operations}\n", _GRAPHQL, f"{types}\n", _TAIL]
    return "\n".join(parts)


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)


def _types() -> list[str]:
    kinds = (graphql.GraphQLObjectType, graphql.GraphQLInterfaceType)
    return [
        f"| `{name}` | {', '.join(f'`{field}`' for field in kind.fields)} |"
        for name, kind in sorted(schema().type_map.items())
        if isinstance(kind, kinds) and not name.startswith("__") and not name.endswith("Connection")
    ]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
