"""Landing many approved pull requests, against updating each branch to the base before its merge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.forge import add_models, house
from bench.report import Bound, Figure, ratio, seconds
from callboard import http
from callboard.redaction import Secret
from callboard.sandbox.forge import Counts
from tests.walk.house import REPOSITORY, House, card


@dataclass(frozen=True)
class _Run:
    name: str
    conflicting: int
    merged: int
    rewritten: int
    """How often a head was made anew: by regeneration, or by merging the base branch into it."""
    counts: Counts
    took: float

    def row(self, pulls: int, reference: float) -> tuple[str, ...]:
        found = self.counts
        numbers = (self.merged, self.rewritten, found.reads, found.writes, found.fetches, found.pushes)
        return (
            f"{pulls}, {self.conflicting} conflicting",
            self.name,
            *(f"{number:,}" for number in numbers),
            seconds(self.took),
            ratio(reference, self.took),
        )


def measure(*, pulls: int = 100, conflicting: int = 10) -> Figure:
    """The figure: all at peace, and with some that conflict with what people wrote on the base branch."""
    rows: list[tuple[str, ...]] = []
    bounds: list[Bound] = []
    for some in (0, conflicting):
        with _approved(pulls, some) as at:
            ours = _reconcile(at, some)
        with _approved(pulls, some) as at:
            reference = _update_first(at, some)
        rows += [run.row(pulls, reference.took) for run in (ours, reference)]
        bounds += _bounds(pulls, some, ours)
    return Figure(
        title=f"Landing {pulls} approved pull requests",
        how=(
            f"{pulls} pull requests, each of another model, all approved. First none of them conflicts; then "
            f"a person has changed {conflicting} of the models on the base branch where their pull requests "
            "do, and approves again what was written anew. Callboard's passes run until nothing is left. The "
            "reference does as bots do that keep branches up to date: one by one it reads the pull request, "
            "merges the base branch into it where it is behind (update-branch), and merges it; one that "
            "conflicts is left to people. Counts are from the forge's request log, for what the bots do; "
            "continuous integration, which would run anew for each new head, is not in the times."
        ),
        columns=("pull requests", "contender", "merged", "heads made anew", "API reads", "API writes",
                 "git fetches", "git pushes", "wall time", "the reference takes"),
        rows=tuple(rows),
        bounds=tuple(bounds),
    )  # fmt: skip


def _bounds(pulls: int, conflicting: int, ours: _Run) -> list[Bound]:
    if not conflicting:
        what = f"{pulls} that do not overlap: {ours.merged} merges, {ours.rewritten} rebases"
        return [Bound(what, ours.merged == pulls and ours.rewritten == 0)]
    what = f"with {conflicting} that conflict: {ours.merged} merges, {ours.rewritten} regenerations"
    return [Bound(what, ours.merged == pulls and ours.rewritten <= conflicting)]


@contextlib.contextmanager
def _approved(pulls: int, conflicting: int) -> Iterator[House]:
    """A house with so many approved pull requests, each with a new version of a model of the base branch."""
    with house() as at:
        add_models(at, range(pulls))
        (first,) = at.sync().proposals
        assert first.pull is not None
        at.approve(first.pull.number)
        at.reconcile()
        at.config_text = at.config_text.replace(
            "{group-by: all}", f"{{group-by: model, limit: {pulls}, per-hour: 500}}"
        )
        for number in range(pulls):
            name = f"model-{number}"
            at.card(name, card(name, version="2", body=f"# {name}\n\nSays something else.\n"))
        for proposal in at.sync().proposals:
            assert proposal.pull is not None, proposal.why
            at.approve(proposal.pull.number)
        for number in range(conflicting):
            path = f"models/model-{number}/docs/index.md"
            said = at.read(path)
            at.edit(path, said.replace(f"Says what model-{number} says.", "Says what a person says."))
        yield at


def _reconcile(at: House, conflicting: int) -> _Run:
    mark, start = at.forge.log.mark(), time.perf_counter()
    merged = rewritten = 0
    outside = Counts(0, 0, 0, 0, 0)
    for _ in range(2 + conflicting):
        done = [one for one in at.reconcile().handled if one.done in ("merged", "rewritten")]
        merged += sum(one.done == "merged" for one in done)
        again = [one.pull.number for one in done if one.done == "rewritten"]
        rewritten += len(again)
        if not done:
            break
        outside = _plus(outside, _approve(at, again))
    took = time.perf_counter() - start
    return _Run("callboard", conflicting, merged, rewritten, _minus(at.counts(mark), outside), took)


def _approve(at: House, numbers: list[int]) -> Counts:
    mark = at.forge.log.mark()
    for number in numbers:
        at.approve(number)
    return at.counts(mark)


def _update_first(at: House, conflicting: int) -> _Run:
    mark, start = at.forge.log.mark(), time.perf_counter()
    merged = rewritten = 0
    with http.connect(at.forge.api_url, token=Secret(at.bot)) as client:
        for number in _open(client):
            pull = _settled(client, number)
            if pull["mergeable_state"] == "dirty":
                continue
            base = client.get_json(f"/repos/{REPOSITORY}/git/ref/heads/main")["object"]["sha"]
            compared = client.get_json(f"/repos/{REPOSITORY}/compare/{base}...{pull['head']['sha']}")
            if compared["behind_by"]:
                body = {"expected_head_sha": pull["head"]["sha"]}
                client.request("PUT", f"/repos/{REPOSITORY}/pulls/{number}/update-branch", json=body)
                rewritten += 1
                pull = _settled(client, number)
            body = {"sha": pull["head"]["sha"], "merge_method": "squash"}
            client.request("PUT", f"/repos/{REPOSITORY}/pulls/{number}/merge", json=body)
            merged += 1
    name = "reference: update the branch first"
    return _Run(name, conflicting, merged, rewritten, at.counts(mark), time.perf_counter() - start)


def _open(client: http.Client) -> list[int]:
    found: list[int] = []
    while True:
        page = str(len(found) // 100 + 1)
        pulls = client.get_json(f"/repos/{REPOSITORY}/pulls", params={"per_page": "100", "page": page})
        found += [pull["number"] for pull in pulls]
        if len(pulls) < 100:
            return sorted(found)


def _settled(client: http.Client, number: int) -> Any:
    while True:
        pull = client.get_json(f"/repos/{REPOSITORY}/pulls/{number}")
        if pull["mergeable"] is not None:
            return pull


def _plus(one: Counts, other: Counts) -> Counts:
    return Counts(*(getattr(one, name) + getattr(other, name) for name in Counts.__dataclass_fields__))


def _minus(one: Counts, other: Counts) -> Counts:
    return Counts(*(getattr(one, name) - getattr(other, name) for name in Counts.__dataclass_fields__))
