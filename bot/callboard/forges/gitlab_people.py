"""Who people are to a GitLab project: ourselves, who may write, who is in a group. All remembered."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from callboard.forges import gitlab_facts
from callboard.forges.gitlab_api import Api
from callboard.forges.gitlab_facts import Answer, Me, Person
from callboard.forges.protocol import Account, ForgeError


class People:
    """The people of one project. Every method may raise ForgeError."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._me: Me | None = None
        self._writers: dict[str, bool] = {}
        self._bots: dict[str, bool] = {}
        self._groups: dict[str, frozenset[str] | None] = {}

    def me(self) -> Me:
        """Who we are."""
        if self._me is None:
            self._me = gitlab_facts.me(self._api.read("/user"))
        return self._me

    def remember_me(self, user: Answer) -> None:
        """We were told who we are."""
        self._me = gitlab_facts.me(user)

    def remember(self, users: Iterable[Answer | None]) -> None:
        """We were told who of these is a bot."""
        known = {str(user["id"]): user.get("bot") for user in users if user}
        self._bots |= {user: bot for user, bot in known.items() if bot is not None}

    def can_write(self, account: Account) -> bool:
        """Whether an account is at least a Developer."""
        if account.id not in self._writers:
            member = self._api.read_or_none(f"{self._api.project}/members/all/{quote(account.id, safe='')}")
            self._writers[account.id] = gitlab_facts.may_write(member or {})
        return self._writers[account.id]

    def person(self, user: str) -> Person:
        """What counts about a user, by number."""
        if user not in self._bots:
            about = self._api.read_or_none(f"/users/{user}") or {}
            self._bots[user] = about.get("bot") is not False
        return Person(can_write=self.can_write(Account(user, "")), is_person=not self._bots[user])

    def members(self, group: str) -> frozenset[str] | None:
        """The logins in a group, in lower case; None when GitLab does not tell."""
        if group not in self._groups:
            try:
                rows, complete = self._api.pages(f"/groups/{quote(group, safe='')}/members/all")
            except ForgeError as error:
                if error.status not in (403, 404):
                    raise
                rows, complete = [], False
            logins = frozenset(str(one["username"]).lower() for one in rows if one.get("state") == "active")
            self._groups[group] = logins if complete else None
        return self._groups[group]
