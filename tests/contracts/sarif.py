"""The official JSON schema of SARIF 2.1.0, as an npm package of Microsoft's SARIF SDK carries it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.contracts.packages import Package, file_of

SARIF = Package(
    "@microsoft/jest-sarif",
    "1.0.0-beta.0",
    "sha512-A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A==",
)

_ERRATUM = ("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$")
"""A pattern that is none in ECMAScript, and what the standard's first erratum made of it."""


@cache
def _validator() -> Any:
    text = file_of(SARIF, "lib/schemas/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8")
    schema = json.loads(text.replace(*_ERRATUM))
    return jsonschema_rs.Draft4Validator(schema, validate_formats=True)


def errors(log: Any) -> list[str]:
    """What is wrong with a log by the schema."""
    found = [
        f"{'/'.join(map(str, one.instance_path))}: {one.message[:300]}"
        for one in _validator().iter_errors(log)
    ]
    # What the schema of the standard's first erratum asks for besides.
    regions = [
        place["physicalLocation"]["region"]
        for run in log["runs"]
        for result in run["results"]
        for place in result["locations"]
    ]
    return found + [f"a region without startLine: {one}" for one in regions if "startLine" not in one]
