"""One listing as it is made: what surely is there, what is in doubt, and what a person is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from callboard.config import SourceSettings
from callboard.http import HttpProblem
from callboard.model import Listing, Model, Problem, Severity
from callboard.redaction import redact
from callboard.sources.context import Context
from callboard.sources.remote import as_problem, bad_record
from callboard.sources.selection import selected

_R = TypeVar("_R", bound=BaseModel)


class Unread(Exception):
    """A model that must stay as it is in the catalog, and why, where that is not said for several at once."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


@dataclass
class SourceReading:
    """What every source keeps while it reads; each adds what it asks, and what it has to remember."""

    settings: SourceSettings
    context: Context
    place: str
    """Where a problem is that is told without saying where: the address that is listed."""
    complete: bool = field(default=True, kw_only=True)
    unread: set[str] = field(default_factory=set, kw_only=True)
    problems: list[Problem] = field(default_factory=list, kw_only=True)
    answered: int = field(default=0, kw_only=True)
    """How many entries ``wanted`` has gone through."""

    def wanted(
        self,
        kind: type[_R],
        entries: Iterable[Any],
        where: str,
        name_of: Callable[[Any], str | None],
        id_of: Callable[[Any], str | None] | None = None,
        *,
        doing: str = "listing the models",
    ) -> Iterator[_R]:
        """The records of the selected models, of a list that says which models there are.

        ``name_of`` and ``id_of`` (default: the name) give None where an entry has no usable one. ``entries``
        may raise HttpProblem: then the list was broken off, while ``doing`` that.
        """
        try:
            for said in entries:
                self.answered += 1
                name = name_of(said)
                if name is not None and not selected(name, self.settings.select):
                    continue
                try:
                    record = kind.model_validate(said)
                except ValidationError as error:
                    self.bad(error, where, name if id_of is None else id_of(said))
                    continue
                yield record
        except HttpProblem as error:
            self.broken_off(error, doing=doing)

    def report(
        self,
        what: str,
        *,
        hint: str,
        where: str | None = None,
        model: str | None = None,
        severity: Severity = "error",
    ) -> None:
        """Tell a person something."""
        self.problems.append(
            Problem(
                source=self.settings.name,
                model=model,
                what=redact(what),
                where=redact(where or self.place),
                hint=hint,
                severity=severity,
            )
        )

    def incomplete(self, what: str, *, hint: str, where: str | None = None) -> None:
        """Warn of what may keep models out of the list: none is taken for gone."""
        self.complete = False
        self.report(what, hint=hint, where=where, severity="warning")

    def broken_off(self, error: HttpProblem, *, doing: str) -> None:
        """The list of models could not be read to its end."""
        self.complete = False
        self.problems.append(as_problem(self.settings.name, error, doing=doing))

    def bad(self, error: Exception, where: str, model: str | None) -> None:
        """A record that cannot be read: its model stays as it is in the catalog."""
        self.doubt(model)
        self.problems.append(bad_record(self.settings.name, error, where, model))

    def doubt(self, model: str | None) -> None:
        """What the catalog has of this model must stay; None: it could be any, and none is taken for gone."""
        if model is None:
            self.complete = False
        else:
            self.unread.add(model)

    def listing_of(self, models: Iterable[Model]) -> Listing:
        """What the source answers."""
        return Listing(
            source=self.settings.name,
            models=tuple(models),
            unread=tuple(sorted(self.unread)),
            complete=self.complete,
            problems=tuple(self.problems),
        )


def id_in(said: Any, pattern: str, longest: int) -> str | None:
    """The id of an entry, of whole ``pattern`` and at most ``longest`` characters; None where it has none."""
    id_ = said.get("id") if isinstance(said, dict) else None
    return id_ if isinstance(id_, str) and len(id_) <= longest and re.fullmatch(pattern, id_) else None
