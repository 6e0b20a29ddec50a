"""Tells the webhooks of repositories what has happened, after every change of the forge."""

from __future__ import annotations

from callboard.sandbox.gitlab import webhooks as gitlab

from .deliveries import Deliveries, Webhook, github_headers
from .happenings import Happening, Snapshot, happened
from .shapes.links import Links
from .shapes.webhooks import payload
from .state import Account, Repository, World

_NOT_ON_GITHUB = ("status", "pull_request_review_thread")
"""What the sandbox's GitHub does not tell of."""


class Teller:
    """Looks at the repositories that have a webhook. Whoever calls it holds the world's lock."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._webhooks: list[tuple[Repository, Webhook]] = []
        self._seen: dict[int, Snapshot] = {}
        self.url = ""
        """Where the forge is reached, which payloads hold."""
        world.on_change.append(self.look)

    def subscribe(self, repository: Repository, webhook: Webhook) -> Webhook:
        """Tell of what happens from now on."""
        self._webhooks.append((repository, webhook))
        self._seen.setdefault(repository.id, Snapshot(repository))
        return webhook

    def look(self, actor: Account) -> None:
        """Something may have changed, by ``actor``."""
        for repository in {each.id: each for each, _ in self._webhooks}.values():
            before, after = self._seen[repository.id], Snapshot(repository)
            self._seen[repository.id] = after
            told = list(happened(repository, before, after, actor))
            for where, webhook in self._webhooks:
                if where is repository:
                    self._tell(repository, webhook, told)

    def _tell(self, repository: Repository, webhook: Webhook, told: list[Happening]) -> None:
        if webhook.forge == "gitlab":
            for event, body in gitlab.events(self.url, repository, told):
                self._deliveries.add(webhook.url, event, body, gitlab.headers(webhook, self.url, event))
            return
        links = Links(self.url)
        for one in told:
            if one.kind not in _NOT_ON_GITHUB:
                body = payload(links, repository, one)
                headers = github_headers(webhook, repository.id, one.kind)
                self._deliveries.add(webhook.url, one.kind, body, headers)
