"""Which entities a live catalog has, asked for what no checked file holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from callboard.backstage.client import Catalog
from callboard.http import HttpProblem

_AT_ONCE = 500
_LONGEST = 3 * 63 + 2
"""Characters of a reference; what is longer is no entity's."""


class KnownTo:
    """Asks a catalog. What it answered before it stopped answering counts."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.problem: HttpProblem | None = None
        """Why it could not be asked for all."""
        self.unasked = 0
        """References that it did not answer for."""

    def __call__(self, references: Collection[str]) -> Mapping[str, bool]:
        """Which of the references it has, and which not; those that it did not answer for are left out."""
        answers = {one: False for one in references if len(one) > _LONGEST}
        wanted = sorted(one for one in references if one not in answers)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            try:
                found = self._catalog.entities_by_refs(some, fields=("kind",))
            except HttpProblem as problem:
                self.problem, self.unasked = problem, len(wanted) - start
                break
            answers |= {one: entity is not None for one, entity in found.items()}
        return answers
