"""GitHub's official descriptions, and the check of every exchange with a forge against them.

A request that the forge took must be as described, and so must every answer. What is allowed to differ is
listed here by name, with the reason.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import graphql
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callboard.sandbox.forge.graphql.documents import parsed, problems
from callboard.sandbox.gitlab.graphql.endpoint import is_for_gitlab
from tests.contracts import gitlab_rest
from tests.contracts.openapi import Description, Operation
from tests.contracts.packages import CHECKOUT, Package, file_of

OPENAPI = Package(
    "@octokit/openapi",
    "23.0.2",
    "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
)
GRAPHQL = Package(
    "@octokit/graphql-schema",
    "15.26.1",
    "sha512-RFDC2MpRBd4AxSRvUeBIVeBU7ojN/SxDfALUd7iVYOSeEK3gZaqR2MGOysj4Zh2xj2RY5fQAUT+Oqq7hWTraMA==",
)
_AT_HAND = CHECKOUT.parent / "shared" / "contracts" / "github" / "api.openapi.json"

UNDESCRIBED_STATUSES = {
    301: "a renamed repository is described in the guides, for every operation",
    307: "a renamed repository is described in the guides, for every operation",
    304: "conditional requests are described in the guides, for every GET",
    400: "bodies that are no JSON are described in the guides",
    401: "described in the guides, for every operation",
    403: "described in the guides, for every operation",
    404: "what the caller may not know of answers 404, by the guides",
    409: "an empty repository or a lost race answers 409",
    422: "validation errors are described in the guides",
    429: "rate limits are described in the guides",
}
UNDESCRIBED_MEDIA = {
    "application/vnd.github.raw": "the raw media type is described in the text of the operation only",
}

DESCRIBED_IN_WORDS = {
    "issues/add-labels": '"You can also pass an `array` of labels directly", which PyGithub does',
}


@dataclass(frozen=True)
class Discrepancy:
    """Where GitHub's description is known not to say what GitHub does."""

    operations: str
    """A regular expression of operation ids."""
    complaint: str
    """A regular expression that the start of the complaint matches."""
    reason: str


DISCREPANCIES = {
    "labels as a bare list": Discrepancy(
        r"issues/(add|set)-labels",
        r"request: body: \[",
        "the description's own text allows an array of labels, which PyGithub sends; its schema does not",
    ),
    "a label without a description": Discrepancy(
        r"pulls/.*",
        r"answer: (\d+/)?labels/\d+/description: null is not",
        "null, as in the schemas of labels and of whole pull requests; pull-request-simple forgot it",
    ),
    "a plain error where two error schemas fit": Discrepancy(
        r"git/create-blob",
        r"answer: body: .* is valid under more than one of the schemas",
        "an error without a list of errors is both of the two kinds that the description names",
    ),
}


@cache
def description() -> Description:
    """GitHub's REST description; the copy at hand is a cut of it."""
    return Description(json.loads(_AT_HAND.read_text(encoding="utf-8"))) if _AT_HAND.exists() else _whole()


@cache
def _whole() -> Description:
    return Description(
        json.loads(file_of(OPENAPI, "generated/api.github.com.json").read_text(encoding="utf-8"))
    )


def described(method: str, path: str) -> tuple[Description, Operation] | None:
    """The operation of a request, and the description that has it."""
    for official in (description(), _whole()):
        operation = official.find(method, path)
        if operation is not None:
            return official, operation
    return None


def operation_of(name: str) -> Operation:
    """The operation of this id."""
    return description().operations.get(name) or _whole().operations[name]


@cache
def schema() -> graphql.GraphQLSchema:
    """GitHub's GraphQL schema."""
    text = file_of(GRAPHQL, "schema.graphql").read_text(encoding="utf-8")
    return graphql.build_schema(text, assume_valid=True)


@dataclass
class Exchange:
    """One request and its answer."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int = 0
    media: str = ""
    received: bytes = b""


class Contract:
    """Checks what passes: what was wrong, and how often each operation was right."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.conforming: Counter[str] = Counter()
        self.expects_unimplemented = False
        """True: the test asks for what the forge does not have."""

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """``app``, watched."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            if scope["type"] != "http" or not (path.startswith("/api/") or path == "/graphql"):
                await app(scope, receive, send)
                return
            # The path as sent: an encoded slash is part of a name.
            sent_path = scope["raw_path"].decode().partition("?")[0]
            exchange = Exchange(scope["method"], sent_path, scope["query_string"].decode(), b"")

            # Who dies within a request, as tests let processes die, gets no answer that could be wrong.
            arrived = died = False

            async def hear() -> Message:
                nonlocal arrived, died
                message = await receive()
                exchange.sent += message.get("body", b"")
                died = died or (message["type"] == "http.disconnect" and not arrived)
                arrived = arrived or (message["type"] == "http.request" and not message.get("more_body"))
                return message

            async def say(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    exchange.status = message["status"]
                    headers = {name.lower(): value for name, value in message["headers"]}
                    exchange.media = headers.get(b"content-type", b"").decode().partition(";")[0]
                else:
                    exchange.received += message.get("body", b"")
                    if not message.get("more_body") and not died:
                        # Before the answer is out, so that no test can end sooner.
                        self.check(exchange)
                await send(message)

            await app(scope, hear, say)

        return watched

    def check(self, exchange: Exchange) -> None:
        """Add what is wrong with one exchange."""
        if exchange.path.endswith("/graphql") and exchange.status < 500:
            wrong = list(_graphql_errors(exchange))
        elif exchange.status == 501:
            wrong = [] if self.expects_unimplemented else ["the sandbox forge does not implement this"]
        elif exchange.status >= 500:
            # A fault that a test asked for is worded as GitHub's; a crash is not.
            wrong = [] if exchange.media == "application/json" else ["the sandbox forge crashed"]
        elif exchange.path.startswith(f"{gitlab_rest.PREFIX}/"):
            wrong = self._gitlab_errors(exchange)
        else:
            wrong = self._rest_errors(exchange)
        self.violations += [f"{exchange.method} {exchange.path} {exchange.status}: {each}" for each in wrong]

    def _gitlab_errors(self, exchange: Exchange) -> list[str]:
        operation, wrong = gitlab_rest.answer_errors(
            exchange.method,
            exchange.path,
            exchange.query,
            exchange.status,
            exchange.media,
            exchange.received,
        )
        if operation and not wrong and exchange.status < 300:
            self.conforming[operation] += 1
        return wrong

    def _rest_errors(self, exchange: Exchange) -> list[str]:
        path = exchange.path.removeprefix("/api/v3")
        found = described("GET" if exchange.method == "HEAD" else exchange.method, path)
        if found is None:
            return ["no operation of GitHub's REST API"]
        official, operation = found
        wrong = list(_request_errors(official, operation, exchange)) if exchange.status < 300 else []
        wrong += _response_errors(official, operation, exchange)
        wrong = [each for each in wrong if not _is_known(operation, each)]
        if not wrong and exchange.status < 300:
            self.conforming[operation.id] += 1
        return wrong


def _is_known(operation: Operation, complaint: str) -> bool:
    return any(
        re.fullmatch(known.operations, operation.id) and re.match(known.complaint, complaint)
        for known in DISCREPANCIES.values()
    )


def _request_errors(official: Description, operation: Operation, exchange: Exchange) -> Iterable[str]:
    parameters = {each["name"]: each for each in operation.parameters if each["in"] == "query"}
    for name, value in parse_qsl(exchange.query):
        if name not in parameters:
            yield f"the query parameter {name} is not described"
        elif parameters[name]["schema"].get("type") == "integer" and not value.isdecimal():
            yield f"the query parameter {name} is no integer: {value}"
        elif value not in parameters[name]["schema"].get("enum", [value]):
            yield f"the query parameter {name} has no such value: {value}"
    body = operation.raw.get("requestBody")
    if body is None:
        if exchange.sent:
            yield "this operation takes no body"
    elif exchange.sent and operation.id not in DESCRIBED_IN_WORDS:
        pointer = f"{official.pointer(operation)}/requestBody/content/application~1json/schema"
        yield from (f"request: {each}" for each in official.errors(pointer, json.loads(exchange.sent)))
    elif body.get("required"):
        yield "the body is missing"


def _response_errors(official: Description, operation: Operation, exchange: Exchange) -> list[str]:
    found = official.response(operation, exchange.status)
    if found is None:
        if exchange.status not in UNDESCRIBED_STATUSES:
            return [f"{operation.id} does not answer {exchange.status}"]
        if exchange.status == 304:
            return [] if not exchange.received else ["304 has a body"]
        found = (
            "#/components/responses/not_found",
            official.follow({"$ref": "#/components/responses/not_found"})[1],
        )
    pointer, response = found
    content = response.get("content", {})
    if not content:
        # Refusals without a described body still explain themselves.
        return ["this answer has no body"] if exchange.received and exchange.status < 400 else []
    if exchange.media in UNDESCRIBED_MEDIA and exchange.status == 200:
        return []
    if exchange.media not in content:
        return [f"{operation.id} does not answer {exchange.media or 'an empty body'}"]
    escaped = exchange.media.replace("/", "~1")
    schema_pointer = f"{pointer}/content/{escaped}/schema"
    return [f"answer: {each}" for each in official.errors(schema_pointer, json.loads(exchange.received))]


def _graphql_errors(exchange: Exchange) -> Iterable[str]:
    if exchange.status != 200:
        return
    sent = json.loads(exchange.sent)
    try:
        document = parsed(sent["query"])
    except graphql.GraphQLSyntaxError as error:
        yield error.message
        return
    if is_for_gitlab(exchange.sent):
        return  # GitLab's schema is in no package: only our cut of it says what is valid
    wrong = problems(schema(), sent["query"])
    yield from (problem.message for problem in wrong)
    if wrong:
        return
    for definition in document.definitions:
        if isinstance(definition, graphql.OperationDefinitionNode):
            values = graphql.get_variable_values(
                schema(), definition.variable_definitions or (), sent.get("variables") or {}
            )
            if isinstance(values, list):
                yield from (problem.message for problem in values)
