"""What must hold, judged by the book alone: none of the product's rules is asked whether it kept them."""

from __future__ import annotations

import itertools
import re

from callboard.sandbox.forge import pulls
from callboard.sandbox.forge.merging import latest_statuses
from callboard.sandbox.forge.state import Pull
from callboard.walk.obsolete import OBSOLETE_LABEL
from tests.walk.machine.scene import BOT, GATE, GATEKEEPER, LOCK, WRITERS, Scene

_FINGERPRINT = re.compile(r"Callboard-Fingerprint: ([0-9a-f]{64})")


class Judge:
    """Looks at the forge after every walk."""

    def __init__(self, scene: Scene, secrets: tuple[str, ...]) -> None:
        self._scene, self._book, self._secrets = scene, scene.book, secrets

    def check(self) -> None:
        """Everything that must hold at any moment."""
        with self._scene.forge.world.lock:
            self._check_merges()
            self._check_base()
            self._check_commits()
            self._check_ends()
            self._check_refusals()
            self._check_words()
            self._check_secrets()

    def at_rest(self) -> None:
        """What must hold when walks write nothing any more."""
        with self._scene.forge.world.lock:
            self._check_texts()
            self._check_twins()
            self._check_nothing_is_left_ready()

    def _approvers(self, pull: Pull) -> set[str]:
        content = self._scene.content(pull.head)
        return {
            login
            for (number, login), approved in self._book.approved.items()
            if number == pull.number and login in WRITERS and approved == content
        }

    def _is_checked(self, pull: Pull) -> bool:
        """The newest word of each check on the head is good, and that of the gate is its keeper's."""
        newest = {one.context: one for one in latest_statuses(self._scene.repository, pull.head)}
        gate = newest.get(GATE)
        good = all(one.state == "success" for one in newest.values())
        return good and gate is not None and gate.creator.login == GATEKEEPER

    def _check_merges(self) -> None:
        for pull in self._scene.repository.pulls.values():
            if pull.merged_at is None or pull.number in self._book.judged:
                continue
            self._book.judged.add(pull.number)
            if pull.merged_by is None or pull.merged_by.login != BOT:
                continue
            said = f"#{pull.number} was merged"
            assert pull.author.login == BOT, f"{said}, and is {pull.author.login}'s"
            by, needed = self._approvers(pull), 2 if pull.head in self._book.commits else 1
            assert len(by) >= needed, f"{said} with approvals of {by}"
            against = {login for number, login in self._book.against if number == pull.number}
            assert not against & set(WRITERS), f"{said} against {against}"
            assert pull.number not in self._book.held, f"{said} while held"
            assert self._is_checked(pull), f"{said} unchecked"

    def _check_base(self) -> None:
        scene, book = self._scene, self._book
        folders = scene.folders()
        for folder in book.folders - folders:
            removed_by = [
                pull
                for pull in scene.repository.pulls.values()
                if pull.merged_at and scene.content(pull.head).get(f"{folder}/{LOCK}", "") is None
            ]
            assert removed_by, f"{folder} is gone from the base branch, and no merged pull request says so"
            book.words = {word: at for word, at in book.words.items() if at[0] != folder}
        book.folders = folders
        merged = {pull.merge_commit for pull in scene.repository.pulls.values() if pull.merged_at}
        came = scene.git.run("rev-list", "--first-parent", f"{book.first}..refs/heads/main").decode().split()
        stray = [commit for commit in came if commit not in merged and commit not in book.commits]
        assert not stray, f"on the base branch without a pull request: {stray}"
        if book.words:
            text = scene.base_text()
            lost = {word: at for word, at in book.words.items() if word not in text}
            assert not lost, f"people's words are gone from the base branch: {lost}"

    def _check_commits(self) -> None:
        if not self._book.commits:
            return
        for commit in self._book.commits.keys() - self._scene.reachable():
            assert self._was_rewritten(commit), f"a commit of a person is gone: {commit}"
            del self._book.commits[commit]

    def _was_rewritten(self, commit: str) -> bool:
        """Whether it went because somebody asked for that, and can still be found."""
        scene = self._scene
        word = self._book.commits[commit]
        for number in self._book.rewritten:
            said = "\n".join(one.body for one in scene.repository.comments.values() if one.number == number)
            if any(scene.git.is_ancestor(commit, sha) for sha in re.findall(r"\b[0-9a-f]{40}\b", said)):
                return True
            head = scene.repository.pulls[number].head
            if word in scene.git.run("ls-tree", "-r", "--name-only", head).decode():
                return True
        return False

    def _check_ends(self) -> None:
        """What is closed was closed by a person, or was not needed any more; what is held stays held."""
        for pull in self._scene.repository.pulls.values():
            if pull.author.login != BOT or pull.merged_at:
                continue
            if pull.state == "closed":
                by_right = pull.number in self._book.closed | self._book.may_close
                assert by_right or OBSOLETE_LABEL in pull.labels, f"#{pull.number} was closed by nobody"
            elif pull.number in self._book.labelled - self._book.unheld:
                assert "hold" in pull.labels, f"#{pull.number} is not held any more, and nobody said so"

    def _check_refusals(self) -> None:
        """What a person refused is not proposed again as it was."""
        scene, book = self._scene, self._book
        for pull in [one for one in scene.repository.pulls.values() if one.number not in book.seen]:
            book.seen.add(pull.number)
            earlier = [
                one
                for one in scene.repository.pulls.values()
                if one.number < pull.number and one.head_ref == pull.head_ref
            ]
            last = max(earlier, key=lambda one: one.number, default=None)
            if last is None or last.number not in book.closed - book.may_return:
                continue
            if last.merged_at or OBSOLETE_LABEL in last.labels:
                continue
            if last.number in book.may_close:
                raise AssertionError(f"#{last.number} was ignored, and #{pull.number} proposes it again")
            refused, proposed = (self._told(one.head) for one in (last, pull))
            assert not refused or refused != proposed, (
                f"#{pull.number} proposes again what #{last.number} did"
            )

    def _check_words(self) -> None:
        ours = self._scene.pulls()
        branches = [pull.head_ref for pull in ours]
        assert len(branches) == len(set(branches)), f"two pull requests for one branch: {branches}"
        for number, title in self._book.titles.items():
            assert self._scene.repository.pulls[number].title == title, f"the title of #{number} is lost"
        for number, words in self._book.bodies.items():
            body = self._scene.repository.pulls[number].body or ""
            assert words in body, f"the text of #{number} is lost"

    def _check_secrets(self) -> None:
        repository = self._scene.repository
        texts = [text for pull in repository.pulls.values() for text in (pull.title, pull.body or "")]
        texts += [comment.body for comment in repository.comments.values()]
        texts += [issue.body or "" for issue in repository.issues.values()]
        texts += [*repository.refs, *self._scene.said]
        texts += [self._scene.git.run("log", "--all", "-p", "--format=%an %ae %B").decode(errors="replace")]
        for secret in self._secrets:
            assert not any(secret in text for text in texts), "a token was written down"

    # --- at rest

    def _told(self, commit: str) -> list[str]:
        return _FINGERPRINT.findall(self._scene.git.commit(commit).message)

    def _has_peoples(self, pull: Pull) -> bool:
        return any(one.sha in self._book.commits for one in pulls.commits(self._scene.repository, pull))

    def _check_texts(self) -> None:
        """A text of ours tells of the content that stands in the branch."""
        for pull in self._scene.pulls():
            if pull.number in self._book.bodies | dict.fromkeys(self._book.rewritten) or self._has_peoples(
                pull
            ):
                continue
            told, held = _FINGERPRINT.findall(pull.body or ""), self._told(pull.head)
            assert told == held, f"the text of #{pull.number} tells of other content than the branch has"

    def _check_twins(self) -> None:
        changed = {
            pull.number: {"/".join(path.split("/")[:2]) for path in self._scene.content(pull.head)}
            for pull in self._scene.pulls()
        }
        for one, other in itertools.combinations(changed, 2):
            both = changed[one] & changed[other]
            assert not both, f"#{one} and #{other} both change {both}"

    def _check_nothing_is_left_ready(self) -> None:
        """What is approved, checked, not held, and can be merged, was merged."""
        for pull in self._scene.pulls():
            if pull.number in self._book.held or "hold" in pull.labels or self._has_peoples(pull):
                continue
            if any(number == pull.number for number, _ in self._book.against) or pull.force_pushes:
                continue
            merges = self._scene.git.merge_tree("refs/heads/main", pull.head) is not None
            ready = merges and self._is_checked(pull) and self._approvers(pull)
            assert not ready, f"#{pull.number} could have been merged, and was not"
