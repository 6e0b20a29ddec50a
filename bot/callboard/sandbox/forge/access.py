"""Who asks, by the Authorization header."""

from __future__ import annotations

import base64
import binascii

from .refusal import Refused
from .state import Account, World


def caller(world: World, authorization: str | None) -> Account | None:
    """The account that signed in; None: nobody did. Raises Refused (401) for a wrong token.

    The API takes ``Bearer`` and ``token``; git sends ``Basic``, where the password is the token.
    """
    if not authorization:
        return None
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return world.signed_in(value.strip())
    if scheme.lower() == "basic":
        try:
            password = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(401, "Bad credentials") from None
        return world.signed_in(password)
    raise Refused(401, "Bad credentials")
