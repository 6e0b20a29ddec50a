"""Whether a webhook is from whom it says: over the raw bytes, in constant time, before anything is parsed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from callboard.redaction import Secret

WINDOW = 300
"""Seconds that the time of a signed delivery of GitLab may be off."""
_MOST_SIGNATURES = 10


class BadSigningToken(Exception):
    """It is not of the form that GitLab makes."""


def is_from_github(secret: Secret, body: bytes, signature: bytes) -> bool:
    """``X-Hub-Signature-256``: ``sha256=`` and the HMAC in hexadecimal."""
    expected = "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature)


def has_token(secret: Secret, token: bytes) -> bool:
    """``X-Gitlab-Token``: the secret itself."""
    # Digests, so that not even the length shows.
    one, other = (hashlib.sha256(text).digest() for text in (secret.reveal().encode(), token))
    return hmac.compare_digest(one, other)


def signing_key(token: Secret) -> bytes:
    """The key that a signing token (``whsec_`` and base64) stands for. Raises BadSigningToken."""
    try:
        key = base64.b64decode(token.reveal().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        raise BadSigningToken(
            "the signing token is not whsec_ and a key in base64; copy it from GitLab again"
        )
    return key


def is_signed(
    key: bytes, body: bytes, identity: bytes, timestamp: bytes, signatures: bytes, now: float
) -> bool:
    """GitLab's signed form, as Standard Webhooks has it: ``webhook-id``, ``-timestamp`` and ``-signature``.

    Several signatures may stand in the header, of which one has to be right.
    """
    if not identity or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > WINDOW:
        return False
    digest = hmac.new(key, b"%s.%s.%s" % (identity, timestamp, body), hashlib.sha256)
    expected = b"v1," + base64.b64encode(digest.digest())
    found = [hmac.compare_digest(expected, one) for one in signatures.split()[:_MOST_SIGNATURES]]
    return any(found)
