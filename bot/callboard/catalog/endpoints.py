"""Addresses that a model's record may take into the catalog: without users, passwords, tokens and signatures.

Everybody who may read the catalog reads what stands in its files, the lock included. So what a registry says
for itself is taken out before anything is made of the record.
"""

from __future__ import annotations

import re
from typing import TypeVar
from urllib.parse import unquote_plus, urlsplit

from callboard.catalog.entities import safe_url
from callboard.model import (
    Artifact,
    Counterpart,
    Endpoint,
    Evaluation,
    License,
    Link,
    Model,
    Problem,
    Validation,
    Version,
)

_USER = re.compile(r"(?i)(?:https?:[/\\]*|(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,})[^/\\?#]*@")
_SECRET = re.compile(r"(?:key|token|secret|password|passwd|pwd|sig|signature|credentials?|auth)$")
_REPLACE = "take it out of the registry, and have it replaced: all who may read the registry have seen it"
_Said = TypeVar("_Said", Evaluation, Validation)
_Addressed = TypeVar("_Addressed", Endpoint, Counterpart, Link, License, Artifact, Evaluation, Validation)


def publishable(model: Model) -> tuple[Model, tuple[Problem, ...]]:
    """``model`` with only addresses that may be published, and what was left out and why.

    An endpoint, link or license address with a user in it is left out; an artifact's or evaluation's loses
    the user. An address loses query and fragment when a parameter's name looks like a secret's. An endpoint
    that is no absolute http(s) address is left out. No problem says an address.
    """
    found = _Findings(model)
    endpoints = [found.endpoint(at, one) for at, one in enumerate(model.endpoints)]
    links = [found.link(at, one) for at, one in enumerate(model.links)]
    kept = {
        "endpoints": tuple(one for one in endpoints if one),
        "links": tuple(one for one in links if one),
        "license": found.license(model.license),
        "evaluations": found.origins("evaluations", model.evaluations),
        "versions": tuple(found.version(at, one) for at, one in enumerate(model.versions)),
        "counterparts": tuple(found.counterpart(at, one) for at, one in enumerate(model.counterparts)),
    }
    return (model.model_copy(update=kept) if found.problems else model), tuple(found.problems)


class _Findings:
    """What is wrong with one model's addresses, found while they are gone through."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.problems: list[Problem] = []

    def _say(self, place: str, what: str, hint: str) -> None:
        where = f"source {self._model.source}, {place} of {self._model.id!r:.200}"
        self.problems.append(
            Problem(
                source=self._model.source,
                model=self._model.id,
                what=what,
                where=where,
                hint=hint,
                severity="warning",
            )
        )

    def endpoint(self, at: int, endpoint: Endpoint) -> Endpoint | None:
        place = f"endpoints[{at}].url"
        if _has_user(endpoint.url):
            self._say(place, "the endpoint has a user or password in its address; it is left out", _REPLACE)
            return None
        if safe_url(endpoint.url) is None:
            what = "the endpoint is no absolute http(s) address; it is left out"
            self._say(place, what, "write it as https://HOST/PATH in the registry, or leave it out there")
            return None
        return _with(endpoint, "url", self._without_secrets(place, endpoint.url))

    def link(self, at: int, link: Link) -> Link | None:
        place = f"links[{at}].url"
        if _has_user(link.url):
            self._say(place, "the link has a user or password in its address; it is left out", _REPLACE)
            return None
        return _with(link, "url", self._without_secrets(place, link.url))

    def license(self, license_: License | None) -> License | None:
        if license_ is None or license_.url is None:
            return license_
        if _has_user(license_.url):
            self._say("license.url", "the address has a user or password in it; it is left out", _REPLACE)
            return _with(license_, "url", None)
        return _with(license_, "url", self._without_secrets("license.url", license_.url))

    def version(self, at: int, version: Version) -> Version:
        artifacts = tuple(
            _with(one, "uri", self._without_user(f"versions[{at}].artifacts[{number}].uri", one.uri))
            for number, one in enumerate(version.artifacts)
        )
        evaluations = self.origins(f"versions[{at}].evaluations", version.evaluations)
        validations = self.origins(f"versions[{at}].validations", version.validations)
        update = {"artifacts": artifacts, "evaluations": evaluations, "validations": validations}
        return version.model_copy(update=update)

    def counterpart(self, at: int, said: Counterpart) -> Counterpart:
        return _with(said, "uri", said.uri and self._without_user(f"counterparts[{at}].uri", said.uri))

    def origins(self, place: str, said: tuple[_Said, ...]) -> tuple[_Said, ...]:
        return tuple(
            _with(one, "source", one.source and self._without_user(f"{place}[{at}].source", one.source))
            for at, one in enumerate(said)
        )

    def _without_user(self, place: str, url: str) -> str:
        """For an address that tells where something is and leads nobody there."""
        if _has_user(url):
            self._say(place, "the address has a user or password in it; these are left out", _REPLACE)
            url = url.rpartition("@")[2]
        return self._without_secrets(place, url)

    def _without_secrets(self, place: str, url: str) -> str:
        head, *parameters = re.split(r"[?#]", url, maxsplit=1)
        names = (one.partition("=")[0] for one in re.split(r"[?#&;]", "".join(parameters)) if "=" in one)
        if not any(_SECRET.search(re.sub(r"[^a-z]", "", unquote_plus(name).lower())) for name in names):
            return url
        what = "a parameter of the address looks like a secret; the address is written without parameters"
        self._say(place, what, _REPLACE)
        return head


def _has_user(url: str) -> bool:
    seen = "".join(char for char in url if char.isprintable() and not char.isspace())
    if _USER.match(seen):
        return True
    try:
        _ = urlsplit(seen).port
    except ValueError:
        # What stands for the port is most likely a password with a slash in it.
        return "@" in seen
    return False


def _with(one: _Addressed, field: str, value: str | None) -> _Addressed:
    return one if getattr(one, field) == value else one.model_copy(update={field: value})
