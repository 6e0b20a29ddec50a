"""What may happen to one pull request between two walks: stories about something that must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callboard.sandbox.forge.state import Pull
from tests.walk.machine.people import People

Story = Callable[[People, Pull], None]


def ready(people: People, pull: Pull) -> None:
    """Enough people approve whoever pushed, and the gate is open."""
    people.approve(pull, "robin")
    people.approve(pull, "sam")
    people.report(pull)


def _ready_then(happens: Story) -> Story:
    def story(people: People, pull: Pull) -> None:
        ready(people, pull)
        happens(people, pull)

    return story


def _checked(happens: Story) -> Story:
    """It happens, and the gate is open for what stands there then."""

    def story(people: People, pull: Pull) -> None:
        happens(people, pull)
        people.report(pull)

    return story


def _said(command: str, login: str) -> Story:
    return lambda people, pull: people.say(pull, command, login)


def _push(people: People, pull: Pull) -> None:
    people.push(pull.head_ref)


def _amend(people: People, pull: Pull) -> None:
    people.force_push(pull.head_ref, amend=True)


def _start_over(people: People, pull: Pull) -> None:
    people.force_push(pull.head_ref, amend=False)


def _hold(people: People, pull: Pull) -> None:
    people.hold(pull)


def _both(*stories: Story) -> Story:
    def story(people: People, pull: Pull) -> None:
        for one in stories:
            one(people, pull)

    return story


def _nothing(_people: People, _pull: Pull) -> None:
    pass


def _conflict(people: People, pull: Pull) -> None:
    """The base branch gets another owner, where the pull request has one too."""
    people.edit_base("owner", pull.number)


OF_REVIEWS: Mapping[str, Story] = {
    # What may be merged.
    "ready": ready,
    "ready, and the base is edited": _ready_then(_conflict),
    # What may not.
    "ready, then a commit": _checked(_ready_then(_push)),
    "ready, then amended": _checked(_ready_then(_amend)),
    "ready, then begun anew": _checked(_ready_then(_start_over)),
    "ready, but red": _ready_then(lambda people, pull: people.report(pull, "failure", "ci", "sam")),
    "ready, but running": _ready_then(lambda people, pull: people.report(pull, "pending", "ci", "sam")),
    "approved, the gate is shut": _ready_then(lambda people, pull: people.report(pull, "failure")),
    "approved, another opens the gate": _ready_then(lambda people, pull: people.report(pull, by="sam")),
    "checked, approved by a stranger": _checked(lambda people, pull: people.approve(pull, "guest")),
    "ready, and sam is against it": _ready_then(lambda people, pull: people.ask_for_changes(pull, "sam")),
    "approved and taken back": _checked(
        _both(lambda people, pull: people.approve(pull), lambda people, pull: people.dismiss(pull))
    ),
    "ready, but held": _ready_then(_hold),
    "ready, but a stranger says hold": _ready_then(_said("hold", "guest")),
    "ready and held, a stranger says unhold": _both(ready, _hold, _said("unhold", "guest")),
    "ready and held, a writer says unhold": _both(ready, _hold, _said("unhold", "robin")),
    "ready, a box holds it": _ready_then(lambda people, pull: people.tick("hold", pull)),
    # Commands.
    "a stranger says merge": _checked(_said("merge", "guest")),
    "a stranger says ignore": _said("ignore", "guest"),
    "a stranger says recreate on a commit": _both(_push, _said("recreate", "guest")),
    "a stranger says rebase on a commit": _both(
        _push, lambda people, _: people.move_base(), _said("rebase", "guest")
    ),
    "a stranger gives the owner back": _both(_conflict, _said("regenerate spec.owner", "guest")),
    "sam says rebase on a commit": _both(_push, _said("rebase", "sam")),
    "sam says recreate on a commit": _both(_amend, _said("recreate", "sam")),
    "an edited comment says ignore": lambda people, pull: people.say_and_edit(pull, "ignore"),
    "the box for a new start": _both(_push, lambda people, pull: people.tick("recreate", pull)),
}
"""What the next pass must not take for a yes, nor obey, and what it may."""
OF_BRANCHES: Mapping[str, Story] = {
    "nothing": _nothing,
    "ready, words edited": _ready_then(lambda people, pull: people.edit_text(pull)),
    "approved, not checked": lambda people, pull: people.approve(pull, "sam"),
    "ready and held, then let go": _both(ready, _hold, lambda people, pull: people.hold(pull, on=False)),
    "sam says merge": _both(ready, _said("merge", "sam")),
    "sam says ignore": _said("ignore", "sam"),
    "sam gives the owner back": _said("regenerate spec.owner", "sam"),
    "help": _said("help", "guest"),
    "words edited": lambda people, pull: people.edit_text(pull),
    "held": _hold,
    "a commit": _push,
    "amended": _amend,
    "begun anew": _start_over,
    "branch deleted": lambda people, pull: people.delete_branch(pull.head_ref),
    "closed": lambda people, pull: people.close(pull),
    "closed, a stranger says reopen": _both(
        lambda people, pull: people.close(pull), _said("reopen", "guest")
    ),
    "closed, sam says reopen": _both(lambda people, pull: people.close(pull), _said("reopen", "sam")),
    "closed and reopened": _both(
        lambda people, pull: people.close(pull), lambda people, pull: people.reopen(pull)
    ),
    "merged by hand": lambda people, pull: people.merge_by_hand(pull, "squash"),
}
"""What a sync may write over or propose again, and what shows at the end."""
STORIES = {**OF_REVIEWS, **OF_BRANCHES}
