"""The demo: one catalog repository, one bot, one reviewer, and the walk that every other run takes too."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from callboard import http
from callboard.config import Config
from callboard.config_file import load_config
from callboard.redaction import Secret
from callboard.resources import shipped
from callboard.sandbox.catalog import SandboxCatalog
from callboard.sandbox.catalog import running as running_catalog
from callboard.sandbox.forge import SandboxForge
from callboard.sources.registry import SOURCE_TYPES, source_type
from callboard.walk.reconcile import ReconcileResult, reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import Workplace, open_backstage, open_workplace

REPOSITORY = "acme/model-catalog"
REVIEWER = "robin"
_BOT = "callboard"
_EDITED = "models/fraud-detector/catalog-info.yaml"
_CONFIGURATION = """\
catalog:
  repository: {forge}/{repository}
  token: {{env: DEMO_FORGE_TOKEN}}
  scope: demo
defaults: {{owner: group:default/ml-platform, lifecycle: experimental, system: ai}}
sources:
  - {{name: cards, type: files, path: models}}
backstage: {{url: "{backstage}", token: {{env: DEMO_BACKSTAGE_TOKEN}}, confirm-within: 20}}
"""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """What the demo plays on."""

    forge: SandboxForge
    catalog: SandboxCatalog
    folder: Path
    """Holds callboard.yaml and the registry: a folder of model cards."""
    config: Config
    environ: dict[str, str]
    reviewer: Secret

    def workplace(self, cache: str) -> Workplace:
        """Where a walk works, with a clone of its own."""
        return open_workplace(self.config, self.folder, cache=self.folder / cache, environ=self.environ)

    def sync(self, cache: str) -> SyncResult:
        """One walk up to open pull requests."""
        return sync(self.workplace(cache), dry_run=False, prune=False, progress=lambda _source, _count: None)

    def reconcile(self, cache: str) -> ReconcileResult:
        """One pass that lands, registers and confirms."""
        assert self.config.backstage is not None
        backstage = open_backstage(self.config.backstage, self.environ)
        return reconcile(self.workplace(cache), backstage, progress=lambda _text: None)

    def approve(self, number: int) -> None:
        """The reviewer approves, through the same API that a person's browser would use."""
        with http.connect(self.forge.api_url, token=self.reviewer) as client:
            review = {"event": "APPROVE", "body": "Read it; the numbers are right."}
            client.post_json(f"/repos/{REPOSITORY}/pulls/{number}/reviews", review)


@contextlib.contextmanager
def stage(port: int = 0) -> Iterator[Stage]:
    """A forge with an empty catalog repository, a catalog, and the example models."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callboard-demo-")))
        forge = stack.enter_context(SandboxForge(folder / "forge", port=port, visitor=REVIEWER))
        bot, reviewer = Secret(forge.add_user(_BOT, kind="Bot")), Secret(forge.add_user(REVIEWER))
        files = {
            "README.md": b"# Model catalog\n\n`models/` is proposed by Callboard and approved by people.\n",
            "org.yaml": shipped("examples", "org.yaml").read_bytes(),
        }
        forge.add_repository(
            REPOSITORY, files=files, collaborators={REVIEWER: "write", f"{_BOT}[bot]": "write"}
        )
        catalog = stack.enter_context(
            running_catalog(forge_url=forge.url, forge_api_url=forge.api_url, forge_token=bot)
        )
        shutil.copytree(shipped("examples", "models"), folder / "models")
        text = _CONFIGURATION.format(forge=forge.url, repository=REPOSITORY, backstage=catalog.url)
        (folder / "callboard.yaml").write_text(text)
        config = load_config(text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES)
        environ = {"DEMO_FORGE_TOKEN": bot.reveal(), "DEMO_BACKSTAGE_TOKEN": catalog.token.reveal()}
        play = Stage(forge, catalog, folder, config, environ, reviewer)
        assert config.backstage is not None
        open_backstage(config.backstage, environ).register(f"{forge.url}/{REPOSITORY}/blob/main/org.yaml")
        yield play


def tell_demo(say: Say) -> bool:
    """Play the story once and tell it; answer whether all of it came true."""
    started = time.monotonic()
    with stage() as play:
        say(f"A sandbox forge runs at {play.forge.url}, a sandbox catalog at {play.catalog.url}.\n")
        good = _first_import(play, say)
        good &= _nothing_to_do(play, say)
        good &= _update(play, say)
    verdict = "All of it came true" if good else "Not all of it came true"
    say(f"\n{verdict}, in {time.monotonic() - started:.0f} s.")
    if good:
        say("Play the reviewer yourself:  callboard demo --serve")
    return good


def _first_import(play: Stage, say: Say) -> bool:
    mark = play.forge.log.mark()
    result = play.sync("first")
    counts = play.forge.log.counts(mark)
    say(f"1. Read {result.desired.models} models from a folder of model cards; opened pull requests:")
    pulls = [proposal.pull for proposal in result.proposals if proposal.pull is not None]
    for pull in pulls:
        say(f"     #{pull.number}  {pull.title}")
    say(f"   {counts.pushes} push, {counts.writes} writes to the API: a pull request and its labels each.\n")
    say(f"   What #{pulls[0].number} says to its reviewer:\n")
    shown = [
        line for line in pulls[0].body.splitlines() if not line.startswith(("<!--", "<details", "</details"))
    ]
    for line in shown[:14]:
        say(f"     | {line}")
    say("     | …\n")
    waiting = play.reconcile("first")
    merged_early = [one for one in waiting.handled if one.done == "merged"]
    say(f"2. Nobody has approved: {len(waiting.handled)} wait, {len(merged_early)} merged.")
    for pull in pulls:
        play.approve(pull.number)
    say(f"   {REVIEWER} approves all {len(pulls)}.\n")
    landed = play.reconcile("first")
    return not merged_early and _tell_landing(landed, len(pulls), say, "3.")


def _tell_landing(landed: ReconcileResult, expected: int, say: Say, number: str) -> bool:
    merged = [one for one in landed.handled if one.done == "merged"]
    outcomes = landed.registration.outcomes if landed.registration else ()
    entities = [each for outcome in outcomes for each in outcome.confirmations]
    confirmed = [each for each in entities if each.state == "confirmed"]
    say(f"{number} Merged {len(merged)}, pinned to the approved commits; the catalog (Backstage's API) took")
    say(f"   {len(outcomes)} locations and confirms {len(confirmed)} of {len(entities)} entities:")
    for each in entities:
        say(f"     {each.state}  {each.entity_ref}")
    for problem in landed.problems:
        say(f"     problem: {problem.what} ({problem.where})")
    say("")
    return (
        len(merged) == expected and bool(entities) and len(confirmed) == len(entities) and not landed.problems
    )


def _nothing_to_do(play: Stage, say: Say) -> bool:
    mark = play.forge.log.mark()
    result = play.sync("second")
    counts = play.forge.log.counts(mark)
    say("4. The same again, from a fresh clone with an empty cache:")
    say(
        f"   {len(result.desired.changes)} changes, {counts.pushes} pushes, {counts.writes} writes "
        f"({counts.reads} reads, {counts.fetches} fetches).\n"
    )
    return not result.proposals and counts.pushes == counts.writes == 0


def _update(play: Stage, say: Say) -> bool:
    edited = _edit_by_a_person(play)
    shutil.copytree(shipped("examples", "models-next"), play.folder / "models", dirs_exist_ok=True)
    say(f"5. {REVIEWER} adds a tag and a comment to {_EDITED} by hand,")
    say("   and the registry has something new:")
    pulls = [proposal.pull for proposal in play.sync("second").proposals if proposal.pull is not None]
    for pull in pulls:
        say(f"     #{pull.number}  {pull.title}")
        play.approve(pull.number)
    landed = play.reconcile("second")
    kept = all(line in play.forge.file(REPOSITORY, "main", _EDITED).decode() for line in edited)
    say(f"   approved and merged; the edit by hand is {'still there' if kept else 'LOST'}:")
    for line in edited:
        say(f"     | {line}")
    say("")
    return bool(pulls) and kept and _tell_landing(landed, len(pulls), say, "6.")


def _edit_by_a_person(play: Stage) -> tuple[str, str]:
    text = play.forge.file(REPOSITORY, "main", _EDITED).decode()
    comment, tag = "  # asked for by the payments team", "    - payments"
    edited = text.replace("  tags:\n", f"{comment}\n  tags:\n{tag}\n", 1)
    play.forge.commit(
        REPOSITORY, "main", {_EDITED: edited.encode()}, "Tag for the retention team", author=REVIEWER
    )
    return comment, tag


def serve_demo(port: int, say: Say) -> None:
    """Open the pull requests and stay up; land what is approved, until Ctrl-C."""
    with stage(port) as play:
        result = play.sync("serve")
        say(f"Pull requests:  {play.forge.url}/{REPOSITORY}")
        for proposal in result.proposals:
            if proposal.pull:
                say(f"  {proposal.pull.url}  {proposal.pull.title}")
        say(f"Catalog:        {play.catalog.url}")
        # Who reads how to end it may do so at once.
        with contextlib.suppress(KeyboardInterrupt):
            say("Approve one in a browser, and watch it land. Ctrl-C ends the demo.\n")
            while True:
                time.sleep(2)
                for one in play.reconcile("serve").handled:
                    if one.done == "merged":
                        say(f"merged and registered: {one.pull.title}")
