"""Tells the webhooks of GitHub repositories what has happened, after every change of the forge."""

from __future__ import annotations

from collections.abc import Mapping

from .deliveries import Deliveries, Webhook, github_headers
from .happenings import Snapshot, happened
from .shapes.links import Links
from .shapes.webhooks import payload
from .state import Account, Repository, World


class Teller:
    """Looks at the repositories that have a webhook. Whoever calls it holds the world's lock."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world, self._deliveries = world, deliveries
        self._webhooks: list[tuple[Repository, Webhook]] = []
        self._seen: dict[int, Snapshot] = {}
        self.url = ""
        """Where the forge is reached, which payloads hold."""
        world.on_change.append(self.look)

    def subscribe(self, repository: Repository, url: str, secret: str) -> Webhook:
        """Tell of what happens from now on."""
        webhook = Webhook(self._world.new_id(), url, secret)
        self._webhooks.append((repository, webhook))
        self._seen.setdefault(repository.id, Snapshot(repository))
        return webhook

    def look(self, actor: Account) -> None:
        """Something may have changed, by ``actor``."""
        links = Links(self.url)
        for repository in {each.id: each for each, _ in self._webhooks}.values():
            before, after = self._seen[repository.id], Snapshot(repository)
            self._seen[repository.id] = after
            for told in happened(repository, before, after, actor):
                body = payload(links, repository, told)
                for where, webhook in self._webhooks:
                    if where is repository:
                        self._deliver(repository, webhook, told.kind, body)

    def _deliver(
        self, repository: Repository, webhook: Webhook, event: str, body: Mapping[str, object]
    ) -> None:
        def headers(guid: str, data: bytes) -> dict[str, str]:
            return github_headers(webhook, repository.id, event, guid, data)

        self._deliveries.add(webhook.url, event, body, headers)
