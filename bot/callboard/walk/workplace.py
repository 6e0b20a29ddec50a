"""Where a walk works: the configuration, the catalog's repository and its forge, and Backstage."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from callboard import http
from callboard.backstage.client import Catalog
from callboard.config import Backstage, Config, SecretReference, SecretUnavailable, Settings
from callboard.forges.github import GitHub
from callboard.forges.protocol import Forge
from callboard.git.repository import Repository
from callboard.redaction import Secret

TOKEN_VARIABLES = ("CALLBOARD_TOKEN", "GITHUB_TOKEN")


class NotConfigured(Exception):
    """Something that this command needs is not said anywhere: what, and how to say it."""


@dataclass(frozen=True)
class CatalogRepository:
    """The repository that holds the catalog, as the configuration and the environment name it."""

    web_url: str
    """The forge: ``https://github.com``."""
    name: str
    """``owner/name``."""

    @property
    def scope(self) -> str:
        """The default scope of keys: stable as long as the repository is."""
        return f"{urlsplit(self.web_url).netloc}/{self.name}".lower()


@dataclass(frozen=True)
class Workplace:
    """Everything that a walk to the forge needs."""

    config: Config
    folder: Path
    """Where callboard.yaml stands; relative paths in it start here."""
    scope: str
    forge: Forge
    repository: Repository


def catalog_repository(config: Config, environ: Mapping[str, str] = os.environ) -> CatalogRepository:
    """The catalog's repository: as configured, else where the workflow runs. Raises NotConfigured."""
    url = config.catalog.repository
    if url is None and environ.get("GITHUB_REPOSITORY"):
        url = f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
    if url is None:
        raise NotConfigured(
            "no catalog repository is configured; set catalog: repository: https://HOST/OWNER/NAME"
        )
    found = re.fullmatch(r"(https?://[^/@]+)/([A-Za-z0-9._-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?", url)
    if not found:
        raise NotConfigured(
            f"catalog: repository: {url} is not the address of a repository; write https://HOST/OWNER/NAME"
        )
    return CatalogRepository(found.group(1), found.group(2))


def scope_of(config: Config, environ: Mapping[str, str] = os.environ) -> str:
    """The first part of the keys that this configuration writes."""
    if config.catalog.scope:
        return config.catalog.scope
    own = environ.get("GITHUB_REPOSITORY")
    if own:
        host = urlsplit(environ.get("GITHUB_SERVER_URL", "https://github.com")).netloc
        return f"{host}/{own}".lower()
    try:
        return catalog_repository(config, environ).scope
    except NotConfigured:
        return "local"


def open_workplace(
    config: Config, folder: Path, *, cache: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Workplace:
    """Connect to what the configuration names; nothing is read or written yet. Raises NotConfigured."""
    place = catalog_repository(config, environ)
    if config.catalog.forge == "gitlab" or urlsplit(place.web_url).hostname == "gitlab.com":
        raise NotConfigured("GitLab is not supported yet; catalog: repository must be on GitHub")
    token = forge_token(config, environ)
    forge = GitHub(place.web_url, place.name, token, api_url=config.catalog.api_url)
    name = hashlib.sha256(forge.git_url.encode()).hexdigest()[:16]
    clones = (cache or default_cache(environ)) / "repositories"
    return Workplace(
        config, folder, scope_of(config, environ), forge, Repository(clones / name, forge.git_url, token)
    )


def forge_token(config: Config, environ: Mapping[str, str] = os.environ) -> Secret:
    """The token for the forge. Raises NotConfigured, naming where it was looked for."""
    if config.catalog.token is not None:
        return read_secret(config.catalog.token, environ)
    for name in TOKEN_VARIABLES:
        if environ.get(name, "").strip():
            return SecretReference(env=name).read(environ)
    raise NotConfigured(
        f"no token for the forge; set {' or '.join(TOKEN_VARIABLES)}, or catalog: token: {{env: NAME}}"
    )


def open_backstage(settings: Backstage, environ: Mapping[str, str] = os.environ) -> Catalog:
    """A client for the configured Backstage. Raises NotConfigured when its token is not there."""
    token = read_secret(settings.token, environ) if settings.token else None
    return Catalog(http.connect(settings.url, token=token))


def read_secret(reference: SecretReference, environ: Mapping[str, str]) -> Secret:
    """The secret, or NotConfigured saying which one is missing."""
    try:
        return reference.read(environ)
    except SecretUnavailable as error:
        raise NotConfigured(str(error)) from None


def know_secrets(config: Config, environ: Mapping[str, str] = os.environ) -> None:
    """Have every secret that this configuration names masked from now on, whether it is used or not."""

    def visit(settings: Settings) -> None:
        if isinstance(settings, SecretReference):
            with contextlib.suppress(SecretUnavailable):
                settings.read(environ)
        for name in type(settings).model_fields:
            value = getattr(settings, name)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Settings):
                    visit(one)

    visit(config)
    for name in TOKEN_VARIABLES:
        visit(SecretReference(env=name))


def default_cache(environ: Mapping[str, str]) -> Path:
    """Where clones are kept between runs; may be deleted at any time."""
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(environ.get("CALLBOARD_CACHE") or Path(home) / "callboard")
