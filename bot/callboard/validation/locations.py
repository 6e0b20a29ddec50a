"""Location entities: the files that they lead to.

A target that cannot be read silently keeps Backstage from taking anything new from all other targets of the
same Location. So what is in the tree is looked up; an address elsewhere is never asked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from callboard.documents.place import Path
from callboard.validation.addresses import is_url, scheme_of
from callboard.validation.diagnostics import Finding, shown
from callboard.validation.placeholders import relative_path

if TYPE_CHECKING:
    from callboard.validation.together import Surroundings

_READ = ("url", "file")
"""Types of locations whose targets are files."""


def targets(entity: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each target that is a file, with its path."""
    spec = entity.get("spec")
    if entity.get("kind") != "Location" or not isinstance(spec, dict):
        return
    if spec.get("type", "url") not in _READ:
        return
    if isinstance(spec.get("target"), str):
        yield ("spec", "target"), spec["target"]
    several = spec.get("targets")
    for index, target in enumerate(several if isinstance(several, list) else ()):
        if isinstance(target, str):
            yield ("spec", "targets", index), target


def files_of(entity: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The targets in the same tree: paths or patterns, relative to the entity's own file."""
    spec = entity.get("spec")
    if isinstance(spec, dict) and spec.get("presence") == "optional":
        return
    for path, target in targets(entity):
        if (relative := relative_path(target)) is not None:
            yield path, unquote(relative)


def led_to(entity: Mapping[str, Any]) -> Iterator[str]:
    """What in the same tree is read because the entity says so, as soon as it is there."""
    for _, target in targets(entity):
        if (relative := relative_path(target)) is not None:
            yield unquote(relative)


def location_findings(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """Addresses that cannot be right, and those that nobody has looked at though others depend on them."""
    every = list(targets(entity))
    remote = []
    for path, target in every:
        if relative_path(target) is not None or target[:1] == "/" != target[1:2]:
            continue
        if not is_url(target) or scheme_of(target) not in ("http", "https"):
            what = f"{shown(target)} is neither an address of the web nor a path"
            hint = "write an https: address, or a path relative to this file"
            yield Finding(path, "location-target-missing", what, hint, "warning")
        else:
            remote.append((path, target))
    spec = entity.get("spec")
    if remote and len(every) > 1 and isinstance(spec, dict) and spec.get("presence") != "optional":
        path, target = remote[0]
        more = f" and {len(remote) - 1} more" if len(remote) > 1 else ""
        what = (
            f"{shown(target)}{more} was not looked at; while Backstage cannot read one of the {len(every)} "
            "targets of this Location, it takes nothing new from the others"
        )
        hint = "give each a Location of its own, or say presence: optional"
        yield Finding(path, "location-target-unchecked", what, hint, "warning")


def lost_targets(entity: Mapping[str, Any], others: Surroundings) -> Iterator[Finding]:
    """Targets that are missing or unreadable, each with what to say of it."""
    missing, unreadable = others.missing, others.unreadable
    every = sum(1 for _ in targets(entity))
    besides = f", and nothing new from the other {every - 1}" if every > 1 else ""
    for path, target in files_of(entity):
        if target in missing:
            is_folder = target in others.folders
            leads = "to a folder, which is no file" if is_folder else "to no file"
            what = f"{shown(target)} leads {leads}; Backstage takes nothing from it{besides}"
            hint = f"add {shown(missing[target])}, or correct the path"
            if is_folder:
                hint = f"name a file in it, or several: {shown(posixpath.join(target, '*.yaml'))}"
            yield Finding(path, "location-target-missing", what, hint, "warning")
        elif target in unreadable:
            what = (
                f"{shown(target)} leads to a file that is no YAML; Backstage takes nothing from it{besides}"
            )
            hint = f"mend {shown(unreadable[target])}"
            yield Finding(path, "location-target-unreadable", what, hint, "warning")
