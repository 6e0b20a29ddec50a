"""What one pull request costs, however many files it has, against writing each file by REST."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.forge import add_models, house
from bench.report import Bound, Figure, ratio, seconds
from callboard import http
from callboard.redaction import Secret
from callboard.sandbox.forge import Counts
from tests.walk.house import REPOSITORY, House

_FILES_PER_TREE = 100


def measure(*, sizes: Sequence[int] = (1, 10, 100)) -> Figure:
    """The figure, for pull requests of so many models."""
    rows, counts = [], []
    for models in sizes:
        with house() as at:
            add_models(at, range(models))
            mark, start = at.forge.log.mark(), time.perf_counter()
            (proposal,) = at.sync().proposals
            took, ours = time.perf_counter() - start, at.counts(mark)
            files = {path: data for path, data in proposal.group.files.items() if data is not None}
            counts.append((ours, len(files)))
            rows.append(("callboard sync", *_cells(len(files), ours), seconds(took), ""))
            mark, start = at.forge.log.mark(), time.perf_counter()
            _by_rest(at, files)
            again = time.perf_counter() - start
            rows.append(
                ("reference: REST", *_cells(len(files), at.counts(mark)), seconds(again), ratio(again, took))
            )
    return Figure(
        title="One pull request with N files",
        how=(
            "A sync proposes new models in one pull request with a label: reading, rendering, a fresh clone, "
            "the push, opening and labeling are all in its time. The reference writes the same files as "
            "create-pull-request does for signed commits: a blob each, a tree for every "
            f"{_FILES_PER_TREE}, a commit, a ref, the pull request, its label; it only writes, over one "
            "connection. GitHub allows 80 content writes a minute and 500 an hour."
        ),
        columns=("contender", "N files", "git pushes", "REST writes", "wall time", "the reference takes"),
        rows=tuple(rows),
        bounds=(
            Bound(
                "1 push and 2 REST writes for " + ", ".join(f"{number}" for _, number in counts) + " files",
                all((found.pushes, found.writes) == (1, 2) for found, _ in counts),
            ),
        ),
    )


def _cells(files: int, counts: Counts) -> tuple[str, str, str]:
    return str(files), str(counts.pushes), str(counts.writes)


def _by_rest(at: House, files: Mapping[str, bytes]) -> None:
    with http.connect(at.forge.api_url, token=Secret(at.bot)) as client:

        def post(path: str, body: Mapping[str, Any]) -> Any:
            return client.post_json(f"/repos/{REPOSITORY}/{path}", body)

        base = client.get_json(f"/repos/{REPOSITORY}/git/ref/heads/main")["object"]["sha"]
        tree = client.get_json(f"/repos/{REPOSITORY}/git/commits/{base}")["tree"]["sha"]
        entries = []
        for path, data in files.items():
            blob = post("git/blobs", {"content": base64.b64encode(data).decode(), "encoding": "base64"})
            entries.append({"path": path, "mode": "100644", "type": "blob", "sha": blob["sha"]})
        for first in range(0, len(entries), _FILES_PER_TREE):
            some = entries[first : first + _FILES_PER_TREE]
            tree = post("git/trees", {"base_tree": tree, "tree": some})["sha"]
        commit = post("git/commits", {"message": "Add models", "tree": tree, "parents": [base]})["sha"]
        post("git/refs", {"ref": "refs/heads/by-rest", "sha": commit})
        pull = post("pulls", {"title": "Add models", "head": "by-rest", "base": "main"})
        post(f"issues/{pull['number']}/labels", {"labels": ["model-catalog"]})
