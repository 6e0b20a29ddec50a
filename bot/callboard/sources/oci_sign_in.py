"""Signing in to one OCI registry, as it asks to: who may have the password, and who a token.

- The password goes to the registry, unless that wants tokens, and to a token server that is the
  registry's own: on the same host, in the same domain of an owner, or configured (``token-server``). Always
  over https, unless registry and token server are both on this machine, or the configured address says http.
- Tokens go to the registry and nowhere else. We say which scope we want, always one to pull, whatever the
  challenge says, so that nobody gets a token from us that can do more.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from callboard.addresses import NotPublic, endpoint
from callboard.http import HttpProblem
from callboard.redaction import Secret
from callboard.sources.oci_servers import Servers, origin

_LARGEST_TOKEN = 64 * 1024
_BEARER = re.compile(r"(?:^|,)\s*bearer\s+(.{1,4096})", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"(?:^|,)\s*basic(?:\s|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-z_]{1,40})="([^"]{0,2000})"', re.IGNORECASE)


@dataclass(frozen=True)
class _Challenge:
    realm: str
    service: str | None


class SignIn:
    """What the registry is shown. ``prepare`` and ``can_answer`` may raise HttpProblem."""

    def __init__(
        self,
        servers: Servers,
        token: Secret | None,
        basic: tuple[str, Secret] | None,
        token_server: str | None,
    ) -> None:
        self._servers = servers
        self._token = token
        self._password = None if basic is None else _encoded(*basic)
        self._token_server = token_server
        self._challenge: _Challenge | None = None
        self._has_met = self._asks_for_password = False
        self._tokens: dict[str, Secret] = {}

    def forget(self) -> None:
        """Nothing that is still to be written can hold what was made here of the credentials."""
        for secret in (*self._tokens.values(), *((self._password,) if self._password else ())):
            secret.forget()

    def prepare(self, scope: str) -> bool:
        """Get ready to ask for ``scope``; whether that took a new token."""
        self._meet()
        if self._challenge is None or scope in self._tokens:
            return False
        self._tokens[scope] = self._fetch_token(self._challenge, scope)
        return True

    def headers(self, scope: str) -> dict[str, str]:
        """Who we are, for a request for ``scope``."""
        if self._token is not None:
            return {"authorization": f"Bearer {self._token.reveal()}"}
        if scope in self._tokens:
            return {"authorization": f"Bearer {self._tokens[scope].reveal()}"}
        if self._asks_for_password and self._password is not None:
            return {"authorization": f"Basic {self._password.reveal()}"}
        return {}

    def can_answer(self, refusal: HttpProblem, scope: str) -> bool:
        """Whether there is something new to say to the registry, which asked who we are."""
        had_password = self._asks_for_password
        if self._token is not None or not self._understand(refusal):
            return False
        if self._challenge is None:
            return not had_password
        expired = self._tokens.pop(scope, None)
        if expired is not None:
            expired.forget()
        self._tokens[scope] = self._fetch_token(self._challenge, scope)
        return True

    def _meet(self) -> None:
        """Find out how to sign in before anything is asked.

        To somebody unknown, a registry may show a part of what it has as if it were all.
        """
        if self._has_met or self._password is None:
            return
        try:
            self._servers.registry.get("/v2/", limit=_LARGEST_TOKEN)
            self._asks_for_password = True
        except HttpProblem as error:
            if error.status is None or error.kind in ("rate-limited", "server-error"):
                raise
            self._understand(error)
        self._has_met = True

    def _understand(self, refusal: HttpProblem) -> bool:
        """Learn from a refusal how to sign in; whether it says so."""
        asked = refusal.headers.get("www-authenticate", "")
        bearer = _BEARER.search(asked)
        if bearer is not None:
            said = {name.lower(): value for name, value in _PARAMETER.findall(bearer[1])}
            if "realm" in said:
                self._challenge = _Challenge(said["realm"], said.get("service"))
            return "realm" in said
        self._asks_for_password = self._password is not None and _BASIC.search(asked) is not None
        return self._asks_for_password

    def _fetch_token(self, challenge: _Challenge, scope: str) -> Secret:
        """A token to pull, from the server that the registry names."""
        realm = challenge.realm
        try:
            there, trusted = origin(realm), self._is_registrys(realm)
            if not trusted and (self._password is not None or not there.startswith("https:")):
                raise NotPublic(f"{there} is not known to belong to it")
            server = self._servers.led_to(realm, trusted=trusted)
        except NotPublic as problem:
            raise HttpProblem(
                "refused",
                f"the registry sends to another address to sign in, which is not followed: {problem}",
                where=f"the registry's token server, for {scope}",
                hint="if it is the registry's token server, write that address as `token-server`",
            ) from None
        asked = (
            {"scope": scope} if challenge.service is None else {"service": challenge.service, "scope": scope}
        )
        joint = "&" if urlsplit(realm).query else "?"
        sent = {} if self._password is None else {"authorization": f"Basic {self._password.reveal()}"}
        answer = server.get(f"{realm}{joint}{urlencode(asked)}", headers=sent, limit=_LARGEST_TOKEN)
        said = answer.json()
        token = (said.get("token") or said.get("access_token")) if isinstance(said, dict) else None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise HttpProblem("bad-answer", "the token server answered no token", where=answer.where)
        return Secret(token)

    def _is_registrys(self, realm: str) -> bool:
        """Whether the password may go there. Raises NotPublic for what is no usable URL."""
        if self._token_server is not None and origin(realm) == origin(self._token_server):
            return True
        there, here = endpoint(realm)[0], endpoint(self._servers.registry.base_url)[0]
        if _is_this_machine(there) and _is_this_machine(here):
            return True
        return realm.lower().startswith("https:") and same_site(there, here)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts are of one owner, as far as their names tell: rather no than yes.

    They are the same, or both names are below one domain of two labels, or of three where the second is one
    that a country's registry gives out (``acme.co.uk``).
    """
    if one == other:
        return True
    sites = (_site(one), _site(other))
    return sites[0] is not None and sites[0] == sites[1]


def _site(host: str) -> tuple[str, ...] | None:
    labels = host.removesuffix(".").split(".")
    if not re.fullmatch(r"[a-z][a-z0-9-]+", labels[-1]):
        return None  # an address
    country = len(labels) > 1 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    size = 3 if country else 2
    return tuple(labels[-size:]) if len(labels) >= size else None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _encoded(username: str, password: Secret) -> Secret:
    return Secret(base64.b64encode(f"{username}:{password.reveal()}".encode()).decode())
