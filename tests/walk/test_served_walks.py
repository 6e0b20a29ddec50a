"""Walks that nothing starts but webhooks and sweeps: lost, repeated and shuffled ones end in the same state.

The machine of test_machine.py behind the service's own door and database, in this process.
"""

from __future__ import annotations

import random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from callboard.config import ForgeKind
from callboard.sandbox.forge.deliveries import Delivery
from tests.walk.machine import Boundary
from tests.walk.machine.inbox import Inbox
from tests.walk.machine.profile import profile
from tests.walk.machine.walks import DAY, EVENTS, NEWS, Walks, WalksOnGitLab

WITHIN = 20
"""So many walks may follow a sweep until nothing is due."""


class ServedWalks(RuleBasedStateMachine):
    """People act, webhooks come or do not, walks die, and the process is killed between two of them."""

    walks: ClassVar[type[Walks]] = Walks
    kind: ClassVar[ForgeKind] = Walks.kind

    def __init__(self) -> None:
        super().__init__()
        self._walks = self.walks()
        self._inbox: Inbox | None = None
        self._known = 0
        self._came: list[Delivery] = []
        self.sound = True

    @property
    def inbox(self) -> Inbox:
        assert self._inbox is not None
        return self._inbox

    @initialize()
    def begin(self) -> None:
        self._walks.begin(undecided=0, dashboard=False)
        self._inbox = Inbox(self._walks.here, self._walks.folder)

    @rule(
        day=DAY,
        news=st.one_of(NEWS, st.none()),
        how=st.sampled_from(["all", "twice", "shuffled", "some", "old", "none"]),
        seed=st.integers(0, 9),
        dies=st.booleans(),
        event=st.one_of(st.none(), st.sampled_from(EVENTS)),
        at=st.integers(1, 4),
        swept=st.booleans(),
    )
    def people_act_webhooks_come_and_a_walk_follows(
        self,
        day: list[str],
        news: tuple[str, ...] | None,
        how: str,
        seed: int,
        event: str | None,
        at: int,
        *,
        dies: bool,
        swept: bool,
    ) -> None:
        # One rule for all: with the few examples of every run there is no other way that each of them acts.
        self._walks._day(day)
        if news is not None:
            self._walks._news(news)
        self._webhooks(how, seed)
        if dies:
            self.inbox.die()
        if swept:
            self.inbox.sweep()
        self._walk(None if event is None else Boundary(at, True, lambda: self._walks._happen(event)))

    def _webhooks(self, how: str, seed: int) -> None:
        log, known = self.inbox.log, self._known
        self._known = len(log)
        chance = random.Random(seed)
        new = list(log[known:])
        if how == "twice":
            new += new
        elif how == "some":
            new = [one for one in new if chance.random() < 0.5]
        elif how == "old":
            new = list(log)
        elif how == "none":
            new = []
        if how in ("twice", "shuffled"):
            chance.shuffle(new)
        self._came += new
        self.inbox.deliver(new)

    def _walk(self, boundary: Boundary | None) -> None:
        self.sound = False
        self.inbox.walk(boundary)
        self._walks.here.judge.check()
        self.sound = True

    def teardown(self) -> None:
        try:
            if self.sound and self._inbox is not None:
                self._one_sweep_brings_all_to_rest()
        finally:
            if self._inbox is not None:
                self._inbox.close()
            self._walks.sound = False
            self._walks.teardown()

    def _one_sweep_brings_all_to_rest(self) -> None:
        """Whatever was lost before: a sweep, and the webhooks of what is done from then on."""
        town = self._walks.here
        town.calm()
        self._webhooks("none", 0)
        self.inbox.sweep()
        for _ in range(WITHIN):
            self._walk(None)
            self._webhooks("twice", 1)
            if not self.inbox.is_due:
                break
        else:
            raise AssertionError(f"still walking after {WITHIN} walks")
        town.judge.at_rest()
        mark = town.forge.log.mark()
        town.sync()
        town.reconcile()
        assert not town.written(mark), f"a sweep and its webhooks left undone: {town.written(mark)}"
        self.inbox.deliver(self._came)
        assert not self.inbox.is_due, "what came before makes another walk"


class ServedWalksOnGitLab(ServedWalks):
    """The same through GitLab's API and GitLab's webhooks."""

    walks: ClassVar[type[Walks]] = WalksOnGitLab
    kind: ClassVar[ForgeKind] = WalksOnGitLab.kind


TestServedWalks = ServedWalks.TestCase
TestServedWalks.settings = profile(examples=2, steps=2)
TestServedWalksOnGitLab = ServedWalksOnGitLab.TestCase
TestServedWalksOnGitLab.settings = profile(examples=2, steps=2)
MACHINES = {ServedWalks: TestServedWalks, ServedWalksOnGitLab: TestServedWalksOnGitLab}
