"""The table of GitLab's operations: each handler says which one it is, and what it models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode

from callboard.sandbox.forge.state import Account, Pull, Repository, Role, World

from .refusal import Moved, forbidden, missing, unauthorized, wrong
from .shapes.links import Links

Item = TypeVar("Item")
_PER_PAGE = 20
_MOST_PER_PAGE = 100
_TRUE = ("1", "true", "t", "yes", "on")


@dataclass(frozen=True)
class Answer:
    """What goes back. ``body`` is JSON, or bytes of ``media``; None: no body."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json"


@dataclass(frozen=True)
class Call:
    """One request, taken apart. ``given`` holds the query and the body."""

    world: World
    links: Links
    actor: Account | None
    method: str
    url: str
    """Without the query."""
    path: dict[str, str]
    query: dict[str, str]
    given: dict[str, Any]
    scopes: tuple[str, ...] = ()
    """Of the caller's token."""

    @property
    def repository(self) -> Repository:
        """The project in the path, by number or by path. Raises Denied (404)."""
        asked = self.path["id"]
        if asked.isdecimal():
            known = (each for each in self.world.repositories.values() if each.id == int(asked))
            found = next(known, None)
        else:
            found = self.world.repositories.get(asked.lower())
            moved = self.world.former.get(asked.lower())
            if found is None and moved is not None and moved.allows(self.actor, "read"):
                raise Moved(self.url, asked, moved.id, self.method)
        if found is None or not found.allows(self.actor, "read"):
            raise missing("Project")
        return found

    @property
    def signed_in(self) -> Account:
        """Who asks. Raises Denied (401)."""
        if self.actor is None:
            raise unauthorized()
        return self.actor

    @property
    def pull(self) -> Pull:
        """The merge request in the path. Raises Denied (404)."""
        found = self.repository.pulls.get(self.number("iid"))
        if found is None:
            raise missing()
        return found

    def number(self, name: str) -> int:
        """A number in the path. Raises Denied (400)."""
        if not self.path[name].isdecimal():
            raise wrong(name, "is invalid")
        return int(self.path[name])

    def text(self, name: str, default: str | None = None) -> str:
        """A text that was given. Raises Denied (400) when it is missing and there is no default."""
        value = self.given.get(name, default)
        if value is None:
            raise wrong(name, "is missing")
        if not isinstance(value, str):
            raise wrong(name, "is invalid")
        return value

    def optional(self, name: str) -> str | None:
        """A text that was given, or nothing."""
        return None if self.given.get(name) is None else self.text(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Yes or no."""
        value = self.given.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value).lower() in _TRUE

    def names(self, name: str) -> list[str] | None:
        """Names, in a list or with commas between; None: not given."""
        value = self.given.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list):
            raise wrong(name, "is invalid")
        return [text for text in (str(each).strip() for each in value) if text]

    def ordered(self, items: Iterable[Item], key: Callable[[Item], Any], *, sort: str) -> list[Item]:
        """Items in the order that ``sort`` asks for; ``sort`` is what holds when nothing was asked."""
        asked = self.text("sort", sort)
        if asked not in ("asc", "desc"):
            raise wrong("sort", "does not have a valid value")
        return sorted(items, key=key, reverse=asked == "desc")

    def page(self, items: list[Any]) -> Answer:
        """The page of ``items`` that the query asks for, with GitLab's headers."""
        size = min(max(_number(self.query.get("per_page"), _PER_PAGE), 1), _MOST_PER_PAGE)
        number = max(_number(self.query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        targets = {"prev": number - 1, "next": number + 1, "first": 1, "last": last}
        if number == 1:
            del targets["prev"]
        if number >= last:
            del targets["next"]
        links = [
            f'<{self.url}?{urlencode(self.query | {"page": str(page), "per_page": str(size)})}>; rel="{name}"'
            for name, page in targets.items()
        ]
        headers = {
            "link": ", ".join(links),
            "x-page": str(number),
            "x-per-page": str(size),
            "x-next-page": str(targets.get("next", "")),
            "x-prev-page": str(targets.get("prev", "")),
            "x-total": str(len(items)),
            "x-total-pages": str(last),
        }
        return Answer(items[(number - 1) * size : number * size], headers=headers)


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    """One operation. ``needs``: the role in the path's project; writes also need a signed-in caller."""

    id: str
    method: str
    path: str
    needs: Role | None
    models: str
    """What it does beyond answering in the right shape; empty: nothing more."""
    handler: Handler

    def answer(self, call: Call) -> Answer:
        """Do it. Raises Refused."""
        if self.method != "GET":
            call.signed_in  # noqa: B018 - raises when nobody is signed in
        if self.needs is not None and not call.repository.allows(call.actor, self.needs):
            raise forbidden()
        return self.handler(call)

    def match(self, method: str, segments: list[str]) -> dict[str, str] | None:
        """The parameters in a path, when it is one of this operation."""
        own = self.path.strip("/").split("/")
        if method != self.method or len(own) != len(segments):
            return None
        found = {}
        for name, sent in zip(own, segments, strict=True):
            if name.startswith(":"):
                found[name[1:]] = unquote(sent)
            elif name != sent:
                return None
        return found


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, name: str, *, needs: Role | None = None, models: str = ""
) -> Callable[[Handler], Handler]:
    """Enter the handler in the table. Where two paths fit a request, the one entered first answers it."""

    def enter(handler: Handler) -> Handler:
        OPERATIONS.append(Operation(f"gitlab/{name}", method, path, needs, models, handler))
        return handler

    return enter
