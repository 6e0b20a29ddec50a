"""What people must know of one model, found while it is decided what the catalog should hold."""

from __future__ import annotations

from callboard.model import Model, Problem, Severity
from callboard.redaction import redact


def of_model(model: Model, what: str, hint: str, severity: Severity = "error") -> Problem:
    """``what`` may repeat what a registry or an error said: our secrets are taken out of it."""
    return Problem(
        source=model.source,
        model=model.id,
        what=redact(what),
        where=f"source {model.source}",
        hint=hint,
        severity=severity,
    )
