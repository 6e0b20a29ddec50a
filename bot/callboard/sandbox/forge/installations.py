"""An app as the forge knows it, and what a token of its installation was given for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .records import Account


@dataclass(frozen=True)
class App:
    """An app, installed for all repositories in which its bot has a role."""

    id: int
    account: Account
    """Its bot."""
    public_key: str
    """PEM."""
    installation: int
    permissions: Mapping[str, str]


@dataclass(frozen=True)
class Grant:
    """What an installation's token is for."""

    repositories: frozenset[int]
    permissions: Mapping[str, str]
    expires_at: datetime
