"""Anything may happen between any two writes of a walk, and what must hold still holds.

The races that this machine found, and those that were feared, have names in docs/races.md and small tests in
test_races.py. ``CALLBOARD_FUZZ=500`` has the machine try so many towns instead of the few of every run, and
``python -m tests.walk.breaks`` tells which deliberate defects the few find.
"""

from __future__ import annotations

from tests.walk.machine.profile import profile
from tests.walk.machine.walks import Walks, WalksOnGitLab


class RegisteredWalks(Walks):
    """The same with a Backstage to register with."""

    registered = True

    def _fill(self) -> None:
        """Once in each town the forge merges something with other bytes."""
        super()._fill()
        for pull in self.here.scene.pulls():
            if not self.here.book.spoiled:
                self.here.people.merge_with_other_bytes(pull)


TestWalks = Walks.TestCase
TestWalks.settings = profile(examples=5, steps=5)
TestRegisteredWalks = RegisteredWalks.TestCase
TestRegisteredWalks.settings = profile(examples=2, steps=3)
TestWalksOnGitLab = WalksOnGitLab.TestCase
TestWalksOnGitLab.settings = profile(examples=5, steps=5)
MACHINES = {Walks: TestWalks, RegisteredWalks: TestRegisteredWalks, WalksOnGitLab: TestWalksOnGitLab}
