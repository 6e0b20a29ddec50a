"""Models in an OCI registry: ModelPack, KitOps ModelKits, Docker Model Runner, Ollama; ModelCars when told.

A repository is a model, its tags are the versions. A tag costs one request without a body while it stands for
the digest that the catalog knows; what is new is read once: the manifest, its configuration, and the layer
that holds the card. Weights are never read. ``oci_sign_in`` says who gets which credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from callboard.addresses import NotPublic, endpoint
from callboard.config import ADDRESS, RemoteSettings
from callboard.config import Settings as Part
from callboard.http import HttpProblem, Kind
from callboard.model import Listing, Model, Version
from callboard.sources import oci_manifests as manifests
from callboard.sources import oci_records as records
from callboard.sources.content import content_of_known
from callboard.sources.context import Context
from callboard.sources.oci_artifacts import GONE, Artifacts
from callboard.sources.oci_registry import Registry
from callboard.sources.oci_tags import TAG, is_attached, newest, versions_of
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading
from callboard.sources.remote import as_problem, never_raising
from callboard.sources.selection import matches, selected

_NAME = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
_Repository = Annotated[
    str,
    Field(
        pattern=f"^{_NAME}$",
        max_length=255,
        description="a repository without the registry: lower-case letters, digits and . _ - /",
    ),
]
_FAILED_READS = 3  # repositories in a row, until no more are asked for

_PASSING: frozenset[Kind] = frozenset({"unreachable", "timeout", "rate-limited", "server-error"})


class Tags(Part):
    """Which tags of a repository are versions. Globs, in any case."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    newest: Annotated[int, Field(strict=True, ge=1, le=1000)] = 20
    """At most so many, and ``latest`` besides: version numbers first, the highest before all others."""


class Settings(RemoteSettings):
    """A registry, and the repositories in it that are models. ``url`` is its address, without ``/v2``."""

    type: Literal["oci"] = "oci"
    repositories: tuple[_Repository, ...] = ()
    """Names of repositories, such as ``acme/fraud-detector``."""
    model_cars: tuple[_Repository, ...] = ()
    """Repositories whose ordinary images hold a model below ``/models``: nothing in such an image says so."""
    catalog: bool = False
    """Ask the registry for all its repositories. Hosted registries usually refuse."""
    tags: Tags = Tags()
    token_server: Annotated[str | None, ADDRESS] = None
    """Where the password may be exchanged for a token, if that is not in the registry's own domain."""
    storage: tuple[Annotated[str, ADDRESS], ...] = ()
    """Where the registry keeps its blobs, if it sends there and that is not a public https address."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.repositories or self.model_cars or self.catalog):
            raise ValueError("give repositories, model-cars, or catalog: true")
        if self.token is not None and self.username is not None:
            raise ValueError("give either token, or username and password, not both")
        for address in (*self.storage, *filter(None, (self.token_server,))):
            try:
                endpoint(address)
            except NotPublic as problem:
                raise ValueError(f"storage and token-server: {problem}") from None
        return self


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what a server does: problems tell."""
    with Registry(
        settings, context.folder, token_server=settings.token_server, storage=settings.storage
    ) as registry:
        return _Reading(settings, context, registry.url, registry).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    registry: Registry
    failed_reads: int = 0
    skipped_reads: int = 0

    def listing(self) -> Listing:
        models: dict[str, Model] = {}
        for name in self._names():
            if self.failed_reads >= _FAILED_READS:
                self.skipped_reads += 1
                self.unread.add(name)
                continue
            try:
                model = self._model(name)
            except HttpProblem as error:
                self.failed_reads = self.failed_reads + 1 if error.kind in _PASSING else 0
                self.unread.add(name)
                self.problems.append(as_problem(self.settings.name, error, model=name))
                continue
            except (ValueError, OverflowError, RecursionError) as error:
                self.bad(error, self._at(name), name)
                continue
            self.failed_reads = 0
            if model is not None:
                models[name] = model
                self.context.progress(len(models))
        if self.skipped_reads:
            self.report(
                f"{self.skipped_reads} repositories were not read: {_FAILED_READS} in a row failed",
                hint="run again later, or sign in for a higher rate limit",
            )
        listing = self.listing_of(models[name] for name in sorted(models))
        return listing.model_copy(update={"deselected": self._not_named()})

    def _not_named(self) -> tuple[str, ...]:
        """What the catalog has, and the configuration names no more: nobody asked whether it is gone."""
        if self.settings.catalog:
            return ()
        named = {*self.settings.repositories, *self.settings.model_cars}
        return tuple(sorted(self.context.known.keys() - named))

    def _names(self) -> Iterator[str]:
        """The repositories that are wanted, each once: those that people named, then all others."""
        named = dict.fromkeys((*self.settings.repositories, *self.settings.model_cars))
        for name in named:
            if selected(name, self.settings.select):
                yield name
        if not self.settings.catalog:
            return
        answered, seen, unusable = False, set(named), 0
        try:
            for name in self.registry.repositories():
                answered = True
                if not isinstance(name, str) or len(name) > 255 or not re.fullmatch(_NAME, name):
                    unusable += 1
                elif name not in seen:
                    seen.add(name)
                    if selected(name, self.settings.select):
                        yield name
        except HttpProblem as error:
            self.complete = False
            problem = as_problem(self.settings.name, error, doing="listing the repositories")
            if error.kind in ("unauthorized", "forbidden", "not-found"):
                hint = "many registries list them to nobody: name them under `repositories`"
                problem = problem.model_copy(update={"hint": hint})
            self.problems.append(problem)
            return
        if unusable:
            self.complete = False
            self.report(
                f"{unusable} names that the registry lists are no names of repositories",
                where=f"{self.place}/v2/_catalog",
                hint="name the repositories under `repositories`",
            )
        if not answered:
            self.incomplete(
                "the registry lists no repositories at all",
                where=f"{self.place}/v2/_catalog",
                hint="check that the user may list them, or name them under `repositories`",
            )

    def _model(self, name: str) -> Model | None:
        """The model in a repository; None for one that holds no model, said where people named it."""
        known = self.context.known.get(name)
        before = _versions_by_tag(known, modelcar=name in self.settings.model_cars)
        digests: dict[str, str] = {}
        artifacts = Artifacts(self, self.registry, name, name in self.settings.model_cars)
        tags = self._tags(name)
        for tag in tags:
            digest = self.registry.digest(name, tag) if tag in before else None
            if digest is None or all(digest != version.id for version in before.values()):
                digest = self._new(tag, artifacts, was_known=tag in before)
            if digest is not None:
                digests[tag] = digest
        if not digests:
            self._no_model(name, tags, known)
            return None
        kept = {version.id: version for version in before.values()}
        named = versions_of(digests)
        unchanged = known is not None and known.revision == named[0].digest and named[0].digest in kept
        versions, content, whole = [], None, True
        for place, one in enumerate(named):
            version = kept.get(one.digest) if place or unchanged else None
            if version is None:
                problems = len(self.problems)
                version, read = artifacts.read(one.digest, one.name)
                if not place:
                    content, whole = read, len(self.problems) == problems
            versions.append(version.model_copy(update={"name": one.name, "aliases": one.aliases}))
        if content is None:
            assert known is not None
            content = content_of_known(known)
        return with_provenance(
            records.model_of(self.settings.name, name, tuple(versions), content, whole=whole)
        )

    def _tags(self, name: str) -> tuple[str, ...]:
        """The tags that are versions, newest first."""
        wanted, unusable = [], 0
        for tag in self.registry.tags(name):
            if not isinstance(tag, str) or not TAG.fullmatch(tag):
                unusable += 1
            elif (
                not is_attached(tag)
                and matches(self.settings.tags.include, (tag,))
                and not matches(self.settings.tags.exclude, (tag,))
            ):
                wanted.append(tag)
        if unusable:
            self.report(
                f"{unusable} tags that the registry lists are no tags, and were left out",
                where=self._at(name),
                hint="ask who runs the registry",
                model=name,
            )
        return newest(wanted, self.settings.tags.newest)

    def _new(self, tag: str, artifacts: Artifacts, *, was_known: bool) -> str | None:
        """The digest of a tag that is not known to be unchanged; None for a tag that is no model's version.

        Raises HttpProblem or ValueError where the model must be left as it is.
        """
        name = artifacts.repository
        try:
            digest, is_model = artifacts.find(tag)
        except manifests.UnknownManifest as unknown:
            self.report(
                f"the tag {tag} was left out: {unknown}",
                where=f"{self._at(name)}:{tag}",
                hint="delete it, or exclude it under `tags`",
                model=name,
                severity="warning",
            )
            return None
        except HttpProblem as error:
            if was_known or error.kind not in GONE:
                raise
            problem = as_problem(self.settings.name, error, model=name, doing=f"reading the tag {tag}")
            self.problems.append(problem.model_copy(update={"severity": "warning"}))
            return None
        return digest if is_model else None

    def _no_model(self, name: str, tags: tuple[str, ...], known: Model | None) -> None:
        """Nothing that is asked for is taken for gone because a registry answers nothing."""
        named = name in (*self.settings.repositories, *self.settings.model_cars)
        if known is not None or named:
            self.unread.add(name)
            self.report(
                "none of its tags is a model" if tags else "the repository has no tags that are wanted",
                where=self._at(name),
                hint="push a model, list it under `model-cars` if its images hold one, or take it out",
                model=name,
                severity="warning",
            )

    def _at(self, name: str) -> str:
        return f"{self.place}/{name}"


def _versions_by_tag(known: Model | None, *, modelcar: bool) -> dict[str, Version]:
    """The known versions by each of their tags.

    Those of a repository that is no longer said to hold ModelCars are not known.
    """
    usable = [
        version
        for version in (known.versions if known else ())
        if version.id is not None
        and version.artifacts
        and (modelcar or version.artifacts[0].format != manifests.MODELCAR)
    ]
    return {tag: version for version in reversed(usable) for tag in (version.name, *version.aliases)}
