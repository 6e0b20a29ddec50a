"""One OCI registry: its manifests, lists and blobs, each digest checked.

Three servers may come into play, and only the first is named by people: the registry; the server that it
sends to for a token (``oci_sign_in``); the storage that it sends to for a blob. Storage gets no credentials
at all: its addresses are signed. It is asked only for blobs, whose digests are known before, so what it
answers cannot lie. It is configured (``storage``), or where ``oci_servers`` lets a registry lead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

from callboard.addresses import NotPublic
from callboard.config import RemoteSettings
from callboard.http import HttpProblem, Response
from callboard.sources.oci_servers import Servers, origin
from callboard.sources.oci_sign_in import SignIn
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
_MOST_PAGES = 1000
_MOST_ENTRIES = 200_000
_PAGE = 1000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="?next"?')


class Registry:
    """Reads one registry. Use it as a context manager; every method may raise HttpProblem."""

    def __init__(
        self, settings: RemoteSettings, folder: Path, *, token_server: str | None, storage: tuple[str, ...]
    ) -> None:
        """Raises SecretUnavailable or HttpProblem. ``folder`` is where a relative ``ca-bundle`` is."""
        token = None if settings.token is None else settings.token.read()
        basic = basic_of(settings)
        self._servers = Servers(settings, folder)
        self._sign_in = SignIn(self._servers, token, basic, token_server)
        self._storage = {origin(one) for one in storage}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()
        self._sign_in.forget()

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self._servers.registry.base_url

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
            storage = self._servers.led_to(location, trusted=origin(location) in self._storage)
        except NotPublic as problem:
            raise HttpProblem(
                "refused",
                f"the registry sends to another address for it, which is not followed: {problem}",
                where=where,
                hint="if the registry keeps its blobs there, write that address under `storage`",
            ) from None
        return storage.get(
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
        fresh = self._sign_in.prepare(scope)

        def ask() -> Response:
            sent = {**(headers or {}), **self._sign_in.headers(scope)}
            return self._servers.registry.request(method, path, headers=sent, limit=limit, idempotent=True)

        try:
            return ask()
        except HttpProblem as error:
            if error.status != 401 or fresh or not self._sign_in.can_answer(error, scope):
                raise
        return ask()


def _joined(base: str, reference: str, where: str) -> str:
    try:
        return urljoin(base, reference)
    except ValueError:
        raise HttpProblem("bad-answer", "it sends to what is not a URL", where=where) from None


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


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
