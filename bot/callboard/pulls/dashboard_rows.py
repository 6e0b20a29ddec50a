"""What stands on the dashboard: rows of pull requests and of groups of changes, each in its section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from callboard.catalog.shelf import folder_of
from callboard.changes.change import ModelChange
from callboard.forges.protocol import PullRequest
from callboard.pulls.verdict import Verdict
from callboard.pulls.words import title

Section = Literal["failed", "blocked", "edited", "review", "ready", "held", "theirs", "waiting", "declined"]
"""In the order in which they are shown: what needs somebody first."""
FROM_REGISTRIES: frozenset[Section] = frozenset({"waiting", "declined"})
"""The sections that a sync knows; a reconcile knows the others."""
FROM_PULL_REQUESTS: frozenset[Section] = frozenset(get_args(Section)) - FROM_REGISTRIES

_OF_VERDICT: Mapping[str, Section] = {
    "not-ours": "theirs",
    "hold": "held",
    "step-back": "edited",
    "blocked": "blocked",
    "merge": "ready",
}


@dataclass(frozen=True)
class Row:
    """One line of the dashboard. Its texts are not cleaned."""

    section: Section
    title: str
    missing: str
    """In one sentence."""
    models: tuple[str, ...] = ()
    reference: str = ""
    """``#12``; empty for what is not open yet."""
    url: str = ""
    since: str = ""
    """A date that the forge told, or empty."""
    target: str = ""
    """What its boxes name: a number, or a branch."""


def row_of_pull(
    pull: PullRequest,
    verdict: Verdict,
    root: str,
    *,
    failed: str = "",
    section: Section | None = None,
    missing: str = "",
) -> Row:
    """The row of a pull request that was decided about.

    ``root``: the catalog's folder. ``failed``: what went wrong when the verdict was carried out. ``section``
    and ``missing`` say something else than the verdict does.
    """
    found: Section = "blocked" if failed else section or _OF_VERDICT.get(verdict.kind, "review")
    return _row(pull, root, found, failed or missing or _missing(verdict))


def row_of_merged(pull: PullRequest, root: str, why: str) -> Row:
    """The row of a merged pull request whose entities Backstage does not have yet."""
    return _row(pull, root, "failed", why)


def row_of_declined(pull: PullRequest, root: str, why: str) -> Row:
    """The row of a closed pull request that would be proposed again."""
    return _row(pull, root, "declined", why)


def row_of_waiting(changes: Sequence[ModelChange], branch: str, why: str) -> Row:
    """The row of a group of changes that has no pull request yet."""
    names = tuple(change.name for change in changes)
    return Row("waiting", title(changes), why, names, target=branch)


def _row(pull: PullRequest, root: str, section: Section, missing: str) -> Row:
    folders = [folder_of(path, root) for path in sorted(pull.paths) if path.startswith(f"{root}/")]
    models = tuple(dict.fromkeys(folder.removeprefix(f"{root}/") for folder in folders))
    return Row(
        section, pull.title, missing, models, pull.reference, pull.url, pull.created_at[:10], str(pull.number)
    )


def _missing(verdict: Verdict) -> str:
    if not verdict.reasons:
        return "Nothing: Callboard merges it."
    # What the forge will know in a moment is told only if nothing else is: it would be rewritten at once.
    lasting = [one for one in verdict.reasons if one.code != "mergeable-unknown"] or verdict.reasons
    more = f" And {len(lasting) - 1} more." if len(lasting) > 1 else ""
    return lasting[0].sentence + more
