"""Reading all sources, side by side, and refining what they say. One that hangs stops nobody else."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from callboard.config import Config, SourceSettings
from callboard.deadline import time_limit
from callboard.model import Listing, Model, Problem
from callboard.redaction import redact
from callboard.sources.context import Context
from callboard.sources.overrides import Override, Overrides
from callboard.sources.refining import as_said, refined, rules_of
from callboard.sources.registry import source_type
from callboard.sources.remote import with_warning
from callboard.walk.override_files import load_overrides

_AT_ONCE = 8
_LONGEST_GRACE = 10.0


class _Overdue(Exception):
    """Nobody waits for this source any more."""


def list_sources(
    config: Config,
    folder: Path,
    known: Callable[[SourceSettings], Mapping[str, Model]],
    progress: Callable[[str, int], None],
    *,
    only: Sequence[SourceSettings] | None = None,
    assigned: Sequence[Override] = (),
) -> tuple[Listing, ...]:
    """A listing for each source, in the order of the configuration, as the catalog takes it.

    ``folder``: where relative paths start. ``known``: the records that the catalog holds from a source.
    ``progress`` is told the source's name and how many of its models have been read, from 0 on. ``only``:
    some of the configured sources. ``assigned``: overrides that win over those of all files.
    """
    sources = config.sources if only is None else tuple(only)
    overrides = load_overrides(config, folder) + Overrides(tuple(assigned))
    rules = rules_of(config, overrides)
    listings = _read(sources, folder, known, progress)
    found = [refined(listings[index], settings, rules) for index, settings in enumerate(sources)]
    if found:  # what is wrong with all of them is said once
        problems = (*overrides.problems, *found[0].problems)
        found[0] = found[0].model_copy(update={"problems": problems})
    return tuple(found)


def _read(
    sources: Sequence[SourceSettings],
    folder: Path,
    known: Callable[[SourceSettings], Mapping[str, Model]],
    progress: Callable[[str, int], None],
) -> dict[int, Listing]:
    """The listing of each source, by its index.

    Requests end by the source's own time limit, and with them the source. One that hangs in something else is
    left behind a little later.
    """
    waiting, ends, listings = deque(range(len(sources))), dict[int, float](), dict[int, Listing]()
    results = queue.SimpleQueue[tuple[int, Listing]]()

    def read(index: int) -> None:
        settings = sources[index]

        def told(count: int) -> None:
            if index not in ends:
                raise _Overdue
            if count:
                progress(settings.name, count)

        with time_limit(settings.time_limit):
            results.put((index, _listing(settings, folder, known, told)))

    # Not a ThreadPoolExecutor: after Ctrl-C it would wait until every slow registry has answered.
    while waiting or ends:
        while waiting and len(ends) < _AT_ONCE:
            index = waiting.popleft()
            settings = sources[index]
            grace = min(settings.timeout, _LONGEST_GRACE)
            ends[index] = time.monotonic() + settings.time_limit + grace
            progress(settings.name, 0)
            threading.Thread(target=read, args=(index,), daemon=True).start()
        try:
            index, listing = results.get(timeout=max(0.0, min(ends.values()) - time.monotonic()))
        except queue.Empty:
            index = min(ends, key=lambda one: ends[one])
            listing = _overdue(sources[index])
        if ends.pop(index, None) is not None:
            listings[index] = listing
    return listings


def _listing(
    settings: SourceSettings,
    folder: Path,
    known: Callable[[SourceSettings], Mapping[str, Model]],
    told: Callable[[int], None],
) -> Listing:
    try:
        records = {id_: as_said(record) for id_, record in known(settings).items()}
        said = {id_: record for id_, record in records.items() if record is not None}
        context = Context(folder=folder, known=said, progress=told)
        listing = source_type(settings.type).list_models(settings, context)
        return _masked(with_warning(settings, listing))
    except Exception as error:  # one source's fault must not stop the others
        what = redact(f"reading the source failed unexpectedly: {type(error).__name__}: {error}")
        hint = "this is a defect in Callboard; please report it with this message"
        problem = Problem(source=settings.name, what=what, where=f"source {settings.name}", hint=hint)
        return Listing(source=settings.name, problems=(problem,))


def _overdue(settings: SourceSettings) -> Listing:
    problem = Problem(
        source=settings.name,
        what=f"the source did not come to an end within {settings.time_limit:g} seconds",
        where=f"source {settings.name}",
        hint="look into why it is so slow, raise its time-limit, or narrow its selection",
    )
    return Listing(source=settings.name, problems=(problem,))


def _masked(listing: Listing) -> Listing:
    """The listing without our own secrets: a registry that repeats its token must not have it published."""
    models, problems = [], list(listing.problems)
    for model in listing.models:
        text = model.model_dump_json()
        masked = redact(text)
        if masked != text:
            model = Model.model_validate_json(masked)
            problems.append(
                Problem(
                    source=listing.source,
                    model=model.id,
                    what="the registry publishes a secret of ours in this model; it was masked",
                    where=f"source {listing.source}",
                    hint="take it out of the model's card or tags, and replace it: others can read it",
                )
            )
        models.append(model)
    return listing.model_copy(update={"models": tuple(models), "problems": tuple(problems)})
