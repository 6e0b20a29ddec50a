"""Files behind GitHub's contents API, and nothing else of a forge: for tests of those who only read files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.redaction import Secret
from tests.servers.threads import serving


class Contents:
    """One repository, ``acme/catalog``, whose files can be changed at will."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.token = Secret("contents-0123456789abcdef")
        self.url = ""

    @property
    def api_url(self) -> str:
        """Where GitHub's API begins."""
        return f"{self.url}/api/v3"

    def target(self, path: str) -> str:
        """The address of a file as it is registered."""
        return f"{self.url}/acme/catalog/blob/main/{path}"

    def write(self, path: str, *documents: str) -> str:
        """Write a file; its address."""
        self.files[path] = "---\n".join(documents)
        return self.target(path)

    def application(self) -> Starlette:
        """The server."""
        return Starlette(routes=[Route("/api/v3/repos/acme/catalog/contents/{path:path}", self._read)])

    async def _read(self, request: Request) -> Response:
        content = self.files.get(request.path_params["path"])
        allowed = request.headers.get("authorization") == f"Bearer {self.token.reveal()}"
        if content is None or not allowed or request.query_params.get("ref") != "main":
            return JSONResponse({"message": "Not Found", "status": "404"}, 404)
        assert request.headers["accept"] == "application/vnd.github.v3.raw"
        return Response(content, media_type="application/vnd.github.v3.raw")


@pytest.fixture(scope="session")
def contents() -> Iterator[Contents]:
    """A repository of files that lives as long as the session: every test writes files of its own."""
    repository = Contents()
    with serving(repository.application()) as url:
        repository.url = url
        yield repository
