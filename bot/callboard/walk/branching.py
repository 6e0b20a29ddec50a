"""Writing the branch of a pull request because somebody asked for it.

Every push names the head that was looked at, so that nothing is overwritten that nobody saw.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from callboard.git.rebase import CannotRebase, rebase
from callboard.pulls.asked import handed_back
from callboard.pulls.facts import PullFacts
from callboard.pulls.rendering import filled
from callboard.walk.base import Base
from callboard.walk.pushing import push_groups
from callboard.walk.rewriting import edited_fields, head_holds, written_anew
from callboard.walk.workplace import Workplace

_MOVED = "The branch moved meanwhile, and nothing was overwritten"


@dataclass(frozen=True)
class Written:
    """What became of it, for the one who asked."""

    said: str
    points: tuple[str, ...] = ()
    good: bool = True
    changed: bool = False
    """The head is another one now."""
    again: bool = False
    """Somebody was faster; the next pass tries again."""


class Branch:
    """The branch of an open pull request of ours."""

    def __init__(self, workplace: Workplace, base: Base, facts: PullFacts) -> None:
        self._workplace, self._base, self._facts, self._pull = workplace, base, facts, facts.pull

    def rebase(self) -> Written:
        """Put it on the present base: what is ours is written anew, people's commits are kept."""
        if not self._facts.made_by_us:
            return self._elsewhere() or self._rebased()
        return self._anew("It stands on the present base branch already.")

    def recreate(self) -> Written:
        """Replace whatever stands there by what would be written now."""
        return self._anew("It holds already what Callboard would write now.")

    def regenerate(self, *, field: str) -> Written:
        """Take the registry's value for a field that people edited, and for all that were handed back."""
        edited = self._edited()
        if not field or self._edited({field}) == edited:
            said = "Which field? People edited these:" if edited else "People edited nothing in its models."
            return Written(said, edited, good=False)
        if not self._facts.made_by_us:
            said = (
                "People committed to the branch, and Callboard does not overwrite that. Change it there, or "
                "comment /callboard recreate: that takes the registry's value."
            )
            return Written(said, good=False)
        done = self._anew("It holds the registry's value already.")
        return Written("It has the registry's value now.", changed=True) if done.changed else done

    def _elsewhere(self) -> Written | None:
        pull, ours = self._pull, self._facts.base_ref
        if pull.base_ref == ours:
            return None
        return Written(f"It goes into {pull.base_ref}, and Callboard writes for {ours} only.", good=False)

    def _anew(self, already: str) -> Written:
        if elsewhere := self._elsewhere():
            return elsewhere
        workplace, pull, base = self._workplace, self._pull, self._base
        group = written_anew(workplace.repository, base, pull, self._root, self._handed_back())
        if group is None:
            said = (
                "Its lock or a file on the base branch cannot be read, so nothing was written. Close it "
                "and delete its branch: the next sync proposes what the registry says."
            )
            return Written(said, good=False)
        if not group.files:
            return Written("The base branch has everything that it proposes.", good=False)
        if (
            not self._facts.behind
            and self._facts.made_by_us
            and head_holds(workplace.repository, pull.head, group)
        ):
            return Written(already)
        if not self._facts.made_by_us:
            # Said before it is done, so that the commit can be found again even if the walk dies in between.
            body = filled("replaced.md", head=pull.head)
            workplace.forge.comment(pull, body, marker=f"<!-- callboard:replaced {pull.head} -->")
        refused = push_groups(workplace, base, {pull.head_ref: (pull.head, group)}).get(pull.head_ref)
        if refused is not None:
            return Written(f"{_MOVED}: {refused}", good=False, again=True)
        return Written(f"Written anew on the present base branch; before it was {pull.head}.", changed=True)

    def _rebased(self) -> Written:
        """Their commits on the present base."""
        workplace, pull = self._workplace, self._pull
        repository, onto = workplace.repository, self._base.commit
        assert onto is not None
        try:
            new = rebase(repository, pull.head, onto, workplace.forge.commit_author())
        except CannotRebase as reason:
            said = f"Nothing was pushed: {reason.why}."
            if reason.conflicts:
                said = f"Nothing was pushed: it conflicts with {self._facts.base_ref} in"
            return Written(said, reason.conflicts, good=False)
        if new == pull.head:
            return Written("It stands on the present base branch already.")
        refused = repository.push({pull.head_ref: (pull.head, new)})[pull.head_ref]
        if refused is not None:
            return Written(f"{_MOVED}: {refused}", good=False, again=True)
        said = (
            f"All commits are on the present base branch now, with their authors; before it was {pull.head}."
        )
        return Written(said, changed=True)

    def _handed_back(self) -> frozenset[str]:
        return handed_back(self._pull, self._facts.identity, self._workplace.forge.can_write)

    def _edited(self, given_back: Set[str] = frozenset()) -> tuple[str, ...]:
        return edited_fields(self._workplace.repository, self._base, self._pull, self._root, given_back)

    @property
    def _root(self) -> str:
        return self._workplace.config.catalog.path
