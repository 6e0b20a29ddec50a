"""Walks that nothing starts but webhooks and sweeps: lost, repeated and shuffled ones end in the same state.

The machine of test_machine.py behind the service's own door and database, in this process.
"""

from __future__ import annotations

import random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from callboard.walk.workplace import ForgeKind
from tests.walk.machine import Boundary
from tests.walk.machine.inbox import Inbox
from tests.walk.machine.profile import profile
from tests.walk.machine.walks import DAY, EVENTS, NEWS, Walks

WITHIN = 20
"""So many walks may follow a sweep until nothing is due."""


class ServedWalks(RuleBasedStateMachine):
    """People act, webhooks come or do not, walks die, and the process is killed between two of them."""

    kind: ClassVar[ForgeKind] = "github"

    def __init__(self) -> None:
        super().__init__()
        self._walks = Walks()
        self._inbox: Inbox | None = None
        self._known = 0
        self.sound = True

    @property
    def inbox(self) -> Inbox:
        assert self._inbox is not None
        return self._inbox

    @initialize()
    def begin(self) -> None:
        self._walks.begin(undecided=0, dashboard=False)
        self._inbox = Inbox(self._walks.here, self._walks.folder)

    @rule(day=DAY, news=st.one_of(st.none(), NEWS))
    def people_act(self, day: list[str], news: tuple[str, ...] | None) -> None:
        self._walks._day(day)
        if news is not None:
            self._walks._news(news)

    @rule(
        how=st.sampled_from(["all", "twice", "shuffled", "some", "old", "none"]),
        seed=st.integers(0, 9),
        dies=st.booleans(),
        event=st.one_of(st.none(), st.sampled_from(EVENTS)),
        at=st.integers(1, 4),
    )
    def webhooks_come_and_a_walk_follows(
        self, how: str, seed: int, event: str | None, at: int, *, dies: bool
    ) -> None:
        self._webhooks(how, seed)
        if dies:
            self.inbox.die()
        self._walk(None if event is None else Boundary(at, True, lambda: self._walks._happen(event)))

    @rule()
    def a_sweep(self) -> None:
        self.inbox.sweep()
        self._walk(None)

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
        self._webhooks("old", 0)
        assert not self.inbox.is_due, "what came before makes another walk"


TestServedWalks = ServedWalks.TestCase
TestServedWalks.settings = profile(examples=2, steps=6)
