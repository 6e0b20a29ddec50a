"""Whose a webhook is: GitHub's and Standard Webhooks' own published examples, and everything next to them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.redaction import Secret
from callboard.service.signatures import (
    WINDOW,
    BadSigningToken,
    has_token,
    is_from_github,
    is_signed,
    signing_key,
)

# From GitHub's "Validating webhook deliveries".
GITHUB_SECRET = Secret("It's a Secret to Everybody")
GITHUB_BODY = b"Hello, World!"
GITHUB_SIGNATURE = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

# From the Standard Webhooks specification's reference libraries.
TOKEN = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
IDENTITY, TIMESTAMP = b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330"
BODY = b'{"test": 2432232314}'
SIGNATURE = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = 1614265330.0


def test_githubs_own_example_is_right() -> None:
    assert is_from_github(GITHUB_SECRET, GITHUB_BODY, GITHUB_SIGNATURE)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        GITHUB_SIGNATURE[7:],
        GITHUB_SIGNATURE.upper(),
        GITHUB_SIGNATURE + b" ",
        GITHUB_SIGNATURE[:-1] + b"8",
        b"sha1=01d9e37ee8b4e4f7d9a9aa0e4b0e1f0c1d2e3f40",
        b"sha256=\xff",
    ],
)
def test_anything_but_the_signature_is_wrong(signature: bytes) -> None:
    assert not is_from_github(GITHUB_SECRET, GITHUB_BODY, signature)


@given(body=st.binary())
def test_no_other_body_has_the_signature(body: bytes) -> None:
    assert is_from_github(GITHUB_SECRET, body, GITHUB_SIGNATURE) is (body == GITHUB_BODY)


def test_a_secret_token_is_compared_whole() -> None:
    assert has_token(Secret("tökén-of-the-hook"), "tökén-of-the-hook".encode())
    assert not has_token(Secret("token-of-the-hook"), b"token-of-the-hoo")
    assert not has_token(Secret("token-of-the-hook"), b"")


def test_the_specifications_own_example_is_right() -> None:
    assert is_signed(signing_key(TOKEN), BODY, IDENTITY, TIMESTAMP, SIGNATURE, NOW)


@pytest.mark.parametrize(
    "signatures",
    [b"v1,bm90IGl0 " + SIGNATURE, SIGNATURE + b" v1a,other", b"v2,x v1,y " + SIGNATURE + b" v1,z"],
)
def test_one_right_signature_of_several_is_enough(signatures: bytes) -> None:
    assert is_signed(signing_key(TOKEN), BODY, IDENTITY, TIMESTAMP, signatures, NOW)


@pytest.mark.parametrize(
    ("identity", "timestamp", "signatures", "now"),
    [
        (b"", TIMESTAMP, SIGNATURE, NOW),
        (b"other", TIMESTAMP, SIGNATURE, NOW),
        (IDENTITY, b"", SIGNATURE, NOW),
        (IDENTITY, b"1614265331", SIGNATURE, NOW),
        (IDENTITY, b"-1614265330", SIGNATURE, NOW),
        (IDENTITY, "١٦١٤٢٦٥٣٣٠".encode(), SIGNATURE, NOW),
        (IDENTITY, b"9" * 400, SIGNATURE, NOW),
        (IDENTITY, TIMESTAMP, b"", NOW),
        (IDENTITY, TIMESTAMP, SIGNATURE[3:], NOW),
        (IDENTITY, TIMESTAMP, SIGNATURE.replace(b"v1", b"v2"), NOW),
        (IDENTITY, TIMESTAMP, SIGNATURE, NOW + WINDOW + 1),
        (IDENTITY, TIMESTAMP, SIGNATURE, NOW - WINDOW - 1),
        (IDENTITY, TIMESTAMP, b"v1,x " * 50 + SIGNATURE, NOW),
    ],
)
def test_what_is_old_or_not_signed_as_it_is_is_wrong(
    identity: bytes, timestamp: bytes, signatures: bytes, now: float
) -> None:
    assert not is_signed(signing_key(TOKEN), BODY, identity, timestamp, signatures, now)


@pytest.mark.parametrize("token", ["whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_signing_token_of_another_form_is_refused(token: str) -> None:
    with pytest.raises(BadSigningToken):
        signing_key(Secret(token))
