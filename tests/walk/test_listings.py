"""Sources are read side by side, each within its own time, and refined on the way."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from callboard.config import Config, SourceSettings
from callboard.config_file import load_config
from callboard.model import Listing, Model
from callboard.sources import registry
from callboard.sources.context import Context
from callboard.sources.overrides import Override, parse_assignment
from callboard.walk import listings
from callboard.walk.listings import list_sources
from tests.servers.threads import serving
from tests.walk.house import card

CARDS = "{name: cards, type: files, path: cards}"


async def _trickle(_: Request) -> Response:
    async def bytes_for_ever() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    return StreamingResponse(bytes_for_ever(), media_type="application/json")


_numbers = itertools.count()


async def _pages(_: Request) -> Response:
    number = next(_numbers)
    await asyncio.sleep(0.02)
    models = [{"name": f"m{number}"}]
    return JSONResponse({"registered_models": models, "next_page_token": str(number)})


@pytest.fixture(scope="module")
def slow_server() -> Iterator[str]:
    """A registry that never comes to an end: byte by byte below /trickle, page by page below /pages."""
    routes = [Route("/trickle/{path:path}", _trickle), Route("/pages/{path:path}", _pages)]
    with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.fixture(autouse=True)
def _cards(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "one.md").write_text(card("one"))


def read(
    folder: Path, *sources: str, more: str = "", known: dict[str, Model] | None = None, **options: Any
) -> list[Listing]:
    config = load_config(
        f"sources: [{', '.join(sources)}]\n{more}",
        "callboard.yaml",
        lambda name: registry.source_type(name).settings,
        registry.SOURCE_TYPES,
    )
    found = list_sources(config, folder, lambda _: known or {}, lambda _name, _count: None, **options)
    return list(found)


def test_a_server_that_trickles_bytes_for_ever_ends_by_its_own_timeout(
    tmp_path: Path, slow_server: str
) -> None:
    slow = f"{{name: slow, type: mlflow, url: '{slow_server}/trickle', timeout: 0.2}}"

    trickled, cards = read(tmp_path, slow, CARDS)

    assert (trickled.models, trickled.complete) == ((), False)
    assert "no complete answer within 0.2 seconds" in trickled.problems[0].what
    assert [one.name for one in cards.models] == ["one"]


def test_a_source_whose_pages_never_end_ends_by_its_time_limit(tmp_path: Path, slow_server: str) -> None:
    slow = f"{{name: slow, type: mlflow, url: '{slow_server}/pages', time-limit: 0.3}}"

    endless, cards = read(tmp_path, slow, CARDS)

    assert not endless.complete
    assert "the time limit for this source has passed" in endless.problems[0].what
    assert endless.problems[0].hint == "raise its time-limit, or narrow its selection"
    assert endless.unread, "what was read so far is known to be there"
    assert cards.complete


def hanging(monkeypatch: pytest.MonkeyPatch, list_models: Callable[[Any, Context], Listing]) -> None:
    """Sources of type mlflow hang in something that is no request, as on a dead network file system."""
    real = registry.source_type

    def source_type(name: str) -> registry.SourceType:
        found = real(name)
        return registry.SourceType(found.settings, list_models) if name == "mlflow" else found

    monkeypatch.setattr(listings, "source_type", source_type)


def test_sources_that_hang_outside_of_requests_are_left_behind_and_end_when_they_move_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, ended = threading.Event(), threading.Semaphore(0)

    def list_models(settings: SourceSettings, context: Context) -> Listing:
        try:
            assert moved.wait(60)
            context.progress(1)
        except Exception:
            ended.release()
            raise
        return Listing(source=settings.name, complete=True)

    hanging(monkeypatch, list_models)
    dead = [
        f"{{name: dead-{n}, type: mlflow, url: 'http://x.example', timeout: 0.05, time-limit: 0.05}}"
        for n in range(9)
    ]

    *left, cards = read(tmp_path, *dead, CARDS)

    assert [one.name for one in cards.models] == ["one"]
    assert [one.complete for one in left] == [False] * 9
    assert {one.problems[0].what for one in left} == {"the source did not come to an end within 0.05 seconds"}
    moved.set()
    for _ in left:
        assert ended.acquire(timeout=60), "nobody waits for what it says, so it should stop"


def test_what_sources_are_given_as_known_is_what_they_said_and_not_what_we_made_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Model] = []

    def list_models(settings: SourceSettings, context: Context) -> Listing:
        given.extend(context.known.values())
        return Listing(source=settings.name, complete=True)

    hanging(monkeypatch, list_models)
    refined = Model(source="m", id="1", name="one", tasks=("text-generation",), said={"tasks": ["chat"]})
    lying = Model(source="m", id="2", name="two", said={"tasks": 1})

    read(
        tmp_path,
        "{name: m, type: mlflow, url: 'http://x.example'}",
        known={one.id: one for one in (refined, lying)},
    )

    assert [(one.id, one.tasks) for one in given] == [("1", ("chat",))]


def assignment(text: str) -> Override:
    return parse_assignment(text, ["cards"])


def test_the_repository_then_the_mounted_folder_then_the_command_line_win(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text(
        "cards: {one: {title: file, library: file, tags: [file], owner: 'user:default/f'}}\n"
    )
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / "key").write_text("cards: {one: {title: mount, library: mount, tags: [mount]}}\n")
    more = "overrides: [o.yaml]\noverrides-folder: mount\n"

    (found,) = read(
        tmp_path,
        CARDS,
        more=more,
        assigned=[assignment("cards/one.title=set"), assignment("cards/*.library=set")],
    )

    (one,) = found.models
    assert (one.title, one.library, one.tags, one.owner) == ("set", "set", ("mount",), "user:default/f")
    assert {field: one.provenance[field] for field in ("title", "library", "tags", "owner", "license")} == {
        "title": "--set",
        "library": "--set",
        "tags": "mount/key:1:51",
        "owner": "o.yaml:1:64",
        "license": "cards",
    }


def test_a_fault_in_the_overrides_is_told_once_and_holds_every_model_back(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("cards: [\n")
    other = "{name: other, type: files, path: cards}"

    first, second = read(tmp_path, CARDS, other, more="overrides: [o.yaml]\n")

    assert [one.where for one in first.problems] == ["o.yaml:2:1"]
    assert second.problems == ()
    assert (first.models, second.models) == ((), ())
    assert first.unread == second.unread != ()


def test_no_source_is_no_listing() -> None:
    assert list_sources(Config(), Path(), lambda _: {}, lambda _name, _count: None) == ()
