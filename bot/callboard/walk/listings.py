"""Reading all sources, side by side. One that hangs has its own timeout and stops nobody else."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from callboard.config import SourceSettings
from callboard.model import Listing, Model, Problem
from callboard.redaction import redact
from callboard.sources.context import Context
from callboard.sources.registry import source_type

_AT_ONCE = 8


def list_sources(
    sources: Sequence[SourceSettings],
    folder: Path,
    known: Callable[[SourceSettings], Mapping[str, Model]],
    progress: Callable[[str, int], None],
) -> tuple[Listing, ...]:
    """A listing for each source, in the order of the configuration.

    ``folder``: where relative paths start. ``known``: the records that the catalog holds from a source.
    ``progress`` is told the source's name and how many of its models have been read.
    """

    def listing(settings: SourceSettings) -> Listing:
        try:
            context = Context(
                folder=folder, known=known(settings), progress=lambda count: progress(settings.name, count)
            )
            return _masked(source_type(settings.type).list_models(settings, context))
        except Exception as error:  # one source's fault must not stop the others
            what = redact(f"reading the source failed unexpectedly: {type(error).__name__}: {error}")
            hint = "this is a defect in Callboard; please report it with this message"
            problem = Problem(source=settings.name, what=what, where=f"source {settings.name}", hint=hint)
            return Listing(source=settings.name, problems=(problem,))

    # Not a ThreadPoolExecutor: after Ctrl-C it would wait until every slow registry has answered.
    waiting, listings = deque(enumerate(sources)), dict[int, Listing]()

    def work() -> None:
        while True:
            try:
                index, settings = waiting.popleft()
            except IndexError:
                return
            listings[index] = listing(settings)

    workers = [threading.Thread(target=work, daemon=True) for _ in sources[:_AT_ONCE]]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return tuple(listings[index] for index in range(len(sources)))


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
