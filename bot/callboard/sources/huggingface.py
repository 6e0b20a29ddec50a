"""Models on the Hugging Face Hub, or on a server that speaks its API.

The list comes with all that the Hub knows of each model, so that a model costs further requests only when its
commit is another than that of the known record: one for its card and one for each file of evaluations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import Field, ValidationError, model_validator

from callboard.config import ADDRESS, RemoteSettings
from callboard.http import Client, HttpProblem, Kind
from callboard.model import Evaluation, Listing, Model
from callboard.sources import cards
from callboard.sources import huggingface_records as records
from callboard.sources.context import Context
from callboard.sources.evaluations import read_eval_results
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading, Unread
from callboard.sources.remote import as_problem, chained, never_raising, open_client
from callboard.sources.selection import selected

_LIST = "/api/models"
_MOST_RESULT_FILES = 100
_LARGEST_CARD = 8 * 1024 * 1024
_LARGEST_RESULTS = 1024 * 1024
_FAILED_READS = 3  # in a row, until no more files are asked for

_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="?next"?')

_PASSING: frozenset[Kind] = frozenset(
    {"unreachable", "timeout", "rate-limited", "server-error", "bad-answer"}
)
"""What may be over soon: a model whose files fail so is left as it is in the catalog."""


class Settings(RemoteSettings):
    """Which models: those of an ``author``, those with all tags in ``filter``, or the ones in ``models``."""

    type: Literal["huggingface"] = "huggingface"
    url: Annotated[str, ADDRESS] = "https://huggingface.co"
    author: str | None = None
    """A user or an organization."""
    models: tuple[
        Annotated[str, Field(pattern=f"^{records.ID}$", description="a model's id, organization/name")], ...
    ] = ()
    """Ids, ``organization/name``."""
    filter: tuple[str, ...] = ()
    """The Hub's tags, such as ``text-classification`` or ``license:mit``."""
    limit: Annotated[int, Field(strict=True, ge=1)] | None = None
    """At most so many of the listed models, the newest. Such a list is never complete."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not (self.author or self.models or self.filter):
            raise ValueError("give an author, a list of models, or a filter: the whole Hub is too large")
        if self.models and (self.author or self.filter or self.limit):
            raise ValueError("give either models, or author, filter and limit, not both")
        return self


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The models. Never raises for what the server does: problems tell."""
    with open_client(settings, context.folder) as client:
        return _Reading(settings, context, client.base_url, client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    failed_reads: int = 0
    skipped_reads: int = 0

    def listing(self) -> Listing:
        models: dict[str, Model] = {}
        for info in self._named() if self.settings.models else self._listed():
            if info.id in models or not selected(info.id, self.settings.select):
                continue
            try:
                models[info.id] = self._model(info)
            except Unread as unread:
                self.unread.add(info.id)
                self.problems += unread.problems
            except (ValueError, OverflowError, RecursionError) as error:
                self.bad(error, _LIST, info.id)
            self.context.progress(len(models))
        if self.skipped_reads:
            self.report(
                f"{self.skipped_reads} models were not read further: {_FAILED_READS} files in a row failed",
                hint="run again later, or with a token that has a higher rate limit",
            )
        self.unread -= models.keys()
        return self.listing_of(models[name] for name in sorted(models))

    def _named(self) -> Iterator[records.ModelInfo]:
        """The models that the configuration names. One that is not there is unread, not absent."""
        for name in dict.fromkeys(self.settings.models):
            if not selected(name, self.settings.select):
                continue
            path = f"{_LIST}/{quote(name)}"
            try:
                said = self.client.get_json(path, {"expand": list(records.EXPAND)})
            except HttpProblem as error:
                self.complete = False
                self.unread.add(name)
                self.problems.append(as_problem(self.settings.name, error, model=name))
                continue
            info = self._info(said, path)
            if info is not None and info.id == name:
                yield info
                continue
            self.unread.add(name)
            if info is not None:
                self.report(
                    f"the Hub answers {info.id} for it, so it was renamed",
                    where=f"{self.client.base_url}{path}",
                    hint="write its new name into the configuration",
                    model=name,
                )

    def _listed(self) -> Iterator[records.ModelInfo]:
        limit = self.settings.limit
        entries = islice(self._entries(), limit)
        answered = 0
        try:
            for said in entries:
                answered += 1
                info = self._info(said, _LIST)
                if info is not None:
                    yield info
        except HttpProblem as error:
            self.broken_off(error, doing="listing the models")
        if answered == limit:
            self.complete = False
        elif self.complete and not answered:
            self.incomplete(
                "the Hub answers no models at all",
                where=f"{self.client.base_url}{_LIST}",
                hint="check author and filter, and that the token may see the models",
            )

    def _entries(self) -> Iterator[Any]:
        """The entries of all pages. Raises HttpProblem, also for a listing that never ends."""
        query: dict[str, Any] = {"sort": "createdAt", "expand": list(records.EXPAND)}
        if self.settings.author:
            query["author"] = self.settings.author
        if self.settings.filter:
            query["filter"] = list(self.settings.filter)
        if self.settings.limit:
            query["limit"] = min(self.settings.limit, 1000)

        def page(link: str | None) -> tuple[list[Any], str | None]:
            answer = self.client.get(_LIST, query) if link is None else self.client.get(link)
            entries = answer.json()
            if not isinstance(entries, list):
                raise HttpProblem("bad-answer", "the answer is not a list of models", where=_LIST)
            following = _NEXT.search(answer.headers.get("link", ""))
            return entries, following[1] if following else None

        return chained(page, _LIST)

    def _info(self, said: Any, where: str) -> records.ModelInfo | None:
        try:
            return records.ModelInfo.model_validate(said)
        except ValidationError as error:
            name = said.get("id") if isinstance(said, dict) else None
            usable = isinstance(name, str) and re.fullmatch(records.ID, name)
            self.bad(error, where, name if usable else None)
            return None

    def _model(self, info: records.ModelInfo) -> Model:
        known = self.context.known.get(info.id)
        before = len(self.problems)
        if known is not None and info.sha is not None and known.revision == info.sha:
            content = records.hub_content_of_known(known)
        else:
            content = self._content(info, known)
        whole = len(self.problems) == before
        return with_provenance(
            records.model_of(self.settings.name, self.client.base_url, info, content, whole=whole)
        )

    def _content(self, info: records.ModelInfo, known: Model | None) -> records.HubContent:
        file = f"{info.id}/{records.CARD}"
        text = self._file(info, records.CARD, _LARGEST_CARD, known) if info.has_card else None
        if text is None and info.card_data:
            # What the Hub made of the card's front matter. JSON is YAML.
            text = f"---\n{json.dumps(info.card_data)}\n---\n".encode()
        card = cards.read_card(text or b"", file)
        faults = list(card.faults)
        measured: list[Evaluation] = []
        results = info.result_files
        if len(results) > _MOST_RESULT_FILES:
            self.report(
                f"of {len(results)} files of evaluations, only the first {_MOST_RESULT_FILES} were read",
                where=f"{info.id}/{records.RESULTS}",
                hint="put the evaluations into fewer files",
                model=info.id,
                severity="warning",
            )
        for name in results[:_MOST_RESULT_FILES]:
            text = self._file(info, name, _LARGEST_RESULTS, known)
            if text is not None:
                found, wrong = read_eval_results(text, f"{info.id}/{name}")
                measured += found
                faults += wrong
        self.problems += [cards.as_problem(fault, self.settings.name, info.id) for fault in faults]
        return records.hub_content(card, measured)

    def _file(self, info: records.ModelInfo, name: str, limit: int, known: Model | None) -> bytes | None:
        """A file of the model, None where it cannot be had.

        Raises Unread for what may be over soon, and when the catalog already holds what files once said.
        """
        if self.failed_reads >= _FAILED_READS:
            self.skipped_reads += 1
            raise Unread
        try:
            content = self.client.get(records.file_path(info, name), limit=limit).body
        except HttpProblem as error:
            self.failed_reads = self.failed_reads + 1 if error.kind in _PASSING else 0
            if error.kind == "not-found" and info.siblings is None:
                return None
            problem = as_problem(self.settings.name, error, model=info.id, doing=f"reading {name}")
            if error.kind in _PASSING or (known is not None and _has_content(known)):
                raise Unread(problem) from None
            self.problems.append(problem.model_copy(update={"severity": "warning"}))
            return None
        self.failed_reads = 0
        return content


def _has_content(known: Model) -> bool:
    return known.card is not None or any(version.evaluations for version in known.versions)
