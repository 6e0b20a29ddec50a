"""``callboard doctor``: is everything set up so that a walk can work?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from callboard.cli.output import line
from callboard.cli.session import FINDINGS, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from callboard.config import Backstage, Config, SourceSettings

_OLDEST_GIT = (2, 34)


@click.command(short_help="Say what is wrong with the set-up, and how to mend it.")
@click.pass_obj
def doctor(session: Session) -> None:
    """Check the configuration, the tokens and their permissions, and that everything answers.

    Nothing is written; what only a write could show is marked with a question mark. Ends with 1 if anything
    is wrong, and says what to do about it; with 2 if the configuration itself cannot be read.
    """
    from callboard.cli.permissions import Unproven
    from callboard.validation.reports.words import counted

    config, folder = session.load()
    _say("✓", f"{session.config_path} is valid: {counted(len(config.sources), 'source')}")
    failed = False
    for name, check in _checks(config, folder, session):
        try:
            said = check()
            _say("?" if isinstance(said, Unproven) else "✓", f"{name}: {said}")
        except Exception as problem:  # each check stands alone: whatever it met is its finding
            failed = True
            _say("✗", f"{name}: {' '.join(str(problem).split())}", fg="red")
    if failed:
        raise click.exceptions.Exit(FINDINGS)


class _Wrong(Exception):
    """A finding in plain words."""


def _say(mark: str, text: str, fg: str | None = None) -> None:
    click.echo(click.style(f"{mark} {line(text)}", fg=fg))


def _checks(config: Config, folder: Path, session: Session) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "git", _git
    yield "forge", partial(_forge, config, folder)
    yield from _permissions(config, folder)
    if not config.sources:
        yield "sources", _no_sources
    for source in config.sources:
        yield f"source {source.name}", partial(_source, source, config, folder, session)
    if (backstage := config.backstage) is not None:
        yield "backstage", partial(_backstage, backstage)


def _git() -> str:
    import subprocess

    oldest = ".".join(map(str, _OLDEST_GIT))
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        raise _Wrong(f"git does not run; install git {oldest} or newer") from None
    version = tuple(int(part) for part in said.split()[2].split(".")[:2] if part.isdigit())
    if version < _OLDEST_GIT:
        raise _Wrong(f"{said} is too old; install git {oldest} or newer")
    return said


def _forge(config: Config, folder: Path) -> str:
    from callboard.cli.permissions import reading_checks
    from callboard.git.command import GitError
    from callboard.walk.workplace import WORKFLOW_LOGIN, open_workplace

    workplace = open_workplace(config, folder)
    forge, branch = workplace.forge, config.catalog.base
    identity = forge.identity()
    forge.open_pull_requests()
    base = workplace.repository.fetch(branch, config.pull_requests.branch_prefix)
    if base is None:
        raise _Wrong(f"{forge.repository} has no branch {branch}; make a first commit on it, or set "
                     "catalog: base: to the branch that you use")  # fmt: skip
    reading_checks(config)
    try:
        workplace.repository.try_push(base)
    except GitError:
        raise _Wrong(f"{identity.login} may not push branches to {forge.repository}; give the token "
                     f"{forge.access}") from None  # fmt: skip
    note = ""
    if identity.login == WORKFLOW_LOGIN:
        note = "; pull requests opened with the Action's own token start no workflows: use an App or a token"
        if required := ", ".join(map(str, config.merge.required_checks)):
            note += f", else somebody has to start {required} on each of them"
    return f"{identity.login} may read and write {forge.repository} at {base[:10]}{note}"


def _permissions(config: Config, folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    from callboard.cli import permissions
    from callboard.walk.workplace import NotConfigured, catalog_repository, open_workplace

    try:
        on_gitlab = catalog_repository(config).forge == "gitlab"
    except NotConfigured:
        return  # which the forge's check says

    def login() -> str:
        return open_workplace(config, folder).forge.identity().login

    if on_gitlab:
        yield "token", partial(permissions.gitlab_token, config)
    if config.pull_requests.dashboard:
        yield "dashboard", lambda: permissions.dashboard(config, login())
    if config.pull_requests.check:
        yield "check", lambda: permissions.check(config, login())


def _no_sources() -> str:
    raise _Wrong("none is configured; add one under 'sources:'")


def _source(source: SourceSettings, config: Config, folder: Path, session: Session) -> str:
    from callboard.validation.reports.words import counted
    from callboard.walk.listings import list_sources

    (listing,) = list_sources(config, folder, lambda _settings: {}, session.models_read, only=[source])
    models = counted(len(listing.models), "model")
    wrong = [problem for problem in listing.problems if problem.severity == "error"]
    if not wrong and not listing.complete and not listing.models:
        wrong = list(listing.problems)
    if wrong:
        more = f" (and {len(wrong) - 1} more: 'callboard sources --check')" if len(wrong) > 1 else ""
        raise _Wrong(f"{wrong[0].what} ({wrong[0].where}); {wrong[0].hint}{more}")
    return f"answers, {models}" + ("" if listing.complete else ", and there may be more")


def _backstage(settings: Backstage) -> str:
    from callboard.validation.reports.words import counted
    from callboard.walk.workplace import open_backstage

    locations = open_backstage(settings).locations()
    if not locations:
        # A token without permission is answered with an empty list, too.
        return f"{settings.url} answers, and shows no locations (or the token may not see them)"
    return f"{settings.url} answers, {counted(len(locations), 'location')}"
