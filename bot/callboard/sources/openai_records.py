"""What gateways with OpenAI's API say of a model, and what it becomes.

OpenAI's own list says next to nothing; vLLM, LiteLLM, llama.cpp and others add fields, and each is taken
where it is there. ``created`` is never taken: vLLM and llama.cpp answer the time of the request, LiteLLM a
constant. Nothing of ``litellm_params`` but the model's name is read: the rest is about accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from callboard.model import Counterpart, Endpoint, Lineage, Model

ID = "[^\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufffd]+"
LONGEST_ID = 500
UPSTREAM = "upstream-model"
"""The property that only LiteLLM's ``/model/info`` gives."""

_RUNTIMES = frozenset({"llamacpp", "sglang", "vllm"})
"""What servers call themselves as the owner of their models."""
_SUPPORTS = "supports_"
_MOST_WORDS = 100


def _list(value: Any) -> Any:
    return [] if value is None else value


def _words(value: Any) -> Any:
    """A list of words, or a mapping of words to whether they hold, as Mistral writes it."""
    if isinstance(value, dict):
        return [word for word, holds in value.items() if holds is True]
    return _list(value)


_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Text = Annotated[str, Field(max_length=8192)]
_Words = Annotated[list[_Text], BeforeValidator(_words), Field(max_length=_MOST_WORDS)]


class _Meta(BaseModel):
    """llama.cpp's."""

    n_ctx_train: _Count | None = None
    n_params: _Count | None = None
    n_embd: _Count | None = None
    size: _Count | None = None
    ftype: _Text | None = None


class Listed(BaseModel):
    """One entry of ``/models``."""

    id: str = Field(pattern=f"^{ID}$", max_length=LONGEST_ID)
    owned_by: _Text | None = None
    root: _Text | None = None
    """vLLM: what the weights were loaded from."""
    parent: _Text | None = None
    """vLLM: the model that a LoRA adapter is loaded into."""
    max_model_len: _Count | None = None
    context_length: _Count | None = None
    max_context_length: _Count | None = None
    mode: _Text | None = None
    """LiteLLM, of late: what ``/model/info`` says too."""
    max_input_tokens: _Count | None = None
    max_output_tokens: _Count | None = None
    meta: _Meta | None = None
    name: _Text | None = None
    description: _Text | None = None
    hugging_face_id: _Text | None = None
    tags: _Words = []
    capabilities: _Words = []

    @property
    def is_route(self) -> bool:
        """LiteLLM lists ``openai/*`` too: a rule, not a model."""
        return "*" in self.id


class _Params(BaseModel):
    model: _Text | None = None


class _Info(BaseModel):
    model_config = ConfigDict(extra="allow")

    mode: _Text | None = None
    litellm_provider: _Text | None = None
    base_model: _Text | None = None
    max_input_tokens: _Count | None = None
    max_output_tokens: _Count | None = None


class Deployment(BaseModel):
    """One entry of LiteLLM's ``/model/info``: a place where requests for a model go."""

    model_name: str
    litellm_params: Annotated[_Params, BeforeValidator(lambda value: value or {})] = _Params()
    model_info: Annotated[_Info, BeforeValidator(lambda value: value or {})] = _Info()

    @property
    def supports(self) -> frozenset[str]:
        """What it can do, as in ``supports_vision: true``."""
        extra = self.model_info.model_extra or {}
        return frozenset(
            key.removeprefix(_SUPPORTS)
            for key, value in extra.items()
            if key.startswith(_SUPPORTS) and value is True
        )


def model_of(
    source: str,
    said: Listed,
    deployments: Sequence[Deployment],
    also_capable: Sequence[str],
    endpoint: Endpoint,
) -> Model:
    """A model. ``also_capable`` is what llama.cpp says in the other half of its list."""
    supported = frozenset.intersection(*(one.supports for one in deployments)) if deployments else frozenset()
    hub = (said.hugging_face_id or "").strip()
    return Model(
        source=source,
        id=said.id,
        name=said.id,
        title=said.name if said.name != said.id else None,
        description=said.description or None,
        tasks=_distinct([*(one.model_info.mode for one in deployments), said.mode]),
        capabilities=_distinct([*said.capabilities, *also_capable, *sorted(supported)]),
        tags=_distinct(said.tags),
        properties={key: value for key, value in sorted(_properties(said, deployments)) if value},
        lineage=Lineage(base_models=(said.parent,) if said.parent else ()),
        endpoints=(
            endpoint.model_copy(update={"runtime": said.owned_by if said.owned_by in _RUNTIMES else None}),
        ),
        counterparts=(Counterpart(registry="huggingface", said_by="hugging_face_id", model=hub),)
        if hub
        else (),
    )


def _properties(said: Listed, deployments: Sequence[Deployment]) -> Iterator[tuple[str, str]]:
    meta = said.meta or _Meta()
    context = said.max_model_len or said.context_length or said.max_context_length or meta.n_ctx_train
    infos = [one.model_info for one in deployments]
    taken = [info.max_input_tokens for info in infos] or [said.max_input_tokens]
    given = [info.max_output_tokens for info in infos] or [said.max_output_tokens]
    yield "context-length", _number(context or _smallest(taken))
    yield "max-output-tokens", _number(_smallest(given))
    yield "parameters", _number(meta.n_params)
    yield "embedding-length", _number(meta.n_embd)
    yield "size", _number(meta.size)
    yield "quantization", meta.ftype or ""
    # A path is of the server's own disk, and says nothing to others.
    if said.root and said.root != said.id and not said.root.startswith(("/", ".", "~")):
        yield "root", said.root
    if deployments:
        yield "provider", ", ".join(_distinct(one.model_info.litellm_provider for one in deployments))
        yield UPSTREAM, ", ".join(_distinct(one.litellm_params.model for one in deployments))
        yield "base-model", ", ".join(_distinct(one.model_info.base_model for one in deployments))
    else:
        yield "owned-by", said.owned_by or ""


def capabilities_by_name(answer: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """llama.cpp's list has a second half, in Ollama's form, which says what its models can do."""
    entries = answer.get("models")
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        name, words = entry.get("model") or entry.get("name"), entry.get("capabilities")
        if isinstance(name, str) and isinstance(words, list):
            found.setdefault(name, tuple(word for word in words[:_MOST_WORDS] if isinstance(word, str)))
    return found


def _smallest(counts: Iterable[int | None]) -> int | None:
    """What every deployment takes."""
    return min((count for count in counts if count), default=None)


def _number(count: int | None) -> str:
    return str(count) if count else ""


def _distinct(words: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))
