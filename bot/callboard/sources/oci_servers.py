"""The servers of one OCI registry: itself, and where it leads, each asked without any credentials of ours.

Where a registry leads must be a public address over https unless somebody configured it: it must not send us
around the network that we stand in.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from callboard.addresses import Guard, NotPublic, endpoint, public_addresses
from callboard.config import RemoteSettings
from callboard.http import Client, connect


class Servers:
    """One client for each. To be closed."""

    def __init__(self, settings: RemoteSettings, folder: Path) -> None:
        """Raises HttpProblem. ``folder`` is where a relative ``ca-bundle`` is."""
        self._stack = ExitStack()
        self._ca_bundle = None if settings.ca_bundle is None else folder / settings.ca_bundle
        self._verify = settings.insecure_skip_tls_verify is None
        self._timeout = settings.timeout
        # Credentials are added request by request: the client itself has none to give away.
        self.registry = self._connected(settings.url)
        self._others: dict[tuple[str, bool], Client] = {}

    def close(self) -> None:
        """Nothing is asked any more."""
        self._stack.close()

    def led_to(self, url: str, *, trusted: bool) -> Client:
        """A client for where the registry leads. Raises NotPublic for what is not followed, or HttpProblem.

        ``trusted``: whether that was configured, or is surely the registry's own.
        """
        there = origin(url)
        if not trusted:
            if not there.startswith("https:"):
                raise NotPublic(f"{there} is not https")
            public_addresses(*endpoint(url))
        if (there, trusted) not in self._others:
            self._others[there, trusted] = self._connected(there, trusted=trusted)
        return self._others[there, trusted]

    def _connected(self, url: str, *, trusted: bool = True) -> Client:
        """A client. One that nobody configured is held to public addresses."""
        client = connect(
            url,
            timeout=self._timeout,
            ca_bundle=self._ca_bundle if trusted else None,
            verify=self._verify or not trusted,
            guard=None if trusted else Guard(()),
        )
        return self._stack.enter_context(client)


def origin(url: str) -> str:
    """Scheme, host and port. Raises NotPublic for what is no plain http or https URL."""
    host, port = endpoint(url)
    return f"{urlsplit(url).scheme}://{f'[{host}]' if ':' in host else host}:{port}"
