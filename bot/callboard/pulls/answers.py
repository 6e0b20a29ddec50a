"""Our answers to commands in comments. Equal input, equal bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.pulls.approvals import Approvals, approvals
from callboard.pulls.asked import AGAIN, GRANTED, head_marker
from callboard.pulls.commands import MOST_COMMANDS, PERMISSION, TAKEN_BY_GITLAB, Command, Name, spelling
from callboard.pulls.facts import PullFacts
from callboard.pulls.rendering import Markdown, filled
from callboard.pulls.verdict import Verdict, VerdictKind

_MEANS: tuple[tuple[Name, str, str], ...] = (
    ("explain", "", "say why it is not merged, whose approvals count, and what happens next"),
    ("hold", "", "leave it alone until somebody takes the hold off"),
    ("unhold", "", "take the hold off"),
    ("rebase", "", "put it on the present base branch; commits of people are kept, with their authors"),
    ("recreate", "", "replace whatever stands on the branch by what Callboard would write now"),
    ("merge", "", "merge it now, outside its hours too, if nothing else is missing"),
    ("regenerate", "FIELD", "take the registry's value for a field that a person edited"),
    ("ignore", "", "close it, and do not propose its models again until somebody says reopen"),
    ("reopen", "", "propose a closed one again"),
    ("help", "", "this list"),
)
_NEXT: dict[VerdictKind, str] = {
    "merge": "Callboard merges it.",
    "wait": "Callboard looks again with every run, and merges it when all this is met.",
    "blocked": "Nothing, until somebody does what stands above.",
    "regenerate": "Callboard writes it anew on the present base branch.",
    "step-back": "Callboard leaves the branch to whoever committed to it; comment /callboard rebase or "
    "/callboard recreate to have it take over.",
    "hold": "Nothing, until the hold is taken off.",
    "not-ours": "Callboard never merges it.",
}


@dataclass(frozen=True)
class Explained:
    """Everything that was decided about a pull request, and why."""

    verdict: Verdict
    given: Approvals

    @property
    def happens(self) -> str:
        """What happens next."""
        return _NEXT[self.verdict.kind]


@dataclass(frozen=True)
class Answer:
    """What became of one command."""

    command: Command
    said: str
    """Plain text; may hold names from outside."""
    points: tuple[str, ...] = ()
    """More of it, one line each; plain text too."""
    mark: Literal["✅", "❌", "ℹ️"] = "✅"  # noqa: RUF001
    detail: Markdown | None = None
    """Markdown of ours."""
    explained: Explained | None = None
    again: bool = False
    """Not the last word: the next pass tries again."""


def answer_comment(answers: Sequence[Answer], *, head: str, granted: bool, cut: bool = False) -> str:
    """The comment that answers the commands of another one.

    ``head``: of the pull request as it was read. ``granted``: who asked has write permission, and was asked
    for it. ``cut``: there were more commands.
    """
    hidden = [GRANTED, head_marker(head)] * granted + [AGAIN] * any(one.again for one in answers)
    return filled(
        "answer.md",
        answers=[(one, Markdown(_shown(one.command))) for one in answers],
        hidden=Markdown("\n".join(hidden)),
        cut=cut,
        most=MOST_COMMANDS,
    )


def help_text(word: str) -> Markdown:
    """The list of all commands as people write them. ``word``: what the forge calls a pull request."""
    gitlab = word == "merge request"
    rows = []
    for name, field, means in _MEANS:
        long, short = (f"{spelling(name, explicit=explicit)} {field}".rstrip() for explicit in (True, False))
        taken = gitlab and name in TAKEN_BY_GITLAB
        who = "everybody" if PERMISSION[name] == "comment" else "who may write here"
        rows.append((Markdown(f"`{long}`"), Markdown("GitLab's own" if taken else f"`{short}`"), means, who))
    return Markdown(filled("help.md", rows=rows, word=word, gitlab=gitlab))


def explained(facts: PullFacts, verdict: Verdict) -> Explained:
    """Everything that was decided about a pull request, and why."""
    return Explained(verdict, approvals(facts))


def approving(word: str) -> str:
    """What somebody is told who wants to approve in a comment."""
    where = "the Approve button" if word == "merge request" else "Review changes → Approve"
    return f"Approval is the forge's: use {where}. Callboard counts it for the content that was approved."


def _shown(command: Command) -> str:
    """The command as a code span; of what was written nothing but plain words."""
    name = command.word if re.fullmatch("[a-z-]{1,30}", command.word) else "…"
    return f"`{spelling(name, explicit=command.explicit)}`"
