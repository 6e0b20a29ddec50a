"""Anything may happen between any two writes of a walk, and what must hold still holds.

The races that this machine found, and those that were feared, have names in docs/races.md and small tests in
test_races.py. ``CALLBOARD_FUZZ=500`` has the machine try so many towns instead of the few of every run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from callboard.sandbox.forge.state import Pull
from callboard.walk.workplace import ForgeKind
from tests.walk.machine import Boundary, Killed, Town

FUZZ = int(os.environ.get("CALLBOARD_FUZZ", "0"))
MODELS = st.sampled_from(["one", "two", "three"])
WHICH = st.integers(0, 5)
FAULTS = st.sampled_from(
    [
        ("pulls/create", 500, True),
        ("pulls/create", 500, False),
        ("pulls/merge", 500, True),
        ("pulls/merge", 502, False),
        ("pulls/update", 500, True),
        ("issues/create-comment", 500, True),
        ("issues/add-labels", 500, False),
        ("graphql", 502, False),
        ("git/push", 500, True),
        ("git/push", 500, False),
    ]
)
ON_GITLAB = {
    "pulls/create": "gitlab/merge_requests/create",
    "pulls/merge": "gitlab/merge_requests/merge",
    "pulls/update": "gitlab/merge_requests/update",
    "issues/create-comment": "gitlab/notes/create",
    "issues/add-labels": "gitlab/merge_requests/update",
    "graphql": "gitlab/merge_requests/list",
}
"""The operation that does the same there."""
EVENTS = st.sampled_from(
    [
        "die",
        "push",
        "force-push",
        "amend",
        "close",
        "delete branch",
        "edit text",
        "move base",
        "edit base",
        "sync",
    ]
)


def profile(examples: int, steps: int) -> settings:
    """Every run tries the same few towns; with CALLBOARD_FUZZ people try others, and more."""
    return settings(
        max_examples=FUZZ or examples,
        stateful_step_count=30 if FUZZ else steps,
        derandomize=not FUZZ,
        database=None,
        # Making a failure smaller takes minutes: only people who look for one wait for that.
        phases=[Phase.generate, *([Phase.shrink] if FUZZ else [])],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Walks(RuleBasedStateMachine):
    """A registry, people, a forge with faults, and a bot that dies."""

    registered = False
    kind: ForgeKind = "github"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="callboard-machine-"))
        self.sound = False
        self.version = 3
        self.town: Town | None = None

    @property
    def here(self) -> Town:
        assert self.town is not None
        return self.town

    @initialize(undecided=st.sampled_from([0, 0, 2]))
    def begin(self, undecided: int) -> None:
        self.town = Town(
            self.folder / "town", undecided_reads=undecided, registered=self.registered, kind=self.kind
        )
        for name in ("one", "two", "three"):
            self.here.publish(name, 1, "fast")
        self.here.sync()

    # --- the registry

    @rule(
        name=MODELS, version=st.integers(1, 3), tag=st.sampled_from(["fast", "slow"]), leaking=st.booleans()
    )
    def the_registry_publishes(self, name: str, version: int, tag: str, leaking: bool) -> None:
        self.here.publish(name, version, tag, leaking=leaking and version == 3)

    @rule(name=MODELS)
    def the_registry_drops_a_model(self, name: str) -> None:
        self.here.unpublish(name)

    @rule(name=MODELS)
    def the_registry_errs(self, name: str) -> None:
        self.here.garble(name)

    @rule(name=st.sampled_from(["all", "model"]))
    def the_grouping_changes(self, name: str) -> None:
        lines = [line for line in self.here.house.config_text.splitlines() if "group-by" not in line]
        self.here.house.config_text = "\n".join([*lines, f"pull-requests: {{group-by: {name}}}"]) + "\n"

    # --- walks

    @rule()
    def sync(self) -> None:
        self.here.sync()

    @rule()
    def reconcile(self) -> None:
        self.here.reconcile()

    @rule(event=EVENTS, at=st.sampled_from([1, 1, 1, 2, 3]), after=st.booleans(), which=WHICH)
    def something_happens_in_the_middle_of_a_sync(self, event: str, at: int, after: bool, which: int) -> None:
        self._publish_everything_anew()
        self.here.sync(Boundary(at, after, lambda: self._happen(event, which)))

    @rule(event=EVENTS, at=st.integers(1, 4), after=st.booleans(), which=WHICH)
    def something_happens_in_the_middle_of_a_reconcile(
        self, event: str, at: int, after: bool, which: int
    ) -> None:
        for pull in self.here.pulls():
            self.here.approve(pull, "sam")
        self.here.reconcile(Boundary(at, after, lambda: self._happen(event, which)))

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, how=st.sampled_from(["push", "force-push", "amend", "publish", "move base"]))
    def an_approved_branch_changes(self, which: int, how: str) -> None:
        self.here.approve(self._pull(which), "robin")
        if how == "publish":
            self._publish_everything_anew()
            self.here.sync()
        else:
            self._happen(how, which)
        self.here.reconcile()

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, how=st.sampled_from(["push", "force-push", "amend", "close", "edit text"]))
    def a_branch_of_people_meets_a_new_version(self, which: int, how: str) -> None:
        self._happen(how, which)
        self._publish_everything_anew()
        self.here.sync()

    def _publish_everything_anew(self) -> None:
        self.version += 1
        for name in ("one", "two", "three"):
            self.here.publish(name, self.version, "fast")

    def _happen(self, event: str, which: int) -> None:
        if event == "die":
            raise Killed
        town, open_ones = self.here, self.here.pulls()
        if event == "move base":
            town.move_base()
        elif event == "edit base":
            town.edit_base("owner", which)
        elif event == "sync":
            town.sync(cache="other")
        elif open_ones:
            pull = open_ones[which % len(open_ones)]
            {
                "push": lambda: town.push(pull.head_ref),
                "force-push": lambda: town.force_push(pull.head_ref, amend=False),
                "amend": lambda: town.force_push(pull.head_ref, amend=True),
                "close": lambda: town.close_pull(pull),
                "delete branch": lambda: town.delete_branch(pull.head_ref),
                "edit text": lambda: town.edit_text(pull, title=True, body=True),
            }[event]()

    # --- the forge

    @rule(fault=FAULTS)
    def an_answer_goes_wrong(self, fault: tuple[str, int, bool]) -> None:
        operation, status, after_applying = fault
        self.here.forge.fail_next(self._on_this_forge(operation), status, after_applying=after_applying)

    @rule(operation=st.sampled_from(["pulls/create", "issues/create-comment", "pulls/merge", "graphql"]))
    def the_forge_has_enough(self, operation: str) -> None:
        faults = self.here.forge.faults
        limit = faults.gitlab_rate_limit if self.kind == "gitlab" else faults.secondary_rate_limit
        limit(self._on_this_forge(operation), retry_after=1)

    # --- people

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, login=st.sampled_from(["robin", "sam", "guest"]))
    def somebody_approves(self, which: int, login: str) -> None:
        self.here.approve(self._pull(which), login)

    @precondition(lambda self: self.here.pulls())
    @rule()
    def everything_is_approved_and_landed(self) -> None:
        for pull in self.here.pulls():
            self.here.approve(pull, "robin")
        self.here.reconcile()

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, login=st.sampled_from(["robin", "sam"]))
    def somebody_asks_for_changes(self, which: int, login: str) -> None:
        self.here.ask_for_changes(self._pull(which), login)

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH)
    def a_review_is_dismissed(self, which: int) -> None:
        self.here.dismiss(self._pull(which))

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, on=st.booleans())
    def somebody_holds_or_frees(self, which: int, on: bool) -> None:
        self.here.hold(self._pull(which), on=on)

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, state=st.sampled_from(["success", "failure", "pending"]))
    def a_check_reports(self, which: int, state: str) -> None:
        self.here.report(self._pull(which), state)

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, title=st.booleans(), body=st.booleans())
    def somebody_edits_or_comments(self, which: int, title: bool, body: bool) -> None:
        pull = self._pull(which)
        self.here.edit_text(pull, title=title, body=body)
        self.here.comment(pull)

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, how=st.sampled_from(["push", "force-push", "amend", "delete branch", "close"]))
    def somebody_moves_or_closes_the_branch(self, which: int, how: str) -> None:
        self._happen(how, which)

    @precondition(lambda self: any(pull.state == "closed" for pull in self.here.repository.pulls.values()))
    @rule(which=WHICH)
    def somebody_reopens(self, which: int) -> None:
        closed = [pull for pull in self.here.repository.pulls.values() if pull.state == "closed"]
        self.here.reopen(closed[which % len(closed)])

    @precondition(lambda self: self.here.pulls())
    @rule(which=WHICH, method=st.sampled_from(["merge", "squash"]))
    def somebody_merges_by_hand(self, which: int, method: str) -> None:
        self.here.merge_by_hand(self._pull(which), method)

    @rule(kind=st.sampled_from(["owner", "tag", "comment", "paragraph"]), at=WHICH)
    def somebody_edits_the_catalog(self, kind: str, at: int) -> None:
        self.here.edit_base(kind, at)

    @precondition(lambda self: self.here.book.folders)
    @rule(at=WHICH)
    def somebody_moves_a_folder(self, at: int) -> None:
        self.here.move_folder(at)

    @precondition(lambda self: self.here.book.judged)
    @rule()
    def somebody_reverts(self) -> None:
        self.here.revert()

    # --- what must hold

    @invariant()
    def nothing_is_lost(self) -> None:
        self.sound = False
        if self.town is not None:
            self.town.check()
        self.sound = True

    def teardown(self) -> None:
        try:
            if self.sound and self.town is not None:
                self.town.come_to_rest()
        finally:
            if self.town is not None:
                self.town.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _on_this_forge(self, operation: str) -> str:
        return ON_GITLAB.get(operation, operation) if self.kind == "gitlab" else operation

    def _pull(self, which: int) -> Pull:
        open_ones = self.here.pulls()
        return open_ones[which % len(open_ones)]


class RegisteredWalks(Walks):
    """The same with a Backstage to register with."""

    registered = True


class WalksOnGitLab(Walks):
    """The same through GitLab's API."""

    kind: ForgeKind = "gitlab"


TestWalks = Walks.TestCase
TestWalks.settings = profile(examples=8, steps=12)
TestRegisteredWalks = RegisteredWalks.TestCase
TestRegisteredWalks.settings = profile(examples=2, steps=8)
TestWalksOnGitLab = WalksOnGitLab.TestCase
TestWalksOnGitLab.settings = profile(examples=3, steps=12)
