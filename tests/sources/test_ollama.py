"""Ollama, read from a double that is held to what its source answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.ollama import Settings, list_models
from tests.servers import ollama
from tests.servers.doubles import bomb, hang, spoil
from tests.servers.ollama import Ollama, Pulled
from tests.sources.wrong_types import spoiled

CANARY = "canary-ollama-token-9f2c1"
APACHE = f"\n{' ' * 33}Apache License\n{' ' * 27}Version 2.0, January 2004\n"
LLAMA = Pulled(
    license=APACHE,
    parameters='stop                           "<|eot_id|>"\nstop                           "```"\n'
    "num_ctx                        4096\ntemperature                    0.7",
    template="{{ if .System }}```{{ .System }}{{ end }}{{ .Prompt }}",
    system="Be brief.",
    capabilities=("completion", "tools"),
    info=(
        ("general.parameter_count", 3_212_749_888),
        ("general.organization", "Meta"),
        ("general.languages", ["en", "de"]),
        ("general.base_model.0.name", "Llama 3.2 3B"),
        ("general.base_model.0.repo_url", "https://huggingface.co/meta-llama/Llama-3.2-3B"),
        ("general.repo_url", "https://huggingface.co/meta-llama/Llama-3.2-3B-Instruct"),
        ("general.url", "javascript:alert(1)"),
        ("tokenizer.ggml.tokens", []),
    ),
)


@pytest.fixture
def server() -> Iterator[Ollama]:
    with ollama.running() as server:
        yield server


def read(server: Ollama, *, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    return list_models(
        Settings(name="local", type="ollama", url=server.url, **settings), Context(Path.cwd(), known=models)
    )


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


def test_a_name_is_a_model_and_its_tags_are_versions(server: Ollama) -> None:
    small = Pulled("small", parameters="num_ctx 2048", modified_at="2026-05-01T00:00:00Z", family="gemma3")
    server.pulled = {
        "llama3.2:3b": LLAMA,
        "llama3.2:1b": small,
        "llama3.2:latest": LLAMA,
        "acme/fraud:v2": replace(LLAMA, content="fraud", parent="llama3.2:3b"),
    }
    listing = read(server)
    assert listing.complete
    assert listing.problems == ()
    assert set(by_name(listing)) == {"acme/fraud", "llama3.2"}
    model = by_name(listing)["llama3.2"]
    assert (model.id, model.source) == ("llama3.2", "local")
    newest, older = model.versions
    assert (newest.name, newest.aliases, newest.id) == ("3b", ("latest",), LLAMA.digest)
    assert (older.name, older.aliases) == ("1b", ())
    assert newest.updated_at == "2026-02-03T11:05:06Z"
    assert newest.tags == {
        "architecture": "llama",
        "capabilities": "completion, tools",
        "context-length": "131072",
        "params.num_ctx": "4096",
        "params.stop": "<|eot_id|>, ```",
        "params.temperature": "0.7",
        "parameter-size": "3.2B",
        "parameters": "3212749888",
        "quantization": "Q4_K_M",
    }
    (artifact,) = newest.artifacts
    assert (artifact.uri, artifact.digest) == ("ollama://llama3.2:3b", f"sha256:{LLAMA.digest}")
    assert (artifact.size, artifact.format) == (2_019_393_189, "gguf")
    assert model.capabilities == ("completion", "tools")
    assert model.properties["quantization"] == "Q4_K_M"
    assert "architecture" not in model.properties
    assert model.license is not None
    assert (model.license.id, model.license.name) == ("Apache-2.0", "Apache License")
    assert model.provider == "Meta"
    assert model.languages == ("en", "de")
    assert model.lineage.base_models == ("meta-llama/Llama-3.2-3B",)
    assert [link.title for link in model.links] == ["Repository"]
    assert model.card is not None
    assert "## Prompt template\n\n````text\n{{ if .System }}```" in model.card.markdown
    assert "Be brief." in model.card.markdown
    assert "Version 2.0, January 2004" in model.card.markdown
    assert by_name(listing)["acme/fraud"].lineage.base_models == ("meta-llama/Llama-3.2-3B", "llama3.2:3b")
    assert model.provenance["capabilities"] == "local"


def test_models_are_served_through_ollamas_own_api_and_openais(server: Ollama) -> None:
    server.pulled = {"llama3.2:3b": LLAMA}
    (model,) = read(server).models
    assert [(one.url, one.protocol, one.needs_key) for one in model.endpoints] == [
        (f"{server.url}/v1", "openai-v1", False),
        (server.url, "ollama", False),
    ]


def test_a_key_is_needed_when_a_stranger_is_refused(server: Ollama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_TEST_TOKEN", CANARY)
    server.token = CANARY
    server.pulled = {"llama3.2:3b": LLAMA}
    listing = read(server, token=SecretReference(env="OLLAMA_TEST_TOKEN"))
    assert [one.needs_key for one in listing.models[0].endpoints] == [True, True]
    assert CANARY not in listing.model_dump_json()
    refused = read(server)
    assert (refused.models, refused.complete) == ((), False)
    assert "401" in refused.problems[0].what


def test_what_cannot_be_found_out_about_keys_stays_as_it_is_known(server: Ollama) -> None:
    server.pulled = {"llama3.2:3b": LLAMA}
    first = read(server)
    spoil(server, "/v1/models", then=PlainTextResponse("down", 500, {"retry-after": "0"}))
    assert read(server, known=first) == first
    assert [(one.protocol, one.needs_key) for one in read(server).models[0].endpoints] == [("ollama", False)]


def test_show_is_asked_only_for_digests_that_are_not_known(server: Ollama) -> None:
    server.pulled = {"a:1": LLAMA, "a:latest": LLAMA, "a:2": Pulled("two"), "b:latest": Pulled("three")}
    first = read(server)
    assert sorted(server.asked) == ["a:1", "a:2", "b:latest"]
    server.asked.clear()
    assert read(server, known=first) == first
    assert server.asked == []
    # A pull that brings nothing new writes the same file again.
    server.pulled["b:latest"] = replace(server.pulled["b:latest"], modified_at="2026-09-09T00:00:00Z")
    assert read(server, known=first) == first
    server.pulled["b:latest"] = Pulled("four", modified_at="2026-09-09T00:00:00Z")
    again = read(server, known=first)
    assert server.asked == ["b:latest"]
    assert by_name(again)["b"].updated_at == "2026-09-09T00:00:00Z"
    assert by_name(again)["a"] == by_name(first)["a"]


def test_the_same_answer_in_another_order_is_the_same_record(server: Ollama) -> None:
    server.pulled = {"a:1": LLAMA, "a:2": Pulled("two"), "b:1": LLAMA}
    first = read(server)
    lines = LLAMA.parameters.splitlines()
    other = replace(LLAMA, parameters="\n".join([*lines[2:], *lines[:2]]))
    server.pulled = {"b:1": other, "a:2": Pulled("two"), "a:1": other}
    assert read(server) == first


def test_what_is_loaded_is_in_no_record_but_a_loaded_model_that_is_not_listed_is_kept(server: Ollama) -> None:
    server.pulled = {"llama3.2:3b": LLAMA}
    idle = read(server)
    server.loaded = ["llama3.2:3b"]
    assert read(server) == idle
    server.loaded = ["broken:7b"]
    listing = read(server)
    assert listing.models == idle.models
    assert listing.unread == ("broken",)
    assert "does not list it" in listing.problems[0].what
    assert read(server, select=Select(include=("llama*",))).unread == ()
    spoil(server, "/api/ps", then=PlainTextResponse("no", 403))
    assert read(server) == idle


def test_models_of_the_hub_say_so_and_remote_models_say_where_they_are(server: Ollama) -> None:
    server.pulled = {
        "hf.co/acme/Fraud-GGUF:Q4_K_M": Pulled("hub"),
        "gpt-oss:120b-cloud": Pulled("cloud", remote=("gpt-oss:120b", "https://ollama.com:443"), size=384),
    }
    found = by_name(read(server))
    (counterpart,) = found["hf.co/acme/Fraud-GGUF"].counterparts
    assert (counterpart.registry, counterpart.model) == ("huggingface", "acme/Fraud-GGUF")
    remote = found["gpt-oss"]
    assert remote.properties["remote-host"] == "https://ollama.com:443"
    assert remote.versions[0].artifacts == ()
    assert remote.counterparts == ()


def test_the_selection_saves_requests(server: Ollama) -> None:
    server.pulled = {"a:1": LLAMA, "b:1": Pulled("two"), "c:1": Pulled("three")}
    listing = read(server, select=Select(include=("A", "b"), exclude=("b",)))
    assert set(by_name(listing)) == {"a"}
    assert listing.complete
    assert server.asked == ["a:1"]


def test_a_model_that_cannot_be_shown_is_unread_and_the_others_are_read(server: Ollama) -> None:
    server.pulled = {"a:1": LLAMA, "a:2": Pulled("two"), "b:1": Pulled("three")}

    async def interfere(request: Request) -> Response | None:
        if request.url.path != "/api/show" or b"a:2" not in await request.body():
            return None
        return JSONResponse({"error": "model 'a:2' not found"}, 404)

    server.interfere = interfere
    listing = read(server)
    assert set(by_name(listing)) == {"b"}
    assert listing.unread == ("a",)
    assert listing.complete
    assert "asking about a:2" in listing.problems[0].what


def test_a_server_that_fails_is_not_asked_about_every_model(server: Ollama) -> None:
    server.pulled = {f"m{number}:1": Pulled(str(number)) for number in range(10)}
    spoil(server, "/api/show", then=JSONResponse({"error": "disk"}, 500, {"retry-after": "0"}))
    listing = read(server)
    assert len(listing.unread) == 10
    assert server.requests.count("POST /api/show") == 3 * 4
    assert "7 models were not read further" in listing.problems[-1].what


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", "not JSON"),
        ("[]", "no list of models"),
        ('{"models": {}}', "no list of models"),
        ('{"models": null}', "no models at all"),
        ('{"models": []}', "no models at all"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_garbage_and_emptiness_delete_nothing(server: Ollama, body: str, said: str) -> None:
    spoil(server, "/api/tags", then=PlainTextResponse(body))
    listing = read(server)
    assert (listing.models, listing.complete) == ((), False)
    assert said in listing.problems[0].what


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a b:1", "a:1:2", "a\x00", 5, None, "x" * 999])
def test_a_name_that_is_none_makes_the_listing_incomplete(server: Ollama, name: Any) -> None:
    server.pulled = {"a:1": LLAMA}
    said = server.tags()
    said["models"].append(said["models"][0] | {"name": name})
    spoil(server, "/api/tags", then=JSONResponse(said))
    listing = read(server)
    assert set(by_name(listing)) == {"a"}
    assert not listing.complete
    assert len(listing.problems) == 1


def test_credentials_do_not_follow_a_redirect_to_another_host(
    server: Ollama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_TEST_TOKEN", CANARY)
    with ollama.running() as other:
        spoil(server, "/api/tags", then=RedirectResponse(f"{other.url}/api/tags"))
        listing = read(server, token=SecretReference(env="OLLAMA_TEST_TOKEN"))
        assert other.requests == []
    assert not listing.complete
    assert "not followed" in listing.problems[0].what


def test_a_bomb_is_not_unpacked_and_a_server_that_hangs_ends_by_its_own_timeout(server: Ollama) -> None:
    spoil(server, "/api/tags", then=bomb(17 * 1024 * 1024))
    assert "more than" in read(server).problems[0].what
    server.interfere = hang
    assert "no complete answer" in read(server, timeout=0.2).problems[0].what


@pytest.fixture(scope="module")
def odd() -> Iterator[Ollama]:
    with ollama.running() as server:
        server.pulled = {"good:1": Pulled("good"), "odd:1": LLAMA, "odd:latest": Pulled("more")}
        yield server


@settings(max_examples=25)
@given(data=st.data())
def test_wrong_types_in_any_field_cost_no_other_model(odd: Ollama, data: st.DataObject) -> None:
    tags, shown = odd.tags(), odd.show("odd:1")
    if data.draw(st.booleans()):
        tags = {"models": [tags["models"][0], *data.draw(spoiled(tags["models"][1:]))]}
    else:
        shown = data.draw(spoiled(shown))

    async def interfere(request: Request) -> Response | None:
        if request.url.path == "/api/tags":
            return Response(json.dumps(tags))
        if request.url.path == "/api/show" and b"odd:1" in await request.body():
            return Response(json.dumps(shown))
        return None

    odd.interfere = interfere
    listing = read(odd)
    names = set(by_name(listing))
    assert "good" in names
    assert "odd" in names | set(listing.unread) or not listing.complete or "odd" not in json.dumps(tags)
    listing.model_dump_json()
    assert read(odd, known=listing).models == listing.models
