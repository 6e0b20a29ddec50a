"""What people do with git, to branches of the bot and to the base branch. It is entered in the book."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from callboard.sandbox.forge.bare import Person
from callboard.sandbox.forge.content import commit_files
from callboard.sandbox.forge.pushes import settle
from tests.walk.house import REPOSITORY
from tests.walk.machine.scene import ROOT, Scene

_ROBIN = Person("robin", "robin@users.noreply.example")


class Pushers:
    """People who may push."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self.book = scene, scene.book

    @contextlib.contextmanager
    def _acting(self, login: str = "robin") -> Iterator[None]:
        """What people close or throw away by their own act is noted."""
        scene, book = self._scene, self.book
        with scene.forge.world.lock:
            before = scene.reachable() if book.commits else set()
            was_open = {pull.number for pull in scene.pulls()}
            yield
            if book.commits:
                for lost in before - scene.reachable():
                    book.commits.pop(lost, None)
            book.closed |= was_open - {pull.number for pull in scene.pulls()}
            scene.forge.world.changed(scene.forge.account(login))

    # --- pushes to branches

    def push(self, branch: str) -> None:
        """A person commits to a branch of the bot."""
        scene = self._scene
        with self._acting():
            if scene.git.resolve(branch) is None:
                return
            folder = scene.folder_in(branch) or f"{ROOT}/one"
            word = f"hand{next(scene.count)}"
            files = {f"{folder}/docs/mine-{word}.md": f"{word}\n".encode()}
            commit = scene.forge.commit(REPOSITORY, branch, files, "Mine", author="robin")
            self.book.commits[commit] = word

    def force_push(self, branch: str, *, amend: bool) -> None:
        """A person rewrites a branch of the bot: its commit amended under its own words, or a new one."""
        scene = self._scene
        with self._acting():
            head = scene.git.resolve(branch)
            if head is None:
                return
            old = scene.git.commit(head)
            folder = scene.folder_in(branch) or f"{ROOT}/one"
            word = f"hand{next(scene.count)}"
            parents = old.parents if amend else (scene.base,)
            (blob,) = scene.git.write_blobs([f"{word}\n".encode()])
            path = f"{folder}/docs/mine-{word}.md"
            tree = scene.git.write_tree(head if amend else scene.base, [("100644", path, blob)])
            message = old.message if amend else "Mine alone\n"
            commit = scene.git.commit_tree(tree, parents, message, _ROBIN, _ROBIN)
            scene.git.update_ref(f"refs/heads/{branch}", commit)
            settle(scene.forge.world, scene.repository, scene.forge.account("robin"))
            self.book.commits[commit] = word

    def delete_branch(self, branch: str) -> None:
        scene = self._scene
        with self._acting():
            head = scene.git.resolve(branch)
            if head is not None:
                scene.git.delete_ref(f"refs/heads/{branch}", head)
                settle(scene.forge.world, scene.repository, scene.forge.account("robin"))

    # --- the base branch

    def edit_base(self, kind: str, at: int) -> None:
        """A person edits the catalog on the base branch: ``owner``, ``tag``, ``comment`` or ``paragraph``."""
        folders = sorted(self.book.folders)
        if not folders:
            return
        scene, folder = self._scene, folders[at % len(folders)]
        word = f"hand{next(scene.count)}"
        path = f"{folder}/docs/index.md" if kind == "paragraph" else f"{folder}/catalog-info.yaml"
        with self._acting():
            try:
                text = scene.forge.file(REPOSITORY, "main", path).decode()
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
            commit = scene.forge.commit(REPOSITORY, "main", {path: text.encode()}, "By hand", author="robin")
            self.book.commits[commit] = word
            self.book.words[word] = folder, kind

    def move_base(self) -> None:
        """A person commits something that has nothing to do with the catalog."""
        scene = self._scene
        with self._acting():
            word = f"other{next(scene.count)}"
            files = {f"other/{word}.txt": b"other\n"}
            self.book.commits[scene.forge.commit(REPOSITORY, "main", files, "Other", author="sam")] = word

    def move_folder(self, at: int) -> None:
        """A person gives a model's folder another name."""
        folders = sorted(self.book.folders)
        if not folders:
            return
        scene, old = self._scene, folders[at % len(folders)]
        word = f"uno{next(scene.count)}"
        new = f"{ROOT}/{word}"
        with self._acting():
            files: dict[str, bytes | None] = {}
            for entry in scene.git.tree("refs/heads/main", recursive=True):
                if entry.type == "blob" and entry.path.startswith(f"{old}/"):
                    files[entry.path] = None
                    files[new + entry.path.removeprefix(old)] = scene.git.blob(entry.sha)
            commit = scene.forge.commit(REPOSITORY, "main", files, "Move", author="robin")
            self.book.commits[commit] = word
            for told, (where, kind) in self.book.words.items():
                self.book.words[told] = (new if where == old else where), kind
            self.look_at_base()

    def revert(self) -> None:
        """A person takes back what the newest merged pull request did."""
        scene = self._scene
        merged = [pull for pull in scene.repository.pulls.values() if pull.merge_commit]
        if not merged:
            return
        pull = max(merged, key=lambda one: one.merged_at or "")
        with self._acting():
            parent = scene.git.run("rev-parse", f"{pull.merge_commit}^1").decode().strip()
            asked = ("diff-tree", "-r", "--name-only", "-z", "--no-renames", parent, pull.merge_commit or "")
            files: dict[str, bytes | None] = {}
            for path in scene.git.run(*asked).decode().split("\0")[:-1]:
                entry = scene.git.entry(parent, path)
                files[path] = scene.git.blob(entry.sha) if entry else None
            commit = commit_files(scene.git, "main", files, "Revert", _ROBIN)
            self.book.commits[commit] = "revert"
            settle(scene.forge.world, scene.repository, scene.forge.account("robin"))
            text = scene.base_text()
            self.book.words = {word: at for word, at in self.book.words.items() if word in text}
            self.look_at_base()

    def look_at_base(self) -> None:
        self.book.folders = self._scene.folders()
