"""Sandbox forges for tests: every exchange is checked against the forges' descriptions, and must conform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from callboard.sandbox.forge import SandboxForge
from tests.contracts.github import Contract

ForgeFactory = Callable[..., SandboxForge]


@pytest.fixture
def github_contract() -> Iterator[Contract]:
    """What checks the exchanges of this test's forges."""
    contract = Contract()
    yield contract
    assert not contract.violations, "against the forge's contract:\n" + "\n".join(contract.violations)


@pytest.fixture
def start_forge(tmp_path: Path, github_contract: Contract) -> Iterator[ForgeFactory]:
    """Starts forges with other knobs than the default ones."""
    with ExitStack() as running:

        def start(
            *, repoints_reviews: bool = True, undecided_reads: int = 0, visitor: str | None = None
        ) -> SandboxForge:
            root = tmp_path / "forges" / str(len(list(tmp_path.glob("forges/*"))))
            forge = SandboxForge(
                root,
                repoints_reviews=repoints_reviews,
                undecided_reads=undecided_reads,
                visitor=visitor,
                wrap=github_contract.wrap,
            )
            return running.enter_context(forge)

        yield start


@pytest.fixture
def forge(start_forge: ForgeFactory) -> SandboxForge:
    """A running, empty sandbox forge."""
    return start_forge()
