"""A sandbox forge on loopback, for as long as a ``with`` block lasts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from starlette.types import ASGIApp

from callboard.sandbox.loopback import serving
from callboard.sandbox.pages import Pages

from .app import API_PREFIX, GITLAB_PREFIX, application
from .bare import Bare, Person
from .content import Files, commit_files
from .deliveries import Deliveries, Webhook
from .faults import Fault, Faults
from .pushes import settle
from .queueing import process
from .requestlog import RequestLog
from .state import (
    Account,
    AccountKind,
    App,
    MergeQueue,
    ProjectSettings,
    Protection,
    Pull,
    Repository,
    Role,
    World,
)
from .telling import Teller


class SandboxForge:
    """An offline GitHub and GitLab: their APIs, and git over real repositories below ``root``.

    ``port``: 0 takes any free one.
    ``repoints_reviews``: a force push moves approvals to the new head, as GitHub may do.
    ``undecided_reads``: so many reads after a change answer that mergeability is not known yet.
    ``visitor``: the login of the person that the forms of its pages act for; None: the pages only show.
    ``wrap``: a test's middleware around the whole application.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int = 0,
        repoints_reviews: bool = True,
        undecided_reads: int = 0,
        visitor: str | None = None,
        wrap: Callable[[ASGIApp], ASGIApp] | None = None,
    ) -> None:
        self.world = World(root, repoints_reviews=repoints_reviews, undecided_reads=undecided_reads)
        self.deliveries = Deliveries()
        """What its webhooks told."""
        self._teller = Teller(self.world, self.deliveries)
        app: ASGIApp = application(self.world, Pages(self.world, visitor).routes())
        self._app = wrap(app) if wrap else app
        self._port = port
        self._running = ExitStack()
        self.url = ""

    def __enter__(self) -> Self:
        self._running.callback(self.deliveries.stop)
        self.url = self._teller.url = self._running.enter_context(serving(self._app, port=self._port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def api_url(self) -> str:
        """Where the REST API starts."""
        return self.url + API_PREFIX

    @property
    def gitlab_api_url(self) -> str:
        """Where GitLab's REST API starts."""
        return self.url + GITLAB_PREFIX

    @property
    def log(self) -> RequestLog:
        """What was asked."""
        return self.world.log

    @property
    def faults(self) -> Faults:
        """Answers that shall go wrong."""
        return self.world.faults

    def git_url(self, repository: str) -> str:
        """Where git clones ``owner/name`` from."""
        return f"{self.url}/{repository}.git"

    def add_user(self, login: str, kind: AccountKind = "User") -> str:
        """A new account; answers a token for it. A Bot's login gets the suffix ``[bot]``."""
        with self.world.lock:
            return self.world.new_token(self.world.add_account(login, kind))

    def add_project_token(
        self, repository: str, role: Role = "write", name: str = "callboard", *, read_only: bool = False
    ) -> str:
        """A token of a new GitLab project access token, whose bot user has ``role`` in the project.

        ``read_only``: with the scope ``read_api`` instead of ``api``.
        """
        with self.world.lock:
            found = self.repository(repository)
            login = f"project_{found.id}_bot_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
            account = self.world.add_account(login, "Bot")
            found.collaborators[account.id] = (account, role)
            return self.world.new_token(account, read_only=read_only)

    def project_settings(self, repository: str) -> ProjectSettings:
        """GitLab's settings of a project, to be changed in place."""
        return self.repository(repository).settings

    def add_repository(
        self,
        full_name: str,
        files: Mapping[str, bytes] | None = None,
        *,
        collaborators: Mapping[str, Role] | None = None,
        private: bool = False,
        default_branch: str = "main",
    ) -> Repository:
        """A new repository with one commit of ``files``; its owner becomes an organization if unknown."""
        owner_login, _, name = full_name.partition("/")
        world = self.world
        with world.lock:
            owner = world.accounts.get(owner_login.lower()) or world.add_account(owner_login, "Organization")
            place = world.root / owner.login / f"{name}.git"
            if place.exists():  # of a repository that has another name now
                place = place.with_name(f"{name}-{world.new_id()}.git")
            git = Bare.create(place, default_branch)
            now = world.now()
            repository = Repository(
                id=world.new_id(),
                owner=owner,
                name=name,
                private=private,
                default_branch=default_branch,
                git=git,
                created_at=now,
                updated_at=now,
                pushed_at=now,
            )
            for login, role in (collaborators or {}).items():
                account = world.account(login)
                repository.collaborators[account.id] = (account, role)
            world.repositories[repository.full_name.lower()] = repository
        if files:
            self.commit(full_name, default_branch, files, "Start the catalog", author=owner_login)
        return repository

    def fork(self, full_name: str, owner: str) -> Repository:
        """A fork of a repository by ``owner``, with all its branches."""
        with self.world.lock:
            parent = self.repository(full_name)
            fork = self.add_repository(
                f"{owner}/{parent.name}", default_branch=parent.default_branch, private=parent.private
            )
            fork.parent = parent
            fork.git.run("fetch", "--quiet", str(parent.git.path), "refs/heads/*:refs/heads/*")
            fork.refs = fork.git.refs()
            return fork

    def repository(self, full_name: str) -> Repository:
        """What the forge knows of a repository."""
        return self.world.repositories[full_name.lower()]

    def commit(self, repository: str, branch: str, files: Files, message: str, *, author: str) -> str:
        """Somebody commits to a branch (made from the default branch when missing); answers the commit.

        None as content removes a file.
        """
        with self.world.lock:
            found, who = self.repository(repository), self.world.account(author)
            git = found.git
            if git.resolve(branch) is None and (start := git.resolve(found.default_branch)):
                git.update_ref(f"refs/heads/{branch}", start)
            person = Person(who.login, f"{who.login}@users.noreply.example")
            commit = commit_files(git, branch, files, message, person)
            settle(self.world, found, who)
            self.world.changed(who)
            return commit

    def file(self, repository: str, branch: str, path: str) -> bytes:
        """The content of a file. Raises KeyError when there is none."""
        git = self.repository(repository).git
        entry = git.entry(f"refs/heads/{branch}", path)
        if entry is None:
            raise KeyError(path)
        return git.blob(entry.sha)

    def pull(self, repository: str, number: int) -> Pull:
        """What the forge knows of a pull request."""
        with self.world.lock:
            return self.repository(repository).pull(number)

    def protect(self, repository: str, branch: str, rules: Protection | None) -> None:
        """Set or lift what a branch asks for before a pull request may merge."""
        with self.world.lock:
            protections = self.repository(repository).protections
            protections.pop(branch, None)
            if rules:
                protections[branch] = rules

    def set_queue(
        self, repository: str, branch: str = "main", method: Literal["merge", "squash", "rebase"] = "merge"
    ) -> MergeQueue:
        """Give a branch a merge queue, so that nothing merges into it another way."""
        with self.world.lock:
            queue = MergeQueue(self.world.new_id(), branch, method)
            self.repository(repository).queues[branch] = queue
            return queue

    def process_queue(self, repository: str, branch: str = "main", most: int | None = None) -> list[int]:
        """Merge what waits in a queue, in its order; answers what was merged. ``most``: None merges all."""
        with self.world.lock:
            found = self.repository(repository)
            merged = process(self.world, found, branch, most)
            self.world.changed(found.owner)
            return merged

    def add_app(self, slug: str, public_key: str, permissions: Mapping[str, str]) -> App:
        """An app whose private key belongs to this one (PEM), installed wherever its bot has a role."""
        with self.world.lock:
            account = self.world.add_account(slug, "Bot")
            app = App(self.world.new_id(), account, public_key, self.world.new_id(), permissions)
            self.world.apps[app.id] = app
            return app

    def add_webhook(self, repository: str, url: str, secret: str) -> Webhook:
        """Have GitHub's webhooks posted to a server on this machine from now on, signed with ``secret``."""
        with self.world.lock:
            webhook = Webhook(self.world.new_id(), url, secret)
            return self._teller.subscribe(self.repository(repository), webhook)

    def add_project_webhook(
        self, repository: str, url: str, *, secret: str = "", signing_token: str = ""
    ) -> Webhook:
        """The same of GitLab's: ``secret`` is sent along as it is, a signing token signs."""
        with self.world.lock:
            webhook = Webhook(self.world.new_id(), url, secret, "gitlab", signing_token)
            return self._teller.subscribe(self.repository(repository), webhook)

    def add_team(self, team: str, members: Sequence[str]) -> None:
        """A team of an organization, ``acme/ml``."""
        with self.world.lock:
            organization, _, slug = team.lower().partition("/")
            self.world.teams[organization, slug] = [self.world.account(login) for login in members]

    def rename(self, repository: str, name: str) -> None:
        """Give a repository another name, within its owner; who asks for the former one is sent on."""
        with self.world.lock:
            found = self.world.repositories.pop(repository.lower())
            self.world.former[repository.lower()] = found
            found.name = name
            self.world.repositories[found.full_name.lower()] = found

    def set_role(self, repository: str, login: str, role: Role | None) -> None:
        """Give or take somebody's role."""
        with self.world.lock:
            found, account = self.repository(repository), self.world.account(login)
            found.collaborators.pop(account.id, None)
            if role:
                found.collaborators[account.id] = (account, role)

    def fail_next(self, operation: str, status: int, *, after_applying: bool = False) -> None:
        """The next request of ``operation`` (as in the log) is answered with ``status``.

        ``after_applying``: the work is done all the same, as when a gateway times out.
        """
        self.faults.add(Fault(operation, status, after_applying))

    def account(self, login: str) -> Account:
        """Somebody's account."""
        return self.world.account(login)
