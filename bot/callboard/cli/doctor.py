"""``callboard doctor``: is everything set up so that a walk can work?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from callboard.cli.session import FINDINGS, Session

if TYPE_CHECKING:
    from callboard.config import Config

_Check = tuple[str, Callable[[], str]]


@click.command()
@click.pass_obj
def doctor(session: Session) -> None:
    """Check the configuration, the tokens and their permissions, and that everything answers.

    Nothing is written. Ends with 1 if anything is wrong, and says what to do about it.
    """
    from callboard.redaction import redact

    config, folder = session.load()
    click.echo(f"✓ {session.config_path} is valid: {len(config.sources)} sources")
    failed = False
    for name, check in _checks(config, folder, session):
        try:
            click.echo(f"✓ {name}: {check()}")
        except Exception as problem:  # each check stands alone: whatever it met is its finding
            failed = True
            click.echo(click.style(f"✗ {name}: {redact(str(problem))}", fg="red"))
    if failed:
        raise click.exceptions.Exit(FINDINGS)


class _Wrong(Exception):
    """A finding in plain words."""


def _checks(config: Config, folder: object, session: Session) -> list[_Check]:
    from pathlib import Path

    assert isinstance(folder, Path)
    checks: list[_Check] = [("git", _git), ("forge", lambda: _forge(config, folder))]
    checks += [(f"source {one.name}", _source(config, one.name, folder, session)) for one in config.sources]
    if config.backstage is not None:
        checks.append(("backstage", lambda: _backstage(config)))
    return checks


def _git() -> str:
    import subprocess

    try:
        said = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        raise _Wrong("git does not run; install git 2.34 or newer") from None
    version = tuple(int(part) for part in said.split()[2].split(".")[:2] if part.isdigit())
    if version < (2, 34):
        raise _Wrong(f"{said} is too old; install git 2.34 or newer")
    return said


def _forge(config: Config, folder: object) -> str:
    from pathlib import Path

    from callboard.walk.workplace import open_workplace

    assert isinstance(folder, Path)
    workplace = open_workplace(config, folder)
    identity = workplace.forge.identity()
    base = workplace.repository.fetch(config.catalog.base, config.pull_requests.branch_prefix)
    if base is None:
        raise _Wrong(f"{workplace.forge.repository} has no branch {config.catalog.base}; make a first commit")
    workplace.forge.open_pull_requests()
    missing = workplace.forge.missing_permissions()
    if missing:
        raise _Wrong(f"{identity.login} may not {' or '.join(missing)} in {workplace.forge.repository}; "
                     "give the token write access to contents and pull requests")  # fmt: skip
    note = ""
    if identity.login == "github-actions[bot]":
        note = "; pull requests opened with the Action's own token start no workflows: use an App or a token"
    return f"{identity.login} may read and write {workplace.forge.repository} at {base[:10]}{note}"


def _source(config: Config, name: str, folder: object, session: Session) -> Callable[[], str]:
    def check() -> str:
        from pathlib import Path

        from callboard.walk.listings import list_sources

        assert isinstance(folder, Path)
        wanted = [one for one in config.sources if one.name == name]
        listing = list_sources(wanted, folder, lambda _settings: {}, session.models_read)[0]
        errors = [problem for problem in listing.problems if problem.severity == "error"]
        if errors or not listing.complete:
            first = (errors or listing.problems)[0]
            raise _Wrong(f"{first.what} ({first.where}); {first.hint}")
        return f"answers, {len(listing.models)} models"

    return check


def _backstage(config: Config) -> str:
    from callboard.walk.workplace import open_backstage

    assert config.backstage is not None
    catalog = open_backstage(config.backstage)
    locations = catalog.locations()
    if not locations:
        # A token without permission is answered with an empty list, too.
        return f"{config.backstage.url} answers, and shows no locations (or the token may not see them)"
    return f"{config.backstage.url} answers, {len(locations)} locations"
