"""Files that only Locations lead to: Backstage reads them, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from callboard.validation.globs import is_glob, matches
from callboard.validation.together import MOST_PATTERNS, Facts, whole_target

Reach = Callable[[str, str], Iterable[str]]
"""The files that a target leads to and that are not looked at otherwise: asked with the path of the file that
holds the Location, and the target relative to it, which may be a pattern."""

_MOST_REACHED = 1000
"""Files that only Locations lead to, directly or by other Locations."""


def reach_among(files: Mapping[str, bytes]) -> Reach:
    """Among files that are on no disk."""

    def reach(file: str, target: str) -> Iterable[str]:
        whole = whole_target(file, target)
        if whole in files or not is_glob(whole):
            return (whole,) if whole in files else ()
        return [one for one in files if matches(whole, one)]

    return reach


def reached(
    facts: Mapping[str, Facts], reach: Reach, look: Callable[[Sequence[str]], Mapping[str, Facts]]
) -> Mapping[str, Facts]:
    """The facts of what Locations lead to that is not among the files of ``facts``, and so on."""
    found: dict[str, Facts] = {}
    new = facts
    while new:
        paths = {
            path
            for file, each in new.items()
            for target in _few_patterns(file, each.locations)
            for path in reach(file, target)
        }
        wanted = sorted(path for path in paths if path not in facts and path not in found)
        new = look(wanted[: _MOST_REACHED - len(found)])
        found.update(new)
    return found


def _few_patterns(file: str, targets: Iterable[str]) -> Iterator[str]:
    patterns = 0
    # What comes from standard input stands nowhere.
    for target in targets if file != "-" else ():
        patterns += is_glob(whole_target(file, target))
        if patterns <= MOST_PATTERNS:
            yield target
