"""Whether the operator stopped all writes: by configuration, by environment, by a label on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from callboard.config import Config
from callboard.forges.protocol import About

PAUSED_VARIABLE = "CALLBOARD_PAUSED"
PAUSED_LABEL = "callboard-paused"
_NOT_SET = {"", "0", "false", "no", "off"}


def pause_reason(config: Config, environ: Mapping[str, str], about: About | None) -> str | None:
    """Who says that nothing may be written, as the end of "paused by …"; None when nobody does.

    ``about``: what the forge tells; None where the forge was not asked. Any other value of the variable than
    an empty one, 0, false, no or off pauses: whoever sets it is in a hurry.
    """
    if config.pause:
        return "pause: true in callboard.yaml"
    if environ.get(PAUSED_VARIABLE, "").strip().lower() not in _NOT_SET:
        return f"{PAUSED_VARIABLE} in the environment"
    issue = about.dashboard if about else None
    if issue is not None and PAUSED_LABEL in {label.lower() for label in issue.labels}:
        return f"the label {PAUSED_LABEL} on the dashboard, {issue.url}"
    return None
