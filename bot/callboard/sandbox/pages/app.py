"""The pages: repositories, pull requests, files, and what one visitor may do to a pull request."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import jinja2
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from callboard.sandbox.forge import merging, pulls, reviewing
from callboard.sandbox.forge.refusal import Refused, not_found
from callboard.sandbox.forge.state import Account, Pull, Repository, World

from .diff import patch
from .guard import FormGuard
from .markdown import render
from .timeline import timeline

_HERE = Path(__file__).parent
_POLICY = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_REPOSITORY = "/{owner}/{repo}"
_PULL = f"{_REPOSITORY}/pull/{{number:int}}"
_STYLE = "/-/style.css"
_PICTURES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif"}
_Handler = Callable[[Request, bytes], Response]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"markdown": render, "patch": patch, "path": lambda path: quote(str(path))}
    return environment


class Pages:
    """``visitor`` is the login of the person that forms act for; None: the pages only show."""

    def __init__(self, world: World, visitor: str | None) -> None:
        self._world, self._visitor = world, visitor
        self._guard = FormGuard()
        self._templates = _environment()

    def routes(self) -> list[Route]:
        """The routes, to stand behind those of the API and of git."""
        return [
            Route(_STYLE, self._answer(self._style)),
            Route("/", self._answer(self._index)),
            Route(_REPOSITORY, self._answer(self._home)),
            Route(_PULL, self._answer(self._pull)),
            Route(_PULL, self._answer(self._act), methods=["POST"]),
            Route(f"{_REPOSITORY}/tree/{{place:path}}", self._answer(self._tree)),
            Route(f"{_REPOSITORY}/blob/{{place:path}}", self._answer(self._blob)),
            Route(f"{_REPOSITORY}/raw/{{place:path}}", self._answer(self._raw)),
        ]

    def _answer(self, handler: _Handler) -> Callable[[Request], Any]:
        def respond(request: Request, data: bytes) -> Response:
            with self._world.lock:
                try:
                    answer = handler(request, data)
                    if request.method == "POST" and self._account:
                        self._world.changed(self._account)
                    return answer
                except Refused as refused:
                    said = "; ".join(str(error) for error in refused.errors or [])
                    return self._page("refused.html", refused.status, message=refused.message, said=said)

        async def endpoint(request: Request) -> Response:
            response = await to_thread.run_sync(respond, request, await request.body())
            response.headers.update(_POLICY)
            return response

        return endpoint

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        shared = {"visitor": self._visitor, "style": _STYLE}
        html = self._templates.get_template(template).render(shared | values)
        return Response(html, status, media_type="text/html")

    @property
    def _account(self) -> Account | None:
        return self._world.accounts.get(self._visitor.lower()) if self._visitor else None

    def _repository(self, request: Request) -> Repository:
        return self._world.repository(
            request.path_params["owner"], request.path_params["repo"], self._account
        )

    def _style(self, _request: Request, _data: bytes) -> Response:
        return Response((_HERE / "style.css").read_bytes(), media_type="text/css")

    def _index(self, _request: Request, _data: bytes) -> Response:
        shown = [each for each in self._world.repositories.values() if each.allows(self._account, "read")]
        return self._page("index.html", repositories=shown, newest=_newest)

    def _home(self, request: Request, _data: bytes) -> Response:
        repository = self._repository(request)
        return self._listing(repository, repository.default_branch, "", pulls=_newest(repository))

    def _listing(self, repository: Repository, reference: str, path: str, **values: Any) -> Response:
        commit = repository.git.resolve(reference)
        entry = repository.git.entry(commit, path) if commit and path else None
        if commit is None or (path and (entry is None or entry.type != "tree")):
            raise not_found()
        entries = repository.git.tree(entry.sha if entry else commit)
        entries.sort(key=lambda each: (each.type != "tree", each.path))
        readme = next((each for each in entries if each.path.lower() == "readme.md"), None)
        text = repository.git.blob(readme.sha).decode(errors="replace") if readme else ""
        return self._page(
            "tree.html",
            repository=repository,
            reference=reference,
            path=path,
            entries=entries,
            readme=text,
            **({"pulls": None} | values),
        )

    def _tree(self, request: Request, _data: bytes) -> Response:
        repository = self._repository(request)
        return self._listing(repository, *_placed(repository, request.path_params["place"]))

    def _content(self, request: Request) -> tuple[Repository, str, str, bytes]:
        repository = self._repository(request)
        reference, path = _placed(repository, request.path_params["place"])
        commit = repository.git.resolve(reference)
        entry = repository.git.entry(commit, path) if commit and path else None
        if entry is None or entry.type != "blob":
            raise not_found()
        return repository, reference, path, repository.git.blob(entry.sha)

    def _blob(self, request: Request, _data: bytes) -> Response:
        repository, reference, path, data = self._content(request)
        picture = _PICTURES.get(posixpath.splitext(path)[1].lower())
        if picture and request.headers.get("sec-fetch-dest") == "image":
            # A picture within a page cannot run scripts, whatever its file says.
            return Response(data, media_type=picture)
        binary = b"\0" in data
        text = "" if binary else data.decode(errors="replace")
        return self._page(
            "blob.html",
            repository=repository,
            reference=reference,
            path=path,
            size=len(data),
            binary=binary,
            text=text,
            is_markdown=path.endswith(".md"),
        )

    def _raw(self, request: Request, _data: bytes) -> Response:
        # Never as HTML or a picture: the content comes from outside.
        return Response(self._content(request)[3], media_type="text/plain")

    def _pull(self, request: Request, _data: bytes) -> Response:
        repository = self._repository(request)
        return self._show(repository, repository.pull(request.path_params["number"]))

    def _show(self, repository: Repository, pull: Pull, status: int = 200, problem: str = "") -> Response:
        return self._page(
            "pull.html",
            status,
            repository=repository,
            pull=pull,
            problem=problem,
            token=self._guard.token,
            state="merged"
            if pull.merged_at
            else "draft"
            if pull.draft and pull.state == "open"
            else pull.state,
            labels=[label for label in map(repository.label, pull.labels) if label],
            mergeability=merging.mergeability(repository, pull),
            statuses=merging.latest_statuses(repository, pull.head),
            runs=merging.check_runs(repository, pull.head),
            files=pulls.changed_files(repository, pull),
            commits=pulls.commits(repository, pull),
            events=timeline(repository, pull),
        )

    def _act(self, request: Request, data: bytes) -> Response:
        form = dict(parse_qsl(data.decode(errors="replace")))
        repository, account = self._repository(request), self._account
        pull = repository.pull(request.path_params["number"])
        if account is None or not self._guard.admits(request, form):
            raise Refused(403, "This form was not sent from this page. Load the page again and send it anew.")
        try:
            self._do(repository, pull, account, form.get("action", ""), form.get("body", ""))
        except Refused as refused:
            said = "; ".join(str(error) for error in refused.errors or []) or refused.message
            return self._show(repository, pull, refused.status, said)
        return RedirectResponse(request.url.path, 303)

    def _do(self, repository: Repository, pull: Pull, account: Account, action: str, body: str) -> None:
        if action == "approve":
            reviewing.review(self._world, repository, pull, account, "APPROVE", body, None)
        elif action == "comment":
            reviewing.comment(self._world, repository, pull, account, body)
        elif action == "close" and repository.allows(account, "triage"):
            if body.strip():
                reviewing.comment(self._world, repository, pull, account, body)
            pulls.set_state(self._world, repository, pull, "closed")
        else:
            raise Refused(422, f"{account.login} cannot do this")


def _newest(repository: Repository) -> list[Pull]:
    return sorted(repository.pulls.values(), key=lambda pull: (pull.state != "open", -pull.number))


def _placed(repository: Repository, place: str) -> tuple[str, str]:
    """Branch and path of an address. A branch's name may hold slashes: the shortest that there is counts."""
    parts = place.strip("/").split("/")
    for at in range(1, len(parts) + 1):
        reference, path = "/".join(parts[:at]), "/".join(parts[at:])
        if repository.git.resolve(reference):
            return reference, path
    raise not_found()
