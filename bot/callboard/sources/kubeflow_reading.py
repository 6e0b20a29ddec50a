"""What reading Kubeflow's two APIs has in common: pages, artifacts, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from callboard.http import Client, HttpProblem
from callboard.model import Listing, Model
from callboard.sources import cards
from callboard.sources.cards import CardReading
from callboard.sources.kubeflow_records import ArtifactRecord
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, Unread
from callboard.sources.remote import as_problem, bad_record, chained

_PER_PAGE = 1000
_FAILED_READS = 3  # in a row, until no more artifacts are asked for

_R = TypeVar("_R", bound=BaseModel)


@dataclass
class Reading(SourceReading):
    """A listing of either."""

    client: Client
    models: dict[str, Model] = field(default_factory=dict)
    _failed_reads: int = 0
    _skipped: int = 0

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """The entries of all pages, by their ids. Raises HttpProblem, also for a listing that never ends."""
        query: dict[str, Any] = {"pageSize": _PER_PAGE, "orderBy": "ID", "sortOrder": "ASC", **params}

        def page(token: str | None) -> tuple[list[Any], Any]:
            answer = self.client.get_json(path, query if token is None else {**query, "nextPageToken": token})
            items = answer.get("items") if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise HttpProblem("bad-answer", "the answer holds no list of items", where=path)
            following = answer.get("nextPageToken")
            return items, None if following == "" else following

        return chained(page, path)

    def artifacts(self, path: str, **params: Any) -> list[ArtifactRecord]:
        """The artifacts at ``path``. Raises Unread; after some failures in a row, without asking."""
        if self._failed_reads >= _FAILED_READS:
            raise Unread
        try:
            said = list(self.pages(path, **params))
        except HttpProblem as error:
            self._failed_reads += 1
            raise Unread(as_problem(self.settings.name, error, doing="reading the artifacts")) from None
        self._failed_reads = 0
        found: dict[object, ArtifactRecord] = {}
        for one in said:
            try:
                record = ArtifactRecord.model_validate(one)
            except ValidationError as error:
                raise Unread(bad_record(self.settings.name, error, path, None)) from None
            found.setdefault(record.id or len(found), record)
        return list(found.values())

    def add(self, model: Model, card: CardReading) -> None:
        """A model that was read, and what is wrong in its readme."""
        self.models[model.id] = with_provenance(model)
        self.problems += [cards.as_problem(fault, self.settings.name, model.id) for fault in card.faults]
        self.context.progress(len(self.models))

    def leave(self, model: str, unread: Unread) -> None:
        """A model stays as it is in the catalog."""
        self.unread.add(model)
        self._skipped += not unread.problems
        self.problems += [problem.model_copy(update={"model": model}) for problem in unread.problems]

    def broken_off(self, error: HttpProblem, *, doing: str) -> None:
        """The list of models could not be read to its end."""
        self.complete = False
        self.failed(error, doing=doing)

    def failed(self, error: HttpProblem, *, doing: str) -> None:
        """A list that could not be read to its end."""
        problem = as_problem(self.settings.name, error, doing=doing)
        if error.kind == "not-found":
            hint = "check the address, and whether `api` says what is there: a registry or a catalog"
            problem = problem.model_copy(update={"hint": hint})
        self.problems.append(problem)

    def records(self, kind: type[_R], path: str, doing: str) -> tuple[list[_R], list[Any], bool]:
        """All of a list that does not decide which models there are: the readable records, the others as
        they are, and whether the list could be read to its end."""
        found: list[_R] = []
        unreadable: list[Any] = []
        try:
            for said in self.pages(path):
                try:
                    found.append(kind.model_validate(said))
                except ValidationError as error:
                    unreadable.append(said)
                    self.problems.append(bad_record(self.settings.name, error, path, None))
        except HttpProblem as error:
            self.failed(error, doing=doing)
            return found, unreadable, False
        return found, unreadable, True

    def listing(self) -> Listing:
        """What was read."""
        if self._skipped:
            self.report(
                f"{self._skipped} models were not read further: {_FAILED_READS} in a row had failed",
                hint="check that the server is healthy and that the token may read artifacts, then run again",
            )
        self.unread -= self.models.keys()
        return self.listing_of(self.models.values())


def name_of(said: Any) -> str | None:
    """What a model is called, where its record says."""
    return text_of(said, "name")


def text_of(said: Any, key: str) -> str | None:
    """A text (or a number, as a text) of a record that need not be whole."""
    value = said.get(key) if isinstance(said, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value else None
