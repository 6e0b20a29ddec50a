"""Who said what: the provenance of a record that comes from one source."""

from __future__ import annotations

from callboard.model import Model


def with_provenance(model: Model) -> Model:
    """The record, with its source named for every field that is not empty."""
    said = (
        name
        for name, field in Model.model_fields.items()
        if name not in ("source", "id", "provenance")
        and getattr(model, name) != field.get_default(call_default_factory=True)
    )
    return model.model_copy(update={"provenance": dict.fromkeys(sorted(said), model.source)})
