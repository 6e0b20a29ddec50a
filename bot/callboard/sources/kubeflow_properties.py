"""``customProperties`` of Kubeflow's records, and what they and artifacts say of models in other registries.

People write their own keys (``mlflow_run_id``, ``MLflow run ID``, ``mlflow.run-id``), so keys are compared by
their letters and digits alone. A property without a value is a label: so Kubeflow's pages write them.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, StrictBool

from callboard.model import Counterpart

_WITHOUT_MEANING = re.compile(r"[\W_]+")
_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_RUN_URI = re.compile(r"runs:/(?P<run>[0-9A-Za-z_-]{1,64})(/.*)?", re.DOTALL)
_MODEL_URI = re.compile(r"models:/(?P<model>[^/@]+)/(?P<version>[0-9]+)")
_MLFLOW_URI = re.compile(r"(runs|models|mlflow-artifacts):/.+", re.DOTALL)
_RUN_FILES = re.compile(
    r"mlflow-artifacts:(//[^/]*)?/[0-9]+/(?P<run>[0-9a-f]{32})/artifacts(/.*)?", re.DOTALL
)

_MLFLOW_RUN = ("mlflowrunid", "mlflowrun")
_MLFLOW_MODEL = (
    "mlflowregisteredmodelname", "mlflowregisteredmodel", "mlflowmodelname", "mlflowmodel",
)  # fmt: skip
_MLFLOW_VERSION = ("mlflowmodelversion", "mlflowversion")
_MLFLOW_URIS = frozenset({
    "mlflowmodeluri", "mlflowuri", "mlflowsource", "mlflowsourceuri", "mlflowartifacturi",
})  # fmt: skip


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Value(BaseModel):
    """A property's value: which of the fields counts stands in ``metadataType``."""

    kind: Annotated[str, Field(alias="metadataType")]
    string_value: str | None = None
    int_value: Annotated[str | None, BeforeValidator(_number_as_text)] = None
    double_value: float | None = None
    bool_value: StrictBool | None = None
    struct_value: str | None = None

    @property
    def text(self) -> str | None:
        """The value as people write it; None for one that is of no use to people."""
        match self.kind:
            case "MetadataStringValue":
                return self.string_value
            case "MetadataIntValue":
                return self.int_value
            case "MetadataDoubleValue":
                return None if self.number is None else repr(self.number)
            case "MetadataBoolValue":
                return None if self.bool_value is None else str(self.bool_value).lower()
            case "MetadataStructValue":
                return None if self.struct_value is None else _struct(self.struct_value)
        return None

    @property
    def number(self) -> float | None:
        """The value as a finite number, where it is one."""
        said: float | str | None = None
        if self.kind == "MetadataDoubleValue":
            said = self.double_value
        elif self.kind == "MetadataIntValue":
            said = self.int_value
        try:
            number = math.nan if said is None else float(said)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


def _struct(said: str) -> str:
    """JSON, which the contract has in base64 and the server often plain."""
    try:
        decoded = json.loads(base64.b64decode(said, validate=True))
        text = json.dumps(decoded, ensure_ascii=False, separators=(",", ":"))
    except (binascii.Error, ValueError, RecursionError):
        return said
    # JSON can say half of a surrogate pair, which no text can hold.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Properties:
    """The properties of one record."""

    texts: Mapping[str, str]
    """Keys as they were written, sorted."""

    @classmethod
    def of(cls, values: Mapping[str, Value] | None) -> Properties:
        """Those that have a text."""
        texts = {
            key: text for key, value in sorted((values or {}).items()) if (text := value.text) is not None
        }
        return cls(texts)

    @property
    def labels(self) -> tuple[str, ...]:
        """The keys without a value."""
        return tuple(key for key, text in self.texts.items() if not text and key)

    def without(self, names: frozenset[str]) -> dict[str, str]:
        """What is left when the properties of these names are taken out."""
        return {key: text for key, text in self.texts.items() if plain_key(key) not in names}

    def find(self, *names: str) -> tuple[str, str] | None:
        """Key and value of the first of these names that has a value."""
        return next((self._by_name[name] for name in names if name in self._by_name), None)

    def get(self, *names: str) -> str | None:
        """The value alone."""
        found = self.find(*names)
        return found[1] if found else None

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, str]]:
        return {plain_key(key): (key, text.strip()) for key, text in self.texts.items() if text.strip()}


def first(name: str, *holders: Properties) -> str | None:
    """The value of that name in the first holder that has one."""
    return next((text for holder in holders if (text := holder.get(name))), None)


def plain_key(key: str) -> str:
    """A key without what people write differently."""
    return _WITHOUT_MEANING.sub("", key).casefold()


def counterparts_of(
    properties: Properties, of_version: str | None, prefix: str = ""
) -> Iterator[Counterpart]:
    """What properties state of the same model in MLflow or on the Hugging Face Hub.

    Of MLflow, by keys that name it; of the Hub, by what Kubeflow's own client writes when it imports from
    there. ``prefix`` tells in ``said_by`` whose properties they are.
    """
    said_by = f"{prefix}customProperties"
    run, model, version = (properties.find(*names) for names in (_MLFLOW_RUN, _MLFLOW_MODEL, _MLFLOW_VERSION))
    if run is not None and not _RUN_ID.fullmatch(run[1]):
        run = None
    if run or model:
        keys = ", ".join(found[0] for found in (run, model, version) if found)
        yield Counterpart(
            registry="mlflow",
            said_by=f"{said_by} {keys}",
            model=model[1] if model else None,
            version=version[1] if version and model else None,
            run_id=run[1] if run else None,
            of_version=of_version,
        )
    for key, text in properties.texts.items():
        if plain_key(key) in _MLFLOW_URIS:
            yield from mlflow_uri(text.strip(), f"{said_by} {key}", of_version)
    if properties.get("modelorigin") == "huggingface_hub" and (repo := properties.get("repo")):
        yield Counterpart(
            registry="huggingface", said_by=f"{said_by} model_origin, repo", model=repo, of_version=of_version
        )


def mlflow_uri(uri: str, said_by: str, of_version: str | None) -> Iterator[Counterpart]:
    """What a URI of MLflow's own schemes states; nothing for any other.

    ``models:/name@alias`` and ``models:/name/stage`` can come to mean another version: they stay a URI.
    """
    if not _MLFLOW_URI.fullmatch(uri):
        return
    run = _RUN_URI.fullmatch(uri) or _RUN_FILES.fullmatch(uri)
    model = _MODEL_URI.fullmatch(uri)
    yield Counterpart(
        registry="mlflow",
        said_by=said_by,
        model=model["model"] if model else None,
        version=model["version"] if model else None,
        run_id=run["run"] if run else None,
        uri=uri,
        of_version=of_version,
    )


def model_source(
    kind: str | None,
    source_class: str | None,
    identifier: str | None,
    name: str | None,
    of_version: str | None,
) -> Iterator[Counterpart]:
    """What the ``modelSource…`` fields of an artifact state.

    ``kind`` is an open word. ``catalog`` is what Kubeflow's pages write for a model from the Model Catalog,
    whose source stands in the class; of ``mlflow``, only what has MLflow's own form counts.
    """
    said_by = f"artifact modelSourceKind {kind}"
    if kind == "catalog" and source_class and name:
        yield Counterpart(
            registry="kubeflow", said_by=said_by, model=f"{source_class}/{name}", of_version=of_version
        )
    elif kind is not None and plain_key(kind) == "mlflow":
        uris = [text for text in (identifier, name) if text and _MLFLOW_URI.fullmatch(text)]
        for uri in uris:
            yield from mlflow_uri(uri, said_by, of_version)
        is_run = identifier is not None and re.fullmatch(r"[0-9a-f]{32}", identifier)
        named = name if name and name not in uris else None
        if is_run or named:
            yield Counterpart(
                registry="mlflow",
                said_by=said_by,
                model=named,
                run_id=identifier if is_run else None,
                of_version=of_version,
            )
