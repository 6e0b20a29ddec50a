"""The whole names of tags, by the directives before a document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from callboard.documents import libyaml
from callboard.documents.exact.tokens import Malformed, Token
from callboard.documents.place import shown

OLD = "YAML 1.1 "
"""Before a tag of a document that says it is YAML 1.1."""
HANDLES = {"!!": "tag:yaml.org,2002:"}
"""What stands for what in tags where no directive says otherwise."""
_HANDLE = re.compile(r"(.*!)([^!]*)", re.DOTALL)
_NO_TAG = "remove the tag, or quote a value that begins with '!'"


@dataclass(frozen=True, slots=True)
class Directives:
    """What stood before a document: its version of YAML, and what its tags begin with."""

    old: bool
    """YAML 1.1."""
    handles: Mapping[str, str]

    def name_of(self, token: Token | None) -> str | None:
        """The whole name of a tag; None where there is none. Raises Malformed.

        ``!`` alone makes a string of what it can.
        """
        if token is None:
            return None
        source = token.source
        if source == "!":
            return libyaml.STRING
        if source.startswith("!<"):
            if source[-1] != ">" or source in ("!<!>", "!<!!>"):
                raise _no_tag(token)
            return self._known(source[2:-1]) if source[2:-1] else None
        found = _HANDLE.fullmatch(source)
        assert found is not None
        handle, name = found.groups()
        if not name:
            raise Malformed(token.offset, f"not YAML: the tag {shown(source)} has no name", _NO_TAG)
        if prefix := self.handles.get(handle):
            try:
                return self._known(prefix + unquote_to_bytes(name).decode("utf-8"))
            except UnicodeDecodeError:
                raise _no_tag(token) from None
        if handle == "!":
            return source
        raise Malformed(token.offset, f"not YAML: undefined tag handle {shown(handle)}", _NO_TAG)

    def _known(self, tag: str) -> str:
        return OLD + tag if self.old else tag


NO_DIRECTIVES = Directives(old=False, handles=HANDLES)
"""Those of most documents."""


def _no_tag(token: Token) -> Malformed:
    return Malformed(token.offset, f"not YAML: {shown(token.source)} is no tag", _NO_TAG)
