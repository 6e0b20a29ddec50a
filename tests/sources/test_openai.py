"""Gateways with OpenAI's API, read from doubles that are held to what their sources answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.openai import Settings, list_models
from tests.contracts.compact import Compact
from tests.servers import openai
from tests.servers.doubles import bomb, hang, spoil
from tests.servers.openai import CONTRACT, Gateway
from tests.sources.wrong_types import spoiled

CANARY = "canary-gateway-key-77aa2"
TOKEN = SecretReference(env="GATEWAY_TEST_TOKEN")


@pytest.fixture
def vllm() -> Iterator[Gateway]:
    with openai.running("vllm") as gateway:
        gateway.models = [{"id": "acme-chat", "root": "acme/chat-8b", "max_model_len": 32768}]
        yield gateway


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("GATEWAY_TEST_TOKEN", CANARY)
    with openai.running("litellm") as gateway:
        gateway.key = CANARY
        gateway.models = [{"id": name} for name in ("gpt", "embed", "openai/*")]
        gateway.models.append({"id": "openai/o3", "mode": "chat", "max_input_tokens": 200_000})
        gateway.deployments = [
            deployment("gpt", "azure/gpt-4o-eu", supports_vision=True, supports_function_calling=True),
            deployment("gpt", "azure/gpt-4o-us", max_input_tokens=64000, supports_function_calling=True),
            deployment(
                "embed", "ollama/nomic", mode="embedding", litellm_provider="ollama", supports_vision=None
            ),
            deployment("not-for-this-key", "x/y"),
        ]
        yield gateway


def deployment(name: str, upstream: str, **info: Any) -> dict[str, Any]:
    said = {
        "id": "5f1c",
        "db_model": False,
        "mode": "chat",
        "litellm_provider": "azure",
        "max_input_tokens": 128000,
    }
    params = {"model": upstream, "api_base": "https://internal.invalid", "organization": CANARY}
    return {
        "model_name": name,
        "litellm_params": params,
        "model_info": said | {"input_cost_per_token": 1e-6} | info,
    }


def read(gateway: Gateway, *, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(
        Settings(name="gateway", type="openai", url=gateway.url, **settings),
        Context(Path.cwd(), known=models),
    )


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


def test_vllm_says_how_long_a_context_is_and_what_an_adapter_is_loaded_into(vllm: Gateway) -> None:
    vllm.models += [
        {"id": "acme-sql", "root": "/adapters/sql", "parent": "acme-chat"},
        {"id": "acme-law", "root": "s3://models/law", "parent": "acme-chat"},
    ]
    listing = read(vllm)
    assert listing.complete
    assert listing.problems == ()
    chat, adapter = (by_name(listing)[name] for name in ("acme-chat", "acme-sql"))
    assert chat.properties == {"context-length": "32768", "owned-by": "vllm", "root": "acme/chat-8b"}
    assert (chat.created_at, chat.versions, chat.lineage.base_models) == (None, (), ())
    assert adapter.lineage.base_models == ("acme-chat",)
    assert adapter.properties == {"owned-by": "vllm"}
    assert by_name(listing)["acme-law"].properties["root"] == "s3://models/law"
    (endpoint,) = chat.endpoints
    assert (endpoint.url, endpoint.protocol, endpoint.runtime) == (vllm.url, "openai-v1", "vllm")
    assert endpoint.needs_key is False
    assert chat.provenance["properties"] == "gateway"


def test_clocks_and_random_ids_of_the_answer_are_in_no_record(vllm: Gateway) -> None:
    assert vllm.listed() != vllm.listed()
    assert read(vllm) == read(vllm)


def test_litellm_says_what_models_can_do_and_where_requests_go(litellm: Gateway) -> None:
    listing = read(litellm, token=TOKEN)
    assert listing.complete
    assert set(by_name(listing)) == {"embed", "gpt", "openai/o3"}
    by_route = by_name(listing)["openai/o3"]
    assert (by_route.tasks, by_route.properties["context-length"]) == (("chat",), "200000")
    gpt, embed = by_name(listing)["gpt"], by_name(listing)["embed"]
    assert (gpt.tasks, embed.tasks) == (("chat",), ("embedding",))
    # A request may go to either deployment.
    assert (gpt.capabilities, embed.capabilities) == (("function_calling",), ())
    assert gpt.properties == {
        "context-length": "64000",
        "provider": "azure",
        "upstream-model": "azure/gpt-4o-eu, azure/gpt-4o-us",
    }
    assert gpt.endpoints[0].needs_key is True
    assert CANARY not in listing.model_dump_json()
    assert "internal.invalid" not in listing.model_dump_json()


def test_what_litellm_cannot_say_now_withdraws_nothing(litellm: Gateway) -> None:
    first = read(litellm, token=TOKEN)
    spoil(litellm, "/model/info", then=JSONResponse({"error": "db"}, 503, {"retry-after": "0"}))
    again = read(litellm, token=TOKEN, known=first)
    assert again.models == ()
    assert again.unread == ("embed", "gpt", "openai/o3")
    assert "reading what LiteLLM says" in again.problems[0].what
    # Whoever was never told more has what the list says.
    assert len(read(litellm, token=TOKEN).models) == 3


def test_a_deployment_that_names_no_model_is_passed_over(litellm: Gateway) -> None:
    spoil(
        litellm,
        "/model/info",
        then=JSONResponse({"data": [{"model_name": ["gpt"]}, 5, deployment("gpt", "x/y")]}),
    )
    listing = read(litellm, token=TOKEN)
    assert listing.problems == ()
    assert by_name(listing)["gpt"].properties["upstream-model"] == "x/y"


def test_llamacpp_says_how_large_a_model_is_and_what_it_can_do() -> None:
    with openai.running("llamacpp") as gateway:
        meta = {"vocab_type": 2, "n_vocab": 128256, "n_ctx_train": 131072, "n_embd": 4096}
        gateway.models = [
            {
                "id": "tiny.gguf",
                "aliases": [],
                "tags": ["local"],
                "meta": meta | {"n_params": 8_030_261_248, "size": 42},
            },
            {"id": "later", "meta": None, "status": {"value": "unloaded"}},
        ]
        gateway.capabilities = {"tiny.gguf": ["completion", "multimodal"]}
        found = by_name(read(gateway))
    assert found["tiny.gguf"].properties == {
        "context-length": "131072",
        "embedding-length": "4096",
        "owned-by": "llamacpp",
        "parameters": "8030261248",
        "size": "42",
    }
    assert found["tiny.gguf"].capabilities == ("completion", "multimodal")
    assert found["tiny.gguf"].tags == ("local",)
    assert found["later"].endpoints[0].runtime == "llamacpp"


@pytest.mark.parametrize("kind", ["vllm", "litellm", "llamacpp"])
@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize("configured", [True, False])
def test_whether_a_key_is_needed_is_found_by_asking_without_one(
    kind: Any, locked: bool, configured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_TEST_TOKEN", CANARY)
    with openai.running(kind) as gateway:
        gateway.models = [{"id": "m"}]
        gateway.key = CANARY if locked else None
        listing = read(gateway, token=TOKEN if configured else None)
        asked = set(gateway.authorizations)
    if locked and not configured and kind != "llamacpp":
        assert not listing.complete
        assert "401" in listing.problems[0].what
        return
    # Where nobody is refused although a key is configured, the key may be for something that was not asked.
    expected = True if locked else None if configured else False
    assert [model.endpoints[0].needs_key for model in listing.models] == [expected]
    assert asked == ({f"Bearer {CANARY}", ""} if configured else {""})


def test_what_cannot_be_found_out_about_keys_stays_as_it_is_known(vllm: Gateway) -> None:
    first = read(vllm)
    spoil(vllm, "/chat/completions", then=JSONResponse({"error": "busy"}, 429, {"retry-after": "0"}))
    assert read(vllm, known=first) == first
    assert read(vllm).models[0].endpoints[0].needs_key is None


def test_what_other_gateways_add_is_taken(vllm: Gateway) -> None:
    said = {
        "id": "mistral-small",
        "name": "Mistral Small",
        "description": "Small and fast.",
        "context_length": 131072,
        "capabilities": {"completion_chat": True, "vision": True, "fine_tuning": False},
        "hugging_face_id": "mistralai/Mistral-Small",
    }
    spoil(vllm, "/models", then=JSONResponse([said]))
    (model,) = read(vllm).models
    assert (model.title, model.description) == ("Mistral Small", "Small and fast.")
    assert model.capabilities == ("completion_chat", "vision")
    assert model.properties == {"context-length": "131072"}
    (counterpart,) = model.counterparts
    assert (counterpart.registry, counterpart.said_by) == ("huggingface", "hugging_face_id")


def test_the_selection_narrows_the_list(vllm: Gateway) -> None:
    vllm.models = [{"id": "a"}, {"id": "B"}, {"id": "a"}]
    listing = read(vllm, select=Select(include=("A", "b"), exclude=("b",)))
    assert [model.id for model in listing.models] == ["a"]
    assert listing.complete


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", "not JSON"),
        ("{}", "no list of models"),
        ('{"data": {}}', "no list of models"),
        ('{"data": []}', "no models at all"),
        ('{"data": [{"id": "a"}], "has_more": true}', "in pages"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_garbage_emptiness_and_half_a_list_delete_nothing(vllm: Gateway, body: str, said: str) -> None:
    spoil(vllm, "/models", then=PlainTextResponse(body))
    listing = read(vllm)
    assert not listing.complete
    assert said in listing.problems[0].what


def test_an_address_without_v1_says_so(vllm: Gateway) -> None:
    spoil(vllm, "/models", then=JSONResponse({"detail": "Not Found"}, 404))
    assert "/v1" in read(vllm).problems[0].hint


@pytest.mark.parametrize("name", ["", "a\x00b", "a\nb", 5, None, "x" * 999, "\ud800"])
def test_an_id_that_is_none_makes_the_listing_incomplete(vllm: Gateway, name: Any) -> None:
    body = json.dumps({"data": [{"id": "good"}, {"id": name}]})
    spoil(vllm, "/models", then=Response(body))
    listing = read(vllm)
    assert set(by_name(listing)) == {"good"}
    assert not listing.complete
    assert len(listing.problems) == 1


def test_the_key_does_not_follow_a_redirect_to_another_host(litellm: Gateway) -> None:
    with openai.running("vllm") as other:
        spoil(litellm, "/models", then=RedirectResponse(f"{other.url}/models"))
        listing = read(litellm, token=TOKEN)
        assert other.requests == []
    assert not listing.complete
    assert "not followed" in listing.problems[0].what


def test_a_bomb_is_not_unpacked_and_a_gateway_that_hangs_ends_by_its_own_timeout(vllm: Gateway) -> None:
    spoil(vllm, "/models", then=bomb(17 * 1024 * 1024))
    assert "more than" in read(vllm).problems[0].what
    vllm.interfere = hang
    assert "no complete answer" in read(vllm, timeout=0.2).problems[0].what


def test_a_token_that_is_not_there_is_a_problem(vllm: Gateway) -> None:
    listing = read(vllm, token=SecretReference(env="NO_SUCH_VARIABLE_HERE"))
    assert "NO_SUCH_VARIABLE_HERE" in listing.problems[0].what
    assert vllm.requests == []


def test_the_schemas_of_the_doubles_find_what_is_wrong() -> None:
    contract = Compact(CONTRACT)
    jsonschema_rs.meta.validate({"$defs": contract.document["$defs"]})
    with_a_key = {"data": [deployment("a", "b")]}
    with_a_key["data"][0]["litellm_params"]["api_key"] = "x"
    for path, status, received in (
        ("vllm:/v1/models", 200, {"object": "list", "data": [{"id": "a"}]}),
        ("litellm:/v1/models", 200, {"object": "list", "data": [{"id": "a", "created": 1}]}),
        ("litellm:/v1/model/info", 200, with_a_key),
        ("llamacpp:/v1/models", 200, {"object": "list", "data": [{"id": "a", "owned_by": "x"}]}),
        ("vllm:/v1/chat/completions", 200, {}),
        ("vllm:/v1/models", 401, {}),
        ("vllm:/v1/other", 200, {}),
    ):
        assert contract.errors("GET", path, b"", status, json.dumps(received).encode())


@pytest.fixture(scope="module")
def odd() -> Iterator[Gateway]:
    with openai.running("litellm") as gateway:
        yield gateway


@settings(max_examples=25)
@given(data=st.data())
def test_wrong_types_in_any_field_cost_no_other_model(odd: Gateway, data: st.DataObject) -> None:
    entry = {
        "id": "odd", "object": "model", "created": 1, "owned_by": "vllm", "root": "a/b", "parent": "c",
        "max_model_len": 1, "meta": {"n_params": 1, "ftype": "Q4"}, "tags": ["t"],
        "capabilities": {"vision": True},
    }  # fmt: skip
    listed, info = [entry], [deployment("odd", "x/y", supports_vision=True)]
    if data.draw(st.booleans()):
        listed = data.draw(spoiled(listed))
    else:
        info = data.draw(spoiled(info))

    async def interfere(request: Request) -> Response | None:
        said = {"/v1/models": [{"id": "good"}, *listed], "/v1/model/info": [deployment("good", "g"), *info]}
        return Response(json.dumps({"data": said[request.url.path]})) if request.url.path in said else None

    odd.interfere = interfere
    listing = read(odd)
    assert "good" in by_name(listing)
    assert (
        "odd" in {*by_name(listing), *listing.unread}
        or not listing.complete
        or '"odd"' not in json.dumps(listed)
    )
    listing.model_dump_json()
