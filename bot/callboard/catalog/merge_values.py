"""Three-way merge of plain values: what a person changed stays, what else the registry says arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.documents.place import Path
from callboard.documents.values import ABSENT, fingerprint, is_list, same

_Identity = tuple[str, int]


@dataclass(frozen=True)
class Edited:
    """A value that a person changed, added (``wished`` is ABSENT) or removed (``current`` is ABSENT)."""

    path: Path
    """Items of a list that have a name (a link, a page of a navigation) stand in it by that name."""
    current: Any
    wished: Any
    conflict: bool
    """The registry says something else than last time, and that did not arrive."""


def _never(_path: Path) -> bool:
    return False


class Merge:
    """One merge: ``value`` is the result for a document, ``edited`` what people changed in it.

    ``handed_back`` tells of a path whether people gave it, with all below it, back to the registry.
    """

    def __init__(
        self, base: Any, current: Any, wished: Any, handed_back: Callable[[Path], bool] = _never
    ) -> None:
        self._handed_back = handed_back
        self.edited: list[Edited] = []
        self.value: Any = self._merged(base, current, wished, ())

    def _merged(self, base: Any, current: Any, wished: Any, path: Path) -> Any:
        if same(base, current) or self._handed_back(path):
            return wished
        if base is ABSENT and wished is ABSENT:
            self._keep(path, current, ABSENT, conflict=False)
            return current
        for is_kind, empty, merge in (
            (_is_mapping, {}, self._merged_mapping),
            (is_list, [], self._merged_list),
        ):
            # A collection that the registry dropped, or never had before, is an empty one.
            if is_kind(current) and all(side is ABSENT or is_kind(side) for side in (base, wished)):
                merged = merge(
                    empty if base is ABSENT else base, current, empty if wished is ABSENT else wished, path
                )
                return ABSENT if wished is ABSENT and base is not ABSENT and not merged else merged
        if not same(current, wished):
            self._keep(path, current, wished, conflict=not same(base, wished))
        return current

    def _merged_mapping(
        self, base: Mapping[str, Any], current: Mapping[str, Any], wished: Mapping[str, Any], path: Path
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key, value in current.items():
            result = self._merged(base.get(key, ABSENT), value, wished.get(key, ABSENT), (*path, key))
            if result is not ABSENT:
                merged[key] = result
        previous: str | None = None
        for key, value in wished.items():
            if key not in current:
                if self._is_gone(base.get(key, ABSENT), value, (*path, key)):
                    continue
                merged = _with_key(merged, key, value, previous)
            if key in merged:
                previous = key
        return merged

    def _merged_list(
        self, base: Sequence[Any], current: Sequence[Any], wished: Sequence[Any], path: Path
    ) -> list[Any]:
        before, now, then = _identified(base), _identified(current), _identified(wished)
        merged: list[tuple[_Identity, Any]] = []
        changed = False
        for identity, item in now.items():
            old, new = before.get(identity, ABSENT), then.get(identity, ABSENT)
            handed_back = self._handed_back((*path, identity[0]))
            changed = changed or (old is ABSENT and new is ABSENT and not handed_back)
            if handed_back:
                result = new
            elif old is ABSENT and new is ABSENT:
                result = item
            elif new is ABSENT and not same(old, item):
                self._keep((*path, identity[0]), item, ABSENT, conflict=True)
                result = item
            else:
                result = self._merged(old, item, new, (*path, identity[0]))
            if result is not ABSENT:
                merged.append((identity, result))
        previous: _Identity | None = None
        present = {identity for identity, _ in merged}
        for identity, item in then.items():
            if identity not in now:
                if identity in before and not self._handed_back((*path, identity[0])):
                    changed = True
                    if not same(before[identity], item):
                        self._keep((*path, identity[0]), ABSENT, item, conflict=True)
                    continue
                _insert_behind(merged, identity, item, previous)
                present.add(identity)
            if identity in present:
                previous = identity
        items = [item for _, item in merged]
        if changed and not same(items, wished):
            self._keep(path, current, wished, conflict=False)
        return items

    def _is_gone(self, base: Any, wished: Any, path: Path) -> bool:
        """Whether a person removed what the registry still says."""
        if base is ABSENT or self._handed_back(path):
            return False
        self._keep(path, ABSENT, wished, conflict=not same(base, wished))
        return True

    def _keep(self, path: Path, current: Any, wished: Any, *, conflict: bool) -> None:
        self.edited.append(Edited(path, current, wished, conflict))


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _with_key(merged: dict[str, Any], key: str, value: Any, previous: str | None) -> dict[str, Any]:
    if previous is None:
        return {key: value, **merged}
    result: dict[str, Any] = {}
    for other, held in merged.items():
        result[other] = held
        if other == previous:
            result[key] = value
    return result


def _insert_behind(
    merged: list[tuple[_Identity, Any]], identity: _Identity, item: Any, previous: _Identity | None
) -> None:
    position = 0
    if previous is not None:
        position = 1 + next(index for index, (other, _) in enumerate(merged) if other == previous)
    merged.insert(position, (identity, item))


def _identified(items: Sequence[Any]) -> dict[_Identity, Any]:
    """The items of a list by what makes each of them itself; equal ones are counted."""
    result: dict[_Identity, Any] = {}
    counts: dict[str, int] = {}
    for item in items:
        name = _identity(item)
        count = counts.get(name, 0)
        counts[name] = count + 1
        result[name, count] = item
    return result


def _identity(item: Any) -> str:
    if isinstance(item, Mapping):
        for key in ("url", "title", "name"):
            if isinstance(item.get(key), str):
                return f"{key}={item[key]}"
        if len(item) == 1:
            # An entry of a navigation or a plugin with its settings: the key names it.
            return str(next(iter(item)))
    return item if isinstance(item, str) else fingerprint(item)
