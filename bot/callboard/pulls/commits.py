"""Commit messages, and the trailers in which a commit says whose and which content it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from callboard.changes.change import ModelChange
from callboard.forges.protocol import PullRequest
from callboard.pulls.decide import Verdict
from callboard.pulls.words import one_line, title

LONGEST_SUBJECT = 72
_LISTED = 50
_TRAILER = re.compile(r"^(?:<!-- )?Callboard-Fingerprint: ([0-9a-f]{64})(?: -->)?$", re.MULTILINE)


def commit_message(changes: Sequence[ModelChange], *, key: str, fingerprint: str) -> str:
    """The message of the commit that makes these changes: subject, what changed, trailers."""
    paragraphs = [title(changes, LONGEST_SUBJECT)]
    lines = [_line(change, named=len(changes) > 1) for change in changes[:_LISTED]]
    if len(changes) > _LISTED:
        lines.append(f"- and {len(changes) - _LISTED} more")
    paragraphs.append("\n".join(line for line in lines if line))
    paragraphs.append(
        f"Callboard-Key: {one_line(key, 500)}\nCallboard-Fingerprint: {one_line(fingerprint, 80)}"
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def fingerprint_in(text: str) -> str | None:
    """The content fingerprint that a commit message or a pull request's text of ours states, or None.

    A hint: people can write anything there. What counts is the tree.
    """
    found = _TRAILER.findall(text.replace("\r\n", "\n"))
    return str(found[-1]) if found else None


def fingerprint_marker(fingerprint: str) -> str:
    """The hidden line of a pull request's text that ``fingerprint_in`` reads."""
    return f"<!-- Callboard-Fingerprint: {re.sub('[^0-9a-f]', '', fingerprint)} -->"


def squash_message(pull: PullRequest, verdict: Verdict) -> str:
    """The body of the merge commit: where it was reviewed, who approved it, which content it brings."""
    trailers = [f"Approved-by: {one_line(login, 100)}" for login in verdict.approved_by]
    fingerprint = fingerprint_in(pull.body)
    if fingerprint:
        trailers.append(f"Callboard-Fingerprint: {fingerprint}")
    return f"Reviewed at {pull.url}, as commit {verdict.head}.\n\n" + "\n".join(trailers)


def _line(change: ModelChange, *, named: bool) -> str:
    if named:
        return f"- {title([change], 160)}"
    return "\n".join(f"- {one_line(one.sentence, 300)}" for one in change.differences[:20])
