"""The only place that makes HTTP clients: timeouts, retries, rate limits, limits on what a server may send.

Everything that comes back is untrusted. An answer is limited in size and time, a redirect never leaves the
server that was asked, a write is sent once, and no error holds a credential or a server's raw answer.
"""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2

from callboard import __version__
from callboard.deadline import Deadline, DeadlineTransport
from callboard.http_answers import HttpProblem, Kind, Response, asked_to_wait, place_of, problem_of
from callboard.redaction import Secret
from callboard.tls import ClientCertificate, Unusable, tls_context

if TYPE_CHECKING:
    import github
    import gitlab
    import requests

__all__ = [
    "LARGEST_ANSWER",
    "Client",
    "ClientCertificate",
    "HttpProblem",
    "Kind",
    "Response",
    "connect",
    "github_client",
    "gitlab_client",
]

USER_AGENT = f"callboard/{__version__}"
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes, decompressed, unless a caller allows less or more."""
LONGEST_WAIT = 60.0
"""Seconds that we wait at most for a server that asks us to come back later."""

_REDIRECTS = 5
_LARGEST_REFUSAL = 64 * 1024  # bytes that are read of an answer that is not a success
_RETRIED = frozenset({429, 500, 502, 503, 504})


def connect(
    base_url: str,
    *,
    token: Secret | None = None,
    basic: tuple[str, Secret] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    ca_bundle: Path | str | None = None,
    client_certificate: ClientCertificate | None = None,
    verify: bool = True,
    attempts: int = 4,
    sleep: Callable[[float], None] = time.sleep,
    guard: Callable[[str, int], Sequence[str]] | None = None,
) -> Client:
    """A client for one server. Use it as a context manager, from one thread at a time.

    ``timeout`` is the seconds for one whole exchange. ``ca_bundle``, a PEM file or the text of one, replaces
    the system's certificate authorities. Without ``verify`` any certificate will do: only for who asked for
    it by its ugly name. ``guard`` answers what may be connected to for a host and port, where it was not
    people who named the server (see ``callboard.addresses``); a proxy is not asked for that. Proxies are
    taken from the environment. Raises HttpProblem (refused) when ``base_url``, a credential or the bundle
    cannot be used.
    """
    try:
        base = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise HttpProblem("refused", "the address is not a URL", where="the configured address") from None
    where = place_of("connect to", base)
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
    try:
        context = tls_context(base.scheme, ca_bundle, client_certificate, verify=verify)
    except Unusable as unusable:
        raise HttpProblem("refused", str(unusable), where=where) from None
    deadline, proxy = Deadline(), _proxy(base)
    if proxy is not None and guard is not None:
        guard = None  # it is the proxy that connects
    client = httpx2.Client(
        headers=sent,
        auth=None if basic is None else (basic[0], basic[1].reveal()),
        timeout=timeout,
        transport=DeadlineTransport(deadline, verify=context, proxy=proxy, guard=guard),
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
                asked = asked_to_wait(answer.headers)
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
            raise HttpProblem("refused", "not a usable URL", where=place_of(method, self._base)) from None
        if not _same_origin(url, self._base) or url.userinfo:
            what = f"an address outside of {_origin(self._base)} is not followed"
            raise HttpProblem("refused", what, where=place_of(method, url))
        return url

    def _exchange(self, request: httpx2.Request, limit: int) -> Response:
        for _ in range(_REDIRECTS):
            answer, body = self._send(request, limit)
            if answer.next_request is None:
                break
            to = answer.next_request
            where = place_of(request.method, request.url)
            if (
                request.method not in ("GET", "HEAD")
                or not _same_origin(to.url, self._base)
                or to.url.userinfo
            ):
                what = f"the server redirects to {_origin(to.url)}, which is not followed"
                raise HttpProblem(
                    "refused", what, where=where, status=answer.status_code, headers=answer.headers
                )
            request = to
        else:
            raise HttpProblem("refused", f"more than {_REDIRECTS} redirects", where=where)
        if not answer.is_success:
            raise _Unsuccessful(problem_of(request, answer, body), answer.headers)
        where = place_of(request.method, request.url)
        return Response(answer.status_code, answer.headers, body, str(request.url), where)

    def _send(self, request: httpx2.Request, limit: int) -> tuple[httpx2.Response, bytes]:
        where = place_of(request.method, request.url)
        self.requests += 1
        self._deadline.start(self._timeout)
        body = bytearray()
        try:
            answer = self._client.send(request, stream=True)
            try:
                for piece in answer.iter_bytes():
                    body += piece
                    if not answer.is_success and len(body) > _LARGEST_REFUSAL:
                        break
                    if answer.is_success and len(body) > limit:
                        raise HttpProblem("too-large", f"the answer has more than {limit} bytes", where=where)
            finally:
                answer.close()
        except httpx2.TimeoutException:
            what, hint = f"no complete answer within {self._timeout:g} seconds", ""
            if self._deadline.is_last:
                what = "the time limit for this source has passed"
                hint = "raise its time-limit, or narrow its selection"
            raise HttpProblem("timeout", what, where=where, hint=hint) from None
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


def gitlab_client(
    api_url: str, token: Secret, *, timeout: float = 30.0, ca_bundle: Path | None = None
) -> gitlab.Gitlab:
    """python-gitlab's client, without its own waits and repetitions.

    ``api_url`` ends with ``/api/v4``. python-gitlab sleeps and sends again after a 429, ten times, and
    follows redirects; both are off, so that every call is one request that answers or raises. The token goes
    as a bearer token, which personal, project, group and OAuth tokens all may.
    """
    import gitlab

    class Once(gitlab.Gitlab):
        def http_request(self, *args: Any, **options: Any) -> requests.Response:
            once = {"obey_rate_limit": False, "retry_transient_errors": False, "max_retries": 0}
            return super().http_request(*args, **(options | once))

    client = Once(
        api_url.rstrip("/").removesuffix("/api/v4"),
        oauth_token=token.reveal(),
        timeout=max(1, round(timeout)),
        user_agent=USER_AGENT,
        ssl_verify=True if ca_bundle is None else str(ca_bundle),
    )
    client.session.max_redirects = 0
    return client


class _Unsuccessful(Exception):
    def __init__(self, problem: HttpProblem, headers: Mapping[str, str]) -> None:
        super().__init__(str(problem))
        self.problem, self.headers = problem, headers


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
