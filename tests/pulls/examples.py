"""A pull request of ours that may be merged, to be changed by tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callboard.forges.protocol import Account, Check, ForcePush, PullRequest, Review
from callboard.pulls.facts import PullFacts

BOT = Account("1", "callboard[bot]")
ANN, BEA, CYD = Account("10", "ann"), Account("11", "bea"), Account("12", "cyd")
HEAD, OTHER, THIRD = "a" * 40, "b" * 40, "c" * 40


def review(
    author: Account = ANN, state: Any = "approved", commit: str = HEAD, at: int = 10, **more: Any
) -> Review:
    facts = {"author_can_write": True, "author_is_person": True, **more}
    return Review(
        author=author, state=state, commit=commit, submitted_at=f"2026-01-01T00:00:{at:02}Z", **facts
    )


def pushed(before: str, after: str, at: int) -> ForcePush:
    return ForcePush(before=before, after=after, at=f"2026-01-01T00:00:{at:02}Z")


def facts(**changed: Any) -> PullFacts:
    """Those of a pull request that may be merged, but for what is changed."""
    pull = PullRequest(
        number=7,
        url="https://forge.example/acme/catalog/pull/7",
        title="Fraud detector: version 4",
        body="",
        author=BOT,
        state="open",
        draft=False,
        head_ref="callboard/fraud-detector-1a2b3c4d",
        head=HEAD,
        head_repository="acme/catalog",
        base_ref="main",
        base="0" * 40,
        mergeable=True,
        reviews=(review(),),
        checks=(Check("catalog", "success", "github-actions"),),
        paths=("models/fraud-detector/catalog-info.yaml",),
    )
    of_pull = {name: value for name, value in changed.items() if hasattr(pull, name)}
    of_facts = {name: value for name, value in changed.items() if name not in of_pull}
    return replace(
        PullFacts(
            pull=replace(pull, **of_pull),
            identity=BOT,
            repository="acme/catalog",
            base_ref="main",
            branch_prefix="callboard/",
            path="models",
            content="F",
            made_by_us=True,
            current=True,
            errors=(),
        ),
        **of_facts,
    )
