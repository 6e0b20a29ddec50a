"""The table of REST operations: each handler says which of GitHub's operations it is, and what it models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from callboard.sandbox.forge.apps import check_grant
from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.shapes.links import Links
from callboard.sandbox.forge.state import Account, App, Grant, Issue, Pull, Repository, Role, World

_PER_PAGE = 30
_MOST_PER_PAGE = 100


@dataclass(frozen=True)
class Answer:
    """What goes back. ``body`` is JSON, or bytes of ``media``; None: no body."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """One request, taken apart."""

    world: World
    links: Links
    actor: Account | None
    url: str
    """Without the query."""
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]
    accept: str
    method: str
    app: App | None = None
    """The app that asks as itself, by a token that it signed."""
    grant: Grant | None = None
    """What limits the caller's token."""

    @property
    def repository(self) -> Repository:
        """The repository in the path. Raises Refused: 404; 301 or 307 when it has another name now."""
        self.stay(self.actor)
        return self.world.repository(self.path["owner"], self.path["repo"], self.actor)

    def stay(self, account: Account | None) -> None:
        """Send on who asks for a former name. Raises Refused (301, 307)."""
        owner, name = self.path["owner"], self.path["repo"]
        moved = self.world.moved(owner, name, account)
        if moved is not None:
            there = self.url.replace(f"/repos/{owner}/{name}", f"/repos/{moved.full_name}", 1)
            query = f"?{urlencode(self.query)}" if self.query else ""
            status = 301 if self.method == "GET" else 307
            raise Refused(status, "Moved Permanently", headers={"location": there + query})

    @property
    def signed_in(self) -> Account:
        """Who asks. Raises Refused (401)."""
        if self.actor is None:
            raise Refused(401, "Requires authentication")
        return self.actor

    @property
    def pull(self) -> Pull:
        """The pull request in the path. Raises Refused (404)."""
        return self.repository.pull(self.number("number"))

    @property
    def discussed(self) -> Pull | Issue:
        """The pull request or issue in the path. Raises Refused (404)."""
        repository, number = self.repository, self.number("number")
        found = repository.pulls.get(number) or repository.issues.get(number)
        if found is None:
            raise not_found()
        return found

    def number(self, name: str) -> int:
        """A number in the path. Raises Refused (404)."""
        if not self.path[name].isdecimal():
            raise not_found()
        return int(self.path[name])

    def text(self, name: str, default: str = "") -> str:
        """A string in the body. Raises Refused (422) when it is something else."""
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise Refused(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value

    def optional(self, name: str) -> str | None:
        """A string in the body, or nothing."""
        return None if self.body.get(name) is None else self.text(name)

    def texts(self, name: str) -> list[str]:
        """A list of strings in the body. Raises Refused (422)."""
        value = self.body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refused(
                422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a list of strings."
            )
        return list(value)

    def page(self, items: list[Any], wrapped: str = "") -> Answer:
        """The page of ``items`` that the query asks for, with its Link header."""
        size = min(_positive(self.query.get("per_page"), _PER_PAGE), _MOST_PER_PAGE)
        number = max(_positive(self.query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1) if size else 1
        shown = items[(number - 1) * size : number * size]
        targets = {"prev": number - 1, "next": number + 1, "first": 1, "last": last}
        if number == 1:
            targets = {"next": 2, "last": last}
        elif number >= last:
            targets = {"prev": number - 1, "first": 1}
        links = [
            f'<{self.url}?{urlencode(self.query | {"page": str(page)})}>; rel="{name}"'
            for name, page in targets.items()
        ]
        headers = {"link": ", ".join(links)} if last > 1 else {}
        return Answer({"total_count": len(items), wrapped: shown} if wrapped else shown, headers=headers)


def _positive(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    """One operation. ``needs``: the role in the path's repository; writes also need a signed-in caller."""

    id: str
    method: str
    path: str
    needs: Role | None
    models: str
    """What it does beyond answering in the right shape; empty: nothing more."""
    handler: Handler
    by_app: bool = False
    """An app asks it as itself."""

    def answer(self, call: Call) -> Answer:
        """Do it. Raises Refused."""
        if self.by_app:
            if call.app is None:
                raise Refused(401, "A JSON web token could not be decoded")
            return self.handler(call)
        if "{repo}" in self.path:
            check_grant(call.grant, call.repository, self.id, self.method)
        if self.method != "GET":
            call.signed_in  # noqa: B018 - raises when nobody is signed in
        if self.needs is not None and not call.repository.allows(call.actor, self.needs):
            raise Refused(403, "Resource not accessible by personal access token")
        return self.handler(call)


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    name: str,
    *,
    needs: Role | None = None,
    models: str = "",
    by_app: bool = False,
) -> Callable[[Handler], Handler]:
    """Enter the handler in the table. Where two paths fit a request, the one entered first answers it."""

    def enter(handler: Handler) -> Handler:
        OPERATIONS.append(Operation(name, method, path, needs, models, handler, by_app))
        return handler

    return enter
