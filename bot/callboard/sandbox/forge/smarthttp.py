"""git's smart HTTP, answered by ``git http-backend`` over the bare repositories, streaming both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .access import caller, granted
from .apps import check_grant
from .bare import git_environment
from .pushes import settle
from .refusal import Refused
from .requestlog import Request as Logged
from .restapp import broken
from .state import Account, Repository, World

_CHUNK = 1 << 16
_SERVICES = ("git-upload-pack", "git-receive-pack")
_OPERATIONS = {"git-upload-pack": "git/fetch", "git-receive-pack": "git/push"}


class SmartHttp:
    """Serves ``info/refs``, ``git-upload-pack`` and ``git-receive-pack`` of every repository."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        service, operation, path = _asked(request)
        actor: Account | None = None
        try:
            actor = caller(self._world, request.headers.get("authorization"))
            repository = self._admitted(request, actor, service)
            response = await self._answer(request, repository, actor, operation, path)
        except Refused as refused:
            asks = {"www-authenticate": 'Basic realm="GitHub"'} if refused.status == 401 else {}
            headers = refused.headers | asks
            response = Response(f"{refused.message}\n", refused.status, headers)
        user = actor.login if actor else None
        is_write = operation == "git/push"
        self._world.log.add(
            Logged("git", request.method, request.url.path, operation, response.status_code, user, is_write)
        )
        return response

    def _admitted(self, request: Request, actor: Account | None, service: str) -> Repository:
        if service not in _SERVICES:
            raise Refused(403, "Please upgrade your git client.")
        owner, name = request.path_params["owner"], request.path_params["repo"]
        with self._world.lock:
            moved = self._world.moved(owner, name, actor)
            if moved is not None:
                there = request.url.path.replace(f"/{owner}/{name}", f"/{moved.full_name}", 1)
                query = f"?{request.url.query}" if request.url.query else ""
                raise Refused(301, "Moved Permanently", headers={"location": there + query})
            key = f"{owner}/{name}".lower()
            known = self._world.repositories.get(key)
            if actor is None and (service == "git-receive-pack" or known is None or known.private):
                # GitHub asks who it is before it says whether there is such a repository.
                raise Refused(401, "Authentication required")
            repository = self._world.repository(owner, name, actor)
            grant = granted(self._world, request.headers.get("authorization"))
            check_grant(grant, repository, "git/", "POST" if service == "git-receive-pack" else "GET")
            if service == "git-receive-pack" and not repository.allows(actor, "write"):
                who = actor.login if actor else "anonymous"
                raise Refused(403, f"Permission to {repository.full_name}.git denied to {who}.")
        return repository

    async def _answer(
        self, request: Request, repository: Repository, actor: Account | None, operation: str, path: str
    ) -> Response:
        fault = self._world.faults.take(operation)
        if fault and not fault.after_applying:
            return broken(fault)
        if operation != "git/push" or actor is None:
            return await _backend(request, repository, actor, path)
        # The report of a push is short, and pull requests must have followed before the pusher hears of it.
        pushed = await _collect(await _backend(request, repository, actor, path))
        await to_thread.run_sync(self._settle, repository, actor)
        return broken(fault) if fault else pushed

    def _settle(self, repository: Repository, actor: Account) -> None:
        with self._world.lock:
            settle(self._world, repository, actor)
            self._world.changed(actor)


def _asked(request: Request) -> tuple[str, str, str]:
    service = request.url.path.rpartition("/")[2]
    if service == "refs":
        return request.query_params.get("service", ""), "git/refs", "/info/refs"
    return service, _OPERATIONS[service], f"/{service}"


async def _backend(
    request: Request, repository: Repository, actor: Account | None, path: str
) -> StreamingResponse:
    environment = git_environment() | {
        "GIT_PROJECT_ROOT": str(repository.git.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": actor.login if actor else "",
    }
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdin
    assert process.stdout
    feeding = asyncio.create_task(_feed(request, process.stdin))
    status, headers = 200, {}
    while line := (await process.stdout.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value.strip()
    return StreamingResponse(_drain(process, process.stdout, feeding), status, headers)


async def _feed(request: Request, stdin: asyncio.StreamWriter) -> None:
    try:
        async for chunk in request.stream():
            stdin.write(chunk)
            await stdin.drain()
    except ConnectionError:
        pass  # the backend has heard enough, or the caller hung up
    finally:
        stdin.close()


async def _drain(
    process: asyncio.subprocess.Process, stdout: asyncio.StreamReader, feeding: asyncio.Task[None]
) -> AsyncIterator[bytes]:
    ended = False
    try:
        while chunk := await stdout.read(_CHUNK):
            yield chunk
        ended = True
    finally:
        feeding.cancel()
        if not ended and process.returncode is None:
            process.kill()
        await process.wait()


async def _collect(response: StreamingResponse) -> Response:
    body = b"".join([chunk async for chunk in response.body_iterator if isinstance(chunk, bytes)])
    return Response(body, response.status_code, dict(response.headers))
