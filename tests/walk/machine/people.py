"""What people do on the pages of the forge. Each act is entered in the book."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, Literal

from callboard.pulls.dashboard import DASHBOARD_TITLE
from callboard.sandbox.forge import pulls, reviewing
from callboard.sandbox.forge.merging import MergeRequest, merge
from callboard.sandbox.forge.refusal import Refused
from callboard.sandbox.forge.state import Issue, Pull, Status
from tests.walk.house import REPOSITORY
from tests.walk.machine.pushers import Pushers
from tests.walk.machine.scene import GATE, GATEKEEPER, ROOT, WRITERS


class People(Pushers):
    """Robin and sam may write, guest may read; the gatekeeper runs the required check."""

    # --- reviews and checks

    def approve(self, pull: Pull, login: str = "robin") -> None:
        self._review(pull, login, "APPROVE")
        self.book.approved[pull.number, login] = self._scene.content(pull.head)
        self.book.against.discard((pull.number, login))

    def ask_for_changes(self, pull: Pull, login: str) -> None:
        self._review(pull, login, "REQUEST_CHANGES")
        self.book.approved.pop((pull.number, login), None)
        self.book.against.add((pull.number, login))

    def _review(self, pull: Pull, login: str, event: str) -> None:
        scene = self._scene
        with self._acting(login):
            who = scene.forge.account(login)
            reviewing.review(scene.forge.world, scene.repository, pull, who, event, "Well.", None)

    def dismiss(self, pull: Pull) -> None:
        """Take back the newest verdict on a pull request."""
        with self._acting():
            standing = [one for one in pull.reviews if one.state in ("APPROVED", "CHANGES_REQUESTED")]
            if not standing:
                return
            login = reviewing.dismiss(self._scene.forge.world, pull, standing[-1].id).author.login
            self.book.approved.pop((pull.number, login), None)
            self.book.against.discard((pull.number, login))

    def report(self, pull: Pull, state: Any = "success", name: str = GATE, by: str = GATEKEEPER) -> None:
        with self._acting(by):
            scene, world = self._scene, self._scene.forge.world
            who = scene.forge.account(by)
            scene.repository.statuses.append(
                Status(world.new_id(), pull.head, name, state, None, None, who, world.now())
            )

    # --- words

    def hold(self, pull: Pull, *, on: bool = True) -> None:
        with self._acting():
            labels = [label for label in pull.labels if label != "hold"] + (["hold"] if on else [])
            pulls.set_labels(self._scene.forge.world, self._scene.repository, pull, labels)
        for noted in (self.book.held, self.book.labelled):
            (noted.add if on else noted.discard)(pull.number)

    def edit_text(self, pull: Pull, *, title: bool = True, body: bool = True) -> None:
        with self._acting():
            mine = f"hand{next(self._scene.count)}"
            if title:
                pull.title = self.book.titles[pull.number] = f"My title {mine}"
            if body:
                pull.body = f"{pull.body}\nMy words {mine}.\n"
                self.book.bodies[pull.number] = f"My words {mine}."
            pull.updated_at = self._scene.forge.world.now()

    def say(self, pull: Pull, command: str, login: str = "robin") -> None:
        """Give a command in a comment: ``unhold`` or ``regenerate spec.owner``."""
        scene = self._scene
        with self._acting(login):
            text = f"Please.\n\n/callboard {command}"
            who = scene.forge.account(login)
            reviewing.comment(scene.forge.world, scene.repository, pull, who, text)
        if command == "hold":
            self.book.held.add(pull.number)
        elif login in WRITERS:
            self._ordered(pull, command.split()[0])

    def say_and_edit(self, pull: Pull, command: str) -> None:
        """A comment of somebody who may is edited, maybe by somebody else, into a command: no command."""
        scene = self._scene
        with self._acting():
            world, who = scene.forge.world, scene.forge.account("robin")
            said = reviewing.comment(world, scene.repository, pull, who, "Looks fine to me.")
            edited = dataclasses.replace(said, body=f"/callboard {command}", updated_at=world.now())
            scene.repository.comments[said.id] = edited

    def tick(self, deed: str, pull: Pull) -> None:
        """Tick a box on the dashboard, if it is there."""
        board = self.dashboard()
        box = f"<!-- callboard:do {deed} {pull.number} -->"
        if board is None or box not in (board.body or ""):
            return
        with self._acting():
            lines = (board.body or "").split("\n")
            board.body = "\n".join(
                line.replace("- [ ]", "- [x]") if line.rstrip().endswith(box) else line for line in lines
            )
        if deed == "hold":
            self.book.held.add(pull.number)
        else:
            self._ordered(pull, deed)

    def _ordered(self, pull: Pull, deed: str) -> None:
        """Somebody who may write asked the bot for something."""
        book, number = self.book, pull.number
        if deed == "unhold":
            book.held.discard(number)
            book.unheld.add(number)
        elif deed in ("rebase", "recreate"):
            book.rewritten.add(number)
        elif deed == "ignore":
            book.may_close.add(number)
        elif deed == "reopen":
            book.may_return.add(number)
        elif deed == "regenerate":
            book.words = {word: at for word, at in book.words.items() if at[1] != "owner"}

    def dashboard(self) -> Issue | None:
        """The issue, where the configuration asks for it."""
        return next(
            (
                one
                for one in self._scene.repository.issues.values()
                if self._scene.with_dashboard and one.title == DASHBOARD_TITLE and one.state == "opened"
            ),
            None,
        )

    def pause(self, *, on: bool) -> bool:
        """Put the label on the dashboard that stops all writes, or take it off; False without a dashboard."""
        board = self.dashboard()
        if board is not None:
            with self._acting():
                pulls.set_labels(
                    self._scene.forge.world,
                    self._scene.repository,
                    board,
                    [label for label in board.labels if label != "callboard-paused"]
                    + (["callboard-paused"] if on else []),
                )
        return board is not None

    # --- the state of pull requests

    def close(self, pull: Pull) -> None:
        with self._acting():
            if pull.state == "open":
                pulls.set_state(self._scene.forge.world, self._scene.repository, pull, "closed")

    def reopen(self, pull: Pull) -> None:
        scene = self._scene
        with self._acting(), contextlib.suppress(Refused):
            twin = any(one.head_ref == pull.head_ref and one.state == "open" for one in scene.pulls())
            if not twin and pull.merged_at is None:
                pulls.set_state(scene.forge.world, scene.repository, pull, "open")
                self.book.closed.discard(pull.number)

    def merge_by_hand(self, pull: Pull, method: Literal["merge", "squash"] = "merge") -> None:
        scene = self._scene
        with self._acting(), contextlib.suppress(Refused):
            request = MergeRequest(method, pull.head, "My own words", "and nothing else")
            merge(scene.forge.world, scene.repository, pull, scene.forge.account("robin"), request)
            self.look_at_base()

    def merge_with_other_bytes(self, pull: Pull) -> None:
        """The forge goes wrong: what it merges for a new model has another owner than the head."""
        scene, git = self._scene, self._scene.git
        path = f"{scene.folder_in(pull.head_ref)}/catalog-info.yaml"
        if git.entry("refs/heads/main", path) is not None:
            return
        self.merge_by_hand(pull, "squash")
        if pull.merge_commit is None:
            return
        with self._acting():
            right = git.commit(pull.merge_commit)
            text = scene.forge.file(REPOSITORY, "main", path).decode()
            (blob,) = git.write_blobs([text.replace("  owner: ", "  owner: not-").encode()])
            tree = git.write_tree(right.sha, [("100644", path, blob)])
            wrong = git.commit_tree(tree, right.parents, right.message, right.author, right.committer)
            git.update_ref("refs/heads/main", wrong)
            scene.repository.refs = git.refs()
            pull.merge_commit = wrong
            self.book.spoiled[path] = blob

    def propose(self, login: str = "robin") -> None:
        """A person opens a pull request for the catalog, on a branch named like the bot's; others approve."""
        scene, number = self._scene, next(self._scene.count)
        branch = f"callboard/{login}-{number}"
        folder = min(self.book.folders, default=f"{ROOT}/one")
        with self._acting():
            files = {f"{folder}/docs/theirs{number}.md": f"# By {login}\n".encode()}
            commit = scene.forge.commit(REPOSITORY, branch, files, "By hand", author="robin")
            self.book.commits[commit] = f"By {login}"
            who = scene.forge.account(login)
            opening = pulls.Opening(f"By {login}", "", branch, "main")
            pull = pulls.open_pull(scene.forge.world, scene.repository, who, opening)
        for one in (*WRITERS, GATEKEEPER):
            if one != login:
                self.approve(pull, one)
        self.report(pull)
