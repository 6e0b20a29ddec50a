"""What stands in a folder, whoever lists it."""

from __future__ import annotations

from typing import NamedTuple


class Name(NamedTuple):
    """Something that stands in a folder or below it, and is no folder."""

    path: str
    """From that folder, with ``/``, and with no symbolic link but, perhaps, the last name."""
    is_link: bool = False
    is_tree: bool = False
    """A folder after all, which has to be looked into by itself: a submodule, or a clone that is within."""
