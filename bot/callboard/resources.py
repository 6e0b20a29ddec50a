"""The files that ship with Callboard: schemas, templates, the TechDocs skeleton, the demo's example models.

They stand at the top of a checkout and inside the installed wheel; callers need not know which.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """The path of a shipped file or folder, for example ``shipped("schemas", "model.schema.json")``.

    Raises FileNotFoundError when it is in neither place, which means that the installation is broken.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"callboard's own file {'/'.join(parts)} is missing; install callboard again")
