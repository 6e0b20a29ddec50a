"""AsyncAPI: the version and what every definition has. There is no more to it without its own schemas."""

from __future__ import annotations

from collections.abc import Iterator

from callboard.validation.definitions.wrong import Wrong
from callboard.validation.definitions.yaml_or_json import parsed, version_of
from callboard.validation.diagnostics import shown


def wrong_in(text: str) -> Iterator[Wrong]:
    """What is wrong in a definition. Raises Wrong."""
    definition = parsed(text)
    version = version_of(definition, "asyncapi")
    if version.split(".")[0] not in ("2", "3"):
        what = f"asyncapi {shown(version, 20)} is not one of the versions known here"
        raise Wrong("definition-unchecked", what, "known: 2, 3")
    info = definition.value.get("info")
    if not isinstance(info, dict):
        yield Wrong("definition-invalid", "it has no info", "add info, with title and version")
    else:
        for field in ("title", "version"):
            if not isinstance(info.get(field), str):
                what = f"{definition.at(('info', field))}: there is no such text"
                hint = f"add info.{field}, in quotes if it looks like a number"
                yield Wrong("definition-invalid", what, hint)
    channels = definition.value.get("channels", None if version[0] == "2" else {})
    if not isinstance(channels, dict):
        yield Wrong("definition-invalid", "it has no channels", "add channels, if only an empty mapping")
