"""One thing that changed in a model, as its users would say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["breaking", "important", "minor"]
"""For the reader: callers must act; somebody should think about it; good to know."""

Direction = Literal["better", "worse", "changed"]

Kind = Literal[
    "model-removed",
    "new-model",
    "promotion",
    "files-replaced",
    "signature",
    "endpoint",
    "new-version",
    "version-removed",
    "newest-version",
    "alias",
    "license",
    "owner",
    "lifecycle",
    "metric",
    "base-model",
    "name",
    "version-state",
    "description",
    "card",
    "details",
]
"""In the order in which equally severe differences are told."""

_SEVERITIES: tuple[str, ...] = get_args(Severity)
_KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed, between two records of one model. Its texts come from outside and are not cleaned."""

    kind: Kind
    severity: Severity
    sentence: str
    """One plain sentence that stands alone."""
    subject: str = ""
    """What of the model: ``F1 (test)``, ``input amount``, ``alias champion`` …; a row's name in a table."""
    before: str | None = None
    """None where there was nothing."""
    after: str | None = None
    """None where there is nothing any more."""
    direction: Direction | None = None
    """Of a metric only."""

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts what matters most to the front."""
        return _SEVERITIES.index(self.severity), _KINDS.index(self.kind)
