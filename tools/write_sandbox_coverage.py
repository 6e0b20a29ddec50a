"""Writes docs/sandbox-coverage.md from the sandbox forge's own tables of operations.

Run it from a checkout: ``.venv/bin/python tools/write_sandbox_coverage.py``. A test fails while it is stale.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import graphql

from callboard.sandbox.forge.graphql.endpoint import schema
from callboard.sandbox.forge.rest import OPERATIONS
from callboard.sandbox.gitlab.graphql.endpoint import schema as gitlab_schema
from callboard.sandbox.gitlab.rest import OPERATIONS as GITLAB_OPERATIONS

_ROOT = Path(__file__).resolve().parent.parent
TARGET = _ROOT / "docs" / "sandbox-coverage.md"
_GITLAB = _ROOT / "tests" / "contracts" / "gitlab"
_HEAD = """\
# What the sandbox forge does of GitHub and GitLab

Written by `tools/write_sandbox_coverage.py`; do not edit.

**Shape**: requests and answers of every operation of GitHub below are checked against GitHub's OpenAPI
description (npm `@octokit/openapi`) in every test that uses the forge, and one test calls each of them with
success (`tests/sandbox/forge/test_rest.py`). Where the description is known to differ from GitHub, the
difference is listed by name, with its reason, in `tests/contracts/github.py`. For GitLab see its section.

**Behavior**: what the forge models beyond the shape, shown by the other tests in `tests/sandbox/forge`. A
dash means that only the shape is proven. Conformance proves shape, not that a forge behaves so: nothing here
was compared with GitHub or GitLab itself.

**Everything else answers 501** and is counted in the request log.
"""
_GRAPHQL = """\
## GraphQL, at `/api/graphql` and `/graphql`

A cut of GitHub's schema (npm `@octokit/graphql-schema`): each type, field, argument and enum value is
compared with the official schema, and each query that a test sends is valid by the official schema.
Mutations: `updateRefs` (all or none, each from `beforeOid`) `enqueuePullRequest` (pinned to a head) and
`dequeuePullRequest`.
Rules kept: `first` or `last` is required and at most 100; cursors; errors beside partial data.
"""
_GITLAB_HEAD = """\
Over the same people, tokens and repositories. The answers of every operation are checked in every test that
uses the forge, and one test calls each of them with success (`tests/sandbox/gitlab/test_python_gitlab.py`,
with an unmodified python-gitlab). GitLab publishes a schema for some of them, in its own repository and in no
package; so the table says what the shape rests on:

- **GitLab's**: the answer is right by GitLab's own schema where that is at hand, and always by ours, which
  asks for no less (`tests/contracts/gitlab/entities.schema.json`).
- **ours**: only by our schema, written from GitLab's documentation.
- **believed**: there is no schema: bytes, or no body.

Errors are `{"message": …}` or `{"error": …}` with the statuses that GitLab's source gives. Requests are not
checked against a description: GitLab ignores parameters that it does not know.
"""
_GITLAB_GRAPHQL = """\
## GitLab's GraphQL, at `/api/graphql`

It has the address of GitHub's; a query whose root fields are all GitLab's is GitLab's. A cut of its schema,
in which what is left out is an error. No package carries GitLab's schema: parts of the cut were compared by
hand with a published copy of it (of GitLab 19), others were not, no test compares any of it, and all that
GitLab does here is **believed**, not proven. Rules kept: a complexity of at most 250, counted as GitLab's
code counts it; pages of at most 100; times by the second; changed files by their new names alone; `UNCHECKED`
until somebody asks REST whether it conflicts; a description of a status as the label of its job. A former
path of a project answers null, where REST sends on.
"""
_TAIL = """\
## git over smart HTTP

Real `git http-backend` over bare repositories: clone, partial clone (`--filter`), fetch by commit id,
protocol version 2, push, `--force-with-lease`, deletion; anonymous reads of public repositories; 401 and
403 as at GitHub. Every push moves pull requests: new head, force-push event, re-pointed or dismissed
approvals, closed with its branch, merged when the base receives the head. `refs/pull/N/head` can be fetched
and not pushed.

## Webhooks of GitHub

Posted to this machine only, signed (`X-Hub-Signature-256`), one after the other; held, dropped, sent again
and in another order when a test says so. Every payload that a test of them sees is checked against GitHub's
description (npm `@octokit/openapi-webhooks`): `push`; `pull_request` opened, synchronize, edited, labeled,
unlabeled, closed, reopened; `pull_request_review` submitted, dismissed; `issue_comment` created, edited;
`check_run` created, completed; `issues` opened, edited, labeled, unlabeled, closed, reopened. What happens by
one request is told in this order, and not in the order in which GitHub may tell it.

## Webhooks of GitLab

Posted in the same way, with the secret as `X-Gitlab-Token`, or signed with a signing token (`webhook-id`,
`webhook-timestamp`, `webhook-signature`); `X-Gitlab-Event-UUID` and `Idempotency-Key` stay the same when a
delivery is sent again, and its time is new. GitLab publishes examples of payloads and no schema: every
payload that a test of them sees is checked against ours (`tests/contracts/gitlab/webhooks.schema.json`),
which has the keys and types of the examples in GitLab's documentation (18) and refuses others. That GitLab
sends them so is **believed**. Told are: `push` (of at most three branches at once, as more fire no hook);
`merge_request` open, update (new head with `oldrev`, title, description, draft, labels, target branch, a
review without approval, the last open thread resolved), approval, approved, unapproval, unapproved, close,
reopen, merge; `note` create, update, on merge requests and issues; `pipeline` for each report on a commit;
`issue` open, update, close, reopen. Not told: changed reviewers and merge options, emoji, tags, jobs.

## Known not to be modelled

Making a fork through the API (the sandbox makes one on request), deleted forks; comments on lines, pending
reviews; rulesets; the groups and checks of a merge queue (it merges in order when it is told to); real
signatures (a commit that the API made for an app is said to be verified); protection against pushes to a
branch; rate limits that run down (one that is met can be asked for as a fault); permissions of an app's token
in GraphQL queries. A renamed repository redirects to its new name, where GitHub redirects to its number.

Of GitLab: groups within groups, pipelines other than the external ones that statuses make, the pipelines of a
merge train (it merges in order when it is told to, as GitHub's queue does), approval rules and code owners
(only a number of approvals), award emoji, keyset pagination, mutations of GraphQL. Its `checking` ends after
the reads that were asked for, and a rebase is done before it is answered.
"""


def text() -> str:
    """The whole page."""
    rows = [
        f"| `{entry.id}` | `{entry.method} {_plain(entry.path)}` | {entry.models or '-'} |"
        for entry in sorted(OPERATIONS, key=lambda entry: entry.id)
    ]
    operations = "| Operation | Request | Behavior |\n|---|---|---|\n" + "\n".join(rows)
    types = "| Type | Fields |\n|---|---|\n" + "\n".join(_types(schema()))
    title = f"## REST, below `/api/v3`: {len(rows)} operations"
    parts = [_HEAD, f"{title}\n", f"{operations}\n", _GRAPHQL, f"{types}\n", _gitlab(), _TAIL]
    return "\n".join(parts)


def _gitlab() -> str:
    described = json.loads((_GITLAB / "operations.json").read_text(encoding="utf-8"))
    entities = json.loads((_GITLAB / "entities.schema.json").read_text(encoding="utf-8"))["definitions"]
    rows = [
        f"| `{entry.id}` | `{entry.method} {entry.path}` "
        f"| {_rests_on(described[entry.id]['answer'], entities)} | {entry.models or '-'} |"
        for entry in sorted(GITLAB_OPERATIONS, key=lambda entry: entry.id)
    ]
    table = "| Operation | Request | Shape | Behavior |\n|---|---|---|---|\n" + "\n".join(rows)
    title = f"## GitLab's REST API v4, below `/api/v4`: {len(rows)} operations"
    types = "| Type | Fields |\n|---|---|\n" + "\n".join(_types(gitlab_schema()))
    return "\n".join([f"{title}\n", _GITLAB_HEAD, f"{table}\n", _GITLAB_GRAPHQL, f"{types}\n"])


def _rests_on(answer: str | None, entities: dict[str, dict[str, str]]) -> str:
    if answer in (None, "bytes"):
        return "believed"
    source = entities[answer.strip("[]")].get("x-upstream")
    return f"GitLab's `{source.partition('#')[0]}`" if source else "ours"


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)


def _types(shown: graphql.GraphQLSchema) -> list[str]:
    kinds = (graphql.GraphQLObjectType, graphql.GraphQLInterfaceType)
    return [
        f"| `{name}` | {', '.join(f'`{field}`' for field in kind.fields)} |"
        for name, kind in sorted(shown.type_map.items())
        if isinstance(kind, kinds) and not name.startswith("__") and not name.endswith("Connection")
    ]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
