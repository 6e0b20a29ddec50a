"""The service's own file: which repositories it serves, how it signs in there, what they may reach.

It belongs to whoever runs the service. What a repository's callboard.yaml may name is what stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from callboard.addresses import Endpoint, NotPublic, endpoint
from callboard.config import (
    ADDRESS,
    BRANCH,
    REPOSITORY,
    App,
    Catalog,
    Config,
    ForgeKind,
    SecretReference,
    Settings,
)
from callboard.config_file import load_settings
from callboard.walk.workplace import CatalogRepository, NotConfigured, catalog_repository

_FILE = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$"


class BoundSecret(SecretReference):
    """A secret, under the name by which a repository's callboard.yaml may ask for it."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="letters, digits and _, no digit first")
    ]
    """What stands there as ``{env: NAME}``; where the secret really is, ``env`` or ``file`` here tells."""


class Server(Settings):
    """A server that a repository may reach although it is not public, or send secrets to."""

    url: Annotated[str, ADDRESS]
    """Scheme, host and port count; a path does not."""
    secrets: tuple[BoundSecret, ...] = ()
    """Sent to this server only, for this repository only."""
    ca_bundle: Path | None = None
    """A PEM file of the certificate authorities to trust for it, instead of the system's."""

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str) -> str:
        try:
            endpoint(url)
        except NotPublic as problem:
            raise ValueError(str(problem)) from None
        return url

    @property
    def origin(self) -> tuple[str, Endpoint]:
        """Scheme, host and port."""
        return origin(self.url)


class Served(Settings):
    """A repository that holds a callboard.yaml."""

    repository: Annotated[str, REPOSITORY]
    """``https://HOST/OWNER/NAME``."""
    forge: ForgeKind | None = None
    """Needed only for a host whose name does not tell."""
    api_url: Annotated[str | None, ADDRESS] = None
    """The forge's API, when it is not at the usual place for its host."""
    base: Annotated[str, Field(pattern=BRANCH, description="the name of a branch")] = "main"
    """The branch that callboard.yaml is read from, and that pull requests are opened against."""
    config: Annotated[
        str,
        Field(pattern=_FILE, description="a file below the repository's root: letters, digits and . _ - /"),
    ] = "callboard.yaml"
    token: SecretReference | None = None
    """What the bot signs in with, for the API and for git."""
    app: App | None = None
    """On GitHub, instead of ``token``: the app that the bot is."""
    webhook_secret: SecretReference | None = None
    """GitHub's secret of the webhook, or GitLab's secret token."""
    signing_token: SecretReference | None = None
    """GitLab's signing token (``whsec_…``)."""
    servers: tuple[Server, ...] = ()
    overrides_folder: Path | None = None
    """A folder of overrides for its models, such as a mounted ConfigMap; an absolute path."""
    catalogs: tuple[str, ...] = ()
    """Other repositories of this file that this one may propose its models to."""
    formerly: tuple[Annotated[str, REPOSITORY], ...] = ()
    """Addresses that it had before: only these may stand under ``catalog: formerly:``."""

    @field_validator("overrides_folder")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        # A relative one would be looked for in what the repository brings.
        if folder is not None and not folder.is_absolute():
            raise ValueError(f"{folder} is not an absolute path; write it from /")
        return folder

    @property
    def catalog(self) -> Catalog:
        """The catalog's repository as whoever runs the service says."""
        return Catalog(
            repository=self.repository,
            forge=self.forge,
            api_url=self.api_url,
            base=self.base,
            token=self.token,
            app=self.app,
        )

    @property
    def place(self) -> CatalogRepository:
        """Where it is. Raises NotConfigured when its address is no repository's."""
        return catalog_repository(Config(catalog=self.catalog), {})

    @property
    def key(self) -> str:
        """What it is called everywhere in the service; also the first part of the keys of its models."""
        return self.place.scope

    def server(self, url: str) -> Server | None:
        """The server that ``url`` is at, if it stands here. Raises NotPublic for what is no usable URL."""
        wanted = origin(url)
        return next((one for one in self.servers if one.origin == wanted), None)


class Service(Settings):
    """The whole of the service's file."""

    listen: Annotated[
        str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$", description="HOST:PORT")
    ] = "127.0.0.1:8470"
    """Where webhooks come in. Put a server that speaks TLS in front of it."""
    state: Path
    """A folder for the database and the clones; relative to this file. May be lost: a sweep rebuilds it."""
    sweep_every: Annotated[float, Field(strict=True, ge=1, le=1440)] = 15.0
    """Minutes between two looks at every repository, give or take a tenth."""
    walks_at_once: Annotated[int, Field(strict=True, ge=1, le=64)] = 4
    """So many repositories are walked side by side; never one twice."""
    repositories: Annotated[tuple[Served, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Service:
        if int(self.listen.rpartition(":")[2]) > 65535:
            raise ValueError(f"listen: {self.listen} is no port; give one up to 65535")
        keys = [one.repository.lower().rstrip("/") for one in self.repositories]
        if len(set(keys)) < len(keys):
            raise ValueError("name each repository once")
        for one in self.repositories:
            if (one.token is None) == (one.app is None):
                raise ValueError(f"give {one.repository} either a token or, on GitHub, an app")
            if not (one.webhook_secret or one.signing_token):
                raise ValueError(f"give {one.repository} a webhook-secret, or a signing-token on GitLab")
            try:
                forge = one.place.forge
            except NotConfigured as problem:
                raise ValueError(str(problem)) from None
            if one.app and forge != "github":
                raise ValueError(f"{one.repository}: an app is for GitHub; give a token")
            if one.signing_token and forge != "gitlab":
                raise ValueError(f"{one.repository}: only GitLab has a signing-token; give a webhook-secret")
            for other in one.catalogs:
                if self.at(other) is None:
                    raise ValueError(
                        f"{one.repository} names the catalog {other}, add it to the repositories"
                    )
        return self

    def at(self, url: str) -> Served | None:
        """The repository at that address, if it is served."""
        wanted = _plain(url)
        return next((one for one in self.repositories if _plain(one.repository) == wanted), None)


def origin(url: str) -> tuple[str, Endpoint]:
    """Scheme, host and port. Raises NotPublic for what is no http or https URL."""
    return url.partition(":")[0].lower(), endpoint(url)


def _plain(url: str) -> str:
    return url.lower().removesuffix("/").removesuffix(".git")


def load_service(text: bytes | str, file: str) -> Service:
    """The service's file. Raises ConfigError, with every fault at its place."""
    return load_settings(text, file, Service, "repositories:")


def secrets_of(service: Service) -> Iterator[SecretReference]:
    """Every secret that stands in the file."""
    for one in service.repositories:
        keys = (one.token, one.app and one.app.private_key, one.webhook_secret, one.signing_token)
        yield from (key for key in keys if key)
        for server in one.servers:
            yield from server.secrets


def service_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://callboard.dev/schemas/callboard-service.schema.json",
        **Service.model_json_schema(),
        "title": "callboard-service.yaml",
    }
