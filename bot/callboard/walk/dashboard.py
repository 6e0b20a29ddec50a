"""Writing the dashboard issue: last of all, with what the walk leaves behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from callboard.forges.protocol import DASHBOARD_LABEL, About, ForgeError, Issue, PullRequest
from callboard.model import Problem
from callboard.pulls.dashboard import DASHBOARD_TITLE, Order, dashboard_text, same_text, ticked
from callboard.pulls.dashboard_rows import (
    FROM_REGISTRIES,
    Row,
    Section,
    row_of_declined,
    row_of_merged,
    row_of_pull,
    row_of_waiting,
)
from callboard.pulls.limits import LONGEST_BODY, characters
from callboard.walk.acting import Handled
from callboard.walk.proposing import Proposal
from callboard.walk.refusals import refused
from callboard.walk.workplace import Workplace


def rows_of_pass(
    handled: Iterable[Handled], pending: Iterable[tuple[PullRequest, str]], root: str
) -> tuple[Row, ...]:
    """The rows that a reconcile knows of, once it has done its work.

    ``pending``: merged pull requests that Backstage does not have yet, and what it says about them.
    """
    rows = [_row(one, root) for one in handled if one.done not in ("merged", "closed")]
    return (*rows, *(row_of_merged(pull, root, why) for pull, why in pending))


def rows_of_proposals(proposals: Iterable[Proposal], root: str) -> tuple[Row, ...]:
    """The rows that a sync knows of: what it did not open, and why."""
    rows = []
    for one in proposals:
        if one.action == "wait":
            changes = [change.change for change in one.group.changes]
            rows.append(row_of_waiting(changes, one.branch, _sentence(one.why)))
        elif one.action == "declined" and one.pull is not None:
            rows.append(row_of_declined(one.pull, root, _sentence(one.why)))
    return tuple(rows)


def write_dashboard(
    workplace: Workplace,
    about: About,
    rows: Iterable[Row],
    known: Collection[Section],
    *,
    handled: Collection[Order] = (),
    done: Sequence[str] = (),
) -> Problem | None:
    """Open or rewrite the dashboard where it is configured and says something else; answers what went wrong.

    ``about``: as read when the walk began. ``known``, ``handled`` and ``done``: as for ``dashboard_text``.
    What people ticked or wrote meanwhile is read once more before anything is written over it.
    """
    forge = workplace.forge
    if not workplace.config.pull_requests.dashboard:
        return None
    found = tuple(rows)

    def text(issue: Issue | None) -> str:
        return dashboard_text(
            found,
            known,
            before=issue.body if issue else "",
            handled=handled,
            done=done,
            word=forge.word,
        )

    try:
        issue = about.dashboard
        if issue is not None and same_text(text(issue), issue.body):
            return None
        issue = forge.about(workplace.config.catalog.base).dashboard
        body = text(issue)
        if issue is None:
            forge.open_issue(DASHBOARD_TITLE, body, (DASHBOARD_LABEL,))
        elif characters(body) > LONGEST_BODY:
            what = "the notes on the dashboard leave no room for anything else"
            return Problem(source="forge", what=what, where=issue.url, hint="shorten them")
        elif not same_text(body, issue.body):
            forge.edit_issue(issue.number, body=body)
    except ForgeError as error:
        return refused(error)
    return None


def orders_on(workplace: Workplace, about: About) -> tuple[Order, ...]:
    """What people ticked on the dashboard, where it is configured."""
    if about.dashboard is None or not workplace.config.pull_requests.dashboard:
        return ()
    return ticked(about.dashboard.body, workplace.forge.word)


def write_sync_on_dashboard(
    workplace: Workplace, about: About, proposals: Sequence[Proposal]
) -> Problem | None:
    """Say on the dashboard what a sync did not open, and what came of the boxes for it."""
    orders, done = opened_on_order(orders_on(workplace, about), proposals)
    rows = rows_of_proposals(proposals, workplace.config.catalog.path)
    return write_dashboard(workplace, about, rows, FROM_REGISTRIES, handled=orders, done=done)


def opened_on_order(
    orders: Sequence[Order], proposals: Iterable[Proposal]
) -> tuple[tuple[Order, ...], tuple[str, ...]]:
    """The ticked ``open`` boxes after a sync, and what came of each, in one line."""
    found = {one.branch: one for one in proposals}
    opened = tuple(order for order in orders if order.deed == "open")
    return opened, tuple(_opened(order, found.get(order.branch or "")) for order in opened)


def _opened(order: Order, proposal: Proposal | None) -> str:
    if proposal is None:
        return f"open {order.branch}: nothing asks for it any more"
    if proposal.pull is not None and proposal.action in ("open", "update", "unchanged"):
        return f"open {order.branch}: it is {proposal.pull.reference}"
    return f"open {order.branch}: not opened; {proposal.why}"


def _row(one: Handled, root: str) -> Row:
    if one.done == "failed":
        return row_of_pull(one.pull, one.verdict, root, failed=_sentence(one.why))
    if one.done == "queued":
        return row_of_pull(one.pull, one.verdict, root, missing="It stands in the queue of the forge.")
    if one.done == "rewritten":
        return row_of_pull(one.pull, one.verdict, root, missing="It was written anew; its checks run again.")
    return row_of_pull(one.pull, one.verdict, root)


def _sentence(said: str) -> str:
    return said if said.endswith(".") else f"{said}."
