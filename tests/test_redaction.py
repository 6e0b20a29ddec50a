"""A secret is masked however it is written down."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard import redaction
from callboard.redaction import MASK, Secret, redact

SECRETS = st.text(st.characters(codec="utf-8"), min_size=12, max_size=40)


@given(SECRETS)
def test_no_form_of_a_secret_is_left(value: str) -> None:
    # Unlike any text around it: a real secret is not part of an ordinary word.
    secret = f"canary-{value}-canary"
    Secret(secret)

    for form in _forms(secret):
        assert form not in redact(f"before {form} after")
        assert redact(f"before {form} after").startswith("before ")


# Of few characters, so that secrets hold, overlap and continue each other, and the mask itself.
ALIKE = st.text("ab*%", min_size=6, max_size=9)


@pytest.mark.parametrize("few", [0, redaction._FEW])
@given(data=st.data(), values=st.lists(ALIKE | SECRETS, max_size=6))
def test_a_text_is_masked_as_if_each_form_were_looked_for(
    few: int, data: st.DataObject, values: list[str]
) -> None:
    secrets = [Secret(value) for value in values]
    written = st.sampled_from(sorted({form for value in values for form in _forms(value)} | {"plain"}))
    text = "".join(
        data.draw(st.lists(written | st.text("ab*%", max_size=9) | st.text(max_size=9), max_size=6))
    )
    expected = text
    for form in sorted(redaction._known, key=lambda form: (-len(form), form)):
        expected = expected.replace(form, MASK)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_FEW", few)
        assert redact(text) == expected

    for secret in secrets:
        secret.forget()


def test_among_thousands_each_is_masked_and_a_text_without_one_is_not_compared_with_all() -> None:
    secrets = [
        Secret(f"{number}-canary-{'ä' * (number % 3)}{number}") for number in range(10**6, 10**6 + 2000)
    ]

    assert redact("1000000-canary-1000001 is none of them") == "1000000-canary-1000001 is none of them"
    assert not redaction._longest_first

    for secret in secrets[::100]:
        for form in _forms(secret.reveal()):
            assert redact(f"before {form}, after") == f"before {MASK}, after"
    for secret in secrets:
        secret.forget()


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
    before = set(redaction._known), set(redaction._by_ending)
    short_lived, kept = Secret("canary-forgotten-1b7d"), Secret("canary-forgotten-1b7d")
    short_lived.forget()
    assert redact("canary-forgotten-1b7d") == MASK
    kept.forget()
    kept.forget()
    assert redact("canary-forgotten-1b7d") == "canary-forgotten-1b7d"
    assert (set(redaction._known), set(redaction._by_ending)) == before


def _forms(secret: str) -> list[str]:
    return [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.b64encode(f"x-access-token:{secret}".encode()).decode().rstrip("="),
    ]
