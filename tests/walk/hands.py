"""What people do on a forge, through the API of each: the same names for the same deeds."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from callboard import http
from callboard.redaction import Secret
from callboard.sandbox.forge import SandboxForge

REPOSITORY = "acme/model-catalog"


class Hands(Protocol):
    """A person at work in the catalog's repository. Everything is done with the given token."""

    opening: str
    """The operation that opens a pull request, for faults."""
    merging: str
    """The operation that merges one."""
    writes_to_open: int
    """How many requests it takes to open one with a label."""

    def approve(self, number: int) -> None: ...
    def unapprove(self, number: int) -> None: ...
    def text(self, number: int) -> tuple[str, str]:
        """Title and body."""

    def rewrite(self, number: int, title: str, body: str) -> None: ...
    def close(self, number: int) -> None: ...
    def retarget(self, number: int, base: str) -> None: ...
    def comment(self, number: int, text: str) -> None: ...
    def merge(self, number: int) -> None: ...
    def propose(self, branch: str, title: str) -> int: ...
    def branch(self, number: int) -> str: ...
    def files(self, number: int) -> set[str]: ...
    def labels(self, number: int) -> list[str]: ...
    def label(self, number: int, name: str) -> None: ...
    def unlabel(self, number: int, name: str) -> None: ...
    def comments(self, number: int) -> list[str]: ...
    def texts(self) -> list[tuple[str, str]]:
        """Title and body of every pull request there ever was."""

    def blob_url(self, path: str) -> str: ...
    def report_check(self, commit: str, name: str, state: str) -> None:
        """Report a check: success, failure or pending."""


class OnGitHub:
    opening = "pulls/create"
    merging = "pulls/merge"
    writes_to_open = 2

    def __init__(self, forge: SandboxForge, token: str) -> None:
        self._forge, self._token = forge, token

    def api(self, method: str, path: str, body: Any = None) -> Any:
        return _call(self._forge.api_url, self._token, method, f"/repos/{REPOSITORY}{path}", body)

    def approve(self, number: int) -> None:
        self.api("POST", f"/pulls/{number}/reviews", {"event": "APPROVE", "body": "good"})

    def unapprove(self, number: int) -> None:
        last = self.api("GET", f"/pulls/{number}/reviews")[-1]["id"]
        self.api("PUT", f"/pulls/{number}/reviews/{last}/dismissals", {"message": "on second thoughts"})

    def text(self, number: int) -> tuple[str, str]:
        return _said(self.api("GET", f"/pulls/{number}"), "body")

    def rewrite(self, number: int, title: str, body: str) -> None:
        self.api("PATCH", f"/pulls/{number}", {"title": title, "body": body})

    def retarget(self, number: int, base: str) -> None:
        self.api("PATCH", f"/pulls/{number}", {"base": base})

    def comment(self, number: int, text: str) -> None:
        self.api("POST", f"/issues/{number}/comments", {"body": text})

    def close(self, number: int) -> None:
        self.api("PATCH", f"/pulls/{number}", {"state": "closed"})

    def merge(self, number: int) -> None:
        self.api("PUT", f"/pulls/{number}/merge", {"merge_method": "merge"})

    def propose(self, branch: str, title: str) -> int:
        made = self.api("POST", "/pulls", {"title": title, "head": branch, "base": "main", "body": ""})
        return int(made["number"])

    def branch(self, number: int) -> str:
        return str(self.api("GET", f"/pulls/{number}")["head"]["ref"])

    def files(self, number: int) -> set[str]:
        return {file["filename"] for file in self.api("GET", f"/pulls/{number}/files?per_page=100")}

    def labels(self, number: int) -> list[str]:
        return [label["name"] for label in self.api("GET", f"/issues/{number}/labels")]

    def label(self, number: int, name: str) -> None:
        self.api("POST", f"/issues/{number}/labels", {"labels": [name]})

    def unlabel(self, number: int, name: str) -> None:
        self.api("DELETE", f"/issues/{number}/labels/{name}")

    def comments(self, number: int) -> list[str]:
        return [comment["body"] for comment in self.api("GET", f"/issues/{number}/comments")]

    def texts(self) -> list[tuple[str, str]]:
        return [_said(pull, "body") for pull in self.api("GET", "/pulls?state=all")]

    def blob_url(self, path: str) -> str:
        return f"{self._forge.url}/{REPOSITORY}/blob/main/{path}"

    def report_check(self, commit: str, name: str, state: str) -> None:
        self.api("POST", f"/statuses/{commit}", {"state": state, "context": name})


class OnGitLab:
    opening = "gitlab/merge_requests/create"
    merging = "gitlab/merge_requests/merge"
    writes_to_open = 1

    def __init__(self, forge: SandboxForge, token: str) -> None:
        self._forge, self._token = forge, token

    def api(self, method: str, path: str, body: Any = None) -> Any:
        project = f"/projects/{quote(REPOSITORY, safe='')}/merge_requests{path}"
        return _call(self._forge.gitlab_api_url, self._token, method, project, body)

    def approve(self, number: int) -> None:
        self.api("POST", f"/{number}/approve", {})

    def unapprove(self, number: int) -> None:
        self.api("POST", f"/{number}/unapprove", {})

    def text(self, number: int) -> tuple[str, str]:
        return _said(self.api("GET", f"/{number}"), "description")

    def rewrite(self, number: int, title: str, body: str) -> None:
        self.api("PUT", f"/{number}", {"title": title, "description": body})

    def retarget(self, number: int, base: str) -> None:
        self.api("PUT", f"/{number}", {"target_branch": base})

    def comment(self, number: int, text: str) -> None:
        self.api("POST", f"/{number}/notes", {"body": text})

    def close(self, number: int) -> None:
        self.api("PUT", f"/{number}", {"state_event": "close"})

    def merge(self, number: int) -> None:
        self.api("PUT", f"/{number}/merge", {"squash": False})

    def propose(self, branch: str, title: str) -> int:
        made = self.api("POST", "", {"title": title, "source_branch": branch, "target_branch": "main"})
        return int(made["iid"])

    def branch(self, number: int) -> str:
        return str(self.api("GET", f"/{number}")["source_branch"])

    def files(self, number: int) -> set[str]:
        return {file["new_path"] for file in self.api("GET", f"/{number}/diffs?per_page=100")}

    def labels(self, number: int) -> list[str]:
        return list(self.api("GET", f"/{number}")["labels"])

    def label(self, number: int, name: str) -> None:
        self.api("PUT", f"/{number}", {"add_labels": name})

    def unlabel(self, number: int, name: str) -> None:
        self.api("PUT", f"/{number}", {"remove_labels": name})

    def comments(self, number: int) -> list[str]:
        return [note["body"] for note in self.api("GET", f"/{number}/notes") if not note["system"]]

    def texts(self) -> list[tuple[str, str]]:
        return [_said(mr, "description") for mr in self.api("GET", "?state=all")]

    def blob_url(self, path: str) -> str:
        return f"{self._forge.url}/{REPOSITORY}/-/blob/main/{path}"

    def report_check(self, commit: str, name: str, state: str) -> None:
        word = {"failure": "failed"}.get(state, state)
        path = f"/projects/{quote(REPOSITORY, safe='')}/statuses/{commit}"
        _call(self._forge.gitlab_api_url, self._token, "POST", path, {"state": word, "name": name})


def _call(api_url: str, token: str, method: str, path: str, body: Any) -> Any:
    with http.connect(api_url, token=Secret(token)) as client:
        answer = client.request(method, path, json=body)
        return answer.json() if answer.body else None


def _said(pull: Any, body: str) -> tuple[str, str]:
    return pull["title"], pull[body] or ""
