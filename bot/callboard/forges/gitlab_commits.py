"""A commit made through GitLab's API, which signs it.

The API takes no "only if the branch is at": so the branch is read right before, and the parents of what was
made are compared after. Between the two, somebody's push can be written over (as with a plain force push):
a window of one request. What is made always stands on ``parent`` alone.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from urllib.parse import quote

from callboard.forges.gitlab_api import Api
from callboard.forges.protocol import ForgeError, HeadMoved


def commit(
    api: Api,
    branch: str,
    *,
    parent: str,
    files: Mapping[str, bytes | None],
    existing: Collection[str],
    message: str,
    expected: str | None,
) -> str:
    """See ``forges.protocol.Forge.commit``. One read and one write."""
    what, hint = f"commit to {branch}", "the next run decides anew"
    found = api.read_or_none(f"{api.project}/repository/branches/{quote(branch, safe='')}")
    if (found["commit"]["id"] if found else None) != expected:
        raise HeadMoved(
            f"{branch} is not where it was when we looked", where=api.repository, hint=hint, status=409
        )
    made = api.write(
        what,
        "POST",
        f"{api.project}/repository/commits",
        {
            "branch": branch,
            "start_sha": parent,
            "force": expected is not None,
            "commit_message": message,
            "actions": [_action(path, content, existing) for path, content in sorted(files.items())],
        },
    )
    if made["parent_ids"] != [parent]:
        said = f"GitLab made {made['id'][:10]} on another commit than {parent[:10]}"
        raise ForgeError(said, where=f"{branch} in {api.repository}", hint="close its merge request")
    return str(made["id"])


def _action(path: str, content: bytes | None, existing: Collection[str]) -> dict[str, str]:
    if content is None:
        return {"action": "delete", "file_path": path}
    action = {"action": "update" if path in existing else "create", "file_path": path}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\r"
    # GitLab may take carriage returns out of what it takes for text.
    if "\r" in text or "\0" in text:
        return action | {"encoding": "base64", "content": base64.b64encode(content).decode()}
    return action | {"content": text}
