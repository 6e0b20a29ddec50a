"""What of a repository's callboard.yaml may count in the service: decided by its operator's file alone.

Whoever may write the base branch of one repository could otherwise have any secret of the service sent
anywhere, read its files, and reach what only its network can reach. What is not allowed here is refused:
kinds of values that nobody thought of, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from callboard.addresses import NotPublic, endpoint, public_addresses
from callboard.config import (
    Backstage,
    Catalog,
    Config,
    RemoteSettings,
    SecretReference,
    Settings,
    SourceSettings,
)
from callboard.service.settings import Served, Server, Service
from callboard.sources import files, oci, refused
from callboard.sources.kubernetes import KubernetesSettings

_ASK = "ask who runs the service"
_MOST_SOURCES = 50
_S = TypeVar("_S", RemoteSettings, KubernetesSettings, Backstage)


class Refused(Exception):
    """The configuration cannot be used in the service: what, and what to do."""

    def __init__(self, what: str, hint: str) -> None:
        self.what, self.hint = what, hint
        super().__init__(f"{what}; {hint}")


@dataclass(frozen=True)
class Confined:
    """A configuration that may be acted upon."""

    config: Config
    central: bool
    """Whether the catalog is in another repository, whose own walks land what is proposed to it."""
    folders: tuple[PurePosixPath, ...]
    """Folders of the repository that its sources read, relative to the folder of callboard.yaml."""


def confine(config: Config, served: Served, service: Service) -> Confined:
    """The configuration with the operator's catalogs, servers and secrets. Raises Refused.

    A source that is not allowed becomes one that says so.
    """
    if len(config.sources) > _MOST_SOURCES:
        raise Refused(f"there are more than {_MOST_SOURCES} sources", "take some out, or merge them")
    home = _home(config, served, service)
    central = home is not served
    for name in type(config).model_fields:
        if name not in ("catalog", "sources", "backstage"):
            _check_closed(getattr(config, name), name)
    sources = tuple(_source(one, served) for one in config.sources)
    allowed = config.model_copy(
        update={
            "catalog": _catalog(config, served, home),
            "sources": sources,
            "backstage": _backstage(config, served),
            # Those of the repository come from its base branch; a folder of this machine is its operator's.
            "overrides_folder": served.overrides_folder,
        }
    )
    folders = tuple(PurePosixPath(one.path) for one in sources if isinstance(one, files.Settings))
    return Confined(allowed, central, folders)


def _home(config: Config, served: Served, service: Service) -> Served:
    """The repository of the catalog, among those of the operator."""
    named = config.catalog.repository
    if named is None or service.at(named) is served:
        return served
    wanted = service.at(named)
    if wanted is None or all(service.at(one) is not wanted for one in served.catalogs):
        hint = f"{_ASK} to list it (catalogs:), or leave catalog: repository: out"
        raise Refused(f"{served.key} may not propose to {named}", hint)
    return wanted


def _catalog(config: Config, served: Served, home: Served) -> Catalog:
    own = config.catalog
    if own.base != home.base:
        hint = f"write catalog: base: {home.base}, or {_ASK}"
        raise Refused(f"the service lands on {home.base} of {home.key}, not on {own.base}", hint)
    strange = [one for one in own.formerly if one not in home.formerly]
    if strange:
        hint = f"{_ASK} to list it (formerly:), or take it out"
        raise Refused(f"catalog: formerly: {strange[0]} is not known to be {home.key}", hint)
    scope = own.scope
    if home is not served:
        # Keys of another scope would be another repository's models.
        scopes = [one.partition("://")[2].removesuffix("/").lower() for one in served.formerly] + [served.key]
        scope = scope or scopes[0]
        if scope not in scopes:
            raise Refused(f"catalog: scope: {scope} is not {served.key}'s", "leave catalog: scope: out")
    for name in type(own).model_fields:
        if name not in _OPERATORS:
            _check_closed(getattr(own, name), f"catalog: {name}")
    update: dict[str, Any] = {name: getattr(home.catalog, name) for name in _OPERATORS}
    return own.model_copy(update=update | {"scope": scope})


_OPERATORS = ("repository", "forge", "api_url", "base", "token", "app")
"""What of ``catalog:`` the operator says."""


def _backstage(config: Config, served: Served) -> Backstage | None:
    if config.backstage is None:
        return None
    try:
        server = served.server(config.backstage.url)
    except NotPublic as problem:
        raise Refused(f"backstage: url: {problem}", "correct it") from None
    if server is None:
        hint = f"{_ASK} to list it (servers:)"
        raise Refused(f"{served.key} may not register with {_host(config.backstage.url)}", hint)
    return _bound(config.backstage, served, server, config.backstage.url, "backstage")


def _source(settings: SourceSettings, served: Served) -> SourceSettings:
    """The source with the operator's secrets, or one that says why not."""
    try:
        if isinstance(settings, files.Settings):
            _check_path(settings.path)
            return settings
        if isinstance(settings, KubernetesSettings):
            return _bound_cluster(settings, served)
        if not isinstance(settings, RemoteSettings):
            raise Refused(
                f"a source of type {settings.type} cannot be used in the service", f"take it out, or {_ASK}"
            )
        server = _reachable(settings.url, served)
        if isinstance(settings, oci.Settings):
            _check_token_server(settings, served, server)
        return _bound(settings, served, server, settings.url, f"source {settings.name}")
    except Refused as problem:
        kept = {name: getattr(settings, name) for name in SourceSettings.model_fields if name != "type"}
        return refused.Settings(**kept, instead_of=settings.type, what=problem.what, hint=problem.hint)


def _check_token_server(settings: oci.Settings, served: Served, server: Server | None) -> None:
    """The password of a registry goes there as well: so it has to be bound to both."""
    if settings.token_server is None:
        return
    there = _reachable(settings.token_server, served)
    password = settings.password
    if password is not None and _secret(password, served, there, settings.token_server) != _secret(
        password, served, server, settings.url
    ):
        what = f"{password.env} is another secret for {_host(settings.token_server)}"
        raise Refused(what, f"{_ASK} to bind the same one to both (servers: secrets:)")


def _bound_cluster(settings: KubernetesSettings, served: Served) -> KubernetesSettings:
    """A cluster by its address; who the service itself is in one is nothing that a repository may be."""
    if settings.url is None:
        raise Refused(
            "kubeconfig and in-cluster are the service's own, not a repository's",
            f"give url and token, and {_ASK} to bind them (servers:)",
        )
    server = _reachable(settings.url, served)
    return _bound(settings, served, server, settings.url, f"source {settings.name}")


def _reachable(url: str, served: Served) -> Server | None:
    """The operator's server of this address; None for a public one. Raises Refused."""
    try:
        server = served.server(url)
        if server is None:
            public_addresses(*endpoint(url))
    except NotPublic as problem:
        raise Refused(str(problem), f"{_ASK} to list it (servers:), or correct the address") from None
    return server


def _bound(settings: _S, served: Served, server: Server | None, url: str, where: str) -> _S:
    """The settings with each secret replaced by the operator's, and nothing else that leads out."""
    update: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretReference):
            update[name] = _secret(value, served, server, url)
        elif name == "ca_bundle":
            if value is not None:
                hint = f"{_ASK} to give ca-bundle: for this server, and take it out here"
                raise Refused("a ca-bundle of a repository is not read in the service", hint)
            update[name] = server and server.ca_bundle
        elif name == "insecure_skip_tls_verify":
            if value is not None:
                raise Refused("certificates are verified in the service", "take insecure-skip-tls-verify out")
        elif name != "url":
            _check_closed(value, f"{where}: {name}")
    return settings.model_copy(update=update)


def _secret(reference: SecretReference, served: Served, server: Server | None, url: str) -> SecretReference:
    if reference.env is None:
        raise Refused("a repository cannot name a file of the service as a secret", "write {env: NAME}")
    bound = next((one for one in server.secrets if one.name == reference.env), None) if server else None
    if bound is None:
        what = f"the secret {reference.env} is not bound to {served.key} and {_host(url)}"
        raise Refused(what, f"{_ASK} to bind it (servers: secrets:), or take it out")
    return bound


def _check_closed(value: Any, where: str) -> None:
    """No secret and no file, where the service knows of none."""
    for place, one in _inside(value, where):
        if isinstance(one, SecretReference | Path):
            raise Refused(
                f"{place.replace('_', '-')} cannot be used in the service", f"take it out, or {_ASK}"
            )


def _check_path(path: Path) -> None:
    """A folder of the repository itself."""
    text = str(path)
    if (
        PurePosixPath(text).is_absolute()
        or PureWindowsPath(text).anchor
        or ".." in path.parts
        or "\\" in text
    ):
        raise Refused(f"the folder {text} is not inside the repository", "give a path below callboard.yaml")


def _inside(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """The value and everything in it, each with where it is."""
    yield where, value
    if isinstance(value, Settings):
        for name in type(value).model_fields:
            yield from _inside(getattr(value, name), f"{where}: {name}")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _inside(one, f"{where}: {key}")
    elif isinstance(value, tuple | list | frozenset):
        for one in value:
            yield from _inside(one, where)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url
