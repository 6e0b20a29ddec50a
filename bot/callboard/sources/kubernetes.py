"""Objects of a Kubernetes API server, listed: what every source shares that reads custom resources.

``open_cluster`` signs in, ``Cluster.objects`` lists one kind (``kubernetes_pages``). A kind that is not there
is told from one that could not be asked for by what the server says of itself (its discovery).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from callboard.config import ADDRESS, ServerSettings
from callboard.http import Client, HttpProblem, connect
from callboard.model import Problem
from callboard.sources import kubeconfig
from callboard.sources.kubeconfig import Access
from callboard.sources.kubernetes_pages import Pages
from callboard.sources.remote import as_problem, basic_of

Namespace = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        max_length=63,
        description="the name of a namespace: lower-case letters, digits and dashes between them",
    ),
]

_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
_HOPELESS = frozenset({"unreachable", "timeout", "unauthorized", "refused"})


class KubernetesSettings(ServerSettings):
    """Where a Kubernetes API server is, and who to be there: one of ``url``, ``kubeconfig``, ``in-cluster``.

    ``token``, ``username`` and ``ca-bundle`` go before what the kubeconfig says.
    """

    url: Annotated[str, ADDRESS] | None = None
    """The API server's address, for example ``https://api.prod.acme.example:6443``."""
    kubeconfig: Path | None = None
    """A kubeconfig file; one whose user signs in by a command (``exec``) needs ``token`` beside it."""
    context: Annotated[str, Field(min_length=1)] | None = None
    """Of the kubeconfig. Default: its current one."""
    in_cluster: bool = False
    """In a pod: the service account that Kubernetes mounts."""
    namespaces: tuple[Namespace, ...] = ()
    """Where to look. Default: in all namespaces, which a ClusterRole has to allow."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is not None) + (self.kubeconfig is not None) + self.in_cluster != 1:
            raise ValueError("give one of url, kubeconfig and in-cluster: true")
        if self.context is not None and self.kubeconfig is None:
            raise ValueError("context is for a kubeconfig")
        return self


@dataclass(frozen=True)
class Kind:
    """A kind of objects, as its API names it."""

    group: str
    """Empty for Kubernetes' own first group."""
    versions: tuple[str, ...]
    """Those that the source can read, the best first."""
    plural: str
    namespaced: bool = True

    @property
    def title(self) -> str:
        """``inferenceservices.serving.kserve.io``, as Kubernetes words it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True)
class Objects:
    """All objects of a kind, as far as they could be read."""

    items: tuple[Any, ...] = ()
    """As the server answered: nothing about them is certain."""
    version: str | None = None
    """Of the API that they were read in."""
    installed: bool = True
    """False: the server surely has no such kind."""
    complete: bool = False
    """Whether there is surely no object beyond ``items`` (in the namespaces asked for)."""
    problems: tuple[Problem, ...] = ()
    now: datetime | None = None
    """The server's clock when it answered, where it says."""


def open_cluster(
    settings: KubernetesSettings, folder: Path, environ: Mapping[str, str] = os.environ
) -> Cluster:
    """The cluster of a source. Raises SecretUnavailable or HttpProblem.

    ``folder`` is where relative paths start from.
    """
    token = None if settings.token is None else settings.token.read(environ)
    basic = basic_of(settings)
    own = token is not None or basic is not None
    if settings.kubeconfig is not None:
        path = folder / settings.kubeconfig.expanduser()
        access = kubeconfig.read_kubeconfig(path, settings.context, sign_in=not own)
    elif settings.in_cluster:
        access = kubeconfig.in_cluster(environ, kubeconfig.MOUNTED)
    else:
        assert settings.url is not None
        access = Access(settings.url)
    verify = settings.insecure_skip_tls_verify is None
    if access.unverified and verify:
        raise HttpProblem(
            "refused",
            "the kubeconfig says insecure-skip-tls-verify, which is not enough",
            where=str(settings.kubeconfig),
            hint="give the server's certificate authority as ca-bundle",
        )
    client = connect(
        access.url,
        token=token if own else access.token,
        basic=basic if own else access.basic,
        timeout=settings.timeout,
        ca_bundle=access.ca if settings.ca_bundle is None else folder / settings.ca_bundle,
        client_certificate=None if own else access.certificate,
        verify=verify,
    )
    return Cluster(client, settings.name)


class Cluster:
    """A Kubernetes API server that can be asked. Made by ``open_cluster``; a context manager."""

    def __init__(self, client: Client, source: str) -> None:
        self._client, self._source = client, source
        self._served: dict[tuple[str, str], tuple[str, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    @property
    def url(self) -> str:
        """The API server's address."""
        return self._client.base_url

    def objects(self, kind: Kind, namespaces: tuple[str, ...] = ()) -> Objects:
        """The objects of a kind, in these namespaces or in all. Never raises for what the server does.

        One namespace that may not be read does not stop the others.
        """
        if self._served.get((kind.group, kind.plural)) == ():
            return Objects(installed=False, complete=True)
        places = [f"namespaces/{name}/" for name in namespaces] if kind.namespaced else []
        version, now = kind.versions[0], None
        found: dict[object, Any] = {}
        problems: list[Problem] = []
        for place in places or [""]:
            listing = Pages(self._client)
            try:
                try:
                    listing.read(_path(kind, version, place))
                except HttpProblem as error:
                    served = self._versions_despite(error, kind)
                    if not served:
                        return Objects(installed=False, complete=True)
                    version = _readable(kind, served, error)
                    listing.read(_path(kind, version, place))
            except HttpProblem as error:
                problems.append(self._problem(kind, place, error))
                if error.kind in _HOPELESS or _is_anonymous(error):
                    break
            finally:
                found.update(listing.found)
                now = listing.now or now
        return Objects(tuple(found.values()), version, True, not problems, tuple(problems), now)

    def _versions_despite(self, error: HttpProblem, kind: Kind) -> tuple[str, ...]:
        """In which versions the server has a kind that it did not list. Raises HttpProblem.

        Kubernetes forbids also what it does not have: who may not list a kind is asked to be allowed to only
        where there is one.
        """
        if error.status not in (403, 404) or not kind.group or _is_anonymous(error):
            raise error
        if error.status == 404:
            return self._versions(kind)
        with contextlib.suppress(HttpProblem):
            if not self._versions(kind):
                return ()
        raise error

    def _versions(self, kind: Kind) -> tuple[str, ...]:
        """In which versions the server has that kind; none: it has no such kind. Raises HttpProblem."""
        key = (kind.group, kind.plural)
        if key not in self._served:
            versions = [
                version["version"]
                for group in self._described("apis", "APIGroupList", "groups")
                if isinstance(group, dict) and group.get("name") == kind.group
                for version in _listed(group.get("versions"))
                if isinstance(version, dict) and _VERSION.fullmatch(str(version.get("version")))
            ]
            self._served[key] = tuple(
                version
                for version in versions
                if any(
                    isinstance(resource, dict) and resource.get("name") == kind.plural
                    for resource in self._described(
                        f"apis/{kind.group}/{version}", "APIResourceList", "resources"
                    )
                )
            )
        return self._served[key]

    def _described(self, path: str, kind: str, key: str) -> list[Any]:
        said = self._client.get_json(path)
        items = said.get(key) if isinstance(said, dict) and said.get("kind") == kind else None
        if not isinstance(items, list):
            raise HttpProblem("bad-answer", f"the answer is no {kind} of Kubernetes", where=f"GET /{path}")
        return items

    def _problem(self, kind: Kind, place: str, error: HttpProblem) -> Problem:
        problem = as_problem(self._source, error, doing=f"listing {kind.title}")
        if error.kind != "forbidden":
            return problem
        where = f"in {place.strip('/').replace('namespaces/', 'namespace ')}" if place else "everywhere"
        hint = f"allow the account to list {kind.title} {where}"
        if _is_anonymous(error):
            hint = "sign in: give the source a token, or a kubeconfig with one or with a client certificate"
        elif kind.namespaced:
            hint += ", or name the namespaces that it may read"
        return problem.model_copy(update={"hint": hint})


def _is_anonymous(error: HttpProblem) -> bool:
    """Whether that was refused to nobody: Kubernetes has a user for who does not sign in."""
    return error.kind == "forbidden" and 'User "system:anonymous"' in error.message


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def _path(kind: Kind, version: str, place: str) -> str:
    return f"{f'apis/{kind.group}' if kind.group else 'api'}/{version}/{place}{kind.plural}"


def _readable(kind: Kind, served: tuple[str, ...], error: HttpProblem) -> str:
    """The best version that both sides know. Raises HttpProblem."""
    for version in kind.versions:
        if version in served:
            return version
    what = f"the server has {kind.title} only in {', '.join(served)}"
    hint = f"Callboard reads {', '.join(kind.versions)}; use a Callboard that knows the other"
    raise HttpProblem("rejected", what, where=error.where, hint=hint)
