"""What can be done to a document's value, what comes of it, and what must be done to get another value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from callboard.documents.place import Path
from callboard.documents.values import fingerprint, is_list, same

_MOST_EDITS = 200
"""Of one mapping or list. Every edit reads the text again, so what changes more is written as a whole."""
_LONGEST_ALIGNED = 2000


@dataclass(frozen=True, slots=True)
class SetValue:
    """Put a value where another one stands."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class InsertKey:
    """Write a new key into the mapping at ``path``: behind the key ``after``, or as the first."""

    path: Path
    key: str
    value: Any
    after: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """Remove the key that ``path`` ends with."""

    path: Path


@dataclass(frozen=True, slots=True)
class InsertItem:
    """Write a new item into the list at ``path``, so that it stands at ``index``."""

    path: Path
    index: int
    value: Any


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Remove an item of the list at ``path``."""

    path: Path
    index: int


Edit = SetValue | InsertKey | RemoveKey | InsertItem | RemoveItem


def applied(value: Any, one: Edit, *, copy: bool = True) -> Any:
    """What ``value`` is after an edit. Raises LookupError, TypeError or ValueError if the edit leads nowhere.

    Without ``copy``, the collections of ``value`` itself are changed.
    """
    if isinstance(one, RemoveKey):
        path: Path = one.path[:-1]
    elif isinstance(one, SetValue):
        if not one.path:
            return one.value
        path = one.path[:-1]
    else:
        path = one.path
    root = _copied(value) if copy else value
    holder = root
    for step in path:
        inner = _copied(holder[step]) if copy else holder[step]
        holder[step] = inner
        holder = inner
    if isinstance(one, SetValue):
        holder[one.path[-1]]  # it must be there
        holder[one.path[-1]] = one.value
    elif isinstance(one, RemoveKey):
        del holder[one.path[-1]]
    elif isinstance(one, InsertKey):
        _insert_key(holder, one)
    elif isinstance(one, InsertItem):
        holder.insert(one.index, one.value)
    else:
        del holder[one.index]
    return root


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def _insert_key(holder: Any, one: InsertKey) -> None:
    keys = list(holder)
    position = 0 if one.after is None else keys.index(one.after) + 1
    if hasattr(holder, "insert"):  # ruamel's mapping
        holder.insert(position, one.key, one.value)
        return
    later = {key: holder.pop(key) for key in keys[position:]}
    holder[one.key] = one.value
    holder.update(later)


def edits_between(current: Any, wanted: Any, path: Path = ()) -> list[Edit]:
    """The edits after which ``current`` is ``wanted``, in an order in which they can be made.

    The order of keys that both have stays as it is in ``current``.
    """
    if same(current, wanted):
        return []
    edits: list[Edit] | None = None
    if isinstance(current, Mapping) and isinstance(wanted, Mapping):
        edits = _edits_of_mapping(current, wanted, path)
    elif is_list(current) and is_list(wanted) and max(len(current), len(wanted)) <= _LONGEST_ALIGNED:
        edits = _edits_of_list(current, wanted, path)
    if edits is None or len(edits) > _MOST_EDITS:
        return [SetValue(path, wanted)]
    return edits


def _edits_of_mapping(current: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> list[Edit] | None:
    if not any(key in wanted for key in current):
        return None
    edits: list[Edit] = [RemoveKey((*path, key)) for key in current if key not in wanted]
    previous: str | None = None
    for key, value in wanted.items():
        if key in current:
            edits.extend(edits_between(current[key], value, (*path, key)))
        else:
            edits.append(InsertKey(path, key, value, previous))
        previous = key
    return edits


def _edits_of_list(current: Sequence[Any], wanted: Sequence[Any], path: Path) -> list[Edit] | None:
    pairs = _paired(current, wanted)
    if not pairs:
        return None
    edits: list[Edit] = []
    # From the end, so that the positions of what comes before hold.
    stop, wanted_stop = len(current), len(wanted)
    for index, wanted_index in [*reversed(pairs), (-1, -1)]:
        edits.extend(RemoveItem(path, gone) for gone in range(stop - 1, index, -1))
        edits.extend(
            InsertItem(path, index + 1, wanted[new]) for new in range(wanted_stop - 1, wanted_index, -1)
        )
        if index >= 0:
            edits.extend(edits_between(current[index], wanted[wanted_index], (*path, index)))
        stop, wanted_stop = index, wanted_index
    return edits


def _paired(current: Sequence[Any], wanted: Sequence[Any]) -> list[tuple[int, int]]:
    """The positions of items that stay, and of mappings that stay but change, in rising order."""
    before, after = [fingerprint(item) for item in current], [fingerprint(item) for item in wanted]
    pairs: list[tuple[int, int]] = []
    for kind, start, stop, new_start, new_stop in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind == "equal":
            pairs.extend(zip(range(start, stop), range(new_start, new_stop), strict=True))
        elif kind == "replace":
            pairs.extend(_alike(current, wanted, range(start, stop), range(new_start, new_stop)))
    return pairs


def _alike(
    current: Sequence[Any], wanted: Sequence[Any], positions: range, new_positions: range
) -> Iterator[tuple[int, int]]:
    following = new_positions.start
    for position in positions:
        for new_position in range(following, new_positions.stop):
            if _share_something(current[position], wanted[new_position]):
                yield position, new_position
                following = new_position + 1
                break


def _share_something(one: Any, other: Any) -> bool:
    return (
        isinstance(one, Mapping)
        and isinstance(other, Mapping)
        and any(key in other and same(value, other[key]) for key, value in one.items())
    )
