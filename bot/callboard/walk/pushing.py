"""Writing groups of changes to their branches, each only if the branch still is where we saw it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from callboard.changes.group import Group
from callboard.forges.protocol import ForgeError
from callboard.pulls.commits import commit_message
from callboard.walk.base import Base
from callboard.walk.workplace import Workplace


def push_groups(
    workplace: Workplace,
    base: Base,
    groups: Mapping[str, tuple[str | None, Group]],
    done_with: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str | None]:
    """Write groups to their branches on the present base; branch to (expected head, group).

    In one push, or, for verified commits, one by one through the forge's API.

    ``done_with``: branches to delete in the same push, with the heads that they must still have.
    Answers branch to None when done, or why it was refused. Raises GitError when the push as a whole failed.
    """
    updates: dict[str, tuple[str | None, str | None]] = {
        branch: (head, None) for branch, head in done_with.items()
    }
    refused: dict[str, str | None] = {}
    verified = workplace.config.pull_requests.commits == "verified"
    for branch, (expected, one) in groups.items():
        message = commit_message(
            [change.change for change in one.changes], key=one.key, fingerprint=one.fingerprint
        )
        if verified:
            refused[branch] = _committed(workplace, base, branch, expected, one.files, message)
            continue
        built = workplace.repository.build(base.commit, one.files, message, workplace.forge.commit_author())
        updates[branch] = (expected, built)
    return refused | (workplace.repository.push(updates) if updates else {})


def _committed(
    workplace: Workplace,
    base: Base,
    branch: str,
    expected: str | None,
    files: Mapping[str, bytes | None],
    message: str,
) -> str | None:
    """Have the forge make the commit, which it signs; None, or why it refused. The next fetch brings it."""
    assert base.commit is not None
    try:
        workplace.forge.commit(
            branch,
            parent=base.commit,
            files=files,
            existing=[path for path in files if path in base.blobs],
            message=message,
            expected=expected,
        )
    except ForgeError as error:
        return error.what
    return None
