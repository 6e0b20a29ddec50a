"""A walk of the service: whose configuration it follows, what it reads, and what it never sends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from callboard.redaction import Secret
from callboard.sandbox.catalog import running
from callboard.service import export as exporting
from callboard.service import walks as module
from callboard.service.settings import load_service
from callboard.service.walks import Walks
from callboard.service.work import Outcome
from tests.servers.threads import serving
from tests.service.running import CONFIG, ServiceHouse
from tests.walk.hands import REPOSITORY
from tests.walk.house import card

SECRET = "the-token-of-mlflow-0123456789"


class Told:
    """The log, as text."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, level: str, message: str, /, **about: object) -> None:
        self.text += f"{level} {message} {about}\n"


class Walker:
    """Walks in this process."""

    def __init__(self, house: ServiceHouse) -> None:
        self.house, self.told = house, Told()

    def walk(self, key: str | None = None, **environ: str) -> Outcome:
        state = self.house.state
        state.mkdir(exist_ok=True)
        service = load_service(self.house.service_text(), "service.yaml")
        walks = Walks(service, state, self.told, {"BOT_TOKEN": self.house.bot, **environ})
        return walks.walk(key or self.house.key, "sync")

    def configure(self, text: str) -> None:
        self.house.commit({"callboard.yaml": (CONFIG.format(forge=self.house.kind) + text).encode()})


@pytest.fixture
def forge_kind() -> str:
    return "github"


@pytest.fixture
def walker(service_house: ServiceHouse) -> Walker:
    return Walker(service_house)


class Registry:
    """An MLflow that has nothing, and remembers what it was sent."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.seen.append(request.headers.get("authorization", ""))
        return JSONResponse({})


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    with serving(Starlette(routes=[Route("/{path:path}", registry.answer, methods=["GET", "POST"])])) as url:
        registry.url = url
        yield registry


def with_registry(registry: Registry) -> str:
    return CONFIG.format(forge="github").replace(
        "sources: [",
        f"sources: [{{name: prod, type: mlflow, url: '{registry.url}', token: {{env: MLFLOW_TOKEN}}}}, ",
    )


def test_a_secret_goes_where_its_operator_bound_it(
    walker: Walker, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REAL_NAME", SECRET)
    walker.house.commit({"callboard.yaml": with_registry(registry).encode()})
    walker.house.more = (
        f"    servers: [{{url: '{registry.url}', secrets: [{{name: MLFLOW_TOKEN, env: REAL_NAME}}]}}]\n"
    )

    walker.walk()

    assert set(registry.seen) == {f"Bearer {SECRET}"}


def test_a_secret_that_is_not_bound_goes_nowhere_and_the_others_go_on(
    walker: Walker, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TOKEN", SECRET)
    walker.house.commit({"callboard.yaml": with_registry(registry).encode()})

    outcome = walker.walk()

    assert registry.seen == []
    assert "is not a public address" in walker.told.text
    assert outcome.done
    assert len(walker.house.pulls()) == 1  # the cards are read all the same


def test_the_configuration_of_a_pull_request_is_not_read(walker: Walker) -> None:
    evil = CONFIG.format(forge="github").replace("path: cards", "path: /etc")
    walker.house.commit({"callboard.yaml": evil.encode()}, branch="callboard/evil")

    walker.walk()

    assert "not inside" not in walker.told.text
    assert len(walker.house.pulls()) == 1


def test_a_link_out_of_the_repository_is_not_followed(walker: Walker, tmp_path: Path) -> None:
    house = walker.house
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "card.md").write_text(card("stolen"), encoding="utf-8")
    git = house.forge.repository(REPOSITORY).git.path
    link = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=git, input=str(outside), text=True, capture_output=True
    ).stdout.strip()
    tree = subprocess.check_output(["git", "ls-tree", "main:cards"], cwd=git, text=True)
    cards = subprocess.check_output(
        ["git", "mktree"],
        cwd=git,
        input=f"{tree}120000 blob {link}\tlink\n120000 blob {link}\tb.md\n",
        text=True,
    ).strip()
    top = subprocess.check_output(["git", "ls-tree", "main"], cwd=git, text=True).splitlines()
    lines = [line if not line.endswith("\tcards") else f"040000 tree {cards}\tcards" for line in top]
    root = subprocess.check_output(
        ["git", "mktree"], cwd=git, input="\n".join(lines) + "\n", text=True
    ).strip()
    commit = subprocess.check_output(
        ["git", "-c", "user.name=x", "-c", "user.email=x@y", "commit-tree", root, "-p", "main", "-m", "Link"],
        cwd=git, text=True,
    ).strip()  # fmt: skip
    subprocess.run(["git", "update-ref", "refs/heads/main", commit], cwd=git, check=True)

    outcome = walker.walk()

    assert outcome.done
    assert len(house.pulls()) == 1
    assert "stolen" not in "".join(title + body for title, body in house.hands().texts())


def test_overrides_come_from_the_base_branch_and_from_the_operators_folder(
    walker: Walker, tmp_path: Path
) -> None:
    house = walker.house
    mount = tmp_path / "mount"
    mount.mkdir()
    (mount / "all").write_text("cards: {'*': {description: Said by the operator.}}\n")
    house.more = f"    overrides-folder: {mount}\n"
    walker.configure("overrides: [overrides/*.yaml]\n")
    house.commit({"overrides/a.yaml": b"cards: {fraud: {title: Said in git, description: Lost}}\n"})

    assert walker.walk().done

    ((title, body),) = house.hands().texts()
    assert "Said in git" in title
    assert "Said by the operator." in body
    assert "Lost" not in body


def test_nothing_is_written_while_it_is_paused(walker: Walker) -> None:
    mark = walker.house.forge.log.mark()

    assert walker.walk(CALLBOARD_PAUSED="1").done

    counts = walker.house.forge.log.counts(mark)
    assert (counts.writes, counts.pushes, walker.house.pulls()) == (0, 0, {})
    walker.walk(CALLBOARD_PAUSED="0")
    assert len(walker.house.pulls()) == 1


def test_a_second_walk_writes_nothing_and_a_clone_that_grew_is_begun_anew(
    walker: Walker, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker.walk()
    mark = walker.house.forge.log.mark()
    monkeypatch.setattr(module, "MOST_PACKS", 0)

    assert walker.walk().done

    counts = walker.house.forge.log.counts(mark)
    assert (counts.writes, counts.pushes) == (0, 0)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"callboard.yaml": None}, "callboard.yaml is not on main; commit one"),
        ({"callboard.yaml": b"catalog: {pathh: x}"}, "callboard.yaml:1:11: catalog.pathh is not a key"),
        ({"callboard.yaml": b"catalog: {base: other}"}, "lands on main"),
        ({"callboard.yaml": b"#" * (1024 * 1024 + 1)}, "has more than 1,048,576 bytes"),
    ],
)
def test_what_is_wrong_with_a_configuration_is_told_and_tried_again(
    walker: Walker, files: dict[str, bytes | None], said: str
) -> None:
    walker.house.commit(files)

    outcome = walker.walk()

    assert not outcome.done
    assert said in outcome.text


def test_a_forge_that_refuses_the_token_is_told_without_it(walker: Walker) -> None:
    walker.house.bot = "wrong-token-0123456789"

    outcome = walker.walk()

    assert not outcome.done
    assert "wrong-token-0123456789" not in outcome.text


def test_a_repository_without_its_branch_or_a_token_is_told(walker: Walker) -> None:
    walker.house.more = "    base: trunk\n"
    assert "has no branch trunk" in walker.walk().text
    walker.house.bot = ""
    assert "BOT_TOKEN is not set" in walker.walk().text


def test_folders_that_are_too_large_are_not_copied(walker: Walker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_BYTES", 10)
    assert "more than 10 bytes" in walker.walk().text
    monkeypatch.setattr(exporting, "MOST_FILES", 0)
    assert "more than 0 files" in walker.walk().text


def test_what_was_merged_is_registered_with_the_operators_token(walker: Walker) -> None:
    house = walker.house
    with running(
        forge_url=house.forge.url, forge_api_url=house.forge.api_url, forge_token=Secret(house.bot)
    ) as catalog:
        walker.configure(
            f"backstage: {{url: '{catalog.url}', token: {{env: BACKSTAGE}}, confirm-within: 15}}\n"
        )
        assert "may not register with" in walker.walk().text
        house.more = (
            f"    servers: [{{url: '{catalog.url}', secrets: [{{name: BACKSTAGE, env: BS_OF_ACME}}]}}]\n"
        )
        environ = {"BS_OF_ACME": catalog.token.reveal()}
        walker.walk(**environ)
        house.hands().approve(1)

        assert walker.walk(**environ).done

        assert house.pulls() == {1: True}
        assert house.hands().labels(1) == ["model-catalog"]  # and not registration-pending
        assert catalog.token.reveal() not in walker.told.text


def test_a_repository_may_propose_to_a_central_catalog_and_does_not_land_there(walker: Walker) -> None:
    house = walker.house
    people = {"robin": "write", "callboard[bot]": "write"}
    house.forge.add_repository("acme/team", files={"README.md": b"x"}, collaborators=people)  # type: ignore[arg-type]
    central = (
        f"catalog: {{repository: '{house.forge.url}/{REPOSITORY}', forge: github}}\n"
        "merge: {approvals: 1}\nsources: [{name: mine, type: files, path: models}]\n"
    )
    files = {"callboard.yaml": central.encode(), "models/team.md": card("team").encode()}
    house.forge.commit("acme/team", "main", files, "Say what we have", author="robin")
    house.more = (
        f"  - repository: {house.forge.url}/acme/team\n    forge: github\n    token: {{env: BOT_TOKEN}}\n"
        f"    webhook-secret: {{env: HOOK_SECRET}}\n    catalogs: [{house.forge.url}/{REPOSITORY}]\n"
    )
    team = house.key.replace("model-catalog", "team")

    assert walker.walk(team).done
    house.hands().approve(1)
    assert walker.walk(team).done  # its own policy is not the catalog's: it merges nothing

    assert house.pulls() == {1: False}
    assert walker.walk().done  # the catalog's own walk does, and proposes its own models
    assert house.pulls() == {1: True, 2: False}
    lock = house.forge.file(REPOSITORY, "main", "models/team/.callboard.lock").decode()
    assert f"{team}/mine:" in lock
