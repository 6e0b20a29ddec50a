"""YAML that has to be read with care: what is ordinary by libyaml, all else by our own exact reader."""

from __future__ import annotations

import yaml

from callboard.documents import libyaml
from callboard.documents.building import Builder, Refused, offset_of, too_deep
from callboard.documents.collector import without_collector
from callboard.documents.document import Document, Reading
from callboard.documents.doubts import BAD_CHARACTER, Doubts
from callboard.documents.exact.budget import Budget, TooMany
from callboard.documents.exact.stream import documents
from callboard.documents.exact.tag_names import Directives
from callboard.documents.exact.tokens import Malformed, TooDeep
from callboard.documents.limits import Limits
from callboard.documents.ordinary import is_ordinary
from callboard.documents.pieces import Piece, Source, pieces
from callboard.documents.place import Fault


def read_carefully(raw: bytes, source: Source, limits: Limits, *, forgiving: bool) -> Reading:
    """Every document of a text, of which ``raw`` are the bytes; see ``read_documents``."""
    clean = not raw.translate(None, _GOOD_BYTES) or BAD_CHARACTER.search(source.text) is None
    reader = _Reader(limits, trusted=_is_small(raw, limits), clean=clean, forgiving=forgiving)
    with without_collector():
        if _is_told_apart_otherwise(source.text):
            reader.read_exactly(Piece(source, 0, source.text))
        else:
            for piece in pieces(source):
                if reader.is_at_end(piece):
                    break
                reader.read(piece)
    return Reading(tuple(reader.documents), tuple(reader.faults))


def _is_told_apart_otherwise(text: str) -> bool:
    """Whether there may be more to where documents begin than lines with three dashes."""
    return "\n..." in text or "\n%" in text or text.startswith(("...", "%")) or "\ufeff" in text


# What ASCII has besides the forbidden, told at ten times the speed.
_GOOD_BYTES = bytes((*b"\t\n\r", *range(0x20, 0x7F)))
# What libyaml's composer surely survives, and the indentation that goes with it.
_SAFE_FLOW_DEPTH = 1000
_SAFE_INDENTATION = b" " * 200
_AS_INDENTATION = bytes.maketrans(b"\t-?:", b"    ")


def _is_small(content: bytes, limits: Limits) -> bool:
    """Whether the text is surely shallow and has surely few values: two passes at the speed of memory.

    A level of flow style needs a bracket; one of block style a column, filled with indentation or one of the
    three indicators, and at most two levels share one. A value needs one of six characters before it, or
    it is the second of two that do.
    """
    opening = content.count(b"[") + content.count(b"{")
    if opening > _SAFE_FLOW_DEPTH or _SAFE_INDENTATION in content.translate(_AS_INDENTATION):
        return False
    separators = len(content) - len(content.translate(None, b",[{-:?"))
    return 2 * separators + 1 <= limits.nodes


class _Reader:
    """Collects documents and faults, piece by piece."""

    def __init__(self, limits: Limits, *, trusted: bool, clean: bool, forgiving: bool) -> None:
        self.limits, self.trusted, self.clean, self.forgiving = limits, trusted, clean, forgiving
        self.documents: list[Document] = []
        self.faults: list[Fault] = []
        self.exhausted = False
        self._index = 0
        self._nodes = 0
        self._budget = Budget(limits.tokens, limits.tokens_of_one)

    def is_at_end(self, following: Piece) -> bool:
        """Whether nothing more is read, though something follows."""
        if self.exhausted:
            return True
        if self._index >= self.limits.documents:
            self.exhausted = True
            self._refuse(
                following, _too_large(0, f"the file has more than {self.limits.documents:,} documents")
            )
        elif len(self.faults) >= self.limits.faults:
            self.exhausted = True
            what = f"{self.limits.faults} documents could not be read, and nothing from here on was looked at"
            hint = "correct those that are told, and check again"
            self._refuse(following, Refused(0, "too-many-problems", what, hint))
        return self.exhausted

    def read(self, piece: Piece) -> None:
        """Takes in the documents of a piece; there is more than one only if all but one are empty."""
        try:
            if not is_ordinary(piece.text):
                self.read_exactly(piece)
                return
            if not self.trusted:
                self._count(piece.text)
            nodes = list(libyaml.compose(piece.text))
        except yaml.YAMLError:
            self.read_exactly(piece)
        except Refused as refused:
            self._refuse(piece, refused)
        else:
            for node in nodes:
                assert node is not None
                self._add(piece, node)

    def read_exactly(self, piece: Piece) -> None:
        """The same for any text, documents told apart as Backstage does it; ten times as slow."""
        try:
            for read in documents(piece.text, self.limits.depth, self._budget):
                part = Piece(piece.source, piece.start + read.start, read.text)
                if self.is_at_end(part):
                    return
                if read.node is not None:
                    self._add(part, read.node, read.aliased, read.directives)
                elif read.malformed is not None:
                    self._refuse(part, self._why(read.malformed))
        except TooMany as many:
            self.exhausted = True
            self._refuse(piece, _too_large(many.offset, many.what))

    def _add(
        self,
        piece: Piece,
        node: yaml.Node,
        aliased: tuple[yaml.Node, ...] = (),
        directives: Directives | None = None,
    ) -> None:
        builder = Builder(self.limits)
        try:
            value = builder.root(node, aliased)
        except Refused as refused:
            self._refuse(piece, refused)
            return
        doubts = Doubts(directives, tuple(builder.ambiguous), tuple(builder.odd_keys), self.clean)
        document = Document(value, self._index, lambda: piece, doubts)
        if not self.forgiving and (odd := next(doubts.oddities_in(piece), None)):
            self.faults.append(odd)
        else:
            self.documents.append(document)
        self._index += 1

    def _why(self, malformed: Malformed) -> Refused:
        if isinstance(malformed, TooDeep):
            return too_deep(malformed.offset, self.limits)
        return Refused(malformed.offset, "yaml-syntax", malformed.what, malformed.hint)

    def _refuse(self, piece: Piece, refused: Refused) -> None:
        place = piece.place(refused.offset)
        self.faults.append(Fault(place, refused.code, refused.what, refused.hint))
        self._index += 1

    def _count(self, text: str) -> None:
        depth = 0
        for event in libyaml.events(text):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > self.limits.depth:
                    raise too_deep(offset_of(event), self.limits)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                continue
            # Beginnings of documents count too: they cost more than a value does.
            self._nodes += 1
            if self._nodes > self.limits.nodes:
                self.exhausted = True
                raise _too_large(offset_of(event), f"the file has more than {self.limits.nodes:,} values")


def _too_large(offset: int, what: str) -> Refused:
    return Refused(offset, "yaml-too-large", f"{what}; nothing from here on was read", "split the file")
