"""A town for the stateful tests: a forge, a registry, people who do as they like, and walks that die midway.

The town keeps its own book of what people did, and judges the forge by that book alone: none of the
product's rules is asked whether the product kept them.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.redaction import Secret
from callboard.sandbox.catalog import Timing, running
from callboard.sandbox.forge import SandboxForge, pulls, reviewing
from callboard.sandbox.forge.bare import ZERO, Person
from callboard.sandbox.forge.content import commit_files
from callboard.sandbox.forge.merging import MergeRequest, merge
from callboard.sandbox.forge.pushes import settle
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.state import Pull, Status
from callboard.walk.reconcile import reconcile
from callboard.walk.sync import SyncResult, sync
from callboard.walk.workplace import ForgeKind, Workplace, open_backstage
from tests.walk.house import REPOSITORY, House, card

BOT = "callboard[bot]"
WRITERS = ("robin", "sam")
ROOT = "models"
LOCK = ".callboard.lock"
QUIET_WITHIN = 8
"""So many rounds of sync and reconcile may pass until a walk writes nothing more."""
_FINGERPRINT = re.compile(r"Callboard-Fingerprint: ([0-9a-f]{64})")


class Killed(BaseException):
    """The process is gone: nothing of the product may catch this."""


@dataclass
class Boundary:
    """One write of a walk, counted from 1, before or after which something happens."""

    at: int
    after: bool
    happens: Callable[[], None]

    def around(self, write: Callable[[], Any]) -> Any:
        self.at -= 1
        due = self.at == 0
        if due and not self.after:
            self.happens()
        done = write()
        if due and self.after:
            self.happens()
        return done


def at_each_write(place: Workplace, boundary: Boundary) -> None:
    """Have the boundary count the writes of a walk from now on: requests to the forge, and pushes."""
    forge: Any = place.forge
    by, name = (forge._writer, "send") if hasattr(forge, "_writer") else (forge._api, "write")
    write, push = getattr(by, name), place.repository.push
    vars(by)[name] = lambda *asked: boundary.around(lambda: write(*asked))
    vars(place.repository)["push"] = lambda updates: boundary.around(lambda: push(updates))


@dataclass
class Book:
    """What people did, as they remember it."""

    approved: dict[tuple[int, str], Mapping[str, str | None]] = field(default_factory=dict)
    """Pull request and person to the content that they approved."""
    against: set[tuple[int, str]] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    statuses: dict[tuple[str, str], str] = field(default_factory=dict)
    """Commit and name of the check to its last state."""
    commits: set[str] = field(default_factory=set)
    """What people pushed, and did not throw away themselves."""
    words: dict[str, str] = field(default_factory=dict)
    """What people wrote into the catalog on the base branch, to the folder where it stands."""
    titles: dict[int, str] = field(default_factory=dict)
    bodies: dict[int, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    """The model folders that the base branch should have."""
    judged: set[int] = field(default_factory=set)


class Town:
    """Everything that the machine moves, and what must hold whatever it does."""

    def __init__(
        self, root: Path, *, undecided_reads: int = 0, registered: bool = False, kind: ForgeKind = "github"
    ) -> None:
        self._running = ExitStack()
        root.mkdir(parents=True)
        self.forge = self._running.enter_context(
            SandboxForge(root / "forge", undecided_reads=undecided_reads)
        )
        bot, robin = self.forge.add_user("callboard", kind="Bot"), self.forge.add_user("robin")
        for login in ("sam", "guest"):
            self.forge.add_user(login)
        self.forge.add_repository(
            REPOSITORY,
            files={"README.md": b"hello\n"},
            collaborators={"robin": "write", "sam": "write", "guest": "read", "callboard[bot]": "write"},
        )
        (root / "cards").mkdir()
        self.house = House(self.forge, root, bot, robin, kind=kind)
        if registered:
            self.house.catalog = self._running.enter_context(
                running(
                    forge_url=self.forge.url,
                    forge_api_url=self.forge.api_url,
                    forge_token=Secret(bot),
                    timing=Timing(pause=0.05, interval=0.5),
                )
            )
        self.repository = self.forge.repository(REPOSITORY)
        self.git = self.repository.git
        self.book = Book()
        self.said: list[str] = []
        self._count = itertools.count(1)
        self._caches = itertools.count(1)
        self.cache = "cache"
        self._logs = _Collecting(self.said)
        logging.getLogger().addHandler(self._logs)

    def close(self) -> None:
        logging.getLogger().removeHandler(self._logs)
        self._running.close()

    # --- walks ---------------------------------------------------------------------------------------------

    def workplace(self, boundary: Boundary | None = None, cache: str | None = None) -> Workplace:
        place = self.house.workplace(cache or self.cache)
        forge: Any = place.forge
        # What the forge asks for is not waited for.
        client, budget = (
            (forge._reader._client, forge._writer._budget)
            if self.house.kind == "github"
            else (forge._api._reader, forge._api._budget)
        )
        client._sleep = budget._sleep = lambda _seconds: None
        if boundary is not None:
            at_each_write(place, boundary)
        return place

    def sync(self, boundary: Boundary | None = None, cache: str | None = None) -> SyncResult | None:
        """None when the walk died or could not read the forge."""
        place = self.workplace(boundary, cache)
        result: SyncResult | None = self._walk(
            lambda: sync(place, dry_run=False, prune=False, progress=lambda _name, _count: None)
        )
        for problem in result.problems if result else ():
            self.said += [problem.what, problem.where, problem.hint]
        return result

    def reconcile(self, boundary: Boundary | None = None, cache: str | None = None) -> None:
        place = self.workplace(boundary, cache)
        settings = place.config.backstage
        catalog = open_backstage(settings, self.house.environ) if settings else None
        result = self._walk(lambda: reconcile(place, catalog, progress=self.said.append))
        for problem in result.problems if result else ():
            self.said += [problem.what, problem.where, problem.hint]

    def _walk(self, walk: Callable[[], Any]) -> Any:
        from callboard.forges.protocol import ForgeError
        from callboard.git.command import GitError

        try:
            return walk()
        except Killed:
            self.cache = f"cache{next(self._caches)}"  # another machine goes on, and remembers nothing
        except (ForgeError, GitError) as error:
            self.said.append(str(error))
        return None

    # --- the registry --------------------------------------------------------------------------------------

    def publish(self, name: str, version: int, tag: str, *, leaking: bool = False) -> None:
        body = f"# {name}\n\nSays {self.house.bot}.\n" if leaking else ""
        self.house.card(name, card(name, version=str(version), tags=f"tabular, {tag}", body=body))

    def unpublish(self, name: str) -> None:
        (self.house.folder / "cards" / f"{name}.md").unlink(missing_ok=True)

    def garble(self, name: str) -> None:
        self.house.card(name, "---\nname: [\n---\n")

    # --- people: each act is entered in the book -----------------------------------------------------------

    def pulls(self) -> list[Pull]:
        """The bot's open pull requests."""
        return [pull for pull in self.repository.pulls.values() if pull.state == "open"]

    def approve(self, pull: Pull, login: str) -> None:
        with self.forge.world.lock:
            reviewing.review(
                self.forge.world, self.repository, pull, self.forge.account(login), "APPROVE", "good", None
            )
            self.book.approved[pull.number, login] = self.content(pull.head)
            self.book.against.discard((pull.number, login))

    def ask_for_changes(self, pull: Pull, login: str) -> None:
        with self.forge.world.lock:
            who = self.forge.account(login)
            reviewing.review(self.forge.world, self.repository, pull, who, "REQUEST_CHANGES", "no", None)
            self.book.approved.pop((pull.number, login), None)
            self.book.against.add((pull.number, login))

    def dismiss(self, pull: Pull) -> None:
        """Take back the newest verdict on a pull request."""
        with self.forge.world.lock:
            standing = [one for one in pull.reviews if one.state in ("APPROVED", "CHANGES_REQUESTED")]
            if not standing:
                return
            review = reviewing.dismiss(self.forge.world, pull, standing[-1].id)
            login = review.author.login
            self.book.approved.pop((pull.number, login), None)
            self.book.against.discard((pull.number, login))

    def comment(self, pull: Pull) -> None:
        with self.forge.world.lock:
            who = self.forge.account("robin")
            reviewing.comment(self.forge.world, self.repository, pull, who, "What is this?")

    def hold(self, pull: Pull, *, on: bool) -> None:
        with self.forge.world.lock:
            labels = [label for label in pull.labels if label != "hold"] + (["hold"] if on else [])
            pulls.set_labels(self.forge.world, self.repository, pull, labels)
            (self.book.held.add if on else self.book.held.discard)(pull.number)

    def report(self, pull: Pull, state: str) -> None:
        with self.forge.world.lock:
            world, ci = self.forge.world, self.forge.account("sam")
            status: Any = state
            self.repository.statuses.append(
                Status(world.new_id(), pull.head, "ci", status, None, None, ci, world.now())
            )
            self.book.statuses[pull.head, "ci"] = state

    def edit_text(self, pull: Pull, *, title: bool, body: bool) -> None:
        with self.forge.world.lock:
            mine = f"hand{next(self._count)}"
            if title:
                pull.title = self.book.titles[pull.number] = f"My title {mine}"
            if body:
                pull.body = f"{pull.body}\nMy words {mine}.\n"
                self.book.bodies[pull.number] = f"My words {mine}."
            pull.updated_at = self.forge.world.now()

    def close_pull(self, pull: Pull) -> None:
        with self.forge.world.lock:
            if pull.state == "open":
                pulls.set_state(self.forge.world, self.repository, pull, "closed")

    def reopen(self, pull: Pull) -> None:
        with self.forge.world.lock:
            twin = any(
                other.head_ref == pull.head_ref and other.state == "open"
                for other in self.repository.pulls.values()
            )
            if not twin and pull.merged_at is None:
                try:
                    pulls.set_state(self.forge.world, self.repository, pull, "open")
                except Refused:
                    return

    def merge_by_hand(self, pull: Pull, method: str) -> None:
        with self.forge.world.lock:
            how: Any = method
            request = MergeRequest(how, pull.head, "My own words", "and nothing else")
            try:
                merge(self.forge.world, self.repository, pull, self.forge.account("robin"), request)
            except Refused:
                return
        self._look_at_base()

    def delete_branch(self, branch: str) -> None:
        with self.forge.world.lock, _dropping(self):
            head = self.git.resolve(branch)
            if head is not None:
                self.git.delete_ref(f"refs/heads/{branch}", head)
                settle(self.forge.world, self.repository, self.forge.account("robin"))

    def push(self, branch: str, path: str | None = None) -> None:
        """A person commits to a branch of the bot."""
        with self.forge.world.lock:
            if self.git.resolve(branch) is None:
                return
            folder = self._folder_in(branch) or f"{ROOT}/one"
            text = f"hand{next(self._count)}\n".encode()
            commit = self.forge.commit(
                REPOSITORY, branch, {path or f"{folder}/docs/mine.md": text}, "Mine", author="robin"
            )
            self.book.commits.add(commit)

    def force_push(self, branch: str, *, amend: bool) -> None:
        """A person rewrites a branch of the bot: its commit amended under its own words, or a new one."""
        with self.forge.world.lock, _dropping(self):
            head = self.git.resolve(branch)
            if head is None:
                return
            old = self.git.commit(head)
            folder = self._folder_in(branch) or f"{ROOT}/one"
            who = Person("robin", "robin@users.noreply.example")
            text = f"hand{next(self._count)}\n".encode()
            parents = old.parents if amend else (self.base,)
            (blob,) = self.git.write_blobs([text])
            tree = self.git.write_tree(
                head if amend else self.base, [("100644", f"{folder}/docs/mine.md", blob)]
            )
            message = old.message if amend else "Mine alone\n"
            commit = self.git.commit_tree(tree, parents, message, who, who)
            self.git.update_ref(f"refs/heads/{branch}", commit)
            settle(self.forge.world, self.repository, self.forge.account("robin"))
            self.book.commits.add(commit)

    def edit_base(self, kind: str, at: int) -> None:
        """A person edits a catalog file on the base branch."""
        folders = sorted(self.book.folders)
        if not folders:
            return
        folder = folders[at % len(folders)]
        word = f"hand{next(self._count)}"
        catalog, page = f"{folder}/catalog-info.yaml", f"{folder}/docs/index.md"
        with self.forge.world.lock:
            try:
                path = page if kind == "paragraph" else catalog
                text = self.forge.file(REPOSITORY, "main", path).decode()
            except KeyError:
                return
            if kind == "owner":
                gone = re.search(r"owner: group:default/(hand\d+)", text)
                text = re.sub(r"(?m)^  owner: .*$", f"  owner: group:default/{word}", text, count=1)
                if gone:
                    self.book.words.pop(gone.group(1), None)
            elif kind == "tag":
                text = re.sub(r"(?m)^    - tabular$", f"    - tabular\n    - {word}", text, count=1)
            elif kind == "comment":
                text = f"# {word}\n{text}"
            else:
                text = f"{text}\nA person says {word}.\n"
            if word not in text:
                return
            commit = self.forge.commit(REPOSITORY, "main", {path: text.encode()}, "By hand", author="robin")
            self.book.commits.add(commit)
            self.book.words[word] = folder

    def move_base(self) -> None:
        """A person commits something that has nothing to do with the catalog."""
        with self.forge.world.lock:
            files = {f"other/{next(self._count)}.txt": b"other\n"}
            self.book.commits.add(self.forge.commit(REPOSITORY, "main", files, "Other", author="sam"))

    def move_folder(self, at: int) -> None:
        """A person gives a model's folder another name."""
        folders = sorted(self.book.folders)
        if not folders:
            return
        old = folders[at % len(folders)]
        new = f"{ROOT}/uno{next(self._count)}"
        with self.forge.world.lock:
            files: dict[str, bytes | None] = {}
            for entry in self.git.tree("refs/heads/main", recursive=True):
                if entry.type == "blob" and entry.path.startswith(f"{old}/"):
                    files[entry.path] = None
                    files[new + entry.path.removeprefix(old)] = self.git.blob(entry.sha)
            commit = self.forge.commit(REPOSITORY, "main", files, "Move", author="robin")
            self.book.commits.add(commit)
            self.book.words = {word: new if at == old else at for word, at in self.book.words.items()}
            self._look_at_base()

    def revert(self) -> None:
        """A person takes back what the newest merged pull request did, where nobody wrote since."""
        merged = [pull for pull in self.repository.pulls.values() if pull.merge_commit]
        if not merged:
            return
        pull = max(merged, key=lambda one: one.merged_at or "")
        with self.forge.world.lock:
            before = f"{pull.merge_commit}^1"
            parent = self.git.run("rev-parse", before).decode().strip()
            tree = self.git.run(
                "diff-tree", "-r", "--name-only", "-z", "--no-renames", parent, pull.merge_commit or ""
            ).decode()
            files: dict[str, bytes | None] = {}
            for path in tree.split("\0")[:-1]:
                entry = self.git.entry(parent, path)
                files[path] = self.git.blob(entry.sha) if entry else None
            self.book.commits.add(
                commit_files(
                    self.git, "main", files, "Revert", Person("robin", "robin@users.noreply.example")
                )
            )
            settle(self.forge.world, self.repository, self.forge.account("robin"))
            text = self._base_text()
            self.book.words = {word: at for word, at in self.book.words.items() if word in text}
            self._look_at_base()

    # --- looking -------------------------------------------------------------------------------------------

    @property
    def base(self) -> str:
        return self.repository.refs["refs/heads/main"]

    def content(self, commit: str) -> dict[str, str | None]:
        """What a commit does to the base branch: path to blob id, None for a removed file."""
        start = self.git.merge_base("refs/heads/main", commit) or ZERO
        output = self.git.run("diff-tree", "-r", "-z", "--no-renames", start, commit).decode()
        fields = output.split("\0")[:-1]
        found: dict[str, str | None] = {}
        for facts, path in zip(fields[::2], fields[1::2], strict=True):
            blob, status = facts.split()[3:5]
            found[path] = None if status == "D" else blob
        return found

    def reachable(self) -> set[str]:
        return set(self.git.run("rev-list", "--all").decode().split())

    def _folder_in(self, branch: str) -> str | None:
        head = self.git.resolve(branch)
        paths = sorted(self.content(head)) if head else []
        return next(("/".join(path.split("/")[:2]) for path in paths if path.startswith(f"{ROOT}/")), None)

    def _folders(self) -> set[str]:
        names = self.git.run("ls-tree", "-r", "--name-only", "refs/heads/main", "--", f"{ROOT}/").decode()
        return {name.removesuffix(f"/{LOCK}") for name in names.splitlines() if name.endswith(f"/{LOCK}")}

    def _look_at_base(self) -> None:
        self.book.folders = self._folders()

    def _base_text(self) -> str:
        entries = self.git.tree("refs/heads/main", recursive=True)
        wanted = [one.sha for one in entries if one.type == "blob" and one.path.startswith(f"{ROOT}/")]
        if not wanted:
            return ""
        return self.git.run("cat-file", "--batch", data="\n".join(wanted).encode() + b"\n").decode()

    # --- judging -------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Everything that must hold at any moment."""
        with self.forge.world.lock:
            self._check_merges()
            self._check_base()
            self._check_commits()
            self._check_pulls()
            self._check_secrets()

    def _check_merges(self) -> None:
        for pull in self.repository.pulls.values():
            if pull.merged_at is None or pull.number in self.book.judged:
                continue
            self.book.judged.add(pull.number)
            if pull.merged_by is None or pull.merged_by.login != BOT:
                continue
            content = self.content(pull.head)
            by = {
                login
                for (number, login), approved in self.book.approved.items()
                if number == pull.number and login in WRITERS and approved == content
            }
            touched = pull.head in self.book.commits
            assert len(by) >= (2 if touched else 1), f"#{pull.number} was merged with approvals of {by}"
            against = {login for number, login in self.book.against if number == pull.number}
            assert not against & set(WRITERS), f"#{pull.number} was merged against {against}"
            assert pull.number not in self.book.held, f"#{pull.number} was merged while held"
            states = {state for (sha, _), state in self.book.statuses.items() if sha == pull.head}
            assert states <= {"success"}, f"#{pull.number} was merged with checks {states}"

    def _check_base(self) -> None:
        folders = self._folders()
        for folder in self.book.folders - folders:
            removed_by = [
                pull
                for pull in self.repository.pulls.values()
                if pull.merged_at and self.content(pull.head).get(f"{folder}/{LOCK}", "") is None
            ]
            assert removed_by, f"{folder} is gone from the base branch, and no merged pull request says so"
            self.book.words = {word: at for word, at in self.book.words.items() if at != folder}
        self.book.folders = folders
        text = self._base_text()
        lost = {word: at for word, at in self.book.words.items() if word not in text}
        assert not lost, f"people's words are gone from the base branch: {lost}"

    def _check_commits(self) -> None:
        lost = self.book.commits - self.reachable()
        assert not lost, f"commits of people are gone: {lost}"

    def _check_pulls(self) -> None:
        ours = [pull for pull in self.pulls() if pull.author.login == BOT]
        branches = [pull.head_ref for pull in ours]
        assert len(branches) == len(set(branches)), f"two pull requests for one branch: {branches}"
        for number, title in self.book.titles.items():
            assert self.repository.pulls[number].title == title, f"the title of #{number} is lost"
        for number, words in self.book.bodies.items():
            assert words in (self.repository.pulls[number].body or ""), f"the text of #{number} is lost"

    def _check_secrets(self) -> None:
        texts = [text for pull in self.repository.pulls.values() for text in (pull.title, pull.body or "")]
        texts += [comment.body for comment in self.repository.comments.values()]
        texts += [*self.repository.refs, *self.said, self._base_text()]
        texts += [self.git.run("log", "--all", "--format=%an %ae %B").decode()]
        tokens = [self.house.bot, *([self.house.catalog.token.reveal()] if self.house.catalog else [])]
        for token in tokens:
            assert not any(token in text for text in texts), "a token was written down"

    def keys(self, pull: Pull) -> set[str]:
        """The folders that a pull request changes."""
        return {"/".join(path.split("/")[:2]) for path in self.content(pull.head)}

    # --- the end -------------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """No more faults: walks come to write nothing, and what they leave behind is in order."""
        self.forge.faults._waiting.clear()
        self.forge.world.undecided_reads = 0
        for pull in self.repository.pulls.values():
            pull.undecided_reads = 0
        for _ in range(QUIET_WITHIN):
            mark = self.forge.log.mark()
            self.sync()
            self.check()
            self.reconcile()
            self.check()
            counts = self.forge.log.counts(mark)
            if not counts.writes and not counts.pushes:
                break
        else:
            raise AssertionError(f"still writing after {QUIET_WITHIN} rounds: {self._written(mark)}")
        mark = self.forge.log.mark()
        fresh = f"cache{next(self._caches)}"
        self.sync(cache=fresh)
        self.reconcile(cache=fresh)
        assert not self._written(mark), f"a fresh clone writes: {self._written(mark)}"
        self._check_texts()
        self._check_twins()
        self._check_registered()

    def _written(self, mark: int) -> list[str]:
        return [
            f"{one.operation} {one.path} {one.status}" for one in self.forge.log.since(mark) if one.is_write
        ]

    def _check_texts(self) -> None:
        """A text of ours tells of the content that stands in the branch."""
        for pull in self.pulls():
            if pull.author.login != BOT or pull.number in self.book.bodies or pull.head in self.book.commits:
                continue
            if self.book.commits & {one.sha for one in pulls.commits(self.repository, pull)}:
                continue
            told = _FINGERPRINT.findall(pull.body or "")
            held = _FINGERPRINT.findall(self.git.commit(pull.head).message)
            assert told == held, f"the text of #{pull.number} tells of other content than the branch has"

    def _check_twins(self) -> None:
        ours = [pull for pull in self.pulls() if pull.author.login == BOT]
        for one, other in itertools.combinations(ours, 2):
            both = self.keys(one) & self.keys(other)
            assert not both, f"#{one.number} and #{other.number} both change {both}"

    def _check_registered(self) -> None:
        """Backstage has every catalog file of the base branch, and none that is not there."""
        settings = self.workplace().config.backstage
        if settings is None:
            return
        catalog = open_backstage(settings, self.house.environ)
        registered = {location.target.rpartition("/blob/main/")[2] for location in catalog.locations()}
        assert registered == {f"{folder}/catalog-info.yaml" for folder in self._folders()}


class _dropping:  # noqa: N801 - used like a function
    """What people throw away by their own act is no longer owed to them."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._before: set[str] = set()

    def __enter__(self) -> None:
        self._before = self._town.reachable()

    def __exit__(self, *_: object) -> None:
        lost = self._before - self._town.reachable()
        self._town.book.commits -= lost


class _Collecting(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())
