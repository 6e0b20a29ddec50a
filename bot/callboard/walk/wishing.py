"""What is left to write of each model that the catalog is to hold. One model's fault stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from callboard.catalog.identity import Key, base_name
from callboard.catalog.plan import Wish, wish
from callboard.catalog.shelf import Shelf
from callboard.config import Config
from callboard.model import Problem
from callboard.walk.findings import of_model
from callboard.walk.linking import Entry
from callboard.walk.promoting import records_to_write


@dataclass
class Wishes:
    """Collected while models are gone through."""

    of: dict[Key, list[Wish]] = field(default_factory=dict)
    """In which order they are to reach the base branch; none where it holds all that it should."""
    unpromoted: dict[Key, str] = field(default_factory=dict)
    """Why a version that their registries would have in a stage is not proposed for it."""
    findings: list[Problem] = field(default_factory=list)

    @property
    def folders(self) -> set[str]:
        """The folders that they are about."""
        return {wanted.path for several in self.of.values() for wanted in several}


def wishes_for(
    entries: Iterable[Entry],
    names: Mapping[Key, str],
    shelf: Shelf,
    config: Config,
    open_in: Mapping[str, str],
) -> Wishes:
    """What to write of the models, under these names.

    ``open_in``: the branch of the open pull request that holds a model, by its key.
    """
    settings_of = {settings.name: settings for settings in config.sources}
    broken = {folder.path.rpartition("/")[2].lower() for folder in shelf.broken}
    found = Wishes()
    for entry in entries:
        key = entry.key
        if key not in shelf.folders and any(base_name(name).lower() in broken for name in entry.names):
            continue  # most likely that broken folder's model: a second folder would only add to the mess
        settings = settings_of[entry.source]
        try:
            records, problems = records_to_write(
                key, entry.model, entry.parts, shelf, config.promotion, open_in.get(str(key), "")
            )
            found.findings += problems
            if problems:
                found.unpromoted[key] = problems[0].what
            for count, (record, parts) in enumerate(records):
                wanted, problems = wish(
                    key, names[key], record, shelf, config.catalog.path, settings, config.defaults, parts
                )
                # The later records would only say again what the first did.
                found.findings += () if count else problems
                found.of.setdefault(key, []).extend([wanted] if wanted else [])
        except Exception as error:  # one model's fault must not stop the others
            found.of.pop(key, None)
            what = f"the model could not be written: {type(error).__name__}: {error}"
            hint = "this is a defect in Callboard; please report it with this message"
            found.findings.append(of_model(entry.model, what, hint))
    return found
