"""What all sources that are reached over HTTP share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from callboard.config import RemoteSettings, SecretUnavailable, ServerSettings, SourceSettings
from callboard.http import Client, HttpProblem, connect
from callboard.model import Listing, Problem
from callboard.redaction import Secret, redact
from callboard.sources.context import Context

_MOST_PAGES = 1000

_S = TypeVar("_S", bound=SourceSettings)


def never_raising(list_models: Callable[[_S, Context], Listing]) -> Callable[[_S, Context], Listing]:
    """A source's ``list_models``; where its server cannot even be asked, it lists nothing and says why."""

    @functools.wraps(list_models)
    def listing(settings: _S, context: Context) -> Listing:
        try:
            return list_models(settings, context)
        except (HttpProblem, SecretUnavailable) as error:
            return Listing(source=settings.name, problems=(as_problem(settings.name, error),))

    return listing


def open_client(
    settings: RemoteSettings, folder: Path, headers: Mapping[str, Secret] | None = None
) -> Client:
    """A client for the source's server. Raises SecretUnavailable or HttpProblem.

    ``folder`` is where a relative ``ca-bundle`` starts from; ``headers`` are sent with every request.
    """
    for name, secret in (headers or {}).items():
        if not re.fullmatch(r"[\x21-\x7e]+( [\x21-\x7e]+)*", secret.reveal()):
            raise SecretUnavailable(f"the value for the header {name} has characters that no header may have")
    return connect(
        settings.url,
        token=None if settings.token is None else settings.token.read(),
        basic=basic_of(settings),
        headers={name: secret.reveal() for name, secret in (headers or {}).items()},
        timeout=settings.timeout,
        ca_bundle=None if settings.ca_bundle is None else folder / settings.ca_bundle,
        verify=settings.insecure_skip_tls_verify is None,
    )


def chained(page: Callable[[str | None], tuple[list[Any], Any]], where: str) -> Iterator[Any]:
    """The entries of all pages of a list in which each page says what leads to the next.

    ``page`` is given what the page before said, None for the first, and answers the entries and what leads
    on, None at the end. Raises HttpProblem for a list that never ends.
    """
    token: str | None = None
    asked: set[str] = set()
    for _ in range(_MOST_PAGES):
        entries, following = page(token)
        yield from entries
        if following is None:
            return
        if not isinstance(following, str) or following in asked:
            break
        asked.add(following)
        token = following
    raise HttpProblem("bad-answer", "the list of pages does not end", where=where)


def basic_of(settings: ServerSettings) -> tuple[str, Secret] | None:
    """User and password, where they are configured. Raises SecretUnavailable."""
    if settings.username is None:
        return None
    if settings.password is None:
        raise SecretUnavailable("a username is configured without a password; add `password`")
    return settings.username, settings.password.read()


def with_warning(settings: object, listing: Listing) -> Listing:
    """The listing, saying so when certificates were not verified for it."""
    if not isinstance(settings, ServerSettings) or settings.insecure_skip_tls_verify is None:
        return listing
    warning = Problem(
        source=settings.name,
        what="the server's certificate was not verified: anyone may have read the token and answered this",
        where=f"source {settings.name}: insecure-skip-tls-verify",
        hint="give the server's certificate authority as ca-bundle, and take insecure-skip-tls-verify out",
        severity="warning",
    )
    return listing.model_copy(update={"problems": (warning, *listing.problems)})


def as_problem(
    source: str, error: HttpProblem | SecretUnavailable, *, model: str | None = None, doing: str = ""
) -> Problem:
    """What a person is told about a failed request. ``doing`` says what it was for."""
    if isinstance(error, HttpProblem):
        what, where, hint = error.what, error.where, error.hint
    else:
        what, _, hint = redact(str(error)).partition("; ")
        where = f"source {source}"
    return Problem(
        source=source,
        model=model,
        what=f"{doing}: {what}" if doing else what,
        where=where,
        hint=hint or "set it, or remove it from the configuration",
    )


def bad_record(source: str, error: Exception, where: str, model: str | None) -> Problem:
    """What a person is told about a record that is not what the registry's API promises. Quotes no value."""
    what = "the registry's record cannot be read"
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        what += f": {field}: {first['msg']}"
    return Problem(
        source=source,
        model=model,
        what=redact(what),
        where=where,
        hint="correct the model in the registry, or exclude it under `select`",
    )
