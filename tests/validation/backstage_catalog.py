"""The real Backstage catalog, asked for its verdict on files."""

from __future__ import annotations

import base64
import json
import math
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.documents.scalars import as_double
from tools import environments

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one document: what was read, and the problem with it, with the AI module and without."""

    value: Any
    with_ai: str | None
    without_ai: str | None


class Backstage:
    """A process that knows Backstage's own code, and answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def verdicts(self, files: Sequence[bytes]) -> Iterator[list[Verdict]]:
        """For each file, what is said of each of its documents."""
        for start in range(0, len(files), _BATCH):
            yield from self._ask(files[start : start + _BATCH])

    def _ask(self, files: Sequence[bytes]) -> Iterator[list[Verdict]]:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps([base64.b64encode(file).decode("ascii") for file in files]) + "\n")
        requests.flush()
        for documents in json.loads(answers.readline()):
            yield [Verdict(_value(one["value"]), *one["problems"]) for one in documents]


@contextmanager
def backstage() -> Iterator[Backstage]:
    """Backstage's catalog code in a Node of its own, without a server."""
    script = Path(__file__).with_name("catalog.cjs")
    command = [environments.node().executable, script, environments.backstage()]
    with subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Backstage(process)
        assert process.stdin is not None
        process.stdin.close()


def _value(written: str | None) -> Any:
    return None if written is None else json.loads(written, object_pairs_hook=_pairs)


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    return float(value["$number"].replace("Infinity", "inf")) if list(value) == ["$number"] else value


def comparable(value: Any) -> Any:
    """The same for the same value, whatever the language: numbers are doubles, half characters none.

    How the npm package breaks the lines of a mapping or list that stands as a key is nothing to us.
    """
    if isinstance(value, dict):
        return {
            "a collection" if key[:1] in "[{" else comparable(key): comparable(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "NaN" if math.isnan(value) else repr(as_double(value))
    return value
