"""What changed in where and how a model is served."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from callboard.catalog.text import shortened
from callboard.changes.difference import Difference, Severity
from callboard.model import Endpoint


def endpoint_differences(before: tuple[Endpoint, ...], after: tuple[Endpoint, ...]) -> Iterator[Difference]:
    """The differences between two records' endpoints.

    An endpoint is the same when address and protocol are; what is left over is paired by address, and then,
    where exactly one of a protocol went and one came, as one that moved.
    """
    pairs, old, new = _paired(before, after)
    for was, now in pairs:
        yield from _changed(was, now)
    for was in old:
        said = f"The model is no longer served at {_url(was)}: callers of it will fail."
        yield _difference("breaking", said, "endpoint", _url(was), None)
    for now in new:
        said = f"The model is now served at {_url(now)} ({shortened(now.protocol, 40)}{_key(now)})."
        yield _difference("important", said, "endpoint", None, _url(now))


def _key(endpoint: Endpoint) -> str:
    return ", needs a key" if endpoint.needs_key else ""


def _paired(
    before: tuple[Endpoint, ...], after: tuple[Endpoint, ...]
) -> tuple[list[tuple[Endpoint, Endpoint]], list[Endpoint], list[Endpoint]]:
    pairs: list[tuple[Endpoint, Endpoint]] = []
    old, new = list(before), list(after)
    same: tuple[Callable[[Endpoint], object], ...] = (
        lambda endpoint: (endpoint.url, endpoint.protocol),
        lambda endpoint: endpoint.url,
    )
    for identity in same:
        for was in tuple(old):
            now = next((one for one in new if identity(one) == identity(was)), None)
            if now is not None:
                old.remove(was)
                new.remove(now)
                pairs.append((was, now))
    for was in tuple(old):
        went = [one for one in old if one.protocol == was.protocol]
        came = [one for one in new if one.protocol == was.protocol]
        if len(went) == len(came) == 1:
            old.remove(was)
            new.remove(came[0])
            pairs.append((was, came[0]))
    return pairs, old, new


def _changed(was: Endpoint, now: Endpoint) -> Iterator[Difference]:
    url = _url(now)
    if was.url != now.url:
        said = f"The endpoint moved from {_url(was)} to {url}: callers must change the address."
        yield _difference("breaking", said, "endpoint", _url(was), url)
    if was.protocol != now.protocol:
        before, after = shortened(was.protocol, 40), shortened(now.protocol, 40)
        said = f"The endpoint {url} now speaks {after} (before: {before})."
        yield _difference("breaking", said, f"protocol of {url}", before, after)
    if was.needs_key != now.needs_key:
        yield _key_changed(was, now, url)
    if was.version != now.version:
        before, after = _version(was), _version(now)
        said = f"The endpoint {url} now serves {after} (before: {before})."
        yield _difference("important", said, f"version at {url}", before, after)
    if was.definition != now.definition:
        said = f"The API definition of {url} changed."
        yield _difference("important", said, f"API definition of {url}", None, None)


def _key_changed(was: Endpoint, now: Endpoint, url: str) -> Difference:
    before, after = _need(was), _need(now)
    if now.needs_key:
        said = f"The endpoint {url} now needs a key: callers without one will be refused."
        return _difference("breaking", said, f"key for {url}", before, after)
    if was.needs_key and now.needs_key is False:
        said = f"The endpoint {url} no longer needs a key: anyone who reaches it may call it."
        return _difference("important", said, f"key for {url}", before, after)
    said = f"Whether the endpoint {url} needs a key is now said to be: {after}."
    return _difference("minor", said, f"key for {url}", before, after)


def _need(endpoint: Endpoint) -> str:
    return {True: "needed", False: "not needed", None: "unknown"}[endpoint.needs_key]


def _version(endpoint: Endpoint) -> str:
    return f"version {shortened(endpoint.version, 80)}" if endpoint.version else "an unknown version"


def _url(endpoint: Endpoint) -> str:
    return shortened(endpoint.url, 200)


def _difference(
    severity: Severity, sentence: str, subject: str, before: str | None, after: str | None
) -> Difference:
    return Difference("endpoint", severity, sentence, subject, before, after)
