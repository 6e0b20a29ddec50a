"""What is so about one pull request: all that ``decide`` may know, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callboard.forges.protocol import Account, PullRequest


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
    errors: tuple[str, ...] | None = None
    """What is not valid in the head, one sentence each; None when nobody has validated it."""
    deletion: bool = False
    """The pull request removes models from the catalog."""
    paused: bool = False
    """The operator stopped all writes."""
