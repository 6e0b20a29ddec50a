"""The Hugging Face Hub, read from a double that the Hub's own client is driven against first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, ModelCard
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from callboard.config import SecretReference, Select
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.huggingface import Settings, list_models
from callboard.sources.huggingface_records import EXPAND
from tests.servers import huggingface
from tests.servers.doubles import hang, spoil
from tests.servers.huggingface import Hub, Repository

CANARY = "canary-hub-token-51be0"

CARD = b"""---
license: apache-2.0
language: [en, fr]
library_name: transformers
pipeline_tag: text-classification
tags: [reviews, sentiment]
base_model: acme/base-encoder
datasets: [acme/reviews]
model-index:
- name: reviews
  results:
  - task: {type: text-classification}
    dataset: {name: Reviews, type: acme/reviews, split: test}
    metrics:
    - {type: accuracy, value: 0.91}
    - {type: f1, value: high}
---
# Reviews

Tells good reviews from bad ones.
"""
RESULTS = b"""- dataset: {id: cais/hle, task_id: default}
  value: 20.9
  notes: no-tools
- dataset: {id: Idavidrein/gpqa, task_id: gpqa_diamond}
  value: 0.412
"""


def reviews(**changes: Any) -> Repository:
    files = {
        "README.md": CARD,
        ".eval_results/hle.yaml": RESULTS,
        ".eval_results/notes.txt": b"not read",
        "config.json": b"{}",
        "model.safetensors": b"weights",
    }
    said: dict[str, Any] = {
        "id": "acme/reviews",
        "files": files,
        "tags": ("text-classification", "license:apache-2.0", "base_model:acme/base-encoder", "region:us"),
        "pipeline_tag": "text-classification",
        "library_name": "transformers",
        "safetensors": {"parameters": {"F32": 1234}, "total": 1234},
    }
    return Repository(**said | changes)


def plain(name: str, **changes: Any) -> Repository:
    return Repository(name, {"README.md": f"# {name}\n".encode()}, **changes)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with huggingface.running() as hub:
        yield hub


def read(hub: Hub, *, known: Listing | None = None, **settings: Any) -> Listing:
    models = {model.id: model for model in known.models} if known else {}
    said = {"author": "acme"} | settings
    if "models" in settings:
        del said["author"]
    return list_models(
        Settings(name="hub", type="huggingface", url=hub.url, **said), Context(Path.cwd(), known=models)
    )


def by_name(listing: Listing) -> dict[str, Model]:
    return {model.name: model for model in listing.models}


class TestTheDoubleAnswersTheHubsOwnClient:
    def test_lists_with_everything_that_callboard_asks_for(self, hub: Hub) -> None:
        hub.add(reviews(), plain("acme/other"), plain("someone/else"))
        hub.page_size = 1
        found = list(HfApi(endpoint=hub.url, token=False).list_models(author="acme", expand=list(EXPAND)))  # type: ignore[arg-type]
        assert {info.id for info in found} == {"acme/reviews", "acme/other"}
        info = next(info for info in found if info.id == "acme/reviews")
        assert info.sha == hub.repositories["acme/reviews"].sha
        assert info.card_data is not None
        assert info.card_data.license == "apache-2.0"
        assert info.safetensors is not None
        assert info.safetensors.total == 1234
        assert info.siblings is not None
        assert "README.md" in [sibling.rfilename for sibling in info.siblings]
        assert info.created_at is not None
        assert info.pipeline_tag == "text-classification"

    def test_filters_sorts_and_limits(self, hub: Hub) -> None:
        hub.add(reviews(), plain("acme/newer", created_at="2026-05-01T00:00:00.000Z"))
        api = HfApi(endpoint=hub.url, token=False)
        assert [i.id for i in api.list_models(filter="license:apache-2.0")] == ["acme/reviews"]
        assert [i.id for i in api.list_models(sort="created_at", limit=1)] == ["acme/newer"]

    def test_downloads_a_card_at_a_commit(self, hub: Hub, tmp_path: Path) -> None:
        hub.add(reviews())
        api = HfApi(endpoint=hub.url, token=False)
        info = api.model_info("acme/reviews")
        path = api.hf_hub_download("acme/reviews", "README.md", revision=info.sha, cache_dir=tmp_path)
        card = ModelCard(Path(path).read_text())
        assert card.data.get("base_model") == "acme/base-encoder"

    def test_hides_private_models_and_the_files_of_gated_ones(self, hub: Hub, tmp_path: Path) -> None:
        hub.token = CANARY
        hub.add(plain("acme/secret", private=True), plain("acme/gated", gated="manual"))
        anonymous, member = (HfApi(endpoint=hub.url, token=token) for token in (False, CANARY))
        with pytest.raises(RepositoryNotFoundError):
            anonymous.model_info("acme/secret")
        with pytest.raises(GatedRepoError):
            anonymous.hf_hub_download("acme/gated", "README.md", cache_dir=tmp_path)
        assert member.model_info("acme/secret").private
        assert member.hf_hub_download("acme/gated", "README.md", cache_dir=tmp_path)


def test_a_model_is_read_with_its_card_and_its_evaluations(hub: Hub) -> None:
    repository = reviews()
    hub.add(repository)
    listing = read(hub)
    model = by_name(listing)["acme/reviews"]
    assert listing.complete
    assert (model.source, model.id) == ("hub", "acme/reviews")
    assert model.license is not None
    assert model.license.id == "apache-2.0"
    assert model.languages == ("en", "fr")
    assert model.library == "transformers"
    assert model.tasks == ("text-classification",)
    assert model.tags == ("reviews", "sentiment")
    assert model.lineage.base_models == ("acme/base-encoder",)
    assert model.lineage.datasets == ("acme/reviews",)
    assert model.properties == {"author": "acme", "parameters": "1234"}
    assert model.card is not None
    assert model.card.markdown.startswith("# Reviews")
    assert model.links[0].url == f"{hub.url}/acme/reviews"
    assert (model.created_at, model.updated_at) == ("2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z")
    (version,) = model.versions
    assert (version.name, version.aliases) == (repository.sha, ("main",))
    assert [(a.uri, a.format) for a in version.artifacts] == [
        (f"{hub.url}/acme/reviews/resolve/{repository.sha}/model.safetensors", "safetensors")
    ]
    measured = {(e.metric, e.dataset): e.value for e in version.evaluations}
    assert measured == {
        ("accuracy", "Reviews"): 0.91,
        ("score (no-tools)", "cais/hle"): 20.9,
        ("score", "Idavidrein/gpqa"): 0.412,
    }
    assert [p.model for p in listing.problems] == ["acme/reviews"]
    assert "README.md:16" in listing.problems[0].where
    assert model.provenance["card"] == "hub"


def test_files_are_read_only_for_a_commit_that_is_new(hub: Hub) -> None:
    files = reviews().files | {"README.md": CARD.replace(b"    - {type: f1, value: high}\n", b"")}
    hub.add(reviews(files=files), plain("acme/other"))
    first = read(hub)
    assert first.problems == ()
    assert first.models[1].revision == hub.repositories["acme/reviews"].sha
    assert len(hub.requests) == 4
    hub.requests.clear()
    assert read(hub, known=first) == first
    assert hub.requests == ["GET /api/models"]
    hub.repositories["acme/other"].files["README.md"] = b"# Changed\n"
    hub.requests.clear()
    again = read(hub, known=first)
    assert len(hub.requests) == 2
    assert again.models[0].card is not None
    assert again.models[0].card.markdown == "# Changed\n"
    assert again.models[1] == first.models[1]


def test_a_card_with_mistakes_is_reported_every_time(hub: Hub) -> None:
    hub.add(reviews())
    first = read(hub)
    assert first.problems
    assert read(hub, known=first).problems == first.problems


def test_what_the_hub_derived_fills_in_for_a_model_without_a_card(hub: Hub) -> None:
    tags = ("license:mit", "base_model:finetune:acme/base", "base_model:acme/base", "dataset:acme/data", "en")
    gguf = {"total": 77, "architecture": "llama", "context_length": 4096}
    hub.add(Repository("acme/bare", {"m.Q4.gguf": b""}, tags, "text-generation", "gguf", gguf=gguf))
    (model,) = read(hub).models
    assert model.license is not None
    assert model.license.id == "mit"
    assert model.lineage.base_models == ("acme/base",)
    assert model.lineage.datasets == ("acme/data",)
    assert model.tasks == ("text-generation",)
    assert model.card is None
    assert model.properties["context-length"] == "4096"
    assert model.properties["architecture"] == "llama"
    assert model.versions[0].artifacts[0].format == "gguf"


def test_sizes_and_digests_are_taken_where_the_server_gives_them(hub: Hub) -> None:
    large = {"size": 9, "sha256": "a" * 64, "pointerSize": 1}
    siblings = [{"rfilename": "b.onnx", "size": 3}, {"rfilename": "a b.bin", "lfs": large}]
    hub.add(plain("acme/sized", spoiled={"siblings": siblings}))
    (model,) = read(hub).models
    first, second = model.versions[0].artifacts
    assert (first.digest, first.size, first.format) == (f"sha256:{'a' * 64}", 9, "pytorch")
    assert first.uri.endswith("/a%20b.bin")
    assert (second.digest, second.size, second.format) == (None, 3, "onnx")


def test_all_pages_are_followed(hub: Hub) -> None:
    hub.page_size = 3
    hub.add(*(plain(f"acme/m{number}") for number in range(10)))
    listing = read(hub)
    assert len(listing.models) == 10
    assert hub.count("/api/models") == 4
    assert listing.complete


def test_a_limited_list_is_never_complete(hub: Hub) -> None:
    hub.add(*(plain(f"acme/m{n}", created_at=f"2026-01-0{n}T00:00:00.000Z") for n in range(1, 8)))
    listing = read(hub, limit=2)
    assert set(by_name(listing)) == {"acme/m7", "acme/m6"}
    assert not listing.complete
    assert listing.problems == ()


def test_the_filter_and_the_selection_narrow_the_list(hub: Hub) -> None:
    hub.add(
        reviews(), plain("acme/a", tags=("x",)), plain("acme/b", tags=("x",)), plain("zoo/a", tags=("x",))
    )
    assert set(by_name(read(hub, author=None, filter=("x",)))) == {"acme/a", "acme/b", "zoo/a"}
    listing = read(hub, select=Select(include=("ACME/*",), exclude=("*/b",)), author=None, filter=("x",))
    assert set(by_name(listing)) == {"acme/a"}
    assert listing.complete


def test_named_models_are_read_one_by_one_and_a_missing_one_is_unread(hub: Hub) -> None:
    hub.add(reviews(), plain("gpt-small"))
    listing = read(hub, models=("acme/reviews", "gpt-small", "acme/gone", "acme/reviews"))
    assert set(by_name(listing)) == {"acme/reviews", "gpt-small"}
    assert listing.unread == ("acme/gone",)
    assert not listing.complete
    assert any(p.model == "acme/gone" and "401" in p.what for p in listing.problems)


def test_a_gated_model_is_read_from_what_the_list_says_of_its_card(hub: Hub) -> None:
    hub.add(reviews(gated="manual"))
    first = read(hub)
    (model,) = first.models
    assert model.properties["gated"] == "manual"
    assert model.license is not None
    assert model.license.id == "apache-2.0"
    assert model.card is None
    assert model.revision is None
    assert {p.severity for p in first.problems if "401" in p.what} == {"warning"}
    assert [e.metric for e in model.versions[0].evaluations] == ["accuracy"]


def test_losing_access_to_a_card_does_not_lose_the_card(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TEST_TOKEN", CANARY)
    hub.token = CANARY
    hub.add(reviews(gated="auto"))
    first = read(hub, token=SecretReference(env="HUB_TEST_TOKEN"))
    assert first.models[0].card is not None
    again = read(hub, known=first)
    assert again.models == ()
    assert again.unread == ("acme/reviews",)


def test_private_models_are_read_with_a_token_that_is_written_nowhere(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TEST_TOKEN", CANARY)
    hub.token = CANARY
    hub.add(plain("acme/secret", private=True, disabled=True))
    listing = read(hub, token=SecretReference(env="HUB_TEST_TOKEN"))
    (model,) = listing.models
    assert model.properties == {"author": "acme", "private": "true", "disabled": "true"}
    assert set(hub.authorizations) == {f"Bearer {CANARY}"}
    spoil(hub, "/", then=JSONResponse({"error": f"{CANARY} is not valid"}, 401))
    refused = read(hub, token=SecretReference(env="HUB_TEST_TOKEN"))
    assert not refused.complete
    assert "401" in refused.problems[0].what
    assert CANARY not in listing.model_dump_json() + refused.model_dump_json()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", "not JSON"),
        ("{}", "not a list"),
        ("null", "not a list"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "no models at all"),
    ],
)
def test_garbage_and_emptiness_delete_nothing(hub: Hub, body: str, said: str) -> None:
    hub.add(reviews())
    spoil(hub, "/api/models", then=PlainTextResponse(body))
    listing = read(hub)
    assert (listing.models, listing.complete) == ((), False)
    assert said in listing.problems[0].what


def test_an_error_on_the_second_page_keeps_the_first_and_is_incomplete(hub: Hub) -> None:
    hub.page_size = 1
    hub.add(plain("acme/a"), plain("acme/b"))
    spoil(hub, "/api/models", None, then=JSONResponse({"error": "gone"}, 400))
    listing = read(hub)
    assert len(listing.models) == 1
    assert not listing.complete
    assert "gone" in listing.problems[0].what


@pytest.mark.parametrize("link", ["https://elsewhere.example/api/models", "{url}/api/models?x=1"])
def test_a_next_page_elsewhere_or_again_ends_the_listing(hub: Hub, link: str) -> None:
    headers = {"link": f'<{link.format(url=hub.url)}>; rel="next"'}
    spoil(hub, "/api/models", then=JSONResponse([plain("acme/a").described(("sha",))], headers=headers))
    listing = read(hub)
    assert not listing.complete
    assert hub.count("/api/models") <= 2
    assert len(listing.problems) >= 1


def test_a_hub_that_is_busy_is_asked_again_when_it_says(hub: Hub) -> None:
    hub.add(plain("acme/a"))
    busy = JSONResponse({"error": "slow down"}, 429, {"ratelimit": '"api";r=0;t=0'})
    spoil(hub, "/api/models", busy, JSONResponse({}, 500, {"retry-after": "0"}), busy)
    assert read(hub).complete
    assert hub.count("/api/models") == 4


def test_a_hub_that_never_answers_ends_as_a_problem(hub: Hub) -> None:
    hub.interfere = hang
    listing = read(hub, timeout=0.3)
    assert not listing.complete
    assert "no complete answer" in listing.problems[0].what


@pytest.mark.parametrize("part", ["README.md", ".eval_results"])
def test_a_model_whose_files_cannot_be_read_now_is_unread(hub: Hub, part: str) -> None:
    hub.add(reviews(), plain("other/a"), plain("acme/b"))
    spoil(hub, f"acme/reviews/resolve/{hub.repositories['acme/reviews'].sha}/{part}", then=_down())
    listing = read(hub)
    assert listing.complete
    assert listing.unread == ("acme/reviews",)
    assert set(by_name(listing)) == {"acme/b"}


def _down() -> Response:
    return JSONResponse({"error": "down"}, 503, {"retry-after": "0"})


def test_a_hub_that_is_down_is_not_asked_for_every_file(hub: Hub) -> None:
    hub.add(*(plain(f"acme/m{number}") for number in range(10)))
    spoil(hub, "/resolve/", then=_down())
    listing = read(hub)
    assert len(listing.unread) == 10
    assert hub.count("/resolve/") == 3 * 4
    assert len(listing.problems) == 4
    assert "7 models were not read further" in listing.problems[-1].what


def test_a_renamed_model_is_unread_under_its_old_name(hub: Hub) -> None:
    hub.add(plain("acme/old", spoiled={"id": "acme/new"}), plain("acme/odd", spoiled={"id": 5}))
    listing = read(hub, models=("acme/old", "acme/odd"))
    assert listing.models == ()
    assert listing.unread == ("acme/odd", "acme/old")
    assert any("acme/new" in problem.what for problem in listing.problems)


def test_too_many_files_of_evaluations_are_cut_and_reported(hub: Hub) -> None:
    row = b"- {dataset: {id: a/b, task_id: t}, value: 1}\n"
    hub.add(Repository("acme/many", {f".eval_results/{n:03}.yaml": row for n in range(102)}))
    listing = read(hub)
    assert len(listing.models[0].versions[0].evaluations) == 100
    assert "102 files" in listing.problems[0].what


@pytest.mark.parametrize(
    "spoiled",
    [
        {"sha": "../../etc/passwd"},
        {"sha": 5},
        {"tags": "x"},
        {"tags": [1]},
        {"siblings": [{"name": "x"}]},
        {"cardData": []},
        {"createdAt": "yesterday"},
        {"lastModified": "0001-01-01T00:00:00+23:00"},
        {"safetensors": []},
        {"pipeline_tag": {}},
    ],
)
def test_a_bad_record_costs_its_own_model_only(hub: Hub, spoiled: dict[str, Any]) -> None:
    hub.add(plain("acme/bad", spoiled=spoiled), plain("acme/good"))
    listing = read(hub)
    assert set(by_name(listing)) == {"acme/good"}
    assert listing.unread == ("acme/bad",)
    assert listing.complete
    assert [p.model for p in listing.problems] == ["acme/bad"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b/c", "a/..", "", 5, None, "a/b?x", "\ud800", "x" * 300]
)
def test_a_record_that_names_no_model_makes_the_listing_incomplete(hub: Hub, name: Any) -> None:
    hub.add(plain("acme/bad", spoiled={"id": name}), plain("acme/good"))

    async def interfere(request: Request) -> Response | None:
        if request.url.path != "/api/models":
            return None
        said = [repository.described(("sha",)) for repository in hub.repositories.values()]
        return Response(json.dumps(said), media_type="application/json")

    hub.interfere = interfere
    listing = read(hub)
    assert set(by_name(listing)) == {"acme/good"}
    assert not listing.complete or listing.unread
    assert len(listing.problems) == 1
    listing.model_dump_json()


@pytest.mark.parametrize(
    "card",
    [
        b"---\nlicense: [\n---\n# Text\n",
        b"---\nlicense: mit\n# never ends",
        b"\xff\xfe\x00\x00",
        b"<script>alert(1)</script>" * 300_000,
        b"",
    ],
)
def test_a_hostile_card_costs_no_model(hub: Hub, card: bytes) -> None:
    hub.add(Repository("acme/odd", {"README.md": card}), plain("acme/good"))
    listing = read(hub)
    assert set(by_name(listing)) == {"acme/odd", "acme/good"}
    assert listing.complete
    odd = by_name(listing)["acme/odd"].card
    assert odd is None or len(odd.markdown.encode()) <= 256 * 1024


def test_a_card_that_is_too_large_is_left_out_and_reported(hub: Hub) -> None:
    hub.add(Repository("acme/huge", {"README.md": b"x" * (9 * 1024 * 1024)}))
    listing = read(hub)
    assert listing.models[0].card is None
    assert "more than" in listing.problems[0].what


def test_settings_that_would_list_the_whole_hub_are_refused() -> None:
    with pytest.raises(ValidationError, match="give an author"):
        Settings(name="hub", type="huggingface")
    with pytest.raises(ValidationError, match="not both"):
        Settings(name="hub", type="huggingface", models=("a/b",), author="acme")
    with pytest.raises(ValidationError, match="pattern"):
        Settings(name="hub", type="huggingface", models=("../a",))


def test_a_token_that_is_not_there_is_a_problem(hub: Hub) -> None:
    listing = read(hub, token=SecretReference(env="NO_SUCH_VARIABLE_HERE"))
    assert "NO_SUCH_VARIABLE_HERE" in listing.problems[0].what
    assert hub.requests == []
