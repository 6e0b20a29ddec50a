"""Reading a registered target from the sandbox forge, as Backstage's integrations for its two APIs do."""

from __future__ import annotations

import re
import threading
from typing import Self
from urllib.parse import quote, unquote

from callboard.documents.reader import read_documents
from callboard.http import HttpProblem, connect
from callboard.redaction import Secret
from callboard.sandbox.catalog.entities import Document, Problem

_LARGEST = 10 * 1024 * 1024


class Reader:
    """Reads files of one forge, through GitLab's API where a target has a ``/-/``, else through GitHub's.

    Use it as a context manager.
    """

    def __init__(self, forge_url: str, api_url: str, token: Secret) -> None:
        self._lock = threading.Lock()
        self._http = connect(api_url, token=token, attempts=1, timeout=10)
        self._gitlab_api = f"{forge_url.rstrip('/')}/api/v4"
        self._target = re.compile(
            re.escape(forge_url.rstrip("/"))
            + r"/(?P<repository>[^/?#]+(?:/[^/?#]+)+?)(?P<gitlab>/-)?"
            + r"/(?:blob|tree)/(?P<ref>[^/?#]+)/(?P<path>[^?#]+)"
        )

    def __enter__(self) -> Self:
        self._http.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()

    def read(self, target: str) -> list[Document]:
        """The documents at a target. Raises Problem."""
        match = self._target.fullmatch(target)
        if match is None:
            raise Problem("Error", f"Unable to read url, Reading from '{target}' is not allowed")
        repository, path = unquote(match["repository"]), unquote(match["path"])
        if match["gitlab"]:
            project, file = quote(repository, safe=""), quote(path, safe="")
            address = f"{self._gitlab_api}/projects/{project}/repository/files/{file}/raw"
        else:
            address = f"repos/{quote(repository)}/contents/{quote(path)}"
        try:
            with self._lock:
                content = self._http.get(
                    address,
                    {"ref": unquote(match["ref"])},
                    {"accept": "application/vnd.github.v3.raw"},
                    limit=_LARGEST,
                ).body
        except HttpProblem as problem:
            if problem.kind == "not-found":
                what = f"Unable to read url, no matching files found for {target}"
                raise Problem("NotFoundError", what) from None
            raise Problem("Error", f"Unable to read url, {problem}") from None
        reading = read_documents(content, target)
        if reading.faults:
            fault = reading.faults[0]
            raise Problem("Error", f"YAML error at url:{fault.place}, {fault.what}")
        return [document.value for document in reading.documents if document.value is not None]
