"""The town itself: its ground, its registry, its walks, and how it comes to rest."""

from __future__ import annotations

import copy
import itertools
import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from callboard.config import ForgeKind
from callboard.forges.protocol import ForgeError
from callboard.git.command import GitError
from callboard.redaction import Secret
from callboard.sandbox.catalog import Timing, running
from callboard.sandbox.forge import SandboxForge
from callboard.walk.reconcile import ReconcileResult, reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import Workplace, open_backstage
from tests.walk.house import ONE_SOURCE, REPOSITORY, House, card
from tests.walk.machine.boundary import Boundary, Killed, at_each_write
from tests.walk.machine.judge import Judge
from tests.walk.machine.people import People
from tests.walk.machine.scene import GATE, GATEKEEPER, ROOT, Scene
from tests.walk.machine.stories import STORIES

Environ = Mapping[str, str]
NOTHING: Environ = MappingProxyType({})
QUIET_WITHIN = 8
"""So many rounds of sync and reconcile may pass until walks write nothing more."""
LANDED, UPDATED = ("one", "two", "five"), ("one", "two")
MODELS = (*LANDED, "three", "four", "six", "seven")
"""The catalog has those of ``LANDED``. Open are a new version of ``UPDATED``, and the others as new."""
OBJECTED, REFUSED = "eight", "nine"
"""Models that are published on the last day, of which people want neither."""
MERGING = f"merge: {{required-checks: [{{name: {GATE}, source: {GATEKEEPER}}}]}}\n"


class Grounds:
    """A forge for all towns of a run, one after the other, with a catalog that is prepared only once."""

    def __init__(self, folder: Path, kind: ForgeKind) -> None:
        self._running, self.folder, self.kind = ExitStack(), folder, kind
        self.forge = self._running.enter_context(SandboxForge(folder / "forge"))
        self.bot, self.robin = self.forge.add_user("callboard", kind="Bot"), self.forge.add_user("robin")
        for login in ("sam", "guest", GATEKEEPER):
            self.forge.add_user(login)
        writing: Mapping[str, Any] = dict.fromkeys(("robin", "sam", GATEKEEPER, "callboard[bot]"), "write")
        repository = self.forge.add_repository(
            REPOSITORY, files={"README.md": b"hello\n"}, collaborators={**writing, "guest": "read"}
        )
        self._live, self._kept = repository.git.path, folder / "kept.git"
        self.house_kept = folder / "house"
        self.house_kept.mkdir()
        self._prepare()
        shutil.copytree(self._live, self._kept)
        self._repository = copy.deepcopy(repository)

    def _prepare(self) -> None:
        town = Town(self, self.house_kept, fresh=False)
        for name in LANDED:
            town.publish(name, 1)
        town.sync()
        for pull in town.scene.pulls():
            town.people.approve(pull)
            town.people.report(pull)
        town.reconcile()
        for name in UPDATED:
            town.publish(name, 2)
        for name in set(MODELS).difference(LANDED):
            town.publish(name, 1)
        town.sync()
        town.reconcile()
        town.close()
        assert (len(town.scene.folders()), len(town.scene.pulls())) == (3, 6)

    def renew(self) -> None:
        """The repository as it was prepared."""
        with self.forge.world.lock:
            shutil.rmtree(self._live)
            shutil.copytree(self._kept, self._live)
            self.forge.world.repositories[REPOSITORY] = copy.deepcopy(self._repository)
            self.forge.faults._waiting.clear()
            self.forge._teller._webhooks.clear()
            self.forge._teller._seen.clear()

    def close(self) -> None:
        self._running.close()


class Town:
    """Everything that the machine moves, and what must hold whatever it does."""

    def __init__(
        self,
        grounds: Grounds,
        folder: Path,
        *,
        fresh: bool = True,
        undecided_reads: int = 0,
        dashboard: bool = True,
        registered: bool = False,
    ) -> None:
        if fresh:
            grounds.renew()
            shutil.copytree(grounds.house_kept, folder)
        self._running = ExitStack()
        self.grounds, self.forge, self.kind = grounds, grounds.forge, grounds.kind
        self.forge.world.undecided_reads = undecided_reads
        (folder / "cards").mkdir(exist_ok=True)
        house = House(self.forge, folder, grounds.bot, grounds.robin, kind=grounds.kind)
        self.house, self._dashboard = house, dashboard
        self.group_by("model")
        if registered:
            house.catalog = self._running.enter_context(
                running(
                    forge_url=self.forge.url,
                    forge_api_url=self.forge.api_url,
                    forge_token=Secret(grounds.bot),
                    timing=Timing(pause=0.05, interval=0.5),
                )
            )
        self.scene = Scene(self.forge, house, self.forge.repository(REPOSITORY), dashboard)
        self.people = People(self.scene)
        self.book = self.scene.book
        self.book.first = self.scene.base
        self.book.folders = self.scene.folders()
        self.book.judged = self.book.seen = set(self.scene.repository.pulls)
        self.book.judged = {one.number for one in self.scene.repository.pulls.values() if one.merged_at}
        self.book.closed = set()
        secrets = (grounds.bot, *([house.catalog.token.reveal()] if house.catalog else []))
        self.judge = Judge(self.scene, secrets)
        self._caches = itertools.count(1)
        self.cache = "cache"
        self.died = False
        """Whether the last walk did."""
        self._logs = _Collecting(self.scene.said)
        logging.getLogger().addHandler(self._logs)

    def close(self) -> None:
        logging.getLogger().removeHandler(self._logs)
        self._running.close()

    # --- the configuration and the registry

    def group_by(self, what: Literal["model", "all"]) -> None:
        board = str(self._dashboard).lower()
        opening = f"pull-requests: {{group-by: {what}, per-hour: 500, dashboard: {board}}}\n"
        self.house.config_text = ONE_SOURCE + MERGING + opening

    def publish(self, name: str, version: int, tag: str = "fast", *, leaking: bool = False) -> None:
        body = f"# {name}\n\nSays {self.house.bot}.\n" if leaking else ""
        self.house.card(name, card(name, version=str(version), tags=f"tabular, {tag}", body=body))

    def unpublish(self, name: str) -> None:
        (self.house.folder / "cards" / f"{name}.md").unlink(missing_ok=True)

    def garble(self, name: str) -> None:
        self.house.card(name, "---\nname: [\n---\n")

    # --- walks

    def workplace(self, boundary: Boundary | None = None, cache: str | None = None) -> Workplace:
        place = self.house.workplace(cache or self.cache)
        forge: Any = place.forge
        # What the forge asks for is not waited for.
        client, budget = (
            (forge._reader._client, forge._writer._budget)
            if self.kind == "github"
            else (forge._api._reader, forge._api._budget)
        )
        client._sleep = budget._sleep = lambda _seconds: None
        if boundary is not None:
            at_each_write(place, boundary)
        return place

    def sync(
        self, boundary: Boundary | None = None, cache: str | None = None, environ: Environ = NOTHING
    ) -> SyncResult | None:
        """None when the walk died or could not read the forge."""
        place = self.workplace(boundary, cache)

        def walk() -> SyncResult:
            return sync(place, dry_run=False, prune=False, progress=lambda *_: None, environ=environ)

        result: SyncResult | None = self._walk(walk)
        return result

    def reconcile(
        self, boundary: Boundary | None = None, cache: str | None = None, environ: Environ = NOTHING
    ) -> ReconcileResult | None:
        """As ``sync``."""
        place = self.workplace(boundary, cache)
        settings = place.config.backstage
        catalog = open_backstage(settings, self.house.environ) if settings else None
        said = self.scene.said.append
        result: ReconcileResult | None = self._walk(
            lambda: reconcile(place, catalog, progress=said, environ=environ)
        )
        return result

    def _walk(self, walk: Callable[[], Any]) -> Any:
        self.died = False
        try:
            result = walk()
        except Killed:
            self.died = True
            self.cache = f"cache{next(self._caches)}"  # another machine goes on, and remembers nothing
        except (ForgeError, GitError) as error:
            self.scene.said.append(str(error))
        else:
            for problem in result.problems:
                self.scene.said += [problem.what, problem.where, problem.hint]
            return result
        return None

    # --- the end

    def calm(self) -> None:
        """No more faults."""
        self.forge.faults._waiting.clear()
        self.forge.world.undecided_reads = 0
        for pull in self.scene.repository.pulls.values():
            pull.undecided_reads = 0

    def come_to_rest(self) -> None:
        """No more faults: walks come to write nothing, from a fresh clone too, and all is in order."""
        self.calm()
        self.publish(OBJECTED, 1)
        self.publish(REFUSED, 1)
        for number in range(QUIET_WITHIN):
            mark = self.forge.log.mark()
            cache = f"rest{next(self._caches)}" if number % 2 else self.cache
            self.sync(cache=cache)
            self.judge.check()
            if number == 0:
                self._last_day()
            self.reconcile(cache=cache)
            self.judge.check()
            if number and not self.written(mark):
                break
        else:
            raise AssertionError(f"still writing after {QUIET_WITHIN} rounds: {self.written(mark)}")
        self.judge.at_rest()
        self._check_registered()

    def _last_day(self) -> None:
        """What the chance of the other days seldom brings about, with nothing else in its way."""
        for pull in self.scene.pulls():
            folder = self.scene.folder_in(pull.head_ref)
            if folder == f"{ROOT}/{OBJECTED}":
                STORIES["ready, and sam is against it"](self.people, pull)
            elif folder == f"{ROOT}/{REFUSED}":
                STORIES["closed"](self.people, pull)

    def written(self, mark: int) -> list[str]:
        """What was written to the forge since."""
        return [
            f"{one.operation} {one.path} {one.status}" for one in self.forge.log.since(mark) if one.is_write
        ]

    def _check_registered(self) -> None:
        """Backstage has every catalog file of the base branch that is what was approved, and no other."""
        settings = self.workplace().config.backstage
        if settings is None:
            return
        catalog = open_backstage(settings, self.house.environ)
        registered = {location.target.rpartition("/blob/main/")[2] for location in catalog.locations()}
        sound = set()
        for folder in self.scene.folders():
            path = f"{folder}/catalog-info.yaml"
            entry = self.scene.git.entry("refs/heads/main", path)
            if entry is not None and self.book.spoiled.get(path) != entry.sha:
                sound.add(path)
        assert registered == sound, f"registered {registered}, and sound is {sound}"


class _Collecting(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())
