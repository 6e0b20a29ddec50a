"""The machine: what may happen in a town, in which measure, and which walks follow."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from callboard.config import ForgeKind
from callboard.sandbox.forge.state import Pull
from tests.walk.machine.boundary import WRITES, Boundary, Killed
from tests.walk.machine.stories import OF_BRANCHES, OF_REVIEWS, STORIES, ready
from tests.walk.machine.town import MODELS, Grounds, Town

DAY = st.lists(st.sampled_from([*OF_REVIEWS]), min_size=6, max_size=6, unique=True)
"""What happens to each of the open pull requests, in their order."""
DAY_OF_NEWS = st.lists(st.sampled_from([*OF_BRANCHES]), min_size=6, max_size=6)
"""The same before a sync, which merges nothing: what it might write over or propose again."""
FAULTS = [
    ("pulls/create", 500, True),
    ("pulls/create", 422, False),
    ("pulls/merge", 500, True),
    ("pulls/merge", 502, False),
    ("pulls/update", 500, True),
    ("issues/create-comment", 500, True),
    ("issues/create-comment", 502, False),
    ("issues/add-labels", 500, False),
    ("graphql", 502, False),
    ("git/push", 500, True),
    ("git/push", 500, False),
]
LIMITED = ["pulls/create", "issues/create-comment", "pulls/merge", "graphql"]
ON_GITLAB = {
    "pulls/create": "gitlab/merge_requests/create",
    "pulls/merge": "gitlab/merge_requests/merge",
    "pulls/update": "gitlab/merge_requests/update",
    "issues/create-comment": "gitlab/notes/create",
    "issues/add-labels": "gitlab/merge_requests/update",
    "graphql": "gitlab/graphql",
}
"""The operation that does the same there."""
PUSHES = ["push", "force-push", "amend"]
EVENTS = [*PUSHES, "die", "die", "close", "delete branch", "edit text", "move base", "edit base", "sync"]
Interruption = tuple[str | None, int, bool, str]
INTERRUPTED_MERGE = st.tuples(st.just("merge"), st.integers(1, 2), st.just(False), st.sampled_from(PUSHES))
INTERRUPTED_PUSH = st.tuples(st.just("push"), st.just(1), st.just(False), st.sampled_from(PUSHES))
INTERRUPTION = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(WRITES), st.integers(1, 2), st.booleans(), st.sampled_from(EVENTS)),
    st.tuples(st.none(), st.integers(1, 8), st.booleans(), st.sampled_from(EVENTS)),
)
"""Which write of the walk, before or after it, and what happens there."""
FEW = 3
ASIDE = st.one_of(
    st.none(),
    st.sampled_from(FAULTS),
    st.sampled_from(LIMITED),
    st.sampled_from(
        ["edit tag", "edit comment", "edit paragraph", "edit owner", "move folder", "move base", "revert"]
    ),
    st.sampled_from(["propose robin", "propose sam", "group all", "group model", "reopen", "box", "base"]),
)
"""What else happens."""
NEWS = st.tuples(
    *[st.sampled_from(["newer", "newer", "same", "back", "gone", "broken", "leaking"])] * len(MODELS)
)
"""What the registry says of each model."""


@functools.cache
def grounds(kind: ForgeKind) -> Grounds:
    """One for all towns of this process."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-grounds-"))
    made = Grounds(folder, kind)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(made.close)
    return made


class Walks(RuleBasedStateMachine):
    """A registry, people, a forge with faults, and a bot that dies."""

    registered: ClassVar[bool] = False
    kind: ClassVar[ForgeKind] = "github"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="callboard-machine-"))
        self.sound, self.version = True, 3
        self.town: Town | None = None

    @property
    def here(self) -> Town:
        assert self.town is not None
        return self.town

    @initialize(undecided=st.sampled_from([0, 0, 2]), dashboard=st.sampled_from([True, True, False]))
    def begin(self, undecided: int, *, dashboard: bool) -> None:
        self.town = Town(
            grounds(self.kind),
            self.folder / "town",
            undecided_reads=undecided,
            dashboard=dashboard,
            registered=self.registered,
        )

    # --- every step ends with a walk

    @rule(day=DAY, aside=ASIDE, interruption=INTERRUPTION)
    def people_act_and_a_pass_follows(
        self, day: list[str], aside: object, interruption: Interruption | None
    ) -> None:
        self._day(day)
        self._aside(aside)
        self._walk(lambda boundary: self.here.reconcile(boundary), interruption)

    @rule(day=DAY)
    def people_act_and_a_pass_sees_it(self, day: list[str]) -> None:
        self._day(day)
        self._walk(lambda boundary: self.here.reconcile(boundary), None)

    @rule(day=DAY, how=st.sampled_from(["label", "environment"]))
    def people_act_while_it_is_paused_and_a_pass_sees_it_later(self, day: list[str], how: str) -> None:
        self._day(day)
        environ = {"CALLBOARD_PAUSED": "1"}
        if how == "label" and self.here.people.pause(on=True):
            environ = {}
        mark = self.here.forge.log.mark()
        self.here.reconcile(environ=environ)
        assert not self.here.written(mark), f"paused, and wrote {self.here.written(mark)}"
        self.here.people.pause(on=False)
        self._walk(lambda boundary: self.here.reconcile(boundary), None)

    @rule(interruption=INTERRUPTED_MERGE)
    def all_is_ready_and_a_pass_is_interrupted(self, interruption: Interruption) -> None:
        self._fill()
        for pull in self.here.scene.pulls():
            ready(self.here.people, pull)
        self.here.people.propose()
        self._walk(lambda boundary: self.here.reconcile(boundary), interruption)

    @rule(interruption=INTERRUPTED_PUSH)
    def all_is_updated_while_people_push(self, interruption: Interruption) -> None:
        self._fill()
        self._news(("newer",) * len(MODELS))
        mark = self.here.forge.log.mark()
        self.here.sync(environ={"CALLBOARD_PAUSED": "1"})
        assert not self.here.written(mark), f"paused, and wrote {self.here.written(mark)}"
        self._walk(lambda boundary: self.here.sync(boundary), interruption)

    @rule(day=DAY_OF_NEWS, news=NEWS, aside=ASIDE, interruption=INTERRUPTION)
    def people_act_and_the_registry_has_news(
        self,
        day: list[str],
        news: tuple[str, ...],
        aside: object,
        interruption: Interruption | None,
    ) -> None:
        self._day(day)
        self._news(news)
        self._aside(aside)
        self._walk(lambda boundary: self.here.sync(boundary), interruption)

    # --- what happens

    def _fill(self) -> None:
        """Let there be something to decide about."""
        if len(self.here.scene.pulls()) < FEW:
            self._news(("newer",) * len(MODELS))
            self.here.sync()

    def _day(self, day: list[str]) -> None:
        self._fill()
        for story, pull in zip(day, self.here.scene.pulls(), strict=False):
            if pull.state == "open":
                STORIES[story](self.here.people, pull)

    def _news(self, news: tuple[str, ...]) -> None:
        self.version += 1
        for name, told in zip(MODELS, news, strict=True):
            if told == "gone":
                self.here.unpublish(name)
            elif told == "broken":
                self.here.garble(name)
            elif told == "back":
                self.here.publish(name, 1)
            elif told != "same":
                self.here.publish(name, self.version, leaking=told == "leaking")

    def _aside(self, aside: object) -> None:
        town, people = self.here, self.here.people
        match aside:
            case (str(operation), int(status), bool(after_applying)):
                town.forge.fail_next(self._on_this_forge(operation), status, after_applying=after_applying)
            case str(operation) if operation in LIMITED:
                faults = town.forge.faults
                limit = faults.gitlab_rate_limit if self.kind == "gitlab" else faults.secondary_rate_limit
                limit(self._on_this_forge(operation), retry_after=1)
            case "move folder":
                people.move_folder(self.version)
            case "move base" | "base":
                people.move_base()
            case "revert":
                people.revert()
            case "propose robin" | "propose sam":
                people.propose(aside.split()[1])
            case "group all" | "group model":
                town.group_by("all" if aside == "group all" else "model")
            case "reopen":
                closed = [one for one in town.scene.repository.pulls.values() if one.state == "closed"]
                people.reopen(closed[-1])
            case "box":
                for pull in town.scene.pulls():
                    people.tick("merge", pull)
                    people.tick("unhold", pull)
            case str(edit):
                people.edit_base(edit.removeprefix("edit "), self.version)

    def _walk(self, walk: Callable[[Boundary | None], Any], interruption: Interruption | None) -> None:
        boundary = None
        if interruption is not None:
            what, at, after, event = interruption
            boundary = Boundary(at, after, lambda: self._happen(event), what)
        self.sound = False
        walk(boundary)
        self.here.judge.check()
        self.sound = True

    def _happen(self, event: str) -> None:
        """In the middle of a walk, to all open pull requests."""
        if event == "die":
            raise Killed
        town, people = self.here, self.here.people
        if event == "move base":
            people.move_base()
        elif event == "edit base":
            people.edit_base("owner", self.version)
        elif event == "sync":
            town.sync(cache="other")
        else:
            for pull in town.scene.pulls():
                self._happen_to(event, pull)

    def _happen_to(self, event: str, pull: Pull) -> None:
        people, branch = self.here.people, pull.head_ref
        {
            "push": lambda: people.push(branch),
            "force-push": lambda: people.force_push(branch, amend=False),
            "amend": lambda: people.force_push(branch, amend=True),
            "close": lambda: people.close(pull),
            "delete branch": lambda: people.delete_branch(branch),
            "edit text": lambda: people.edit_text(pull),
        }[event]()

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


class WalksOnGitLab(Walks):
    """The same through GitLab's API."""

    kind: ClassVar[ForgeKind] = "gitlab"
