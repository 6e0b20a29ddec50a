"""A folder of model cards and ONNX files: the registry that needs no server.

Its rules, for people, are in ``docs/sources/files.md``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar
from urllib.parse import quote

from callboard.config import SourceSettings
from callboard.documents.place import Fault
from callboard.model import (
    Artifact,
    Endpoint,
    Evaluation,
    Listing,
    Model,
    Problem,
    Signature,
    Version,
)
from callboard.redaction import redact
from callboard.sources.cards import CardEndpoint, CardReading, as_problem, read_card
from callboard.sources.content import content_of_card
from callboard.sources.context import Context
from callboard.sources.evaluations import read_eval_results
from callboard.sources.folder import MAX_CARD, Folder, ModelFiles, Unreadable
from callboard.sources.onnx import BadOnnx, OnnxModel, digest_of, read_onnx
from callboard.sources.provenance import with_provenance
from callboard.sources.selection import selected

MAX_DEFINITION = 1024 * 1024
"""Bytes of an API definition; a longer one is left out."""
MAX_RESULTS = 1024 * 1024
"""Bytes of one file of evaluations; a longer one is left out."""


class Settings(SourceSettings):
    """``type: files`` in callboard.yaml."""

    type: Literal["files"] = "files"
    path: Path
    """The folder, absolute or relative to callboard.yaml."""


def list_models(settings: Settings, context: Context) -> Listing:
    """The models in the folder, sorted by id. Never raises for what is in it."""
    try:
        root = (context.folder / settings.path).resolve(strict=True)
        folder = Folder(root=root, shown=settings.path, source=settings.name)
        found = folder.models()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Problem(
            source=settings.name,
            what=redact(f"the folder of models {settings.path} cannot be read: {reason}"),
            where=redact(settings.path.as_posix()),
            hint="create it, or correct `path` of this source in callboard.yaml",
        )
        return Listing(source=settings.name, problems=(problem,))
    models: list[Model] = []
    unread: list[str] = []
    for files in found:
        try:
            model = _ModelReader(files, folder).read()
        except Unreadable as error:
            folder.report(error.path, error.what, error.hint, files.id)
            unread.append(files.id)
            continue
        if selected(model.name, settings.select):
            models.append(model)
            context.progress(len(models))
    return Listing(
        source=settings.name,
        models=tuple(models),
        unread=tuple(unread),
        complete=folder.complete,
        problems=tuple(folder.problems),
    )


@dataclass
class _ModelReader:
    """Reads the files of one model. Raises Unreadable where the model must stay as it was."""

    files: ModelFiles
    folder: Folder
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(self) -> Model:
        card = self._card()
        artifacts, onnx = self._onnx()
        card = card or CardReading()
        name = card.name or self.files.stem
        if not name:
            raise Unreadable(
                self.files.card or PurePosixPath(),
                "the card of the folder itself has no name",
                "add a line `name: …` to its front matter",
            )
        measured = (*card.evaluations, *self._results())
        content = replace(
            content_of_card(card),
            description=card.description or _agreed([model.description for model in onnx]) or None,
            endpoints=tuple(self._endpoint(endpoint) for endpoint in card.endpoints),
            signature=card.signature or _agreed([model.signature for model in onnx]),
        )
        versions = _versions(card, artifacts, onnx, measured)
        model = Model(
            source=self.folder.source,
            id=self.files.id,
            name=name,
            **vars(content),
            versions=versions,
            evaluations=() if versions else measured,
        )
        return with_provenance(model.model_copy(update={"revision": f"sha256:{self.hash.hexdigest()}"}))

    def _card(self) -> CardReading | None:
        if self.files.card is None:
            return None
        content, more = self.folder.read(self.files.card, MAX_CARD)
        self.hash.update(content)
        card = read_card(content, self.folder.name(self.files.card), more)
        self._report(card.faults)
        return card

    def _onnx(self) -> tuple[list[Artifact], list[OnnxModel]]:
        artifacts: list[Artifact] = []
        models: list[OnnxModel] = []
        for path in self.files.onnx:
            artifact = Artifact(uri=quote(path.as_posix()), format="onnx")
            try:
                with self.folder.open(path) as file:
                    model, digest = read_onnx(file), digest_of(file)
            except BadOnnx as error:
                what = f"it is no ONNX model that can be read: {error}"
                hint = "export the model again, or remove the file"
                if self.files.card is None:
                    raise Unreadable(path, what, hint) from None
                self.folder.report(path, what, hint, self.files.id)
            except OSError as error:
                raise Unreadable(path, f"it cannot be read: {error.strerror}", "check the disk") from None
            else:
                self.hash.update(digest.encode())
                models.append(model)
                artifact = artifact.model_copy(update={"digest": digest, "size": model.size})
            artifacts.append(artifact)
        return artifacts, models

    def _results(self) -> list[Evaluation]:
        found: list[Evaluation] = []
        for path in self.files.results:
            content, more = self.folder.read(path, MAX_RESULTS)
            if more:
                self.folder.report(
                    path,
                    f"it has more than {MAX_RESULTS:,} bytes and was not read",
                    "split it into several files",
                    self.files.id,
                )
                continue
            self.hash.update(content)
            evaluations, faults = read_eval_results(content, self.folder.name(path))
            self._report(faults)
            found.extend(evaluations)
        return found

    def _endpoint(self, said: CardEndpoint) -> Endpoint:
        if said.definition is None or self.files.card is None:
            return said.endpoint
        try:
            path = self.files.card.parent / said.definition
            content, more = self.folder.read(path, MAX_DEFINITION)
            if more:
                raise Unreadable(path, f"it has more than {MAX_DEFINITION:,} bytes", "shorten it")
            definition = content.decode("utf-8")
        except (Unreadable, UnicodeDecodeError) as error:
            what = error.what if isinstance(error, Unreadable) else "it is not UTF-8"
            self._report(
                (
                    Fault(
                        said.place,
                        "card-definition",
                        f"the API definition {said.definition[:200]} was left out: {what}",
                        "give the path of a text file, relative to the card and inside the folder of models",
                    ),
                )
            )
            return said.endpoint
        self.hash.update(content)
        return said.endpoint.model_copy(update={"definition": definition})

    def _report(self, faults: tuple[Fault, ...]) -> None:
        self.folder.problems.extend(as_problem(fault, self.folder.source, self.files.id) for fault in faults)


def _versions(
    card: CardReading, artifacts: list[Artifact], onnx: list[OnnxModel], measured: tuple[Evaluation, ...]
) -> tuple[Version, ...]:
    """The versions that the card names; files and measurements belong to the newest.

    ONNX files without such a card are a version of their own, named by their content.
    """
    versions = card.versions
    if not versions and onnx:
        digests = hashlib.sha256("".join(one.digest for one in artifacts if one.digest).encode())
        versions = (Version(name=digests.hexdigest()[:12]),)
    if not versions:
        return ()
    newest = versions[0].model_copy(
        update={
            "artifacts": tuple(artifacts),
            "evaluations": (*versions[0].evaluations, *measured),
            "tags": _agreed([_onnx_tags(model) for model in onnx]) or {},
        }
    )
    return (newest, *versions[1:])


def _onnx_tags(model: OnnxModel) -> dict[str, str]:
    tags = {
        "onnx.ir-version": "" if model.ir_version is None else str(model.ir_version),
        "onnx.opsets": ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in model.opsets),
        "onnx.producer": f"{model.producer_name} {model.producer_version}".strip(),
        "onnx.external-data": ", ".join(model.external_data),
        **{f"onnx.metadata.{key}": text for key, text in sorted(model.metadata.items())},
    }
    return {key: text for key, text in tags.items() if text}


_T = TypeVar("_T", Signature, str, dict[str, str])


def _agreed(said: list[_T]) -> _T | None:
    """What all files of a model say, or None where they differ: of two signatures neither is the model's."""
    return said[0] if said and all(other == said[0] for other in said) else None
