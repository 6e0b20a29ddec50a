"""``callboard validate``: diagnostics for catalog files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from callboard.cli.session import Session, address_given

if TYPE_CHECKING:
    from pathlib import Path

    from callboard.validation.policy import Policy
    from callboard.walk.known_entities import KnownTo


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "-o",
    "--output",
    type=click.Choice(("text", "json", "sarif", "github", "codequality", "markdown")),
    default="text",
    show_default=True,
    help="How to say what was found.",
)
@click.option(
    "--known",
    multiple=True,
    metavar="PATH",
    help="Entities there may be referred to; nothing is said of those files. May be given more than once.",
)
@click.option(
    "--changed-since",
    metavar="REF",
    help="Check only what differs from the merge base with this branch or commit, against all the rest.",
)
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="What your organisation wants beyond what Backstage asks: see docs/policy.md.",
)
@click.option(
    "--without-ai-model",
    is_flag=True,
    help="The catalog lacks Backstage's AI module, so that AiResource and mcp-server are nothing to it.",
)
@click.option(
    "--backstage",
    metavar="URL",
    help="Ask this Backstage for entities that are referred to and that no checked file holds.",
)
@click.option("--backstage-token-env", metavar="NAME", help="The environment variable that holds its token.")
@click.option("--fix", is_flag=True, help="First repair what is safe to repair: see docs/validate.md.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Processes for many files; by default, one for each core.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Where it is remembered what unchanged files hold; by default, in the folder of this user's caches.",
)
@click.option("--no-cache", is_flag=True, help="Remember nothing, and believe nothing that was remembered.")
@click.make_pass_decorator(Session, ensure=True)
def validate(
    session: Session,
    paths: tuple[str, ...],
    output: str,
    known: tuple[str, ...],
    changed_since: str | None,
    policy: str | None,
    without_ai_model: bool,
    backstage: str | None,
    backstage_token_env: str | None,
    fix: bool,
    jobs: int | None,
    cache: str | None,
    no_cache: bool,
) -> None:
    """Check catalog files as Backstage would, and more.

    PATH is a file, a folder, a pattern such as '**/catalog-info.yaml', or - for standard input; without one,
    the folder that you are in. Of a folder, files called catalog-info.yaml are checked, and other YAML files
    that say an apiVersion of backstage.io, but not what git ignores or .callboardignore names. Ends with 1 if
    there is any error, and with 2 if there is no catalog file.
    """
    from callboard.validate import CannotCheck, validate_paths
    from callboard.validation.reports import render
    from callboard.validation.reports.words import counted

    folder = None if no_cache else _cache_folder(session, cache)
    known_to = _known_to(backstage, backstage_token_env)
    try:
        checked = validate_paths(
            paths,
            known=known,
            changed_since=changed_since,
            fix=fix,
            stdin=sys.stdin.buffer,
            jobs=jobs,
            cache=folder,
            policy=_policy(policy, ai_model=not without_ai_model),
            elsewhere=known_to,
        )
    except CannotCheck as error:
        raise click.UsageError(str(error)) from None
    for path in checked.passed_over:
        session.note(f"{path}: passed over, as .callboardignore says")
    for one in checked.fixes:
        session.note(f"{one.file}:{one.line}:{one.column}: {one.code}: {one.what}")
    if fix:
        files = len({one.file for one in checked.fixes})
        session.note(f"repaired {counted(len(checked.fixes), 'place')} in {counted(files, 'file')}")
    rendered = render(output, checked.report, checked.files, color=_may_color(), top=checked.top)
    click.echo(rendered, nl=False, color=True)
    unanswered = known_to is not None and known_to.problem is not None
    if known_to is not None and unanswered:
        count = counted(known_to.unasked, "reference")
        session.error(f"Backstage did not answer for {count}: {known_to.problem}", prefix="")
    if checked.report.errors or unanswered:
        raise SystemExit(1)


def _cache_folder(session: Session, named: str | None) -> Path | None:
    """Where to remember; None, said, where somebody named a folder that cannot be used."""
    import os
    from pathlib import Path

    from callboard.checking.cache import default_folder

    if named is None:
        return default_folder()
    folder = Path(named)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return folder
        why = "it may not be written to"
    except OSError as error:
        why = str(error.strerror)
    session.note(f"--cache {named} cannot be used: {why}; nothing is remembered")
    return None


def _policy(file: str | None, *, ai_model: bool) -> Policy | None:
    """The policy in a file. Raises click.UsageError, and ConfigError for what is wrong in it."""
    if file is None and ai_model:
        return None
    from pathlib import Path

    from callboard.validation.policy import Policy
    from callboard.validation.policy_settings import Policy as Settings
    from callboard.validation.policy_settings import load_policy

    try:
        settings = Settings() if file is None else load_policy(Path(file).read_bytes(), file)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from None
    return Policy(settings if ai_model else settings.model_copy(update={"ai_model": False}))


def _known_to(url: str | None, token_variable: str | None) -> KnownTo | None:
    if url is None:
        if token_variable is not None:
            raise click.UsageError("--backstage-token-env is of no use without --backstage URL.")
        return None
    from callboard.config import Backstage, SecretReference
    from callboard.walk.known_entities import KnownTo
    from callboard.walk.workplace import open_backstage

    address = address_given("--backstage", url)
    token = SecretReference(env=token_variable) if token_variable else None
    return KnownTo(open_backstage(Backstage(url=address, token=token)))


def _may_color() -> bool:
    """Only where a person looks at it: a terminal, and none that was told otherwise (no-color.org)."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
