"""The models behind the digests of one repository: manifest, configuration, card and license."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.documents.place import Fault, Place
from callboard.http import HttpProblem, Kind
from callboard.model import Version
from callboard.sources import cards
from callboard.sources import oci_configs as configs
from callboard.sources import oci_manifests as manifests
from callboard.sources import oci_records as records
from callboard.sources.archives import BadArchive, find_file
from callboard.sources.content import Content
from callboard.sources.folder import CARD_NAMES
from callboard.sources.oci_registry import Registry
from callboard.sources.reading import SourceReading

GONE: frozenset[Kind] = frozenset({"not-found", "too-large"})
"""What stays so: asking again for the same digest is of no use."""

_LARGEST_CONFIG = 4 * 1024 * 1024
_LARGEST_DOCUMENTATION = 16 * 1024 * 1024
_LARGEST_CARD = 1024 * 1024
_LARGEST_LICENSE = 1024 * 1024
_MOST_DOCUMENTATION = 4
_MOST_LICENSES = 4


@dataclass(frozen=True)
class _Artifact:
    kind: manifests.Kind
    manifest: manifests.Manifest


@dataclass
class Artifacts:
    """What is behind the digests of one repository, each manifest asked for once."""

    reading: SourceReading
    """Is told what goes wrong."""
    registry: Registry
    repository: str
    modelcar: bool
    """Whether people say that its ordinary images hold models."""
    _found: dict[str, _Artifact | None] = field(default_factory=dict)

    def find(self, reference: str) -> tuple[str, bool]:
        """The digest of a tag (or digest), and whether a model is behind it.

        Raises HttpProblem, UnknownManifest, or another ValueError.
        """
        if reference in self._found:
            return reference, self._found[reference] is not None
        digest, manifest = self._manifest(reference)
        if digest not in self._found:
            self._found[digest] = self._model_in(manifest)
        return digest, self._found[digest] is not None

    def _manifest(self, reference: str) -> tuple[str, manifests.Manifest | manifests.Index]:
        digest, answer = self.registry.manifest(self.repository, reference)
        return digest, manifests.parse_manifest(answer.json(), answer.headers.get("content-type", ""))

    def _model_in(self, manifest: manifests.Manifest | manifests.Index) -> _Artifact | None:
        if isinstance(manifest, manifests.Index):
            chosen = manifest.chosen
            if chosen is None:
                raise manifests.UnknownManifest("it is a list without manifests")
            _, inner = self._manifest(chosen.digest)
            if isinstance(inner, manifests.Index):
                raise manifests.UnknownManifest("it is a list of manifests within another")
            manifest = inner
        kind = manifests.kind_of(manifest, modelcar=self.modelcar)
        return None if kind is None else _Artifact(kind, manifest)

    def read(self, digest: str, tag: str) -> tuple[Version, Content]:
        """The version behind a digest, not yet named, and what it says of the model. Raises as ``find``.

        ``tag`` is how problems name it.
        """
        self.find(digest)
        artifact = self._found[digest]
        if artifact is None:
            raise ValueError("what was a model is none")
        kind, manifest = artifact.kind, artifact.manifest
        at = f"{self.repository}:{tag}"
        body = self._blob(manifest.config, _LARGEST_CONFIG, f"the configuration of {at}")
        config: Mapping[object, Any] = {}
        try:
            config = configs.parse_config(body) if body else {}
        except ValueError as error:
            fault = Fault(
                Place(at), "card-field", f"its configuration cannot be read: {error}", "push it again"
            )
            self._tell(fault)
        said, faults = configs.read_config(kind, config, manifest, f"{at} (configuration)")
        card = self._card(at, manifests.documentation(manifest, config))
        self._tell(*faults, *card.faults)
        texts = []
        if not said.licenses and card.license is None:
            for layer in manifests.license_layers(manifest)[:_MOST_LICENSES]:
                text = self._blob(layer, _LARGEST_LICENSE, f"a license of {at}")
                texts.append(configs.license_in(text) if text else None)
        licenses = tuple(dict.fromkeys(filter(None, texts)))
        content = records.content_of(said, card, licenses)
        version = records.version_of(
            self.registry.url, self.repository, digest, kind, manifest, said, card.evaluations
        )
        return version, content

    def _card(self, at: str, layers: list[manifests.Documentation]) -> cards.CardReading:
        """The card in the documentation's layers; an empty one where there is none."""
        for one in layers[:_MOST_DOCUMENTATION]:
            doing = f"the documentation of {at}"
            if one.packing not in ("raw", "tar", "tar+gzip"):
                self._left_out(doing, "it is not packed as tar or gzip")
                continue
            body = self._blob(one.layer, _LARGEST_DOCUMENTATION, doing)
            if body is None:
                continue
            if one.packing == "raw":
                return cards.read_card(
                    body[:_LARGEST_CARD], f"{at}/{one.path}", max(0, len(body) - _LARGEST_CARD)
                )
            try:
                found = find_file(body, CARD_NAMES, gzipped=one.packing == "tar+gzip", limit=_LARGEST_CARD)
            except BadArchive as error:
                self._left_out(doing, str(error))
                continue
            if found is not None:
                return cards.read_card(found.content, f"{at}/{found.name}", found.unread_bytes)
        return cards.CardReading()

    def _blob(self, blob: manifests.Descriptor, limit: int, doing: str) -> bytes | None:
        """A blob; None, with a warning, for one that is not there or too large."""
        try:
            return self.registry.blob(self.repository, blob.digest, blob.size, limit)
        except HttpProblem as error:
            if error.kind not in GONE:
                raise
            self._left_out(doing, error.what)
            return None

    def _tell(self, *faults: Fault) -> None:
        source = self.reading.settings.name
        self.reading.problems += [cards.as_problem(fault, source, self.repository) for fault in faults]

    def _left_out(self, what: str, why: str) -> None:
        self.reading.report(
            f"{what} was left out: {why}",
            where=f"{self.registry.url}/{self.repository}",
            hint="push the model again without that, if it matters",
            model=self.repository,
            severity="warning",
        )
