"""Saying what validation found: as a check on each head, and to people who change the catalog themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from callboard.catalog.lock import FILE, BadLock, Lock, read_lock
from callboard.catalog.merge import Kept, merge_model_folder
from callboard.changes.change import KeptEdit
from callboard.forges.protocol import Forge, ForgeError, PullRequest
from callboard.model import Problem
from callboard.pulls.comments import VALIDATION_MARKER, validation_comment
from callboard.pulls.problems import LineAddress
from callboard.pulls.report import check_report
from callboard.walk.base import Base
from callboard.walk.facts import Examined, might_be_ours
from callboard.walk.folders import folder_contents, folders_of, kept_edit
from callboard.walk.refusals import refused
from callboard.walk.workplace import Workplace


def line_address(forge: Forge, pull: PullRequest) -> LineAddress:
    """Where the lines of the files in this head can be seen."""
    return lambda path, line: f"{forge.file_url(path, pull.head)}#L{line}"


def write_checks(workplace: Workplace, examined: Iterable[Examined]) -> tuple[Problem, ...]:
    """Report on each head that was validated, where it is configured; answers what the forge refused."""
    forge = workplace.forge
    if not workplace.config.pull_requests.check:
        return ()

    def check(one: Examined) -> None:
        pull = one.facts.pull
        if forge.word == "merge request" and pull.head_repository.lower() != forge.repository.lower():
            return  # GitLab takes no status for a commit that is on no branch of the project
        forge.check(pull, check_report(one.diagnostics or (), line_address(forge, pull)))

    return _each(examined, check)


def explain_to_others(workplace: Workplace, base: Base, examined: Iterable[Examined]) -> tuple[Problem, ...]:
    """Tell on pull requests of others that change the catalog whether they are valid, and what stays of them.

    Answers what the forge refused.
    """
    config, forge, root = workplace.config, workplace.forge, workplace.config.catalog.path
    others = [
        one
        for one in examined
        if not might_be_ours(one.facts.pull, forge.repository, forge.identity(), config)
        and folders_of(one.facts.pull, root)
    ]

    def explain(one: Examined) -> None:
        pull = one.facts.pull
        body = validation_comment(
            pull.head,
            one.diagnostics or (),
            edits_of(base, one, root),
            address=line_address(forge, pull),
            word=forge.word,
        )
        forge.comment(pull, body, marker=VALIDATION_MARKER)

    return _each(others, explain)


def edits_of(base: Base, one: Examined, root: str) -> tuple[KeptEdit, ...]:
    """What a pull request changes in files that Callboard writes: values that the next sync keeps."""
    known = {folder.path: folder for folder in base.shelf.folders.values()}
    touched = sorted(folders_of(one.facts.pull, root) & known.keys())
    before = folder_contents(base, touched, root)
    edits: list[KeptEdit] = []
    for folder in touched:
        files = {
            path.removeprefix(f"{folder}/"): content
            for path, content in one.files.items()
            if path.startswith(f"{folder}/")
        }
        lock = _lock(files) or known[folder].lock
        earlier = _kept(known[folder].lock, before.get(folder, {}))
        new = [kept for kept in _kept(lock, files) if kept not in earlier]
        edits += [replace(kept_edit(kept), file=f"{folder}/{kept.file}") for kept in new]
    return tuple(edits)


def _lock(files: Mapping[str, bytes]) -> Lock | None:
    """The lock in the head: what comes with one of its own was written by a Callboard, not by hand."""
    try:
        return read_lock(files[FILE]) if FILE in files else None
    except BadLock:
        return None


def _kept(lock: Lock, files: Mapping[str, bytes]) -> tuple[Kept, ...]:
    """What would stay if the registry said just what it said last time."""
    written = {path: content for path, content in files.items() if path != FILE}
    return merge_model_folder(lock.generated, written, lock.generated).kept


def _each(examined: Iterable[Examined], write: Callable[[Examined], None]) -> tuple[Problem, ...]:
    problems = []
    for one in examined:
        if one.diagnostics is None or one.facts.pull.state != "open":
            continue
        try:
            write(one)
        except ForgeError as error:
            problems.append(refused(error))
    return tuple(problems)
