"""A double of the Hugging Face Hub: the part of its API that Callboard reads.

There is no Hub to install and no description of its API to check against. What holds this double to the truth
is the Hub's own client, ``huggingface_hub``, unmodified: ``tests/sources/test_huggingface.py`` lists, reads
and downloads with it. Whatever is not implemented here answers 501.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callboard.documents.reader import read_documents
from tests.servers.doubles import Double, standing_in

_EXPANDABLE = frozenset({
    "author", "cardData", "createdAt", "disabled", "downloads", "gated", "gguf", "lastModified",
    "library_name", "likes", "pipeline_tag", "private", "safetensors", "sha", "siblings", "tags",
})  # fmt: skip
_DEFAULT = ("createdAt", "downloads", "library_name", "likes", "pipeline_tag", "private", "tags")
_DETAIL = (*_DEFAULT, "author", "cardData", "disabled", "gated", "lastModified", "sha", "siblings")


@dataclass
class Repository:
    """A model on the Hub. Its commit follows from its files."""

    id: str
    files: dict[str, bytes]
    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library_name: str | None = None
    private: bool = False
    gated: str | bool = False
    disabled: bool = False
    safetensors: dict[str, Any] | None = None
    gguf: dict[str, Any] | None = None
    created_at: str = "2026-01-02T03:04:05.000Z"
    last_modified: str = "2026-02-03T04:05:06.000Z"
    spoiled: dict[str, Any] = field(default_factory=dict)
    """What the API says instead of the truth."""

    @property
    def sha(self) -> str:
        """The commit."""
        content = json.dumps({name: hashlib.sha256(body).hexdigest() for name, body in self.files.items()})
        return hashlib.sha1(content.encode()).hexdigest()

    @property
    def card_data(self) -> Any:
        """The front matter of the card, as the Hub parses it."""
        _, _, rest = self.files.get("README.md", b"").partition(b"---\n")
        front, end, _ = rest.partition(b"\n---\n")
        documents = read_documents(front, "README.md").documents if end else ()
        return documents[0].value if documents else None

    def described(self, keys: tuple[str, ...]) -> dict[str, Any]:
        """What the API answers for this model."""
        everything = {
            "author": self.id.partition("/")[0],
            "cardData": self.card_data,
            "createdAt": self.created_at,
            "disabled": self.disabled,
            "downloads": 5,
            "gated": self.gated,
            "gguf": self.gguf,
            "lastModified": self.last_modified,
            "library_name": self.library_name,
            "likes": 3,
            "pipeline_tag": self.pipeline_tag,
            "private": self.private,
            "safetensors": self.safetensors,
            "sha": self.sha,
            "siblings": [{"rfilename": name} for name in self.files],
            "tags": list(self.tags),
        }
        said = {key: everything[key] for key in keys if everything.get(key) is not None}
        return {"_id": hashlib.md5(self.id.encode()).hexdigest()[:24], "id": self.id, **said, **self.spoiled}


@dataclass
class Hub(Double):
    """A running Hub."""

    token: str | None = None
    """Who sends it sees private and gated models."""
    page_size: int = 1000
    repositories: dict[str, Repository] = field(default_factory=dict)

    def add(self, *repositories: Repository) -> None:
        """Puts models on the Hub."""
        self.repositories |= {repository.id: repository for repository in repositories}

    async def own(self, request: Request) -> Response:
        """What the server itself answers."""
        match request.url.path.strip("/").split("/"):
            case ["api", "models"]:
                return self._list(request)
            case ["api", "models", *name] if 1 <= len(name) <= 2:
                return self._detail(request, "/".join(name))
            case [name, "resolve", revision, *file] if file:
                return self._file(request, name, revision, "/".join(file))
            case [owner, name, "resolve", revision, *file] if file:
                return self._file(request, f"{owner}/{name}", revision, "/".join(file))
        return JSONResponse({"error": "this double does not implement that"}, 501)

    def _knows(self, request: Request) -> bool:
        return self.token is not None and request.headers.get("authorization") == f"Bearer {self.token}"

    def _list(self, request: Request) -> Response:
        query = request.query_params
        expand = tuple(query.getlist("expand"))
        if unknown := set(expand) - _EXPANDABLE:
            return JSONResponse({"error": f"invalid expand: {sorted(unknown)}"}, 400)
        if unknown := query.keys() - {"author", "filter", "limit", "sort", "expand", "cursor"}:
            return JSONResponse({"error": f"this double does not know {sorted(unknown)}"}, 501)
        found = [
            repository
            for repository in self.repositories.values()
            if (not repository.private or self._knows(request))
            and query.get("author") in (None, repository.id.partition("/")[0])
            and set(query.getlist("filter")) <= {*repository.tags, repository.pipeline_tag}
        ]
        found.sort(key=lambda repository: (repository.created_at, repository.id), reverse=True)
        start = int(query.get("cursor", "0"))
        size = min(int(query.get("limit", self.page_size)), self.page_size)
        headers = {}
        if start + size < len(found):
            following = request.url.include_query_params(cursor=start + size)
            headers["link"] = f'<{following}>; rel="next"'
        page = [repository.described(expand or _DEFAULT) for repository in found[start : start + size]]
        return Response(json.dumps(page), headers=headers, media_type="application/json")

    def _detail(self, request: Request, name: str) -> Response:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not self._knows(request)):
            return _not_found(request)
        return JSONResponse(repository.described(tuple(request.query_params.getlist("expand")) or _DETAIL))

    def _file(self, request: Request, name: str, revision: str, file: str) -> Response:
        repository = self.repositories.get(name)
        if repository is None or (repository.private and not self._knows(request)):
            return _not_found(request)
        if repository.gated and not self._knows(request):
            said = {"error": f"Access to model {name} is restricted. You must have access to it."}
            status = 403 if request.headers.get("authorization") else 401
            return JSONResponse(said, status, {"x-error-code": "GatedRepo", "x-error-message": said["error"]})
        if revision not in ("main", repository.sha):
            return Response("Invalid rev id", 404, {"x-error-code": "RevisionNotFound"})
        body = repository.files.get(file)
        if body is None:
            return Response("Entry not found", 404, {"x-error-code": "EntryNotFound"})
        headers = {"x-repo-commit": repository.sha, "etag": f'"{hashlib.sha1(body).hexdigest()}"'}
        return Response(body, headers=headers, media_type="text/plain")


def _not_found(request: Request) -> Response:
    # The Hub does not tell whether a model is there from those who may not see it.
    if request.headers.get("authorization"):
        return JSONResponse({"error": "Repository not found"}, 404, {"x-error-code": "RepoNotFound"})
    return JSONResponse({"error": "Invalid username or password."}, 401, {"x-error-code": "RepoNotFound"})


@contextlib.contextmanager
def running() -> Iterator[Hub]:
    """An empty Hub, until the end of the ``with``."""
    hub = Hub()
    with standing_in(hub):
        yield hub
