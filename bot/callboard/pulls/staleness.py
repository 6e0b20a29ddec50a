"""Whether nobody has touched a pull request for so long that its reviewers are reminded."""

from __future__ import annotations

from datetime import datetime, timedelta

from callboard.forges.protocol import PullRequest
from callboard.pulls.times import moment


def is_stale(pull: PullRequest, now: datetime, days: int) -> bool:
    """Whether for ``days`` no person said anything on the pull request and no head was pushed over another.

    ``now`` has a zone. What we say or label ourselves is no touch. A forge that tells no time makes nothing
    stale.
    """
    times = [
        pull.created_at,
        *(one.created_at for one in pull.comments if one.author_is_person),
        *(one.submitted_at for one in pull.reviews),
        *(one.at for one in pull.force_pushes),
        *pull.retargeted_at,
    ]
    known = [told for time in times if (told := moment(time)) is not None]
    return bool(known) and now - max(known) >= timedelta(days=days)
