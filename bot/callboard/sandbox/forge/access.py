"""Who asks, by the Authorization header."""

from __future__ import annotations

import base64
import binascii

from .apps import is_app_token
from .refusal import Refused
from .state import Account, Grant, World


def caller(world: World, authorization: str | None) -> Account | None:
    """The account that signed in; None: nobody did, or an app did as itself. Raises Refused (401)."""
    token = _token(authorization)
    return None if token is None or is_app_token(authorization) else world.signed_in(token)


def granted(world: World, authorization: str | None) -> Grant | None:
    """What limits the caller's token; None: nothing."""
    token = _token(authorization)
    return None if token is None else world.grant(token)


def _token(authorization: str | None) -> str | None:
    """The API takes ``Bearer`` and ``token``; git sends ``Basic``, where the password is the token."""
    if not authorization:
        return None
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(401, "Bad credentials") from None
    raise Refused(401, "Bad credentials")
