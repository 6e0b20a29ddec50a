"""What is so about one pull request: all that ``decide`` may know, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callboard.catalog.promotion import Gate, Move
from callboard.forges.protocol import Account, PullRequest
from callboard.pulls.owners import Owner, Requirement


@dataclass(frozen=True)
class Promoting:
    """A version that a pull request puts into a stage, and what that stage asks for."""

    title: str
    """What people call the model."""
    move: Move
    gates: tuple[Gate, ...] = ()
    approvals: int = 1
    approvers: tuple[Owner, ...] = ()
    """One of them has to approve; none: anybody with write permission."""


@dataclass(frozen=True)
class PullFacts:
    """The facts about one pull request, read before anything is decided.

    A fingerprint says what the files of our tree hold in a commit (equal content, equal fingerprint); None
    says that it is not known, which never counts in favour of a merge.
    """

    pull: PullRequest
    identity: Account
    """Who we are on this forge."""
    repository: str
    """``owner/name`` of the catalog repository."""
    base_ref: str
    """The branch that we write to."""
    branch_prefix: str
    """Of our branches, with its slash: ``callboard/``."""
    path: str
    """The folder that is ours, without a slash at its end: ``models``."""
    content: str | None
    """The fingerprint of the head."""
    content_of: Mapping[str, str | None] = field(default_factory=dict)
    """Commit to fingerprint, for the commits that ``approvals.commits_to_read`` names."""
    single_commits: frozenset[str] = frozenset()
    """Those of the same commits whose only parent is a commit of the base branch. No ordinary push can have
    led to such a head (it would stand on the earlier one), so that nobody can have reviewed another head
    between the force push that brought it and the one that took it away."""
    made_by_us: bool = False
    """The head is a commit that we made: our trailer's fingerprint equals the tree's, on the base branch.
    Otherwise people committed to the branch."""
    current: bool = False
    """What would be generated now equals what the head holds."""
    registry_newer: bool = False
    """A registry was asked and says something else than the head: more than that the base branch went on."""
    behind: bool = False
    """The head does not stand on the commit that the base branch is at now."""
    errors: tuple[str, ...] | None = None
    """What is not valid in the head, one sentence each; None when nobody has validated it."""
    deletion: bool = False
    """The pull request removes models from the catalog."""
    paused: bool = False
    """The operator stopped all writes."""
    now: datetime | None = None
    """The present time with its zone; None when nobody looked, which no quiet hour lets pass."""
    merge_asked: str | None = None
    """The login of a person with write permission who commented ``/merge`` on this very head."""
    owned: tuple[Requirement, ...] | None = None
    """What the code owners file of the base branch asks for; None when it could not be read."""
    promotions: tuple[Promoting, ...] = ()
    """What it promotes: between the locks of the base branch and those of the head."""
    members: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """Group to logins in lower case, for the groups that ``owners.groups_of`` names; None: the forge does not
    tell."""
    entities: frozenset[str] = frozenset()
    """The entities (``component:default/name``) in the folders that it changes, in the head and on the base
    branch: two pull requests that name the same one are never merged together."""
