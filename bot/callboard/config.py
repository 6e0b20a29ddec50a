"""callboard.yaml, typed. A wrong key or value is an error with file:line:column and the nearest right key.

Keys are kebab-case in the file and snake_case here. Reading is in two steps, because this module knows no
source: ``load`` is given the settings type of each source type by its caller.
"""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, model_validator

from callboard.config_base import Settings as Settings
from callboard.config_base import dashed
from callboard.config_links import Links
from callboard.config_models import Lifecycles, OverridesGlob, Owners, Tasks
from callboard.config_models import Select as Select
from callboard.config_promotion import Stage, named_apart
from callboard.expressions import checked
from callboard.redaction import Secret

ADDRESS = Field(pattern=r"^https?://", description="an address that begins with https:// or http://")
BRANCH = r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)*$"
"""A branch that can be a base: it stands in workflow files, where more than YAML has a meaning."""


class SecretUnavailable(Exception):
    """A configured secret could not be read: which, and what to do."""


class SecretReference(Settings):
    """Where a secret is: an environment variable, or a file (such as a mounted Kubernetes secret).

    The value itself never stands in callboard.yaml.
    """

    env: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
            description="a variable's name: letters, digits and _, and no digit at its beginning",
        ),
    ] = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_of(self) -> SecretReference:
        if (self.env is None) == (self.file is None):
            raise ValueError("give either env (a variable's name) or file (a path), not both")
        return self

    def read(self, environ: Mapping[str, str] = os.environ) -> Secret:
        """The secret. Raises SecretUnavailable, naming the variable or file but never a value."""
        if self.env is not None:
            value = environ.get(self.env, "").strip()
            if not value:
                raise SecretUnavailable(f"environment variable {self.env} is not set; set it to the token")
            return Secret(value)
        assert self.file is not None
        try:
            value = self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SecretUnavailable(f"secret file {self.file} cannot be read: {error}") from None
        if not value:
            raise SecretUnavailable(f"secret file {self.file} is empty; write the token into it")
        return Secret(value)


class SourceSettings(Settings):
    """What every source has; each source module extends it with its own keys."""

    name: Annotated[str, dashed(40)]
    """Part of every key of this source's models: renaming a source needs ``formerly``."""
    type: str
    formerly: tuple[str, ...] = ()
    """Names that this source had before, so that its models keep their entities."""
    select: Select = Select()
    owner: str | None = None
    """Owner of models whose registry does not say; overrides ``defaults.owner``."""
    timeout: Annotated[float, Field(strict=True, gt=0, le=600)] = 30.0
    """Seconds for one request."""
    time_limit: Annotated[float, Field(strict=True, gt=0, le=86400)] = 1800.0
    """Seconds for all requests of one walk together; what was not read by then is left as it is."""


class ServerSettings(SourceSettings):
    """How a server is spoken to over HTTP, wherever it is."""

    token: SecretReference | None = None
    """Sent as a bearer token."""
    username: str | None = None
    password: SecretReference | None = None
    """With ``username``: HTTP basic authentication."""
    ca_bundle: Path | None = None
    """A PEM file of the certificate authorities to trust for this source, instead of the system's."""
    insecure_skip_tls_verify: Literal["i-accept-that-anyone-may-answer"] | None = None
    """Believe any certificate: whoever is between here and the server can read the token and answer anything.
    Every run warns of it. ``ca-bundle`` is what a server with a certificate of its own needs."""


class RemoteSettings(ServerSettings):
    """What every source has that is reached over HTTP at an address of its own."""

    url: Annotated[str, ADDRESS]


ForgeKind = Literal["github", "gitlab"]
REPOSITORY = Field(
    pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._-]*[A-Za-z0-9._][A-Za-z0-9._-]*){2,}/?$",
    description="the address of a repository: https://HOST/OWNER/NAME, on GitLab with all its groups",
)


class App(Settings):
    """A GitHub App that Callboard acts as, installed for the catalog's repository."""

    id: Annotated[int, Field(strict=True, ge=1)]
    """The number that GitHub shows as the app's id."""
    private_key: SecretReference
    """The PEM file that GitHub made for it."""


class Catalog(Settings):
    """Where the catalog files live."""

    repository: Annotated[str | None, REPOSITORY] = None
    """``https://github.com/acme/model-catalog``, or ``https://gitlab.com/acme/ml/model-catalog``.

    Default: the repository that this runs in.
    """
    formerly: tuple[Annotated[str, REPOSITORY], ...] = ()
    """Addresses that this repository had before it was renamed or moved, oldest first: what Backstage has
    from there moves here, and keys go on as they began."""
    forge: ForgeKind | None = None
    """Needed only for a host whose name does not tell."""
    api_url: Annotated[str | None, ADDRESS] = None
    """The forge's API, when it is not at the usual place for its host."""
    token: SecretReference | None = None
    """Default: CALLBOARD_TOKEN, or GITHUB_TOKEN or GITLAB_TOKEN by the forge, in the environment."""
    app: App | None = None
    """On GitHub, instead of ``token``: a token of its own is asked for when it is needed."""
    base: Annotated[
        str,
        Field(
            pattern=BRANCH, description="the name of a branch: letters, digits and single / . between, _ -"
        ),
    ] = "main"
    path: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            description="a folder below the repository's root: letters, digits and . _ -, with / between",
        ),
    ] = "models"
    layout: Literal["folder-per-model"] = "folder-per-model"
    profile: Literal["model-server"] = "model-server"
    scope: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
            max_length=200,
            description="letters, digits and . _ : / -, with a letter or digit at the beginning, at most 200",
        ),
    ] = None
    """First part of every key. Default: ``host/owner/repository`` of the repository that configures."""

    @model_validator(mode="after")
    def _one_identity(self) -> Catalog:
        if self.app is not None and self.token is not None:
            raise ValueError("give either token or app, not both")
        if self.app is not None and self.forge == "gitlab":
            raise ValueError("app is for GitHub; give a token for GitLab")
        return self


class Defaults(Settings):
    """What a model gets where its registry does not say."""

    owner: str = "group:default/ml-platform"
    lifecycle: str = "experimental"
    system: str | None = None


Rebase = Literal["conflicted", "behind", "never"]


GroupBy = Literal["model", "owner", "system", "source", "all"]


class PullRequests(Settings):
    """How changes become pull requests."""

    group_by: GroupBy = "model"
    limit: Annotated[int, Field(strict=True, ge=1, le=1000)] = 10
    """At most so many of ours open at once."""
    per_hour: Annotated[int, Field(strict=True, ge=1, le=500)] = 30
    """At most so many opened within an hour."""
    models: Annotated[int, Field(strict=True, ge=1, le=1000)] = 250
    """At most so many models in one pull request; a group of more is split, each model always to one part."""
    rebase: Rebase = "conflicted"
    """When a pull request is written anew on the present base branch: when it conflicts, whenever the base
    branch went on, or only when somebody asks (``/rebase``). An approved one that can be merged never is."""
    commits: Literal["pushed", "verified"] = "pushed"
    """``verified``: made through the forge's API, which signs them."""
    nudge_after: Annotated[int, Field(strict=True, ge=1, le=365)] | None = 14
    """Days without any change after which reviewers are reminded, once. ``null``: never."""
    check: bool = False
    """Report the validation of each head as a check, with its errors at their lines."""
    dashboard: bool = False
    """Keep an issue that lists everything open, held, blocked and failed."""
    labels: tuple[str, ...] = ("model-catalog",)
    branch_prefix: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9-]*/$",
            description="lower-case letters, digits and dashes, with a slash at the end",
        ),
    ] = "callboard/"


def _time_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError("write the name of a time zone, such as Europe/Berlin") from None
    return name


def _named_check(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TimeOfDay = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of the day, from 00:00 to 23:59"),
]
_Expression = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(checked)]


class RequiredCheck(Settings):
    """A check that must have succeeded, by whomever, or by one source only."""

    name: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)] | None = None
    """The app or account that has to report it: anybody who may write can report a check of any name."""

    def __str__(self) -> str:
        return self.name if self.source is None else f"{self.name} by {self.source}"


class TextRule(Settings):
    """What a title or a text has to hold, and what it must not."""

    match: _Expression | None = None
    refuse: _Expression | None = None


class QuietHours(Settings):
    """A time in which nothing is merged: whole days, or from one time of the day to another."""

    days: tuple[Day, ...] = ()
    """On which it begins; none named: on every day."""
    start: Annotated[_TimeOfDay | None, Field(alias="from")] = None
    end: Annotated[_TimeOfDay | None, Field(alias="to")] = None
    """On the next day, when it is earlier than ``start``."""

    @model_validator(mode="after")
    def _says_when(self) -> QuietHours:
        if (self.start is None) != (self.end is None):
            raise ValueError("give both from and to, or neither for whole days")
        if self.start is None and not self.days:
            raise ValueError("give days, or from and to, or all three")
        if self.start is not None and self.start == self.end:
            raise ValueError("from and to are the same; leave both out for whole days")
        return self


class Merge(Settings):
    """When a pull request may be merged."""

    approvals: Annotated[int, Field(strict=True, ge=1, le=10)] = 1
    code_owners: bool = False
    """Every changed path that has owners in CODEOWNERS needs the approval of one of them."""
    method: Literal["merge", "squash", "rebase"] = "squash"
    hold_labels: tuple[str, ...] = ("hold",)
    required_checks: tuple[
        Annotated[RequiredCheck, BeforeValidator(_named_check, json_schema_input_type=str | RequiredCheck)],
        ...,
    ] = ()
    """Checks that must have succeeded on the head; all others must not have failed."""
    title: TextRule | None = None
    text: TextRule | None = None
    quiet_hours: tuple[QuietHours, ...] = ()
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    """Of the quiet hours."""
    batch: Annotated[int, Field(strict=True, ge=1, le=500)] = 50
    """At most so many are validated together and merged in a row."""


class Backstage(Settings):
    """The Backstage that the catalog is registered with."""

    url: Annotated[str, ADDRESS]
    token: SecretReference | None = None
    confirm_within: Annotated[float, Field(strict=True, gt=0, le=3600)] = 120.0
    """Seconds to wait for Backstage to take an entity before it is reported as pending."""


class Config(Settings):
    """The whole of callboard.yaml."""

    pause: bool = False
    """Stop all writes at once, as CALLBOARD_PAUSED and the label ``callboard-paused`` on the dashboard do."""
    catalog: Catalog = Catalog()
    defaults: Defaults = Defaults()
    sources: tuple[SerializeAsAny[SourceSettings], ...] = ()
    overrides: tuple[OverridesGlob, ...] = ()
    """Files below callboard.yaml's folder that overrule what registries say; later ones win."""
    overrides_folder: Path | None = None
    """A folder of such files, such as a mounted ConfigMap; they win over those of the repository."""
    tasks: Tasks = Tasks()
    lifecycles: Lifecycles = Lifecycles()
    owners: Owners = Field(default_factory=dict)
    links: Links = Links()
    pull_requests: PullRequests = PullRequests()
    merge: Merge = Merge()
    promotion: Annotated[tuple[Stage, ...], AfterValidator(named_apart)] = ()
    """The stages that need approval, the last of them the highest. None: what a registry says is written."""
    backstage: Backstage | None = None
