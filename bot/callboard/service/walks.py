"""One walk for one repository of the service: its configuration is read, confined, and followed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from callboard.config import Config
from callboard.config_file import ConfigError, load_config
from callboard.forges.protocol import ForgeError
from callboard.git.command import GitError
from callboard.git.formats import Entry
from callboard.http import HttpProblem
from callboard.model import Problem
from callboard.redaction import redact
from callboard.service.confine import Confined, Refused, confine
from callboard.service.events import Need
from callboard.service.export import TooMuch, export
from callboard.service.settings import Served, Service
from callboard.service.work import Outcome, Tell
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.validation.reports.words import counted
from callboard.walk.moves import at_its_name
from callboard.walk.reconcile import ReconcileResult, reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import NotConfigured, Workplace, open_backstage, open_workplace

LARGEST_CONFIG = 1024 * 1024
"""Bytes of a callboard.yaml."""
MOST_PACKS = 200
"""Files that a clone may be in. Each fetch may add one; a new clone has one again."""
_LONGEST = 2000


class Walks:
    """Walks for the repositories of the service. May be called from several threads."""

    def __init__(
        self, service: Service, state: Path, tell: Tell, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._service, self._state, self._tell, self._environ = service, state, tell, environ
        self._served = {one.key: one for one in service.repositories}

    @property
    def repositories(self) -> tuple[str, ...]:
        """The keys of what is served."""
        return tuple(self._served)

    def walk(self, key: str, need: Need) -> Outcome:
        """Do what is needed there; whatever it meets is told in the outcome."""
        try:
            return self._walk(self._served[key], need)
        except ConfigError as error:
            return Outcome(redact(str(error))[:_LONGEST], done=False)
        except (GitError, ForgeError, HttpProblem, NotConfigured, Refused, TooMuch, OSError) as error:
            return Outcome(redact(" ".join(str(error).split()))[:_LONGEST], done=False)

    def _walk(self, served: Served, need: Need) -> Outcome:
        self._tidy(served)
        home = self._open(Config(catalog=served.catalog), served, self._state)
        try:
            commit = _fetched(home)
        except GitError:
            # Under the name that it had before, a forge's API answers, but git does not.
            home, _ = at_its_name(home)
            commit = _fetched(home)
        if commit is None:
            raise NotConfigured(f"{served.key} has no branch {served.base}; make a first commit on it")
        entries = home.repository.tree(commit)
        confined = confine(self._configuration(home, served, entries), served, self._service)
        said: list[str] = []
        problems: list[Problem] = []
        again = synced = False
        with tempfile.TemporaryDirectory(dir=self._state, prefix="checkout-") as checkout:
            root = PurePosixPath(served.config).parent
            folder = Path(checkout) / root
            workplace = self._open(confined.config, served, folder)
            if need == "sync":
                folder.mkdir(parents=True, exist_ok=True)
                export(
                    home.repository,
                    entries,
                    [root / one for one in confined.folders],
                    Path(checkout),
                    [(root / one).as_posix() for one in confined.config.overrides],
                )
                result = sync(
                    workplace,
                    dry_run=False,
                    prune=False,
                    progress=lambda _name, _count: None,
                    environ=self._environ,
                )
                said.append(_said_of_sync(result))
                problems += (*result.desired.findings, *result.problems)
                synced = not result.problems
                again |= not synced
            if not confined.central:
                passed = self._reconcile(workplace, confined)
                said.append(_said_of_reconcile(passed))
                problems += passed.problems
                again |= bool(passed.problems) or _undecided(passed)
        self._report(served, problems)
        text = "; ".join(said) or "nothing to do: its catalog is elsewhere"
        return Outcome(text, done=not again, synced=synced)

    def _clones(self, served: Served) -> Path:
        # Each has clones of its own, also of a catalog that several propose to: no two walks share one.
        return self._state / "clones" / hashlib.sha256(served.key.encode()).hexdigest()[:16]

    def _tidy(self, served: Served) -> None:
        """Begin a clone anew before it grows without end: it only saves reading."""
        for clone in self._clones(served).glob("repositories/*"):
            objects = clone / "objects"
            if (
                sum(1 for _ in objects.glob("pack/*.pack")) > MOST_PACKS
                or len(list(objects.glob("??/*"))) > 20_000
            ):
                shutil.rmtree(clone, ignore_errors=True)

    def _open(self, config: Config, served: Served, folder: Path) -> Workplace:
        catalog = config.catalog
        keys = (catalog.token, catalog.app and catalog.app.private_key)
        # Nothing else of the environment says where or who this is.
        known = {key.env: self._environ.get(key.env, "") for key in keys if key and key.env}
        return open_workplace(config, folder, cache=self._clones(served), environ=known)

    def _configuration(self, home: Workplace, served: Served, entries: Mapping[str, Entry]) -> Config:
        entry = entries.get(served.config)
        name = f"{served.key}/{served.config}"
        if entry is None or not entry.is_file:
            raise NotConfigured(
                f"{name} is not on {served.base}; commit one, or correct config: of the service"
            )
        content = home.repository.blobs([entry.blob])[entry.blob]
        if len(content) > LARGEST_CONFIG:
            raise NotConfigured(f"{name} has more than {LARGEST_CONFIG:,} bytes; shorten it")
        return load_config(content, name, lambda kind: source_type(kind).settings, SOURCE_TYPES)

    def _reconcile(self, workplace: Workplace, confined: Confined) -> ReconcileResult:
        settings = confined.config.backstage
        catalog = open_backstage(settings, self._environ) if settings else None
        return reconcile(workplace, catalog, environ=self._environ, progress=lambda _text: None)

    def _report(self, served: Served, problems: Iterable[Problem]) -> None:
        for one in problems:
            who = {"model": one.model} if one.model else {}
            self._tell(
                one.severity, one.what,
                repository=served.key, source=one.source, where=one.where, hint=one.hint, **who,
            )  # fmt: skip


def _fetched(home: Workplace) -> str | None:
    return home.repository.fetch(home.config.catalog.base, home.config.pull_requests.branch_prefix)


def _undecided(result: ReconcileResult) -> bool:
    """Whether the forge is still thinking about what no webhook will tell."""
    return any(reason.code == "mergeable-unknown" for one in result.handled for reason in one.verdict.reasons)


def _said_of_sync(result: SyncResult) -> str:
    actions = Counter[str](proposal.action for proposal in result.proposals)
    if result.obsolete:
        actions["close"] += len(result.obsolete)
    findings = len(result.desired.findings)
    return _counted("sync", actions) + (f", {counted(findings, 'finding')}" if findings else "")


def _said_of_reconcile(result: ReconcileResult) -> str:
    kinds = Counter(one.verdict.kind if one.done == "nothing" else one.done for one in result.handled)
    return _counted("reconcile", kinds)


def _counted(what: str, counts: Mapping[str, int]) -> str:
    return f"{what} " + (", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing")
