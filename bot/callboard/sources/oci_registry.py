"""One OCI registry: signing in as it asks to, its manifests, lists and blobs, each digest checked.

Three servers may come into play, and only the first is named by people: the registry; the server that it
sends to for a token; the storage that it sends to for a blob. Who may have what:

- The password goes to the registry, unless that wants tokens, and to a token server that is the
  registry's own: on the same host, in the same domain of an owner, or configured (``token-server``). Always
  over https, unless registry and token server are both on this machine, or the configured address says http.
- Tokens go to the registry and nowhere else. We say which scope we want, always one to pull, whatever the
  challenge says, so that nobody gets a token from us that can do more.
- Storage gets no credentials at all: its addresses are signed. It is asked only for blobs, whose digests are
  known before, so what it answers cannot lie. It must be a public address over https, or configured
  (``storage``): a registry must not send us around the network that we stand in.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

from callboard.addresses import Guard, NotPublic, endpoint, public_addresses
from callboard.config import RemoteSettings
from callboard.http import Client, HttpProblem, Response, connect
from callboard.redaction import Secret
from callboard.sources.remote import basic_of

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
"""What is asked for. Without it, registries answer 404 for a manifest that they have."""
CATALOG = "registry:catalog:*"
"""The scope of the list of all repositories."""

_LARGEST_MANIFEST = 4 * 1024 * 1024  # the distribution specification's own limit
_LARGEST_TOKEN = 64 * 1024
_MOST_PAGES = 1000
_MOST_ENTRIES = 200_000
_PAGE = 1000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="?next"?')
_BEARER = re.compile(r"(?:^|,)\s*bearer\s+(.{1,4096})", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"(?:^|,)\s*basic(?:\s|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-z_]{1,40})="([^"]{0,2000})"', re.IGNORECASE)


@dataclass(frozen=True)
class _Challenge:
    realm: str
    service: str | None


class Registry:
    """Reads one registry. Use it as a context manager; every method may raise HttpProblem."""

    def __init__(
        self, settings: RemoteSettings, folder: Path, *, token_server: str | None, storage: tuple[str, ...]
    ) -> None:
        """Raises SecretUnavailable or HttpProblem. ``folder`` is where a relative ``ca-bundle`` is."""
        self._stack = ExitStack()
        self._ca_bundle = None if settings.ca_bundle is None else folder / settings.ca_bundle
        self._verify = settings.insecure_skip_tls_verify is None
        self._timeout = settings.timeout
        # Credentials are added request by request: the client itself has none to give away.
        self._token = None if settings.token is None else settings.token.read()
        basic = basic_of(settings)
        self._password = None if basic is None else _encoded(*basic)
        self._client = self._connected(settings.url)
        self._token_server = token_server
        self._storage = {_origin(one) for one in storage}
        self._challenge: _Challenge | None = None
        self._has_met = self._asks_for_password = False
        self._tokens: dict[str, Secret] = {}
        self._others: dict[tuple[str, bool], Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        for secret in (*self._tokens.values(), *((self._password,) if self._password else ())):
            secret.forget()

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self._client.base_url

    def repositories(self) -> Iterator[Any]:
        """What the registry lists as names of repositories, also when the list never ends (which raises)."""
        yield from self._pages("/v2/_catalog", "repositories", CATALOG)

    def tags(self, repository: str) -> Iterator[Any]:
        """What the registry lists as tags, in no order."""
        yield from self._pages(f"/v2/{repository}/tags/list", "tags", _pull(repository))

    def digest(self, repository: str, tag: str) -> str | None:
        """What the tag stands for; None when the registry does not say without giving the manifest."""
        path = f"/v2/{repository}/manifests/{tag}"
        answer = self._request("HEAD", path, _pull(repository), {"accept": ", ".join(MANIFESTS)})
        said = answer.headers.get("docker-content-digest", "")
        return said if _DIGEST.fullmatch(said) else None

    def manifest(self, repository: str, reference: str) -> tuple[str, Response]:
        """The digest and the manifest of a tag or digest."""
        path = f"/v2/{repository}/manifests/{reference}"
        sent = {"accept": ", ".join(MANIFESTS), "accept-encoding": "identity"}
        answer = self._request("GET", path, _pull(repository), sent, _LARGEST_MANIFEST)
        said = answer.headers.get("docker-content-digest", "")
        digest = (
            reference if ":" in reference else said or f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        )
        _check(answer.body, digest, answer.where)
        return digest, answer

    def blob(self, repository: str, digest: str, size: int, limit: int) -> bytes:
        """A blob of at most ``limit`` bytes, from wherever the registry keeps it."""
        path = f"/v2/{repository}/blobs/{digest}"
        where = f"GET {self.url}{path}"
        if size > limit:
            raise HttpProblem("too-large", f"it has {size} bytes, more than the {limit} allowed", where=where)
        if not _DIGEST.fullmatch(digest):
            raise _unusable_digest(where)
        sent = {"accept": "*/*", "accept-encoding": "identity"}
        try:
            body = self._request("GET", path, _pull(repository), sent, limit).body
        except HttpProblem as error:
            location = error.headers.get("location")
            if error.status not in (301, 302, 303, 307, 308) or not location:
                raise
            body = self._stored(_joined(f"{self.url}{path}", location, where), where, limit)
        _check(body, digest, where)
        return body

    def _stored(self, location: str, where: str, limit: int) -> bytes:
        """A blob from where the registry sent us to, without any credentials."""
        try:
            origin, known = _origin(location), _origin(location) in self._storage
            if not known:
                if not origin.startswith("https:"):
                    raise NotPublic(f"{origin} is not https")
                public_addresses(*endpoint(location))
        except NotPublic as problem:
            raise HttpProblem(
                "refused",
                f"the registry sends to another address for it, which is not followed: {problem}",
                where=where,
                hint="if the registry keeps its blobs there, write that address under `storage`",
            ) from None
        client = self._other(origin, guarded=not known)
        return client.get(
            location, headers={"accept": "*/*", "accept-encoding": "identity"}, limit=limit
        ).body

    def _pages(self, path: str, key: str, scope: str) -> Iterator[Any]:
        """The entries of all pages."""
        following, asked, count = f"{path}?n={_PAGE}", set[str](), 0
        for _ in range(_MOST_PAGES):
            answer = self._request("GET", following, scope)
            said = answer.json()
            entries = said.get(key) if isinstance(said, dict) else ()
            if not isinstance(entries, list | None):
                raise HttpProblem("bad-answer", f"the answer holds no list of {key}", where=answer.where)
            count += len(entries or ())
            if count > _MOST_ENTRIES:
                raise HttpProblem("too-large", f"the list has more than {_MOST_ENTRIES} {key}", where=path)
            yield from entries or ()
            link = _NEXT.search(answer.headers.get("link", ""))
            if link is None:
                return
            following = _joined(answer.url, link[1], answer.where)
            if following in asked:
                break
            asked.add(following)
        raise HttpProblem("bad-answer", "the list of pages does not end", where=path)

    def _request(
        self,
        method: str,
        path: str,
        scope: str,
        headers: Mapping[str, str] | None = None,
        limit: int = 64 * 1024 * 1024,
    ) -> Response:
        """The answer of the registry itself, signed in for ``scope`` when it asks for that."""
        self._meet()
        if self._challenge is not None and scope not in self._tokens:
            self._tokens[scope] = self._fetch_token(self._challenge, scope)
            fresh = True
        else:
            fresh = False

        def ask() -> Response:
            sent = {**(headers or {}), **self._authorization(scope)}
            return self._client.request(method, path, headers=sent, limit=limit, idempotent=True)

        try:
            return ask()
        except HttpProblem as error:
            if error.status != 401 or fresh or not self._can_answer(error, scope):
                raise
        return ask()

    def _authorization(self, scope: str) -> dict[str, str]:
        if self._token is not None:
            return {"authorization": f"Bearer {self._token.reveal()}"}
        if scope in self._tokens:
            return {"authorization": f"Bearer {self._tokens[scope].reveal()}"}
        if self._asks_for_password and self._password is not None:
            return {"authorization": f"Basic {self._password.reveal()}"}
        return {}

    def _meet(self) -> None:
        """Find out how to sign in before anything is asked.

        To somebody unknown, a registry may show a part of what it has as if it were all.
        """
        if self._has_met or self._password is None:
            return
        try:
            self._client.get("/v2/", limit=_LARGEST_TOKEN)
            self._asks_for_password = True
        except HttpProblem as error:
            if error.status is None or error.kind in ("rate-limited", "server-error"):
                raise
            self._understand(error)
        self._has_met = True

    def _can_answer(self, refusal: HttpProblem, scope: str) -> bool:
        """Whether there is something new to say to the registry, which asked who we are."""
        had_password = self._asks_for_password
        if self._token is not None or not self._understand(refusal):
            return False
        if self._challenge is None:
            return not had_password
        expired = self._tokens.pop(scope, None)
        if expired is not None:
            expired.forget()
        self._tokens[scope] = self._fetch_token(self._challenge, scope)
        return True

    def _understand(self, refusal: HttpProblem) -> bool:
        """Learn from a refusal how to sign in; whether it says so."""
        asked = refusal.headers.get("www-authenticate", "")
        bearer = _BEARER.search(asked)
        if bearer is not None:
            said = {name.lower(): value for name, value in _PARAMETER.findall(bearer[1])}
            if "realm" in said:
                self._challenge = _Challenge(said["realm"], said.get("service"))
            return "realm" in said
        self._asks_for_password = self._password is not None and _BASIC.search(asked) is not None
        return self._asks_for_password

    def _fetch_token(self, challenge: _Challenge, scope: str) -> Secret:
        """A token to pull, from the server that the registry names."""
        where = f"the registry's token server, for {scope}"
        try:
            origin = _origin(challenge.realm)
            trusted = self._is_registrys(challenge.realm)
            if not trusted:
                if self._password is not None or not origin.startswith("https:"):
                    raise NotPublic(f"{origin} is not known to belong to it")
                public_addresses(*endpoint(challenge.realm))
        except NotPublic as problem:
            raise HttpProblem(
                "refused",
                f"the registry sends to another address to sign in, which is not followed: {problem}",
                where=where,
                hint="if it is the registry's token server, write that address as `token-server`",
            ) from None
        asked = (
            {"scope": scope} if challenge.service is None else {"service": challenge.service, "scope": scope}
        )
        joint = "&" if urlsplit(challenge.realm).query else "?"
        sent = {} if self._password is None else {"authorization": f"Basic {self._password.reveal()}"}
        answer = self._other(origin, guarded=not trusted).get(
            f"{challenge.realm}{joint}{urlencode(asked)}", headers=sent, limit=_LARGEST_TOKEN
        )
        said = answer.json()
        token = (said.get("token") or said.get("access_token")) if isinstance(said, dict) else None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise HttpProblem("bad-answer", "the token server answered no token", where=answer.where)
        return Secret(token)

    def _is_registrys(self, realm: str) -> bool:
        """Whether the password may go there. Raises NotPublic for what is no usable URL."""
        if self._token_server is not None and _origin(realm) == _origin(self._token_server):
            return True
        there, here = endpoint(realm)[0], endpoint(self.url)[0]
        if _is_this_machine(there) and _is_this_machine(here):
            return True
        return realm.lower().startswith("https:") and same_site(there, here)

    def _other(self, origin: str, *, guarded: bool) -> Client:
        """A client without credentials. One that nobody configured is held to public addresses."""
        if (origin, guarded) not in self._others:
            self._others[origin, guarded] = self._connected(origin, guarded=guarded)
        return self._others[origin, guarded]

    def _connected(self, url: str, *, guarded: bool = False) -> Client:
        client = connect(
            url,
            timeout=self._timeout,
            ca_bundle=None if guarded else self._ca_bundle,
            verify=guarded or self._verify,
            guard=Guard(()) if guarded else None,
        )
        return self._stack.enter_context(client)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are of one owner, as far as their names tell: rather no than yes.

    They are the same, or both names are below one domain of two labels, or of three where the second is one
    that a country's registry gives out (``acme.co.uk``).
    """
    if one == other:
        return True
    sites = (_site(one), _site(other))
    return sites[0] is not None and sites[0] == sites[1]


def _site(host: str) -> tuple[str, ...] | None:
    labels = host.removesuffix(".").split(".")
    if not re.fullmatch(r"[a-z][a-z0-9-]+", labels[-1]):
        return None  # an address
    country = len(labels) > 1 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    size = 3 if country else 2
    return tuple(labels[-size:]) if len(labels) >= size else None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> str:
    """Scheme, host and port. Raises NotPublic for what is no plain http or https URL."""
    host, port = endpoint(url)
    return f"{urlsplit(url).scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _joined(base: str, reference: str, where: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:
        raise HttpProblem("bad-answer", "it sends to what is not a URL", where=where) from None


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _encoded(username: str, password: Secret) -> Secret:
    return Secret(base64.b64encode(f"{username}:{password.reveal()}".encode()).decode())


def _check(body: bytes, digest: str, where: str) -> None:
    """Raises HttpProblem when the content is not what the digest says."""
    if not _DIGEST.fullmatch(digest):
        raise _unusable_digest(where)
    algorithm, _, wanted = digest.partition(":")
    if hashlib.new(algorithm, body).hexdigest() != wanted:
        raise HttpProblem(
            "bad-answer",
            "the content is not what its digest says: it was damaged, or exchanged",
            where=where,
            hint="find out who changed the registry's storage, or push the model again",
        )


def _unusable_digest(where: str) -> HttpProblem:
    what = "its digest is neither sha256 nor sha512, and cannot be checked"
    return HttpProblem("bad-answer", what, where=where)
