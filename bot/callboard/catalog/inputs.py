"""One word for everything that a model's folder is generated from, so that what is equal need not be written.

Rendering the pages of thousands of models costs minutes; comparing these words costs nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from callboard import __version__, metrics
from callboard import model as records
from callboard.catalog.entities import Placement
from callboard.model import Model
from callboard.resources import shipped


def inputs_of(model: Model, placement: Placement) -> str:
    """The digest of a record, of what the catalog decided about it, and of what writes it."""
    said = {"record": model.model_dump(mode="json"), "placement": asdict(placement), "writer": _writer()}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _writer() -> str:
    digest = hashlib.sha256(__version__.encode())
    sources = [*Path(__file__).parent.rglob("*.py"), *(Path(str(one.__file__)) for one in (records, metrics))]
    templates = [path for path in shipped("techdocs").rglob("*") if path.is_file()]
    for path in sorted((*sources, *templates), key=lambda path: (path.parent.name, path.name)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
