"""Where a walk works: the configuration, the catalog's repository and its forge, and Backstage."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from callboard import http
from callboard.backstage.client import Catalog
from callboard.config import Backstage, Config, ForgeKind, SecretReference, SecretUnavailable, Settings
from callboard.config import Catalog as CatalogSettings
from callboard.forges.protocol import Forge
from callboard.git.repository import Repository
from callboard.redaction import Secret

TOKEN_VARIABLES = {
    "github": ("CALLBOARD_TOKEN", "GITHUB_TOKEN"),
    "gitlab": ("CALLBOARD_TOKEN", "GITLAB_TOKEN"),
}
"""Where the token of each kind of forge is looked for."""
WORKFLOW_LOGIN = "github-actions[bot]"
"""Whose the token is that GitHub gives to each job of a workflow. What it opens starts no workflow."""


_NAMES: Mapping[ForgeKind, tuple[str, str]] = {
    "github": (r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", "https://HOST/OWNER/NAME"),
    # No path begins with a hyphen: what follows /-/ is a page of the project.
    "gitlab": (r"([A-Za-z0-9_.][A-Za-z0-9._-]*/)+[A-Za-z0-9_.][A-Za-z0-9._-]*", "https://HOST/GROUP/PROJECT"),
}
"""What a repository's name looks like, and the address that holds it."""


class NotConfigured(Exception):
    """Something that this command needs is not said anywhere: what, and how to say it."""


@dataclass(frozen=True)
class CatalogRepository:
    """The repository that holds the catalog, as the configuration and the environment name it."""

    web_url: str
    """The forge: ``https://github.com``."""
    name: str
    """``owner/name``; on GitLab with as many groups before the project as there are."""
    forge: ForgeKind

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
    at: Callable[[str], Workplace]
    """The same for another repository of this forge: by its name, with the same token."""


def catalog_repository(config: Config, environ: Mapping[str, str] = os.environ) -> CatalogRepository:
    """The catalog's repository: as configured, else where the workflow runs. Raises NotConfigured."""
    url = config.catalog.repository or _running_in(environ)
    if url is None:
        raise NotConfigured(
            "no catalog repository is configured; set catalog: repository: https://HOST/OWNER/NAME"
        )
    web_url = _web_url(config, url, environ)
    name = url.removeprefix(f"{web_url}/").removesuffix("/").removesuffix(".git")
    forge = _forge_kind(config, web_url, environ)
    names, wanted = _NAMES[forge]
    if not web_url or not re.fullmatch(names, name):
        raise NotConfigured(f"catalog: repository: {url} is not the address of a repository; write {wanted}")
    return CatalogRepository(web_url, name, forge)


def _running_in(environ: Mapping[str, str]) -> str | None:
    """The repository whose workflow or pipeline this is."""
    if environ.get("GITHUB_REPOSITORY"):
        return f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
    return environ.get("CI_PROJECT_URL") if environ.get("GITLAB_CI") else None


def _web_url(config: Config, url: str, environ: Mapping[str, str]) -> str:
    """The address of the forge itself; empty when there is none in ``url``.

    A self-managed GitLab may live below a path, which only its API's address or its pipeline can tell.
    """
    roots = [(config.catalog.api_url or "").rstrip("/").removesuffix("/api/v4")]
    if environ.get("GITLAB_CI"):
        roots.append(environ.get("CI_SERVER_URL", "").rstrip("/"))
    for root in roots:
        if root and url.startswith(f"{root}/"):
            return root
    found = re.match(r"https?://[^/@]+(?=/)", url)
    return found.group() if found else ""


def _forge_kind(config: Config, web_url: str, environ: Mapping[str, str]) -> ForgeKind:
    """As configured, else as the pipeline or the host's name tells."""
    if config.catalog.forge is not None:
        return config.catalog.forge
    here = environ.get("GITLAB_CI") and web_url == environ.get("CI_SERVER_URL", "").rstrip("/")
    return "gitlab" if here or "gitlab" in (urlsplit(web_url).hostname or "") else "github"


def scope_of(config: Config, environ: Mapping[str, str] = os.environ) -> str:
    """The first part of the keys that this configuration writes."""
    if config.catalog.scope:
        return config.catalog.scope
    own = _running_in(environ)
    if config.catalog.formerly and (own is None or config.catalog.repository in (None, own)):
        return config.catalog.formerly[0].partition("://")[2].removesuffix("/").lower()
    if own:
        return own.partition("://")[2].lower()
    try:
        return catalog_repository(config, environ).scope
    except NotConfigured:
        return "local"


def open_workplace(
    config: Config, folder: Path, *, cache: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Workplace:
    """Connect to what the configuration names; nothing is read or written yet. Raises NotConfigured.

    An app asks for its token here, which may raise ForgeError.
    """
    place = catalog_repository(config, environ)
    token = _app_token(config.catalog, place, environ) or forge_token(config, place.forge, environ)
    clones = (cache or default_cache(environ)) / "repositories"

    def at(name: str) -> Workplace:
        forge = _connect(replace(place, name=name), token, config.catalog.api_url)
        clone = clones / hashlib.sha256(forge.git_url.encode()).hexdigest()[:16]
        repository = Repository(clone, forge.git_url, token)
        return Workplace(config, folder, scope_of(config, environ), forge, repository, at)

    return at(place.name)


def _connect(place: CatalogRepository, token: Secret, api_url: str | None) -> Forge:
    # Each brings its own client library, of which a run needs one.
    if place.forge == "gitlab":
        from callboard.forges.gitlab import GitLab

        return GitLab(place.web_url, place.name, token, api_url=api_url)
    from callboard.forges.github import GitHub

    return GitHub(place.web_url, place.name, token, api_url=api_url)


def _app_token(
    catalog: CatalogSettings, place: CatalogRepository, environ: Mapping[str, str]
) -> Secret | None:
    """A token for the app that Callboard is; None: it is none. Raises NotConfigured and ForgeError."""
    if catalog.app is None:
        return None
    if place.forge != "github":
        raise NotConfigured("catalog: app: is for GitHub; set catalog: token: for GitLab")
    from callboard.forges.github import default_api_url
    from callboard.forges.github_app import current_token

    key = read_secret(catalog.app.private_key, environ)
    api_url = (catalog.api_url or default_api_url(place.web_url)).rstrip("/")
    return current_token(api_url, catalog.app.id, key, place.name)


def forge_token(config: Config, forge: ForgeKind, environ: Mapping[str, str] = os.environ) -> Secret:
    """The token for the forge. Raises NotConfigured, naming where it was looked for."""
    if config.catalog.token is not None:
        return read_secret(config.catalog.token, environ)
    names = TOKEN_VARIABLES[forge]
    for name in names:
        if environ.get(name, "").strip():
            return SecretReference(env=name).read(environ)
    job = " (a CI_JOB_TOKEN can neither push branches nor open merge requests)" if forge == "gitlab" else ""
    raise NotConfigured(
        f"no token for the forge; set {' or '.join(names)}, or catalog: token: {{env: NAME}}{job}"
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
    for name in {name for names in TOKEN_VARIABLES.values() for name in names}:
        visit(SecretReference(env=name))


def default_cache(environ: Mapping[str, str]) -> Path:
    """Where clones are kept between runs; may be deleted at any time."""
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(environ.get("CALLBOARD_CACHE") or Path(home) / "callboard")
