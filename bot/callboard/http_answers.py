"""What came back from an HTTP server: an answer, or a problem that says what, where and what to do next.

No problem holds a credential or a server's raw answer, only the message that its API put there for people.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

from callboard.redaction import redact

Kind = Literal[
    "unreachable", "timeout", "unauthorized", "forbidden", "not-found", "conflict", "rate-limited",
    "server-error", "bad-answer", "too-large", "refused", "rejected",
]  # fmt: skip

_KINDS: dict[int, Kind] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    409: "conflict",
    410: "not-found",
    413: "too-large",
    429: "rate-limited",
}
_HINTS: dict[Kind, str] = {
    "unreachable": "check the address, the network and the proxy settings",
    "timeout": "check whether the server is healthy, or raise the timeout",
    "unauthorized": "check that the token is set, complete and not expired",
    "forbidden": "give the token the permission for this, or use another token",
    "not-found": "check the address and that the token may see it",
    "conflict": "somebody else changed it in the meantime; run again",
    "rate-limited": "wait and run again, or use a token with a higher limit",
    "server-error": "look into the server's log, then run again",
    "bad-answer": "check that the address is the server's API and not a login or proxy page",
    "too-large": "narrow what is asked for, or ask the server's owner why it is so large",
    "refused": "check the address in the configuration",
    "rejected": "check that the server's version is supported",
}


class HttpProblem(Exception):
    """A request did not do what was asked: what, where and what to do next, with every secret taken out."""

    def __init__(
        self,
        kind: Kind,
        what: str,
        *,
        where: str,
        hint: str | None = None,
        status: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.what, self.where, self.hint = redact(what), redact(where), redact(hint or _HINTS[kind])
        self.status = status
        """The HTTP status, when there was an answer."""
        self.message = redact(message)
        """What the server's API said about it, where it did; one line."""
        self.headers: Mapping[str, str] = headers or {}
        """The answer's, when there was one: for programs, since nothing is taken out of them."""
        super().__init__(f"{self.what} ({self.where}); {self.hint}")


@dataclass(frozen=True)
class Response:
    """A successful answer, whole."""

    status: int
    headers: Mapping[str, str]
    """Names are case-insensitive."""
    body: bytes
    url: str
    """Where it came from, after redirects."""
    where: str
    """The same for people, with the method."""

    def json(self) -> Any:
        """The body as JSON. Raises HttpProblem (bad-answer).

        NaN and infinities pass as floats. Half of a surrogate pair, which JSON can say but no text can hold,
        becomes the replacement character.
        """
        try:
            said = json.loads(self.body)
            return _whole(said) if _SURROGATE.search(self.body) else said
        except RecursionError:
            what = "the answer is nested too deeply"
            raise HttpProblem("bad-answer", what, where=self.where, status=self.status) from None
        except ValueError as error:
            at = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            content = self.headers.get("content-type", "unknown content").partition(";")[0][:60]
            what = f"the answer ({content}) is not JSON{at}"
            raise HttpProblem("bad-answer", what, where=self.where, status=self.status) from None


_SURROGATE = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)


def _whole(said: Any) -> Any:
    if isinstance(said, str):
        return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(said, list):
        return [_whole(item) for item in said]
    if isinstance(said, dict):
        return {_whole(key): _whole(value) for key, value in said.items()}
    return said


def problem_of(request: httpx2.Request, answer: httpx2.Response, body: bytes) -> HttpProblem:
    """What an answer that is not a success means."""
    status = answer.status_code
    kind = _KINDS.get(status, "server-error" if status >= 500 else "rejected")
    if status == 403 and answer.headers.get("x-ratelimit-remaining") == "0":
        kind = "rate-limited"
    said = _message(body)
    what = f"the server answered {status} {answer.reason_phrase}".rstrip() + (f": {said}" if said else "")
    limited = "retry-after" in answer.headers  # GitHub's secondary limit is a 403, too
    hint = accepted(answer.headers) if kind == "forbidden" and not limited else None
    where = place_of(request.method, request.url)
    return HttpProblem(
        kind, what, where=where, hint=hint, status=status, message=said, headers=answer.headers
    )


def accepted(headers: Mapping[str, str]) -> str | None:
    """What GitHub says that a fine-grained token or an app lacks, as advice; None when it does not.

    ``issues=write; pull_requests=write``: either will do; commas stand between what is needed together.
    """
    wanted = headers.get("x-accepted-github-permissions", "")
    if not re.fullmatch(r"[a-z_]+=[a-z]+([,;] ?[a-z_]+=[a-z]+){0,20}", wanted):
        return None
    said = wanted.replace("=", ": ").replace(",", " and ").replace(";", " or ")
    return f"give the token the permission {' '.join(said.split())}"


def _message(body: bytes) -> str:
    """The human-readable message that APIs put into an error's JSON, in one line; never a raw body."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for _ in range(2):
        if isinstance(said, dict):
            said = said.get("message") or said.get("error")
    if not isinstance(said, str):
        return ""
    return redact(" ".join("".join(c if c.isprintable() else " " for c in said).split()))[:300]


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks us to wait, from the headers that registries and forges use."""
    after = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", after):
        return float(after)
    if after:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - time.time())
        except ValueError:
            return None
    # RateLimit: "api";r=0;t=55 (IETF draft, as the Hugging Face Hub sends it); before that, RateLimit-Reset.
    if match := re.search(r";\s*t=(\d{1,9})", headers.get("ratelimit", "")):
        return float(match[1])
    if re.fullmatch(r"\d{1,9}", headers.get("ratelimit-reset", "")):
        return float(headers["ratelimit-reset"])
    # GitHub's says when, not how long.
    if re.fullmatch(r"\d{1,12}", headers.get("x-ratelimit-reset", "")):
        return max(0.0, float(headers["x-ratelimit-reset"]) - time.time())
    return None


def place_of(method: str, url: httpx2.URL) -> str:
    """Where, for people: without credentials and without the query, which may hold some."""
    return f"{method} {url.copy_with(userinfo=b'', query=None, fragment=None)}"
