"""GitHub's own examples of what a webhook says, which is what a workflow finds at GITHUB_EVENT_PATH."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

from tests.contracts.packages import CHECKOUT, Package, file_of

EXAMPLES = Package(
    "@octokit/webhooks-examples",
    "7.6.1",
    "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
)
_AT_HAND = CHECKOUT.parent / "shared" / "contracts" / "github" / "webhook-examples.json"

Payload = dict[str, Any]


@cache
def _examples() -> dict[str, list[Payload]]:
    place = _AT_HAND if _AT_HAND.exists() else file_of(EXAMPLES, "api.github.com/index.json")
    return {each["name"]: each["examples"] for each in json.loads(place.read_text(encoding="utf-8"))}


def example(event: str, repository: str = "acme/models") -> Payload:
    """An event as GitHub shows it, about ``repository`` with the default branch ``main``."""
    payload: Payload = copy.deepcopy(_examples()[event][0])
    payload["repository"] |= {"full_name": repository, "default_branch": "main"}
    if "pull_request" in payload:
        payload["pull_request"]["base"]["ref"] = "main"
    return payload


def from_fork(payload: Payload) -> Payload:
    """The same for a pull request from somebody else's copy of the repository."""
    changed = copy.deepcopy(payload)
    changed["pull_request"]["head"]["repo"] |= {"full_name": "mallory/models", "fork": True}
    return changed


def schedule(repository: str = "acme/models") -> Payload:
    """No webhook tells of a schedule: the payload holds the schedule, and the repository as ever."""
    return {"schedule": "17 * * * *", "repository": example("push", repository)["repository"]}
