"""Catalog files on disk, checked by one call: what ``callboard validate`` does, for programs.

Public: what ``__all__`` names stays as it is (docs/validate.md has an example).
"""

from __future__ import annotations

import io
import os
import stat
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from callboard.checking.many import check_many
from callboard.checking.reaching import Reached
from callboard.git.checkout import checkout_of
from callboard.git.command import GitError
from callboard.validation.contents import STDIN, Files
from callboard.validation.diagnostics import Diagnostic, Report
from callboard.validation.find import Found, find_catalog_files
from callboard.validation.globs import is_glob, matches, split_glob
from callboard.validation.listing import Name
from callboard.validation.together import can_hold_entities
from callboard.validation.tree import Tree, plain_tree

if TYPE_CHECKING:
    from callboard.validation.fix import Fix
    from callboard.validation.policy import Policy
    from callboard.validation.since import Before
    from callboard.validation.together import Elsewhere

__all__ = ["CannotCheck", "Checked", "Diagnostic", "NothingToCheck", "Report", "validate_paths"]

_TOPS_OF_JOBS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_MOST_LOOKED_AT = 20_000
"""Files below the folder that a pattern of a Location begins with."""


class CannotCheck(ValueError):
    """What was asked for cannot be checked; the message says why, and what to do."""


class NothingToCheck(CannotCheck):
    """No catalog file is where one should be: a check that looks at nothing must not pass."""


@dataclass(frozen=True)
class Checked:
    """What a check answers."""

    report: Report
    files: Mapping[str, bytes]
    """What was checked, read again when it is asked for (OSError)."""
    passed_over: tuple[str, ...] = ()
    """Files that were named, and that ``.callboardignore`` passes over."""
    fixes: tuple[Fix, ...] = ()
    """What was repaired. The report says what is left."""
    top: Path = Path()
    """Where the paths of forges begin: the top of the repository that we are in, without symbolic links."""


def validate_paths(
    paths: Sequence[str] = (),
    *,
    known: Sequence[str] = (),
    changed_since: str | None = None,
    fix: bool = False,
    stdin: BinaryIO | None = None,
    jobs: int | None = None,
    cache: Path | None = None,
    policy: Policy | None = None,
    elsewhere: Elsewhere | None = None,
) -> Checked:
    """Check the catalog files that ``paths`` name: files, folders, patterns, ``-``; by default this folder.

    Which files of a folder are meant, and what is passed over, says ``find_catalog_files``; in a checkout,
    what git ignores is passed over, too. Entities in ``known`` (named likewise) may be referred to and must
    not be there twice, but nothing is said of those files. With ``changed_since``, only files are checked
    that differ from the merge base with that commit or branch, against all the others; and it is told what
    those others lack since: entities, targets of Locations, and other files that they name. With ``fix``,
    files are repaired before they are checked. Entities are held against the ``policy``, too, and
    ``elsewhere`` is asked for what no file holds.

    Raises NothingToCheck where no catalog file is, and CannotCheck for a path that is not there and for a
    commit that git does not know; TypeError for one path that is not in a list.
    """
    _refuse_one_path(paths, known)
    if fix and STDIN in paths:
        raise CannotCheck("what comes from standard input cannot be repaired; name a file")
    # Where nobody named anything, it may be that nothing is there any more.
    found, known_found = _found(paths, known, may_be_none=not paths and changed_since is not None)
    since = None if changed_since is None else _Since(changed_since)
    parts = _Parts.of(found, known_found, since)
    source = stdin or io.BytesIO()
    files, known_files = Files(parts.checked, source), Files(parts.others, source)
    fixes, unwritable = _fixed(parts.checked if fix else ())
    report = check_many(
        files,
        known_files=known_files,
        exists=_exists,
        reach=Reached((*parts.checked, *parts.others), _tree_of),
        jobs=jobs,
        cache=cache,
        policy=policy,
        elsewhere=elsewhere,
        before=None if since is None else since.before(parts.unchanged),
    )
    more = [one for one in found.problems if since is None or one.file in since]
    report = report.with_more((*more, *files.problems, *unwritable))
    contents: Mapping[str, bytes] = ChainMap(files, known_files)  # type: ignore[arg-type]
    return Checked(report, contents, found.passed_over, fixes, _top())


def _refuse_one_path(*lists: Sequence[str]) -> None:
    """Raises TypeError for a text, which to Python is a sequence of texts, too."""
    for one in lists:
        if isinstance(one, str | bytes | os.PathLike):
            raise TypeError(f"a list of paths is wanted, such as [{os.fspath(one)!r}], not one path")


def _found(paths: Sequence[str], known: Sequence[str], *, may_be_none: bool) -> tuple[Found, Found]:
    """The files to check, and those that are known. Raises as ``validate_paths`` does."""
    try:
        found = find_catalog_files(paths or (".",), _tree_of)
        known_found = find_catalog_files(known, _tree_of)
    except FileNotFoundError as error:
        raise CannotCheck(f"{error.filename} cannot be read: {error.strerror}") from None
    if found.empty and not may_be_none:
        raise NothingToCheck(
            f"{', '.join(found.empty) if paths else 'this folder'}: no catalog file is there, or all are "
            "ignored. Name a file, or a folder with catalog-info.yaml or other YAML that says an apiVersion "
            "of backstage.io."
        )
    return found, known_found


class _Parts(NamedTuple):
    """Files by what is to be done with them."""

    checked: list[str]
    unchanged: list[str]
    """Since a commit: found with those that are checked, and only known for it."""
    others: list[str]
    """All that are only known: the unchanged, and those that were named so and are not found anyway."""

    @classmethod
    def of(cls, found: Found, known: Found, since: _Since | None) -> _Parts:
        checked = [path for path in found.paths if since is None or path in since]
        taken, real = set(checked), set(found.real)
        unchanged = [path for path in found.paths if path not in taken]
        named = zip(known.paths, known.real, strict=True)
        return cls(checked, unchanged, [*unchanged, *(path for path, where in named if where not in real)])


def _top() -> Path:
    here = Path.cwd()
    if checkout := checkout_of(here):
        return checkout.top
    # A job may have the files without their repository.
    said = (Path(os.environ[name]).resolve() for name in _TOPS_OF_JOBS if os.environ.get(name))
    return next((top for top in said if here.is_relative_to(top)), here)


def _fixed(paths: Iterable[str]) -> tuple[tuple[Fix, ...], list[Diagnostic]]:
    if not paths:
        return (), []
    # The reader takes longer to load than a cache to answer, so it is loaded where it is needed.
    from callboard.validation.defects import defect
    from callboard.validation.fix import fix_file

    fixes: list[Fix] = []
    problems: list[Diagnostic] = []
    for path in paths:
        try:
            fixes += fix_file(Path(path))
        except OSError as error:
            message = f"it cannot be repaired: {error.strerror}; make it a file that you may write"
            problems.append(Diagnostic(path, 1, 1, "error", "unwritable-file", message, None))
        except Exception as error:  # one file's fault must not stop the others
            problems.append(Diagnostic(path, *defect(error)))
    return tuple(fixes), problems


class _Since:
    """What is otherwise than in a commit."""

    def __init__(self, commit: str) -> None:
        here = checkout_of(Path())
        if here is None:
            raise CannotCheck("this folder belongs to no git repository, so nothing can have changed in it")
        self._checkout = here
        try:
            self._changes = here.changes_since(commit)
        except GitError as error:
            why = error.said.strip() or "they have no commit in common"
            raise CannotCheck(
                f"what changed since {commit} cannot be told: {why}; fetch it with its history "
                "(in GitHub Actions: actions/checkout with fetch-depth: 0)"
            ) from None

    def __contains__(self, path: str) -> bool:
        return self._name(path) in self._changes.changed

    def before(self, unchanged: Iterable[str]) -> Before:
        """What there was of files that are no more what they were."""
        from callboard.documents.reader import read_documents
        from callboard.validation.check import entities_in
        from callboard.validation.since import Before

        changes = self._changes
        names = filter(can_hold_entities, sorted(changes.before))
        contents = self._checkout.contents(changes.base, names)
        # A Location may have led to what does not say that it is a catalog file by itself.
        catalog = {name: text for name, text in contents.items() if b"backstage.io/" in text}

        def had(path: str) -> bool:
            if not is_glob(path) or self._name(path) in changes.before:
                return self._name(path) in changes.before
            folder, pattern = split_glob(path)
            # The folder may be gone as well, so nothing is asked of the disk but where links lead.
            inside = self._name(os.path.join(folder, "-"))  # noqa: PTH118 - it may be no path
            root = inside.removesuffix("-")
            return bool(inside) and any(
                name.startswith(root) and matches(pattern, name.removeprefix(root)) for name in changes.before
            )

        def could_read(path: str) -> bool:
            text = contents.get(self._name(path))
            return text is not None and not read_documents(text, "", forgiving=True).faults

        return Before(frozenset(unchanged), self.__contains__, entities_in(catalog), had, could_read)

    def _name(self, path: str) -> str:
        """From the top of the checkout; empty for what is not in it."""
        top = self._checkout.top
        try:
            real = _real(path)
        except ValueError:  # no path of this system
            return ""
        return real.relative_to(top).as_posix() if real.is_relative_to(top) else ""


def _exists(path: str) -> bool:
    """Whether a file is there, or one that a pattern matches."""
    # Asked of thousands, nearly all of which are plain files.
    with suppress(OSError, ValueError):
        if stat.S_ISREG(os.lstat(path).st_mode):
            return True
    try:
        return Path(path).is_file() or (is_glob(path) and any(_matching(path)))
    except (OSError, ValueError):  # no path of this system
        return False


def _matching(pattern: str) -> Iterable[bool]:
    """For each file that may be meant, whether it is; nobody waits for more than some thousands."""
    folder, rest = split_glob(pattern)
    root = Path(folder)
    below = (Path(found, name) for found, _, names in os.walk(root) for name in names)
    for path in islice(below, _MOST_LOOKED_AT):
        yield matches(rest, path.relative_to(root).as_posix())


def _real(path: str) -> Path:
    # Not resolve(), which has no answer where links lead to each other.
    return Path(os.path.realpath(Path(path).parent), Path(path).name)


def _tree_of(folder: Path) -> Tree:
    """What git would track, where there is a git; else simply what there is."""
    checkout = checkout_of(folder)
    if checkout is None:
        return plain_tree(folder)

    def names(root: Path) -> Iterable[Name]:
        try:
            return checkout.listed(root)
        except GitError:
            return plain_tree(root).names(root)

    return Tree(checkout.top, names)
