"""Who said what: the provenance of a record that comes from one source."""

from __future__ import annotations

from callboard.model import Model

_DEFAULTS = {
    name: field.get_default(call_default_factory=True)
    for name, field in Model.model_fields.items()
    if name not in ("source", "id", "provenance")
}


def with_provenance(model: Model) -> Model:
    """The record, with its source named for every field that is not empty."""
    said = sorted(name for name, empty in _DEFAULTS.items() if getattr(model, name) != empty)
    return model.model_copy(update={"provenance": dict.fromkeys(said, model.source)})
