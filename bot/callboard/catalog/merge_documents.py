"""Three-way merge of YAML files: by values, written by edits, so that what people wrote stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from callboard.catalog.generated import Entity
from callboard.catalog.merge_values import Edited, Merge
from callboard.documents.editor import CannotEdit, append, comments_of, remove, update
from callboard.documents.place import Path
from callboard.documents.reader import read_documents
from callboard.documents.values import ABSENT, same


@dataclass(frozen=True)
class MergedDocuments:
    """The new text of a file, and what people changed in it, each with the document it stands in."""

    text: str
    edited: tuple[tuple[str, Edited], ...]


class CannotMerge(Exception):
    """The file must stay as it is; the message says where and why."""


HandedBack = Callable[[str, Path], bool]
"""Whether people gave a path in an entity (in a file of one mapping: in "") back to the registry."""


def merge_catalog_file(
    base: Sequence[Entity] | None,
    file: str,
    current: str,
    wished: Sequence[Entity],
    handed_back: HandedBack,
) -> MergedDocuments:
    """Merge the documents of a catalog file, which are told apart by kind, namespace and name.

    Without ``base`` nothing can be told apart: all that stands there stays, and what is missing is added.
    Raises CannotMerge.
    """
    documents = _read(file, current)
    old, new = _by_reference(base or ()), _by_reference(wished)
    places = _places(documents, old, new)
    text, edited = current, list[tuple[str, Edited]]()
    gone: list[int] = []
    try:
        for reference in {**old, **new}:
            was, wants = old.get(reference, ABSENT), new.get(reference, ABSENT)
            index = places.get(reference)
            if index is None:
                if was is not ABSENT and wants is not ABSENT and not handed_back(reference, ()):
                    edited.append((reference, Edited((), ABSENT, wants, conflict=not same(was, wants))))
            elif wants is ABSENT:
                ours = same(was, documents[index]) and not comments_of(text, index)
                if ours or handed_back(reference, ()):
                    gone.append(index)
                else:
                    edited.append((reference, Edited((), documents[index], ABSENT, conflict=True)))
            else:
                merge = Merge(was, documents[index], wants, partial(handed_back, reference))
                edited.extend((reference, one) for one in merge.edited)
                text = update(text, index, merge.value)
        for index in sorted(gone, reverse=True):
            text = remove(text, index)
        for reference, entity in new.items():
            if reference not in places and (reference not in old or handed_back(reference, ())):
                text = append(text, entity)
    except CannotEdit as reason:
        raise CannotMerge(f"{file} cannot be edited, so it was left as it is: {reason}") from None
    return MergedDocuments(text, tuple(edited))


def merge_settings_file(
    base: str | None, file: str, current: str, wished: str, handed_back: HandedBack
) -> MergedDocuments:
    """Merge a YAML file of one mapping, such as ``mkdocs.yml``. Raises CannotMerge."""
    documents = _read(file, current)
    if not documents:
        emptied = Edited((), ABSENT, _settings(wished), conflict=not same(_settings(base), _settings(wished)))
        return MergedDocuments(current, (("", emptied),))
    if len(documents) > 1:
        raise CannotMerge(f"{file} has {len(documents)} documents instead of one, so it was left as it is")
    merge = Merge(_settings(base), documents[0], _settings(wished), partial(handed_back, ""))
    try:
        text = update(current, 0, merge.value)
    except CannotEdit as reason:
        raise CannotMerge(f"{file} cannot be edited, so it was left as it is: {reason}") from None
    return MergedDocuments(text, tuple(("", one) for one in merge.edited))


def _read(file: str, text: str) -> list[Any]:
    reading = read_documents(text, file)
    for fault in reading.faults:
        raise CannotMerge(f"{fault.place}: {fault.what}; {fault.hint} (the file was left as it is)")
    return [document.value for document in reading.documents]


def _settings(text: str | None) -> Any:
    documents = read_documents(text, "").documents if text is not None else ()
    return documents[0].value if len(documents) == 1 else ABSENT


def _by_reference(entities: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entity in entities:
        reference = _reference(entity)
        if reference is not None:
            found.setdefault(reference, entity)
    return found


def _reference(entity: Any) -> str | None:
    """Kind, namespace and name, which Backstage compares without case; None for what is no entity."""
    if not isinstance(entity, Mapping) or not isinstance(entity.get("metadata"), Mapping):
        return None
    kind, metadata = entity.get("kind"), entity["metadata"]
    namespace, name = metadata.get("namespace") or "default", metadata.get("name")
    if isinstance(kind, str) and isinstance(namespace, str) and isinstance(name, str):
        return f"{kind}:{namespace}/{name}".lower()
    return None


def _places(documents: Sequence[Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, int]:
    """Which document of the file is which entity.

    A person may have renamed an entity. It is the same one if it is the only of its kind and type that was
    not generated, and only one such that was generated is missing.
    """
    places: dict[str, int] = {}
    others: list[int] = []
    for index, document in enumerate(documents):
        reference = _reference(document)
        if reference in places or (reference not in old and reference not in new) or reference is None:
            others.append(index)
        else:
            places[reference] = index
    missing = [reference for reference in old if reference not in places]
    for reference in missing:
        nature = _nature(old[reference])
        like = [index for index in others if _nature(documents[index]) == nature]
        rivals = [other for other in missing if _nature(old[other]) == nature]
        if nature is not None and len(like) == len(rivals) == 1:
            places[reference] = like[0]
    return places


def _nature(entity: Any) -> tuple[str, str] | None:
    """Kind and type."""
    if not isinstance(entity, Mapping) or not isinstance(entity.get("spec"), Mapping):
        return None
    kind, kind_of = entity.get("kind"), entity["spec"].get("type")
    return (kind.lower(), kind_of) if isinstance(kind, str) and isinstance(kind_of, str) else None
