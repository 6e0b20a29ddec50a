"""The only place that makes HTTP clients: timeouts, retries, rate limits, limits on what a server may send.

Everything that comes back is untrusted. An answer is limited in size and time, a redirect never leaves the
server that was asked, a write is sent once, and no error holds a credential or a server's raw answer.
"""

from __future__ import annotations

import email.utils
import json
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx2

from callboard import __version__
from callboard.deadline import Deadline, DeadlineTransport
from callboard.redaction import Secret, redact

if TYPE_CHECKING:
    import github

USER_AGENT = f"callboard/{__version__}"
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes, decompressed, unless a caller allows less or more."""
LONGEST_WAIT = 60.0
"""Seconds that we wait at most for a server that asks us to come back later."""

_REDIRECTS = 5
_RETRIED = frozenset({429, 500, 502, 503, 504})

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
    ) -> None:
        self.kind: Kind = kind
        self.what, self.where, self.hint = redact(what), redact(where), redact(hint or _HINTS[kind])
        self.status = status
        """The HTTP status, when there was an answer."""
        self.message = redact(message)
        """What the server's API said about it, where it did; one line."""
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

    def json(self) -> Any:
        """The body as JSON. NaN and infinities pass as floats. Raises HttpProblem (bad-answer)."""
        where = _place("GET", httpx2.URL(self.url))
        try:
            return json.loads(self.body)
        except RecursionError:
            raise HttpProblem("bad-answer", "the answer is nested too deeply", where=where) from None
        except ValueError as error:
            at = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            content = self.headers.get("content-type", "unknown content").partition(";")[0][:60]
            what = f"the answer ({content}) is not JSON{at}"
            raise HttpProblem("bad-answer", what, where=where, status=self.status) from None


def connect(
    base_url: str,
    *,
    token: Secret | None = None,
    basic: tuple[str, Secret] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    ca_bundle: Path | None = None,
    attempts: int = 4,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """A client for one server. Use it as a context manager, from one thread at a time.

    ``timeout`` is the seconds for one whole exchange. ``ca_bundle`` replaces the system's certificate
    authorities. Proxies are taken from the environment. Raises HttpProblem (refused) when ``base_url``,
    a credential or the bundle cannot be used.
    """
    try:
        base = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise HttpProblem("refused", "the address is not a URL", where="the configured address") from None
    where = _place("connect to", base)
    if base.scheme not in ("http", "https") or not base.host:
        raise HttpProblem("refused", "the address is not an http or https URL", where=where)
    if base.userinfo:
        hint = "take them out of the address and configure a token, or a username and a password"
        raise HttpProblem("refused", "the address holds credentials", where=where, hint=hint)
    sent = {"user-agent": USER_AGENT, "accept": "application/json, */*;q=0.1", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token.reveal()}"
        if not re.fullmatch(r"[\x21-\x7e]+", token.reveal()):
            raise HttpProblem("refused", "the token has characters that no token has", where=where)
    verify: ssl.SSLContext | bool = True
    if ca_bundle is not None:
        try:
            verify = ssl.create_default_context(cafile=ca_bundle)
        except OSError as error:
            what = (
                f"the certificate authorities in {ca_bundle} cannot be read ({error.strerror or 'not PEM'})"
            )
            raise HttpProblem("refused", what, where=where) from None
    deadline = Deadline()
    client = httpx2.Client(
        headers=sent,
        auth=None if basic is None else (basic[0], basic[1].reveal()),
        timeout=timeout,
        transport=DeadlineTransport(deadline, verify=verify, proxy=_proxy(base)),
        trust_env=False,
    )
    return Client(base, client, deadline, timeout=timeout, attempts=attempts, sleep=sleep)


class Client:
    """Speaks to one server. Made by ``connect``; every method may raise HttpProblem.

    A path is taken below the base URL; an absolute URL must have the base URL's scheme, host and port.
    Reads are tried again after a broken connection, 429 and 5xx; writes are sent once.
    """

    def __init__(
        self,
        base: httpx2.URL,
        client: httpx2.Client,
        deadline: Deadline,
        *,
        timeout: float,
        attempts: int,
        sleep: Callable[[float], None],
    ) -> None:
        self._base, self._client, self._deadline = base, client, deadline
        self._timeout, self._attempts, self._sleep = timeout, attempts, sleep
        self.requests = 0
        """How many requests were sent, redirects and repetitions included."""

    @property
    def base_url(self) -> str:
        """Without a slash at the end."""
        return str(self._base).rstrip("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        limit: int = LARGEST_ANSWER,
    ) -> Response:
        """The answer, of at most ``limit`` bytes after decompression."""
        return self.request("GET", path, params=params, headers=headers, limit=limit, idempotent=True)

    def get_json(
        self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The answer as JSON."""
        return self.get(path, params, headers).json()

    def get_text(self, path: str, *, limit: int = LARGEST_ANSWER) -> str:
        """The answer as UTF-8; bytes that are not are replaced."""
        return self.get(path, limit=limit).body.decode("utf-8", "replace")

    def get_bytes(self, path: str, *, limit: int) -> bytes:
        """The answer's bytes, at most ``limit``."""
        return self.get(path, limit=limit).body

    def head(self, path: str) -> Response:
        """The answer's status and headers."""
        return self.request("HEAD", path, idempotent=True)

    def post_json(self, path: str, body: Any, *, idempotent: bool = False) -> Any:
        """Posts JSON; the answer as JSON, None when it is empty. ``idempotent`` allows repetition."""
        answer = self.request("POST", path, json=body, idempotent=idempotent)
        return answer.json() if answer.body else None

    def delete(self, path: str) -> None:
        """Deletes."""
        self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        limit: int = LARGEST_ANSWER,
        idempotent: bool = False,
    ) -> Response:
        """Any request. ``idempotent`` allows it to be sent again after a failure."""
        url = self._url(method, path)
        attempts = self._attempts if idempotent else 1
        for attempt in range(1, attempts + 1):
            wait = 0.5 * 2.0 ** (attempt - 1)
            try:
                request = self._client.build_request(
                    method, url, params=None if params is None else dict(params), headers=headers, json=json
                )
                return self._exchange(request, limit)
            except _Unsuccessful as answer:
                problem = answer.problem
                if problem.status not in _RETRIED:
                    raise problem from None
                asked = _asked_to_wait(answer.headers)
                if asked is not None and asked > LONGEST_WAIT:
                    hint = f"the server asks to wait {asked:.0f} seconds; run again after that"
                    raise HttpProblem(
                        problem.kind, problem.what, where=problem.where, hint=hint, status=problem.status
                    ) from None
                wait = wait if asked is None else asked
            except HttpProblem as unreachable:
                problem = unreachable
                if problem.kind != "unreachable":
                    raise
            if attempt < attempts:
                self._sleep(wait)
        raise problem from None

    def _url(self, method: str, path: str) -> httpx2.URL:
        absolute = re.match(r"https?://", path, re.IGNORECASE)
        try:
            url = httpx2.URL(path if absolute else f"{self.base_url}/{path.lstrip('/')}")
        except httpx2.InvalidURL:
            raise HttpProblem("refused", "not a usable URL", where=_place(method, self._base)) from None
        if not _same_origin(url, self._base) or url.userinfo:
            what = f"an address outside of {_origin(self._base)} is not followed"
            raise HttpProblem("refused", what, where=_place(method, url))
        return url

    def _exchange(self, request: httpx2.Request, limit: int) -> Response:
        for _ in range(_REDIRECTS):
            answer, body = self._send(request, limit)
            if answer.next_request is None:
                break
            to = answer.next_request
            where = _place(request.method, request.url)
            if (
                request.method not in ("GET", "HEAD")
                or not _same_origin(to.url, self._base)
                or to.url.userinfo
            ):
                what = f"the server redirects to {_origin(to.url)}, which is not followed"
                raise HttpProblem("refused", what, where=where, status=answer.status_code)
            request = to
        else:
            raise HttpProblem("refused", f"more than {_REDIRECTS} redirects", where=where)
        if not answer.is_success:
            raise _Unsuccessful(_problem_of(request, answer, body), answer.headers)
        return Response(answer.status_code, answer.headers, body, str(request.url))

    def _send(self, request: httpx2.Request, limit: int) -> tuple[httpx2.Response, bytes]:
        where = _place(request.method, request.url)
        self.requests += 1
        self._deadline.start(self._timeout)
        body = bytearray()
        try:
            answer = self._client.send(request, stream=True)
            try:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > limit:
                        raise HttpProblem("too-large", f"the answer has more than {limit} bytes", where=where)
            finally:
                answer.close()
        except httpx2.TimeoutException:
            what = f"no complete answer within {self._timeout:g} seconds"
            raise HttpProblem("timeout", what, where=where) from None
        except httpx2.DecodingError:
            raise HttpProblem("bad-answer", "the answer cannot be decompressed", where=where) from None
        except httpx2.ConnectError as error:
            raise HttpProblem("unreachable", f"cannot connect: {error}", where=where) from None
        except httpx2.HTTPError as error:
            # Their texts may quote what was sent, headers included.
            what = f"the connection broke ({type(error).__name__})"
            raise HttpProblem("unreachable", what, where=where) from None
        return answer, bytes(body)


def github_client(
    api_url: str, token: Secret, *, timeout: float = 30.0, ca_bundle: Path | None = None
) -> github.Github:
    """PyGithub's client, without its own waits and repetitions.

    PyGithub sends a POST again after a 502, which may write twice, and sleeps between requests; both are off,
    so that every call is one request that answers or raises.
    """
    import github

    return github.Github(
        auth=github.Auth.Token(token.reveal()),
        base_url=api_url.rstrip("/"),
        timeout=max(1, round(timeout)),
        user_agent=USER_AGENT,
        per_page=100,
        verify=True if ca_bundle is None else str(ca_bundle),
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


class _Unsuccessful(Exception):
    def __init__(self, problem: HttpProblem, headers: Mapping[str, str]) -> None:
        super().__init__(str(problem))
        self.problem, self.headers = problem, headers


def _problem_of(request: httpx2.Request, answer: httpx2.Response, body: bytes) -> HttpProblem:
    status = answer.status_code
    kind = _KINDS.get(status, "server-error" if status >= 500 else "rejected")
    if status == 403 and answer.headers.get("x-ratelimit-remaining") == "0":
        kind = "rate-limited"
    said = _message(body)
    what = f"the server answered {status} {answer.reason_phrase}".rstrip() + (f": {said}" if said else "")
    return HttpProblem(kind, what, where=_place(request.method, request.url), status=status, message=said)


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


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
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


def _proxy(base: httpx2.URL) -> str | None:
    if urllib.request.proxy_bypass(base.host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(base.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _same_origin(one: httpx2.URL, other: httpx2.URL) -> bool:
    return _origin(one) == _origin(other)


def _origin(url: httpx2.URL) -> str:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{url.host.lower()}:{port}"


def _place(method: str, url: httpx2.URL) -> str:
    """Where, for people: without credentials and without the query, which may hold some."""
    return f"{method} {url.copy_with(userinfo=b'', query=None, fragment=None)}"
