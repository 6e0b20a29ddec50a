"""Whether a form was sent from a page of ours: a web page elsewhere must not approve in a newcomer's name."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request

_LOOPBACK = {"127.0.0.1", "localhost"}


class FormGuard:
    """Gives out a token with every form, and takes only forms that bring it back from our own origin."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)

    def admits(self, request: Request, form: Mapping[str, str]) -> bool:
        """The token is ours, the sender's origin is this very host, and the host is loopback.

        The last stops a page that has its own name point to loopback (DNS rebinding).
        """
        sender = request.headers.get("origin") or request.headers.get("referer") or ""
        return (
            hmac.compare_digest(form.get("token", "").encode(), self.token.encode())
            and urlsplit(sender).netloc == request.url.netloc
            and request.url.hostname in _LOOPBACK
        )
