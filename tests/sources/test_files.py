from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from callboard.config import Select
from callboard.model import Listing, Model
from callboard.resources import shipped
from callboard.sources.context import Context
from callboard.sources.files import Settings, list_models
from callboard.sources.registry import source_type


def listing(root: Path, select: Select | None = None) -> Listing:
    settings = Settings(name="cards", path=Path(root.name), select=select or Select())
    return list_models(settings, Context(folder=root.parent))


def only(root: Path) -> Model:
    found = listing(root)
    assert len(found.models) == 1, found
    return found.models[0]


def ids(found: Listing) -> list[str]:
    return [model.id for model in found.models]


def wheres(found: Listing) -> list[str]:
    return [problem.where for problem in found.problems]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "cards"
    folder.mkdir()
    return folder


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def onnx_file(input_name: str = "x", **metadata: str) -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Identity", [input_name], ["y"])],
        "identity",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["batch"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch"])],
        doc_string="Gives back what it gets.",
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.acme", 1)]
    model = helper.make_model(graph, producer_name="tests", opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, metadata)
    content: bytes = model.SerializeToString()
    return content


def test_the_source_is_known_by_its_type() -> None:
    assert source_type("files").settings is Settings
    assert source_type("files").list_models is list_models


def test_an_empty_folder_is_a_complete_listing_of_nothing(root: Path) -> None:
    assert listing(root) == Listing(source="cards", complete=True)


def test_a_missing_folder_is_an_incomplete_listing_and_says_what_to_do(tmp_path: Path) -> None:
    found = listing(tmp_path / "nowhere")
    assert (found.models, found.complete) == ((), False)
    (problem,) = found.problems
    assert "nowhere" in problem.what
    assert "No such file" in problem.what
    assert "create it" in problem.hint


def test_a_file_in_place_of_the_folder_is_an_incomplete_listing(tmp_path: Path) -> None:
    write(tmp_path / "cards", "text")
    found = listing(tmp_path / "cards")
    assert not found.complete
    assert "Not a directory" in found.problems[0].what


def test_a_folder_that_may_not_be_listed_is_an_incomplete_listing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "good" / "README.md", "Text")
    write(root / "closed" / "README.md", "Text")
    scan = os.scandir

    def refuse(path: Path) -> object:  # root may list everything, and tests may run as root
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = listing(root)
    assert ids(found) == ["good"]
    assert not found.complete
    assert wheres(found) == ["cards/closed:1:1"]


def test_a_folder_with_a_card_is_a_model(root: Path) -> None:
    write(root / "fraud" / "README.md", "---\nlicense: mit\n---\n# Fraud\n")
    write(root / "team" / "churn" / "Model_Card.md", "# Churn\n")
    write(root / "team" / "notes" / "minutes.md", "Not a card")
    found = listing(root)
    assert [(m.id, m.name) for m in found.models] == [("fraud", "fraud"), ("team/churn", "churn")]
    assert (found.complete, found.problems) == (True, ())
    assert found.models[0].card is not None
    assert found.models[0].card.markdown == "# Fraud\n"


def test_the_model_card_counts_before_the_readme(root: Path) -> None:
    write(root / "m" / "README.md", "---\nname: readme\n---\n")
    write(root / "m" / "model-card.md", "---\nname: card\n---\n")
    assert only(root).name == "card"


def test_loose_files_of_one_stem_are_one_model_with_the_id_of_a_folder(root: Path) -> None:
    write(root / "fraud.md", "---\nversion: 3\n---\n")
    write(root / "fraud.onnx", onnx_file())
    write(root / "churn.ONNX", onnx_file())
    write(root / "README.md", "About this folder")
    found = listing(root)
    assert ids(found) == ["churn", "fraud"]
    assert found.problems == ()
    assert [a.uri for a in found.models[1].versions[0].artifacts] == ["fraud.onnx"]


def test_a_folder_and_a_file_of_one_name_are_one_model_and_the_folder_counts(root: Path) -> None:
    write(root / "fraud" / "README.md", "---\nname: from-folder\n---\n")
    write(root / "fraud.md", "---\nname: from-file\n---\n")
    found = listing(root)
    assert [(m.id, m.name) for m in found.models] == [("fraud", "from-folder")]
    assert wheres(found) == ["cards/fraud.md:1:1"]


def test_two_loose_cards_of_one_stem_are_one_model_and_the_second_is_reported(root: Path) -> None:
    write(root / "fraud.MD", "---\nname: first\n---\n")
    write(root / "fraud.md", "---\nname: second\n---\n")
    found = listing(root)
    assert [(m.id, m.name) for m in found.models] == [("fraud", "first")]
    assert wheres(found) == ["cards/fraud.md:1:1"]


def test_a_root_whose_card_has_front_matter_is_one_model(root: Path) -> None:
    write(root / "README.md", "---\nname: fraud\nversion: 1\n---\n")
    write(root / "CONTRIBUTING.md", "How to help")
    write(root / "onnx" / "model.onnx", onnx_file())
    model = only(root)
    assert (model.id, model.name) == (".", "fraud")
    assert [a.uri for a in model.versions[0].artifacts] == ["onnx/model.onnx"]


def test_a_root_without_a_name_is_unread_since_checkouts_have_any_name(root: Path) -> None:
    write(root / "README.md", "---\nlicense: mit\n---\n")
    found = listing(root)
    assert (found.models, found.unread, found.complete) == ((), (".",), True)
    assert "name" in found.problems[0].hint


def test_onnx_files_belong_to_the_nearest_card_and_else_to_their_folder(root: Path) -> None:
    write(root / "a" / "README.md", "---\nversion: 1\n---\n")
    write(root / "a" / "onnx" / "model.onnx", onnx_file())
    write(root / "a" / "b" / "README.md", "---\nversion: 2\n---\n")
    write(root / "a" / "b" / "model.onnx", onnx_file())
    write(root / "c" / "deep" / "model.onnx", onnx_file())
    found = listing(root)
    assert {m.id: [a.uri for a in m.versions[0].artifacts] for m in found.models} == {
        "a": ["a/onnx/model.onnx"],
        "a/b": ["a/b/model.onnx"],
        "c/deep": ["c/deep/model.onnx"],
    }


def test_an_onnx_file_tells_its_signature_digest_and_producer(root: Path) -> None:
    content = onnx_file(author="me")
    path = write(root / "m" / "my model.onnx", content)
    model = only(root)
    version = model.versions[0]
    (artifact,) = version.artifacts
    assert (artifact.uri, artifact.size, artifact.format) == (
        "m/my%20model.onnx",
        path.stat().st_size,
        "onnx",
    )
    assert artifact.digest is not None
    assert len(version.name) == 12
    assert version.tags == {
        "onnx.ir-version": "8",
        "onnx.opsets": "ai.onnx 17, com.acme 1",
        "onnx.producer": "tests",
        "onnx.metadata.author": "me",
    }
    assert model.signature is not None
    assert [port.name for port in model.signature.inputs] == ["x"]
    assert model.description == "Gives back what it gets."


def test_the_card_goes_before_the_onnx_file(root: Path) -> None:
    write(
        root / "m" / "README.md",
        "---\ndescription: From the card\nsignature: {inputs: [{name: ours, type: int64}]}\n---\n",
    )
    write(root / "m" / "model.onnx", onnx_file())
    model = only(root)
    assert model.description == "From the card"
    assert model.signature is not None
    assert [port.name for port in model.signature.inputs] == ["ours"]


def test_of_two_signatures_neither_is_the_models(root: Path) -> None:
    write(root / "m" / "encoder.onnx", onnx_file("text"))
    write(root / "m" / "decoder.onnx", onnx_file("tokens"))
    model = only(root)
    assert model.signature is None
    assert [a.uri for a in model.versions[0].artifacts] == ["m/decoder.onnx", "m/encoder.onnx"]


def test_measurements_belong_to_the_newest_version_or_else_to_the_model(root: Path) -> None:
    index = """
model-index:
  - results:
      - {dataset: {name: calls}, metrics: [{type: wer, value: 0.1}]}
"""
    results = "- {dataset: {id: acme/bench, task_id: hard}, value: 0.5}\n"
    write(root / "a" / "README.md", f"---\nversion: 2\nversions: [{{version: 1}}]{index}---\n")
    write(root / "a" / ".eval_results" / "bench.yaml", results)
    write(root / "b" / "README.md", f"---{index}---\n")
    write(root / "b" / ".eval_results" / "bench.yml", results)
    write(root / "b" / ".eval_results" / "notes.txt", "nothing")
    a, b = listing(root).models
    assert [(e.metric, e.dataset) for e in a.versions[0].evaluations] == [
        ("wer", "calls"),
        ("score", "acme/bench"),
    ]
    assert (a.evaluations, a.versions[1].evaluations) == ((), ())
    assert [(e.metric, e.task) for e in b.evaluations] == [("wer", None), ("score", "hard")]


def test_bad_results_are_reported_with_their_place_and_lost_alone(root: Path) -> None:
    write(root / "a" / "README.md", "Text\n")
    write(
        root / "a" / ".eval_results" / "r.yaml",
        "- {dataset: {id: one}, value: 1}\n- {dataset: {id: two}, value: high}\n- {value: 3}\n",
    )
    write(root / "a" / ".eval_results" / "long.yaml", "# " + "x" * 1024 * 1024)
    found = listing(root)
    assert [e.dataset for e in found.models[0].evaluations] == ["one"]
    assert wheres(found) == [
        "cards/a/.eval_results/long.yaml:1:1",
        "cards/a/.eval_results/r.yaml:2:31",
        "cards/a/.eval_results/r.yaml:3:3",
    ]


def test_an_endpoint_needs_no_definition(root: Path) -> None:
    write(root / "m.md", "---\nendpoints: [{url: 'https://a.example', protocol: grpc}]\n---\n")
    (endpoint,) = only(root).endpoints
    assert (endpoint.url, endpoint.protocol, endpoint.definition) == ("https://a.example", "grpc", None)


def test_a_card_of_the_root_that_cannot_be_read_makes_the_listing_incomplete(root: Path) -> None:
    write(root / "m.md", "Text\n")
    (root / "README.md").symlink_to(write(root.parent / "outside.md", "---\nname: stolen\n---\n"))
    found = listing(root)
    assert (ids(found), found.complete) == (["m"], False)
    assert wheres(found) == ["cards/README.md:1:1"]


def test_an_endpoint_brings_its_definition_along(root: Path) -> None:
    card = (
        "---\nendpoints: [{url: 'https://a.example', protocol: openapi, definition: api/openapi.yaml}]\n---\n"
    )
    write(root / "m" / "README.md", card)
    write(root / "m" / "api" / "openapi.yaml", "openapi: 3.1.0\n")
    endpoint = only(root).endpoints[0]
    assert endpoint.definition == "openapi: 3.1.0\n"


@pytest.mark.parametrize(
    "definition",
    ["../../secret.yaml", "/etc/passwd", "missing.yaml", ".", "../.git/config", "link.yaml", "big", "raw"],
)
def test_a_definition_that_must_not_be_read_is_left_out_and_reported(definition: str, root: Path) -> None:
    write(root.parent / "secret.yaml", "password")
    write(root / ".git" / "config", "token")
    write(root / "m" / "big", "x" * (1024 * 1024 + 1))
    write(root / "m" / "raw", b"\xff\xfe")
    (root / "m" / "link.yaml").symlink_to(root.parent / "secret.yaml")
    write(root / "m" / "README.md", f"---\nendpoints: [{{url: u, definition: {definition}}}]\n---\n")
    found = listing(root)
    assert found.models[0].endpoints[0].definition is None
    assert wheres(found) == ["cards/m/README.md:2:34"]
    assert "password" not in found.model_dump_json()


def test_links_out_of_the_folder_are_never_followed(root: Path) -> None:
    outside = root.parent / "outside"
    write(outside / "stolen" / "README.md", "---\nname: stolen\n---\n")
    write(outside / "card.md", "secret")
    write(root / "good" / "README.md", "Text\n")
    (root / "folder").symlink_to(outside)
    (root / "m").mkdir()
    (root / "m" / "README.md").symlink_to(outside / "card.md")
    found = listing(root)
    assert ids(found) == ["good"]
    assert found.unread == ("m",)
    assert wheres(found) == ["cards/folder:1:1", "cards/m/README.md:1:1"]
    assert "secret" not in found.model_dump_json()
    assert "stolen" not in found.model_dump_json()


def test_links_within_the_folder_are_read_once(root: Path) -> None:
    write(root / "shared" / "model.onnx", onnx_file())
    write(root / "v2" / "README.md", "---\nversion: 2\n---\n")
    (root / "v2" / "model.onnx").symlink_to(root / "shared" / "model.onnx")
    (root / "latest").symlink_to(root / "v2")
    (root / "v2" / "loop").symlink_to(root)
    found = listing(root)
    assert ids(found) == ["shared", "v2"]
    assert found.problems == ()
    assert found.models[1].versions[0].artifacts[0].digest == found.models[0].versions[0].artifacts[0].digest


def test_a_link_to_itself_and_a_pipe_are_unread(root: Path) -> None:
    write(root / "good.md", "Text\n")
    (root / "loop.md").symlink_to(root / "loop.md")
    os.mkfifo(root / "pipe.md")
    found = listing(root)
    assert ids(found) == ["good"]
    assert found.unread == ("loop", "pipe")
    assert found.complete


@pytest.mark.parametrize(
    "content", [onnx_file()[:-10], b"", b"\xff" * 100, b"version https://git-lfs.github.com/spec/v1\n"]
)
def test_a_bad_onnx_file_alone_is_unread_and_beside_a_card_loses_only_itself(
    content: bytes, root: Path
) -> None:
    write(root / "alone" / "model.onnx", content)
    write(root / "card" / "README.md", "---\nversion: 1\n---\n")
    write(root / "card" / "model.onnx", content)
    write(root / "good.md", "Text\n")
    found = listing(root)
    assert ids(found) == ["card", "good"]
    assert found.unread == ("alone",)
    assert found.complete
    (artifact,) = found.models[0].versions[0].artifacts
    assert (artifact.uri, artifact.digest, artifact.size) == ("card/model.onnx", None, None)
    assert wheres(found) == ["cards/alone/model.onnx:1:1", "cards/card/model.onnx:1:1"]
    assert all(problem.severity == "error" for problem in found.problems)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a/b", "n" * 200, "不正検知モデル", "🤖🔥", "{{ 7*7 }}", "${{ secrets.X }}"],
)
def test_hostile_names_stay_names(name: str, root: Path) -> None:
    write(root / "m.md", f"---\nname: '{name}'\n---\nText\n")
    write(root / "other.md", "Text\n")
    found = listing(root)
    assert [(m.id, m.name) for m in found.models] == [("m", name), ("other", "other")]
    assert found.problems == ()


@pytest.mark.parametrize("name", ["模型", "🤖", "n" * 200, "a b", "{{ 7*7 }}", "-rf", "no", "a:b", "ünï"])
def test_any_name_of_a_folder_can_be_an_id(name: str, root: Path) -> None:
    write(root / name / "README.md", "Text\n")
    assert (only(root).id, only(root).name) == (name, name)


@pytest.mark.parametrize("name", [b"line\nbreak", b"bell\a", b"\xff\xfe"])
def test_a_name_that_no_file_can_hold_is_reported(name: bytes, root: Path) -> None:
    os.mkdir(os.fsencode(root) + b"/" + name)  # noqa: PTH102
    write(root / "good.md", "Text\n")
    found = listing(root)
    assert ids(found) == ["good"]
    assert wheres(found) == ["cards:1:1"]
    found.model_dump_json().encode()


def test_bad_cards_stop_nobody(root: Path) -> None:
    write(root / "broken.md", '---\nname: "x\nlicense: mit\n---\nText\n')
    write(root / "nul.md", b"---\ndescription: a\0b\n---\nText\0\n")
    write(root / "long.md", "---\nname: long\n---\n" + "word " * 1_000_000)
    write(root / "huge.md", b"word " * 2_000_000)
    write(root / "hostile.md", '<script>x</script> [a](javascript:x) --8<-- "x" @everyone Fixes #1\n')
    found = listing(root)
    assert ids(found) == ["broken", "hostile", "huge", "long", "nul"]
    broken, hostile, huge, long, nul = found.models
    assert broken.license is not None
    assert hostile.card is not None
    assert "<script>x</script>" in hostile.card.markdown
    assert nul.description == "ab"
    for model, size in ((huge, 10_000_000), (long, 5_000_000)):
        assert model.card is not None
        assert len(model.card.markdown) <= 256 * 1024
        assert abs(len(model.card.markdown) + model.card.cut_bytes - size) < 4
    assert {problem.model for problem in found.problems} == {"broken", "huge", "long", "nul"}
    assert {problem.model for problem in found.problems if problem.severity == "error"} == {"broken"}


def test_models_are_selected_by_name_in_any_case(root: Path) -> None:
    for name in ("Fraud-A", "fraud-b", "churn"):
        write(root / f"{name}.md", "Text\n")
    assert ids(listing(root, Select(include=("FRAUD-*",)))) == ["Fraud-A", "fraud-b"]
    assert ids(listing(root, Select(exclude=("*-B",)))) == ["Fraud-A", "churn"]


def test_the_same_files_give_the_same_listing_whatever_their_order_and_age(root: Path) -> None:
    files = {f"m{n}/README.md": f"---\nversion: {n}\n---\nText {n}\n".encode() for n in range(12)}
    files |= {f"m{n}/model.onnx": onnx_file(f"x{n}") for n in range(12)}

    def written(order: int) -> Listing:
        shutil.rmtree(root)
        names = sorted(files)
        random.Random(order).shuffle(names)
        for name in names:
            os.utime(write(root / name, files[name]), (order, order))
        return listing(root)

    first = written(1)
    assert len(first.models) == 12
    assert first == written(2) == written(3)
    assert len({model.revision for model in first.models}) == 12


def test_folders_that_are_too_deep_make_the_listing_incomplete(root: Path) -> None:
    write(root.joinpath(*["d"] * 33, "README.md"), "Text\n")
    write(root.joinpath(*["e"] * 32, "README.md"), "Text\n")
    found = listing(root)
    assert ids(found) == ["/".join(["e"] * 32)]
    assert not found.complete


def test_more_entries_than_the_limit_make_the_listing_incomplete(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callboard.sources.folder.MAX_ENTRIES", 5)
    for number in range(4):
        for name in ("README.md", "a.txt"):
            write(root / f"m{number}" / name, "Text\n")
    found = listing(root)
    assert not found.complete
    assert 0 < len(found.models) < 4


def test_each_field_remembers_that_this_source_said_it(root: Path) -> None:
    write(root / "m.md", "---\nowner: group:default/a\n---\nText\n")
    assert only(root).provenance == dict.fromkeys(("card", "name", "owner", "revision"), "cards")


def test_progress_is_told_model_by_model(root: Path) -> None:
    for name in "abc":
        write(root / f"{name}.md", "Text\n")
    told: list[int] = []
    list_models(Settings(name="cards", path=root), Context(folder=root.parent, progress=told.append))
    assert told == [1, 2, 3]


def test_the_example_models_are_read_without_a_problem() -> None:
    found = listing(shipped("examples", "models"))
    assert found.problems == ()
    assert found.complete
    assert ids(found) == [
        "churn-predictor",
        "demand-forecast",
        "fraud-detector",
        "support-assistant",
        "support-embeddings",
    ]
    for model in found.models:
        assert model.owner
        assert model.license
        assert model.tasks
        assert model.lineage.datasets
        assert len(model.versions) >= 2
        assert all(version.evaluations for version in model.versions)
        assert model.card is not None
        assert "## Limitations" in model.card.markdown
    served = found.models[3]
    assert served.endpoints[0].definition is not None
    assert served.endpoints[0].definition.startswith("openapi: 3.1.0")


def test_the_next_examples_bring_a_new_version_of_one_model(tmp_path: Path) -> None:
    copy = tmp_path / "models"
    shutil.copytree(shipped("examples", "models"), copy)
    before = {model.id: model for model in listing(copy).models}
    shutil.copytree(shipped("examples", "models-next"), copy, dirs_exist_ok=True)
    found = listing(copy)
    assert found.problems == ()
    after = {model.id: model for model in found.models}
    assert [id_ for id_ in after if after[id_] != before[id_]] == ["fraud-detector"]
    was, now = before["fraud-detector"], after["fraud-detector"]
    assert [version.name for version in now.versions[1:]] == [version.name for version in was.versions]
    assert now.versions[0].artifacts[0].digest != was.versions[0].artifacts[0].digest
    assert now.versions[0].evaluations[0].value > was.versions[0].evaluations[0].value
