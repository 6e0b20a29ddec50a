"""A secret is masked however it is written down."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from callboard.redaction import MASK, Secret, redact

SECRETS = st.text(st.characters(codec="utf-8"), min_size=12, max_size=40)


@given(SECRETS)
def test_no_form_of_a_secret_is_left(value: str) -> None:
    # Unlike any text around it: a real secret is not part of an ordinary word.
    secret = f"canary-{value}-canary"
    Secret(secret)
    forms = [
        secret,
        quote(secret, safe=""),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"x-access-token:{secret}".encode()).decode(),
    ]

    for form in forms:
        assert form.strip('"=') not in redact(f"before {form} after")
        assert redact(f"before {form} after").startswith("before ")


def test_a_secret_shows_itself_only_when_it_is_revealed() -> None:
    secret = Secret("canary-0815-canary")

    assert "0815" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "canary-0815-canary"
    assert secret == Secret("canary-0815-canary")
    assert len({secret, Secret("canary-0815-canary")}) == 1


def test_a_short_value_masks_no_ordinary_words() -> None:
    Secret("main")

    assert redact("the main branch") == "the main branch"


def test_a_secret_that_is_forgotten_is_known_as_long_as_another_holds_it() -> None:
    short_lived, kept = Secret("canary-forgotten-1b7d"), Secret("canary-forgotten-1b7d")
    short_lived.forget()
    assert redact("canary-forgotten-1b7d") == MASK
    kept.forget()
    assert redact("canary-forgotten-1b7d") == "canary-forgotten-1b7d"
