"""Gathering what ``decide`` must know about our open pull requests, in as few requests as git allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from callboard.catalog.entities import title_of
from callboard.catalog.lock import BadLock, read_lock
from callboard.catalog.merge import CATALOG_FILE
from callboard.catalog.shelf import folder_of, lock_paths
from callboard.config import Config
from callboard.documents.reader import read_documents
from callboard.forges.protocol import Account, PullRequest
from callboard.git.formats import Entry
from callboard.git.repository import Repository
from callboard.pulls.approvals import commits_to_read
from callboard.pulls.asked import CanWrite, asked_to_merge
from callboard.pulls.facts import Promoting, PullFacts
from callboard.pulls.owners import groups_of
from callboard.pulls.promoting import promotions
from callboard.validation.check import validate_files
from callboard.validation.defects import defect
from callboard.validation.diagnostics import Diagnostic
from callboard.validation.references import reference_to
from callboard.walk.base import Base
from callboard.walk.folders import folders_of
from callboard.walk.history import History
from callboard.walk.owning import kind_of, members_of, required_of
from callboard.walk.workplace import Workplace

_MOST_OF_A_STRANGER = 500
"""A pull request of somebody else with more files than this in the catalog is not validated."""
LARGEST_OF_A_STRANGER = 1024 * 1024
"""Bytes, likewise, of all files in the folders that it changes: anybody may propose anything, and reading a
megabyte of YAML takes ten seconds."""


@dataclass(frozen=True)
class Examined:
    """A pull request with all that was found about it."""

    facts: PullFacts
    diagnostics: tuple[Diagnostic, ...] | None = None
    """Of the catalog files in its head; None when nobody has validated them."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What its head holds in the folders that it changes."""


def gather(
    workplace: Workplace,
    base: Base,
    identity: Account,
    pulls: Sequence[PullRequest],
    is_current: Callable[[PullRequest], bool] | None,
    *,
    now: datetime,
    paused: bool = False,
) -> tuple[Examined, ...]:
    """The facts of each pull request, in order.

    ``is_current`` tells whether what would be written now equals what a head holds; None: a registry was
    asked, and says something else than all of them. Pull requests of others are validated where they change
    the catalog.
    """
    config, repository, forge = workplace.config, workplace.repository, workplace.forge
    root = config.catalog.path
    ours = [pull for pull in pulls if might_be_ours(pull, forge.repository, identity, config)]
    others = [pull for pull in pulls if pull not in ours and _is_small(pull, root)]
    history = History(repository, {commit for pull in ours for commit in (pull.head, *commits_to_read(pull))})
    files, contents = _read_heads(repository, ours, others, history, root)
    mine = [pull for pull in ours if history.has(pull.head)]
    owned = required_of(workplace, base, mine) if config.merge.code_owners else {}
    entities = _entities(base, mine, files, contents, root)
    examined = []
    for pull in pulls:
        entries = files.get(pull.number)
        found = None if entries is None else _diagnostics(entries, contents)
        facts = PullFacts(
            pull=pull,
            identity=identity,
            repository=forge.repository,
            base_ref=config.catalog.base,
            branch_prefix=config.pull_requests.branch_prefix,
            path=root,
            content=None,
            errors=None if found is None else sentences(found),
            paused=paused,
            now=now,
        )
        if pull in mine:
            facts = _with_history(facts, history, base, forge.can_write)
            requirements, members = owned.get(pull.number, (None, {}))
            promoting = _promotions(workplace, base, files[pull.number], contents)
            approvers = groups_of(owner for one in promoting for owner in one.approvers)
            facts = replace(
                facts,
                current=is_current is not None and is_current(pull),
                registry_newer=is_current is None,
                owned=requirements,
                members={**members, **members_of(workplace, approvers)},
                promotions=promoting,
                entities=entities[pull.number],
            )
        held = {path: contents[entry.blob] for path, entry in (entries or {}).items() if entry.is_file}
        examined.append(Examined(facts, found, held))
    return tuple(examined)


def _read_heads(
    repository: Repository,
    ours: Sequence[PullRequest],
    others: Sequence[PullRequest],
    history: History,
    root: str,
) -> tuple[Mapping[int, Mapping[str, Entry]], Mapping[str, bytes]]:
    """What the heads hold in the folders that they touch, by number, and the contents of its blobs."""
    had = repository.fetch_commits(pull.head for pull in others) if others else frozenset()
    there = {
        pull.number: _folder_files(repository, pull, root)
        for pull in (*ours, *others)
        if history.has(pull.head) or pull.head in had
    }
    files = _without_large(repository, there, {pull.number for pull in others})
    contents = repository.blobs(
        entry.blob for found in files.values() for entry in found.values() if entry.is_file
    )
    return files, contents


def _with_history(facts: PullFacts, history: History, base: Base, can_write: CanWrite) -> PullFacts:
    """The same with what git's commits tell, of a pull request of ours."""
    pull = facts.pull
    reviewed = commits_to_read(pull)
    asked = asked_to_merge(pull, facts.identity, can_write, committed_at=history.committed_at(pull.head))
    return replace(
        facts,
        content=history.content(pull.head),
        content_of={commit: history.content(commit) for commit in reviewed},
        single_commits=frozenset(filter(history.is_single, reviewed)),
        made_by_us=history.made_by_us(pull.head),
        behind=not history.stands_on(pull.head, base.commit),
        deletion=history.removes_a_model(pull.head),
        merge_asked=asked.login if asked else None,
    )


def _promotions(
    workplace: Workplace, base: Base, entries: Mapping[str, Entry], contents: Mapping[str, bytes]
) -> tuple[Promoting, ...]:
    """What the locks of a head promote that those of the base branch do not."""
    stages = workplace.config.promotion
    found: list[Promoting] = []
    for path in lock_paths(entries, workplace.config.catalog.path):
        content = contents[entries[path].blob] if entries[path].is_file else b""
        if b'"promotions"' not in content and b"\\u" not in content:
            continue  # reading hundreds of locks takes seconds; nobody hides the word behind an escape
        try:
            lock = read_lock(content)
        except BadLock:
            continue
        there = base.shelf.folders.get(lock.key)
        before, after = there.lock.record if there else None, lock.record
        found += promotions(title_of(after), before, after, stages, kind_of(workplace))
    return tuple(found)


def might_be_ours(pull: PullRequest, slug: str, identity: Account, config: Config) -> bool:
    return (
        pull.author.id == identity.id
        and pull.head_repository.lower() == slug.lower()
        and pull.head_ref.startswith(config.pull_requests.branch_prefix)
    )


def _folder_files(repository: Repository, pull: PullRequest, root: str) -> dict[str, Entry]:
    """Everything in the folders that the head touches, by path."""
    folders = {folder_of(path, root) for path in pull.paths}
    entries = repository.tree(pull.head, root)
    return {path: one for path, one in entries.items() if folder_of(path, root) in folders}


def _is_small(pull: PullRequest, root: str) -> bool:
    """Whether somebody's pull request changes the catalog, and no more of it than we read of a stranger."""
    inside = sum(path.startswith(f"{root}/") for path in pull.paths)
    return 0 < inside <= _MOST_OF_A_STRANGER and pull.paths_complete


def _without_large(
    repository: Repository, files: Mapping[int, Mapping[str, Entry]], others: Set[int]
) -> dict[int, Mapping[str, Entry]]:
    """The files of each pull request, without those of others that hold too much."""
    theirs = {
        number: [entry.blob for entry in found.values() if entry.is_file]
        for number, found in files.items()
        if number in others
    }
    sizes = repository.sizes(blob for blobs in theirs.values() for blob in blobs)
    return {
        number: found
        for number, found in files.items()
        if sum(sizes[blob] for blob in theirs.get(number, ())) <= LARGEST_OF_A_STRANGER
    }


def _diagnostics(entries: Mapping[str, Entry], contents: Mapping[str, bytes]) -> tuple[Diagnostic, ...]:
    """What is wrong with these folders: what is no plain file, and what Backstage would refuse."""
    odd = "is a link, a submodule or executable; only plain files belong into the catalog"
    try:
        report = validate_files({path: contents[one.blob] for path, one in entries.items() if one.is_file})
    except Exception as error:  # one pull request's fault must not stop the others
        return (Diagnostic(min(entries), *defect(error)),)
    return (
        *(
            Diagnostic(path, 1, 1, "error", "not-a-plain-file", odd, None)
            for path, entry in sorted(entries.items())
            if entry.mode != "100644"
        ),
        # What these folders refer to may well be elsewhere in Backstage.
        *(one for one in report.diagnostics if one.code != "unresolved-reference"),
    )


def sentences(found: Iterable[Diagnostic]) -> tuple[str, ...]:
    """The errors among these, one sentence each."""
    return tuple(
        f"{one.file}: {one.message}"
        if one.code == "not-a-plain-file"
        else f"{one.file}:{one.line}:{one.column}: {one.message}"
        for one in found
        if one.severity == "error"
    )


def _entities(
    base: Base,
    pulls: Sequence[PullRequest],
    files: Mapping[int, Mapping[str, Entry]],
    contents: Mapping[str, bytes],
    root: str,
) -> dict[int, frozenset[str]]:
    """The entities in the folders that each pull request changes, in its head and on the base branch."""
    touched = {
        pull.number: [f"{folder}/{CATALOG_FILE}" for folder in sorted(folders_of(pull, root))]
        for pull in pulls
    }
    there = base.read({path for paths in touched.values() for path in paths if path in base.blobs})
    found: dict[int, frozenset[str]] = {}
    for number, paths in touched.items():
        heads = {path: files[number][path] for path in paths if path in files[number]}
        texts = [(path, contents[entry.blob]) for path, entry in heads.items() if entry.is_file]
        texts += [(path, there[path]) for path in paths if path in there]
        found[number] = frozenset(one for path, text in texts for one in _references(text, path))
    return found


def _references(content: bytes, path: str) -> tuple[str, ...]:
    values = (document.value for document in read_documents(content, path).documents)
    found = (reference_to(value) for value in values if isinstance(value, dict))
    return tuple(str(reference) for reference in found if reference is not None)
