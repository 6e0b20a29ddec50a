"""Carrying out what people ask for in comments, and answering each comment once.

The act comes before its answer and every act may be repeated, so that a walk that dies between them does no
harm. ``/merge`` is no act: it is a fact for the decision, and once merged the pull request is answered for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from callboard.forges.protocol import ForgeError, PullRequest
from callboard.git.command import GitError
from callboard.pulls.answers import Answer, answer_comment, approving, explained, help_text
from callboard.pulls.asked import (
    IGNORED_LABEL,
    REOPENED_LABEL,
    Request,
    answer_marker,
    needs_write,
    refused,
    waiting,
)
from callboard.pulls.commands import PERMISSION, Command, spelling
from callboard.pulls.decide import decide
from callboard.pulls.facts import PullFacts
from callboard.pulls.verdict import Verdict
from callboard.walk.acting import Handled
from callboard.walk.base import Base
from callboard.walk.branching import Branch, Written
from callboard.walk.facts import Examined, might_be_ours
from callboard.walk.workplace import Workplace


@dataclass(frozen=True)
class Obeyed:
    """The open pull requests after the commands on them were carried out."""

    examined: tuple[Examined, ...]
    """Those that can still be decided about, with their labels as they are now."""
    handled: tuple[Handled, ...]
    """Those whose branch or state was changed: the next pass sees what they are now."""
    failed: tuple[tuple[PullRequest, str], ...]
    """What could not be answered; the next pass tries again."""


def obey(workplace: Workplace, base: Base, examined: Iterable[Examined]) -> Obeyed:
    """Carry out and answer the commands on open pull requests. Nothing while the operator paused."""
    left: list[Examined] = []
    handled: list[Handled] = []
    failed: list[tuple[PullRequest, str]] = []
    for one in examined:
        desk = Desk(workplace, base, one.facts)
        failed += [(one.facts.pull, why) for why in desk.serve_all()]
        if desk.ended is None:
            left.append(replace(one, facts=desk.facts))
        else:
            handled.append(Handled(one.facts.pull, desk.verdict(), desk.ended))
    return Obeyed(tuple(left), tuple(handled), tuple(failed))


def obey_finished(workplace: Workplace, pulls: Iterable[PullRequest]) -> tuple[tuple[PullRequest, str], ...]:
    """The same for pull requests of ours that were closed or merged lately; answers what went wrong."""
    identity, forge = workplace.forge.identity(), workplace.forge
    failed = []
    for pull in pulls:
        if not might_be_ours(pull, forge.repository, identity, workplace.config):
            continue
        try:
            for request in waiting(pull, identity, ours=True):
                _answer(workplace, pull, request, partial(_of_finished, workplace, pull))
        except ForgeError as error:
            failed.append((pull, str(error)))
    return tuple(failed)


def _answer(
    workplace: Workplace, pull: PullRequest, request: Request, carry_out: Callable[[Command], Answer | None]
) -> None:
    """Carry out the commands of a comment in their order, and answer them all in one comment.

    A command alone that has no answer yet leaves its comment for a later pass.
    """
    forge, comment, answers, granted = workplace.forge, request.comment, list[Answer](), False
    for command in request.commands:
        if comment.edited:
            said = "This comment was edited, maybe by somebody else. Write it as a new comment."
            answers.append(Answer(command, said, mark="❌"))
            break
        answer = _without_act(workplace, command)
        if answer is None and refused(command, comment.author, forge.can_write):
            free = ", ".join(f"/{name}" for name, needed in PERMISSION.items() if needed == "comment")
            said = (
                f"This is for people with write permission here, which {comment.author.login} does not have."
            )
            answer = Answer(command, f"{said} Everybody may use {free}.", mark="❌")
        elif answer is None:
            granted = granted or needs_write(command)
            try:
                answer = carry_out(command)
            except (ForgeError, GitError) as error:
                answer = Answer(command, f"It failed: {error}", mark="❌", again=True)
        if answer is None and len(request.commands) == 1:
            return
        # What stands beside it is done, and must not be done again for want of an answer.
        answers.append(answer or Answer(command, "Nothing is missing: it is merged when it is its turn."))
    body = answer_comment(answers, head=pull.head, granted=granted, cut=request.cut)
    forge.comment(pull, body, marker=answer_marker(comment))


def _without_act(workplace: Workplace, command: Command) -> Answer | None:
    """The answer to what is no command of ours, or asks for nothing but an answer."""
    word = workplace.forge.word
    if command.meant == "approve":
        return Answer(command, approving(word), mark="❌")
    if command.meant is None:
        hint = f"Did you mean {spelling(command.nearest, explicit=True)}?" if command.nearest else ""
        said = f"There is no such command. {hint} Comment /callboard help for all of them."
        return Answer(command, said, mark="❌")
    if command.meant == "help":
        return Answer(command, "These are the commands.", mark="ℹ️", detail=help_text(word))  # noqa: RUF001
    if command.argument and command.meant not in ("regenerate", "hold"):
        plain = spelling(command.meant, explicit=command.explicit)
        return Answer(command, f"Nothing was done: write {plain} alone on its line.", mark="❌")
    return None


def _of_finished(workplace: Workplace, pull: PullRequest, command: Command) -> Answer:
    """What becomes of a command on a pull request that is not open any more."""
    forge = workplace.forge
    if pull.state == "merged":
        return Answer(command, f"This {forge.word} is merged.")
    if command.meant == "reopen":
        _relabel(workplace, pull, add=REOPENED_LABEL, remove=IGNORED_LABEL)
        said = f"The next sync proposes it again in a new {forge.word}, as the registry has it then."
        return Answer(command, said)
    if command.meant == "ignore":
        _relabel(workplace, pull, add=IGNORED_LABEL, remove=REOPENED_LABEL)
        return Answer(command, _ignored(workplace))
    said = f"This {forge.word} is closed. Comment /callboard reopen to have its models proposed again."
    return Answer(command, said, mark="ℹ️" if command.meant == "explain" else "❌")  # noqa: RUF001


def _relabel(workplace: Workplace, pull: PullRequest, *, add: str, remove: str) -> None:
    if add not in pull.labels:
        workplace.forge.label(pull.number, add=(add,))
    if remove in pull.labels:
        workplace.forge.label(pull.number, remove=(remove,))


def _ignored(workplace: Workplace) -> str:
    said = (
        f"Closed. What this {workplace.forge.word} is about is not proposed again, whatever the registry says"
    )
    return f"{said}, until somebody comments /callboard reopen here."


class Desk:
    """Where the commands on one open pull request are carried out."""

    def __init__(self, workplace: Workplace, base: Base, facts: PullFacts) -> None:
        self._workplace, self._base, self.facts = workplace, base, facts
        self.ours = might_be_ours(facts.pull, workplace.forge.repository, facts.identity, workplace.config)
        self.ended: str | None = None
        """What became of it when it is not any more what was read: ``rewritten`` or ``closed``."""

    @property
    def _pull(self) -> PullRequest:
        return self.facts.pull

    def verdict(self) -> Verdict:
        """What is to be done with it as it stands."""
        config = self._workplace.config
        return decide(self.facts, config.merge, config.pull_requests.rebase)

    def serve_all(self) -> tuple[str, ...]:
        """Answer the comments that wait, until the pull request is another one; answers what went wrong."""
        failed: list[str] = []
        if self.facts.paused:
            return ()
        for request in waiting(self._pull, self.facts.identity, ours=self.ours):
            try:
                _answer(self._workplace, self._pull, request, self.carry_out)
            except (ForgeError, GitError) as error:
                failed.append(str(error))  # what follows may say hold, and must be heard in this pass
            if self.ended is not None:
                break  # what follows needs the facts of the new head
        return tuple(failed)

    def carry_out(self, command: Command) -> Answer | None:
        """Do what a known command says; None when the answer has to wait for the merge."""
        if self.ended is not None and command.meant not in ("hold", "unhold", "ignore"):
            return Answer(
                command, "The branch was changed just before. Ask again when its checks are done.", mark="❌"
            )
        verdict = self.verdict()
        if command.meant == "explain":
            told = explained(self.facts, verdict)
            return Answer(command, "This is how it stands.", mark="ℹ️", explained=told)  # noqa: RUF001
        if not self.ours or (
            verdict.kind == "not-ours" and command.meant not in ("hold", "unhold", "ignore")
        ):
            points = tuple(reason.sentence for reason in verdict.reasons if reason.calls_for == "not-ours")
            return Answer(command, "Callboard does not touch it.", points, mark="❌")
        doing: dict[str, Callable[[Command], Answer | None]] = {
            "hold": self._hold,
            "unhold": self._unhold,
            "merge": self._merge,
            "ignore": self._ignore,
            "reopen": lambda one: Answer(one, "It is open.", mark="ℹ️"),  # noqa: RUF001
            "rebase": lambda one: self._write(one, Branch.rebase),
            "recreate": lambda one: self._write(one, Branch.recreate),
            "regenerate": lambda one: self._write(one, partial(Branch.regenerate, field=one.argument)),
        }
        assert command.meant is not None
        return doing[command.meant](command)

    def _write(self, command: Command, write: Callable[[Branch], Written]) -> Answer:
        done = write(Branch(self._workplace, self._base, self.facts))
        if done.changed:
            self.ended = "rewritten"
        return Answer(command, done.said, done.points, mark="✅" if done.good else "❌", again=done.again)

    def _hold(self, command: Command) -> Answer:
        labels = self._workplace.config.merge.hold_labels
        there = self._holding()
        if there:
            return Answer(command, f"It is held already, by the label {there[0]}.")
        if not labels:
            said = "There is no label to hold it with: merge: hold-labels is empty in callboard.yaml."
            return Answer(command, said, mark="❌")
        # First: even if the forge does not take the label, nothing is merged in this pass.
        self._label((*self._pull.labels, labels[0]))
        self._workplace.forge.label(self._pull.number, add=labels[:1])
        return Answer(command, f"Callboard leaves it alone until the label {labels[0]} is taken off.")

    def _unhold(self, command: Command) -> Answer:
        there = self._holding()
        if not there:
            return Answer(command, "Nothing holds it.", mark="ℹ️")  # noqa: RUF001
        self._workplace.forge.label(self._pull.number, remove=there)
        self._label(tuple(label for label in self._pull.labels if label not in there))
        return Answer(command, f"Not held any more: {', '.join(there)} taken off.")

    def _holding(self) -> tuple[str, ...]:
        holding = {label.lower() for label in self._workplace.config.merge.hold_labels}
        return tuple(label for label in self._pull.labels if label.lower() in holding)

    def _label(self, labels: tuple[str, ...]) -> None:
        self.facts = replace(self.facts, pull=replace(self._pull, labels=labels))

    def _merge(self, command: Command) -> Answer | None:
        verdict = self.verdict()
        if verdict.kind == "merge":
            return None  # answered when it is merged
        if self._pull.in_queue:
            return Answer(command, "It stands in the forge's queue.")
        points = tuple(f"{reason.sentence} {reason.hint}" for reason in verdict.reasons)
        said = "Not yet. It is merged as soon as all of this is met, unless the branch changes before:"
        return Answer(command, said, points, mark="❌")

    def _ignore(self, command: Command) -> Answer:
        _relabel(self._workplace, self._pull, add=IGNORED_LABEL, remove=REOPENED_LABEL)
        self._workplace.forge.close(self._pull.number)
        self.ended = "closed"
        return Answer(command, _ignored(self._workplace))
