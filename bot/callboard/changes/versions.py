"""What changed in a model's versions: new ones, gone ones, aliases, and files behind an unchanged version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callboard.catalog.promotion import moves
from callboard.catalog.text import shortened
from callboard.changes.difference import Difference
from callboard.model import Artifact, Model, Version

_NAMED_AT_MOST = 5


def version_differences(before: Model, after: Model) -> Iterator[Difference]:
    """The differences between the versions of two records of one model."""
    old = {version.name: version for version in before.versions}
    new = {version.name: version for version in after.versions}
    yield from _promotions(before, after)
    yield from _newest(before, after, [name for name in new if name not in old])
    gone = [name for name in old if name not in new]
    if gone:
        yield Difference(
            "version-removed",
            "important",
            f"{_versions(gone)} {'is' if len(gone) == 1 else 'are'} no longer in the registry.",
            "version" if len(gone) == 1 else "versions",
            _list(gone),
            None,
        )
    yield from _aliases(before, after)
    for name, version in new.items():
        if name in old:
            yield from _same_version(old[name], version, newest=version == after.latest)


def _promotions(before: Model, after: Model) -> Iterator[Difference]:
    for one in moves(before, after):
        now, stage = _name(one.now), shortened(one.stage, 60)
        if one.back:
            said = f"{stage.capitalize()} goes back to version {now}, from {_name(one.was)}."
        elif one.was is None:
            said = f"Version {now} is promoted to {stage}, where no version stood."
        else:
            said = f"Version {now} is promoted to {stage}, in the place of {_name(one.was)}."
        yield Difference("promotion", "important", said, f"version in {stage}", one.was, one.now)
    stays = {one.stage for one in after.promotions}
    for gone in before.promotions:
        if gone.stage not in stays:
            said = f"No version stands in {gone.stage} any more (it was {_name(gone.version)})."
            yield Difference("promotion", "important", said, f"version in {gone.stage}", gone.version, None)


def _newest(before: Model, after: Model, added: Sequence[str]) -> Iterator[Difference]:
    was = before.latest.name if before.latest else None
    now = after.latest.name if after.latest else None
    if added:
        said = f"{_versions(added)} {'is' if len(added) == 1 else 'are'} new"
        if now not in added:
            said += (
                f"; the newest is still {_name(now)}" if now == was else f"; the newest is now {_name(now)}"
            )
        elif len(added) > 1:
            said += f"; the newest is {_name(now)}"
        said += f" (before: {_name(was)})." if was is not None and now != was else "."
        yield Difference(
            "new-version", "important", said, "version", was, now if now in added else _list(added)
        )
    elif now != was and now is not None:
        yield Difference(
            "newest-version",
            "important",
            f"The newest version is now {_name(now)} (before: {_name(was)}).",
            "newest version",
            was,
            now,
        )


def _aliases(before: Model, after: Model) -> Iterator[Difference]:
    old, new = _by_alias(before), _by_alias(after)
    for alias in sorted({*old, *new}):
        was, now = old.get(alias), new.get(alias)
        if was == now:
            continue
        subject = f"alias {shortened(alias, 60)}"
        if was is None:
            said = f"The new alias {shortened(alias, 60)} points to version {_name(now)}."
        elif now is None:
            said = f"The alias {shortened(alias, 60)} is gone (it pointed to version {_name(was)})."
        else:
            said = f"The alias {shortened(alias, 60)} moved from version {_name(was)} to {_name(now)}."
        yield Difference("alias", "minor" if was is None else "important", said, subject, was, now)


def _by_alias(model: Model) -> dict[str, str]:
    return {alias: version.name for version in reversed(model.versions) for alias in version.aliases}


def _same_version(before: Version, after: Version, *, newest: bool) -> Iterator[Difference]:
    name = _name(after.name)
    if _replaced(before.artifacts, after.artifacts):
        yield Difference(
            "files-replaced",
            "important",
            f"The files of version {name} changed without a new version: find out who replaced them.",
            f"files of version {name}",
            _fingerprints(before.artifacts),
            _fingerprints(after.artifacts),
        )
    elif before.artifacts != after.artifacts:
        yield Difference(
            "details", "minor", f"Version {name} says something else about its files.", f"version {name}"
        )
    if before.state != after.state:
        yield Difference(
            "version-state",
            "minor",
            f"The state of version {name} is now {_name(after.state)} (before: {_name(before.state)}).",
            f"state of version {name}",
            before.state,
            after.state,
        )
    if before.description != after.description:
        yield Difference(
            "details",
            "minor",
            f"The description of version {name} changed.",
            f"description of version {name}",
            before.description,
            after.description,
        )
    if not newest and (before.evaluations, before.signature) != (after.evaluations, after.signature):
        yield Difference(
            "details", "minor", f"What version {name} measured or takes was corrected.", f"version {name}"
        )
    if before.tags != after.tags:
        yield Difference("details", "minor", f"The tags of version {name} changed.", f"version {name}")


def _replaced(before: Sequence[Artifact], after: Sequence[Artifact]) -> bool:
    # A digest that becomes known and a file that moves are no new content. Where neither record has a digest,
    # the sizes are the next best witness.
    old, new = _digests(before), _digests(after)
    if old or new:
        return bool(old) and bool(new) and old != new
    old_sizes, new_sizes = _sizes(before), _sizes(after)
    return bool(old_sizes) and bool(new_sizes) and old_sizes != new_sizes


def _digests(artifacts: Sequence[Artifact]) -> list[str]:
    return sorted({artifact.digest for artifact in artifacts if artifact.digest is not None})


def _sizes(artifacts: Sequence[Artifact]) -> list[int]:
    return sorted(artifact.size for artifact in artifacts if artifact.size is not None)


def _fingerprints(artifacts: Sequence[Artifact]) -> str:
    return _list(_digests(artifacts) or [f"{size} bytes" for size in _sizes(artifacts)])


def _versions(names: Sequence[str]) -> str:
    return f"Version {_name(names[0])}" if len(names) == 1 else f"Versions {_list(names)}"


def _list(names: Sequence[str]) -> str:
    shown = [_name(name) for name in names[:_NAMED_AT_MOST]]
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _name(name: str | None) -> str:
    return shortened(name, 80) if name else "none"
