from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.generated import Entity, Generated
from callboard.catalog.merge import CATALOG_FILE, Kept, MergedFolder, dotted, merge_model_folder
from callboard.documents.editor import comments
from callboard.documents.reader import read_documents
from callboard.documents.values import ABSENT, same
from callboard.documents.writer import dump

MKDOCS = "site_name: Fraud\nnav:\n  - Overview: index.md\n  - Usage: usage.md\nplugins:\n  - techdocs-core\n"
PAGE = "# Fraud\n\nFinds fraud.\n\n| metric | value |\n|---|---|\n| f1 | 0.8 |\n\n## Limits\n\nNone known.\n"


def entity(kind: str, **changes: Any) -> dict[str, Any]:
    metadata = {
        "name": "fraud",
        "annotations": {"callboard.dev/key": "acme/mlflow:7", "callboard.dev/source-version": "3"},
        "tags": ["onnx", "tabular"],
        "links": [{"url": "https://mlflow/7", "title": "MLflow"}],
    }
    spec = {"type": f"ai-{kind.lower()}", "owner": "group:default/ml", "lifecycle": "experimental"}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": metadata | changes.pop("metadata", {}),
        "spec": spec | changes,
    }


def generated(**changes: Any) -> Generated:
    pages = {"mkdocs.yml": MKDOCS, "docs/index.md": PAGE}
    return Generated((entity("Resource", **changes), entity("Component")), pages)


def written(folder: Generated) -> dict[str, bytes]:
    return dict(merge_model_folder(None, {}, folder).files)


def documents(files: Any) -> list[Any]:
    reading = read_documents(files.get(CATALOG_FILE, b""), CATALOG_FILE)
    return [document.value for document in reading.documents]


def edited(files: dict[str, bytes], path: str, old: str, new: str) -> dict[str, bytes]:
    text = files[path].decode()
    assert old in text
    return files | {path: text.replace(old, new, 1).encode()}


BASE = generated()
FILES = written(BASE)


def test_a_new_folder_is_what_was_generated() -> None:
    assert {
        CATALOG_FILE: dump(BASE.entities).encode(),
        "mkdocs.yml": MKDOCS.encode(),
        "docs/index.md": PAGE.encode(),
    } == FILES
    merged = merge_model_folder(None, {}, BASE)
    assert (merged.removed, merged.kept, merged.problems, merged.base) == (frozenset(), (), (), BASE)


def test_edits_stay_byte_for_byte_while_the_registrys_changes_arrive() -> None:
    text = FILES[CATALOG_FILE].decode()
    text = text.replace("owner: group:default/ml", "owner: 'group:default/fraud'  # they know", 1)
    text = text.replace("    - onnx\n", "    # found by hand\n    - pii\n    - onnx\n", 1)
    text = "# Reviewed by the risk board.\n" + text
    current = FILES | {CATALOG_FILE: text.encode()}
    wished = generated(lifecycle="production", metadata={"tags": ["onnx", "tabular", "xgboost"]})
    merged = merge_model_folder(BASE, current, wished)
    after = merged.files[CATALOG_FILE].decode()
    assert after == text.replace("experimental", "production", 1).replace(
        "    - tabular\n", "    - tabular\n    - xgboost\n", 1
    )
    assert merged.problems == ()
    assert [(one.where, one.current, one.wished, one.conflict) for one in merged.kept] == [
        (
            "resource:default/fraud metadata.tags",
            ["pii", "onnx", "tabular"],
            ["onnx", "tabular", "xgboost"],
            False,
        ),
        ("resource:default/fraud spec.owner", "group:default/fraud", "group:default/ml", False),
    ]


def test_a_conflict_keeps_the_persons_value_and_tells_what_the_registry_says() -> None:
    current = edited(FILES, CATALOG_FILE, "group:default/ml", "group:default/fraud")
    merged = merge_model_folder(BASE, current, generated(owner="group:default/new"))
    assert merged.files == current
    assert merged.kept == (
        Kept(
            CATALOG_FILE,
            "resource:default/fraud spec.owner",
            "group:default/fraud",
            "group:default/new",
            conflict=True,
        ),
    )


def test_a_removed_key_a_removed_document_and_a_removed_page_stay_removed() -> None:
    text = FILES[CATALOG_FILE].decode().split("---\n")[0].replace("  lifecycle: experimental\n", "")
    current = {CATALOG_FILE: text.encode(), "mkdocs.yml": FILES["mkdocs.yml"]}
    wished = generated(type="ai-model")
    merged = merge_model_folder(BASE, current, wished)
    assert merged.files == edited(current, CATALOG_FILE, "ai-resource", "ai-model")
    assert merged.removed == frozenset()
    assert [(one.file, one.where, one.current, one.conflict) for one in merged.kept] == [
        (CATALOG_FILE, "resource:default/fraud spec.lifecycle", ABSENT, False),
        (CATALOG_FILE, "component:default/fraud", ABSENT, False),
        ("docs/index.md", "", ABSENT, False),
    ]


def test_a_deleted_catalog_file_stays_deleted() -> None:
    current = {path: content for path, content in FILES.items() if path != CATALOG_FILE}
    merged = merge_model_folder(BASE, current, generated(owner="x"))
    assert merged.files == current
    assert [(one.file, one.current, one.conflict) for one in merged.kept] == [(CATALOG_FILE, ABSENT, True)]


def test_what_is_not_served_any_more_goes_unless_a_person_edited_it() -> None:
    wished = Generated(BASE.entities[:1], BASE.pages)
    assert merge_model_folder(BASE, FILES, wished).files[CATALOG_FILE] == dump(wished.entities).encode()
    own = edited(FILES, CATALOG_FILE, "kind: Component", "kind: Component # ours")
    for current in (own, edited(own, CATALOG_FILE, " # ours", "\ntitle: T")):
        merged = merge_model_folder(BASE, current, wished)
        assert merged.files == current
        assert [(one.where, one.wished, one.conflict) for one in merged.kept] == [
            ("component:default/fraud", ABSENT, True)
        ]


def test_a_document_that_is_new_in_the_registry_arrives_behind_those_of_people() -> None:
    own = FILES[CATALOG_FILE] + b"---\nkind: System # ours\nmetadata: {name: ai}\n"
    wished = Generated((*BASE.entities, entity("API")), BASE.pages)
    merged = merge_model_folder(BASE, FILES | {CATALOG_FILE: own}, wished)
    assert merged.files[CATALOG_FILE] == own + b"---\n" + dump([entity("API")]).encode()


def test_an_entity_that_a_person_renamed_is_still_the_same() -> None:
    current = edited(FILES, CATALOG_FILE, "name: fraud", "name: fraud-detector")
    merged = merge_model_folder(BASE, current, generated(lifecycle="production"))
    assert merged.files == edited(current, CATALOG_FILE, "experimental", "production")
    assert [(one.where, one.conflict) for one in merged.kept] == [
        ("resource:default/fraud metadata.name", False)
    ]


def test_names_differ_by_more_than_case() -> None:
    current = edited(FILES, CATALOG_FILE, "name: fraud", "namespace: Default\n  name: Fraud")
    merged = merge_model_folder(BASE, current, generated(lifecycle="production"))
    assert merged.files == edited(current, CATALOG_FILE, "experimental", "production")


def test_a_file_that_a_person_broke_is_left_alone_and_tried_again_when_it_is_whole() -> None:
    broken = edited(FILES, CATALOG_FILE, "tags:", "tags: [")
    wished = generated(lifecycle="production")
    merged = merge_model_folder(BASE, broken, wished)
    assert merged.files == broken
    assert len(merged.problems) == 1
    assert merged.problems[0].startswith(f"{CATALOG_FILE}:")
    assert merged.base.entities == BASE.entities
    later = merge_model_folder(merged.base, FILES, wished)
    assert later.files == edited(FILES, CATALOG_FILE, "experimental", "production")


def test_what_hangs_on_an_anchor_is_left_alone() -> None:
    current = edited(FILES, CATALOG_FILE, "lifecycle: experimental", "lifecycle: &l experimental")
    merged = merge_model_folder(BASE, current, generated(lifecycle="production"))
    assert merged.files == current
    assert "anchor" in merged.problems[0]


def test_without_a_lock_what_is_there_stays_and_what_is_missing_is_added() -> None:
    current = edited(FILES, CATALOG_FILE, "  owner: group:default/ml\n", "")
    current = edited(current, CATALOG_FILE, "experimental", "ours")
    current = edited(current, "docs/index.md", "None known.", "Ours.")
    wished = Generated((*BASE.entities, entity("API")), {**BASE.pages, "docs/new.md": "new\n"})
    merged = merge_model_folder(None, current, wished)
    assert merged.problems == ()
    assert {(one.file, one.where) for one in merged.kept} == {
        (CATALOG_FILE, "resource:default/fraud spec.lifecycle"),
        ("docs/index.md", ""),
    }
    resource, _, api = documents(merged.files)
    assert resource["spec"] == BASE.entities[0]["spec"] | {"lifecycle": "ours"}
    assert api == entity("API")
    assert merged.files["docs/index.md"] == current["docs/index.md"]
    assert merged.files["docs/new.md"] == b"new\n"


def test_a_page_is_merged_by_lines_and_keeps_its_line_ends() -> None:
    page = PAGE.replace("Finds fraud.", "Finds card fraud.").replace("\n", "\r\n")
    current = FILES | {"docs/index.md": page.encode()}
    wished = Generated(BASE.entities, {**BASE.pages, "docs/index.md": PAGE.replace("0.8", "0.9")})
    merged = merge_model_folder(BASE, current, wished)
    assert merged.files["docs/index.md"] == page.replace("0.8", "0.9").encode()
    assert [(one.where, one.current, one.wished) for one in merged.kept] == [
        ("line 3", "Finds card fraud.", "Finds fraud.")
    ]


@pytest.mark.parametrize("page", ["docs/index.md", "mkdocs.yml"])
def test_a_page_goes_with_the_registry_unless_a_person_edited_it(page: str) -> None:
    wished = Generated(BASE.entities, {path: text for path, text in BASE.pages.items() if path != page})
    merged = merge_model_folder(BASE, FILES, wished)
    assert (page in merged.files, merged.removed) == (False, frozenset({page}))
    own = FILES | {page: FILES[page] + b"# mine\n"}
    merged = merge_model_folder(BASE, own, wished)
    assert (merged.files, merged.removed) == (own, frozenset())
    assert merged.kept == (Kept(page, "", own[page], ABSENT, conflict=True),)
    gone = {path: content for path, content in FILES.items() if path != page}
    assert merge_model_folder(BASE, gone, wished).kept == ()


def test_a_page_where_a_person_already_has_a_file_stays_the_persons() -> None:
    own = FILES | {"docs/new.md": b"mine"}
    wished = Generated(BASE.entities, {**BASE.pages, "docs/new.md": "theirs"})
    merged = merge_model_folder(BASE, own, wished)
    assert merged.files == own
    assert merged.kept == (Kept("docs/new.md", "", b"mine", "theirs", conflict=True),)


def test_the_navigation_takes_pages_of_both() -> None:
    current = edited(FILES, "mkdocs.yml", "  - Usage", "  - Runbook: runbook.md # ours\n  - Usage")
    news = MKDOCS.replace("usage.md\n", "usage.md\n  - Versions: versions.md\n")
    merged = merge_model_folder(BASE, current, Generated(BASE.entities, {**BASE.pages, "mkdocs.yml": news}))
    expected = edited(current, "mkdocs.yml", "usage.md\n", "usage.md\n  - Versions: versions.md\n")
    assert merged.files == expected


@pytest.mark.parametrize(
    "content", [b"a: [", b"\xff\xfe", b"- a\n", b"", b"# x\n", b"a: 1\n---\nb: 2\n", b"~"]
)
@pytest.mark.parametrize("path", [CATALOG_FILE, "mkdocs.yml", "docs/index.md"])
@pytest.mark.parametrize("base", [BASE, None])
def test_whatever_stands_in_a_file_stays_there(path: str, content: bytes, base: Generated | None) -> None:
    pages = {"mkdocs.yml": MKDOCS.replace("Fraud", "F"), "docs/index.md": PAGE + "more\n"}
    wished = Generated((entity("Resource", owner="x"), entity("Component")), pages)
    current = FILES | {path: content}
    merged = merge_model_folder(base, current, wished)
    assert merged.files[path].startswith(content)
    if merged.files[path] == content:
        assert path in {one.file for one in merged.kept} or any(path in told for told in merged.problems)
    again = merge_model_folder(merged.base, merged.files, wished)
    assert again.files == merged.files


@pytest.mark.parametrize(
    "entities",
    [
        ("text", None, 7, [], {}),
        ({"kind": 1, "metadata": {"name": []}},),
        ({"kind": "Resource", "metadata": {"name": "fraud"}, "spec": "text"},),
        ({"kind": "Resource", "metadata": {"name": "fraud", "tags": {"a": 1}}, "spec": {"type": []}},),
        (entity("Resource"), entity("Resource"), entity("Component", owner=float("nan"))),
    ],
)
def test_a_base_of_any_shape_breaks_nothing(entities: Any) -> None:
    base = Generated(entities, {"mkdocs.yml": "a: [", "../../etc/passwd": "x", CATALOG_FILE: "x"})
    merged = merge_model_folder(base, FILES, generated(owner="x"))
    assert merged.files.keys() == FILES.keys()
    assert merged.problems == ()


def test_values_nested_without_end_are_a_problem_and_no_crash() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    merged = merge_model_folder(
        Generated((entity("Resource", owner=deep),)), FILES, Generated((entity("Resource", owner=[deep]),))
    )
    assert merged.files == FILES
    assert "nested" in merged.problems[0]


def test_a_path_is_written_as_people_write_it() -> None:
    assert (
        dotted(("metadata", "annotations", "callboard.dev/key"))
        == 'metadata.annotations["callboard.dev/key"]'
    )
    assert dotted(("metadata", "links", "url=https://x")) == 'metadata.links["url=https://x"]'


# Any edits of people and any changes of a registry

TAGS = st.lists(st.sampled_from(["onnx", "tabular", "a1", "b2", "c3"]), unique=True, max_size=4)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.sampled_from(["group:default/a", "group:default/b"]),
        "lifecycle": st.sampled_from(["production", "deprecated"]),
        "definition": st.sampled_from(["openapi: 3\npaths:\n  /a: {}\n", "one line", "no"]),
        "dependsOn": st.lists(st.sampled_from(["resource:a", "resource:b"]), unique=True, max_size=2),
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(["Fraud", "F: 1"]),
                "tags": TAGS,
                "links": st.lists(
                    st.fixed_dictionaries(
                        {"url": st.sampled_from(["https://a", "https://b"]), "title": st.sampled_from("TU")}
                    ),
                    unique_by=str,
                    max_size=2,
                ),
                "annotations": st.dictionaries(
                    st.sampled_from(["callboard.dev/key", "x/y", "z"]), st.sampled_from(["1", "no", "v"])
                ),
            },
        ),
    },
)
PARAGRAPHS = st.lists(st.sampled_from(["One.", "Two.", "Three.", "| f1 | 0.8 |"]), max_size=6)


@st.composite
def wishes(draw: st.DrawFn) -> Generated:
    kinds = draw(
        st.sampled_from([("Resource",), ("Resource", "Component"), ("Resource", "Component", "API")])
    )
    pages = {"docs/index.md": "# F\n\n" + "\n\n".join(draw(PARAGRAPHS)) + "\n"}
    if draw(st.booleans()):
        pages["docs/usage.md"] = "\n".join(draw(PARAGRAPHS))
    navigation = "".join(f"  - {path[5:-3].title()}: {path[5:]}\n" for path in pages)
    pages["mkdocs.yml"] = f"site_name: {draw(st.sampled_from(['F', 'no']))}\nnav:\n{navigation}"
    return Generated(tuple(entity(kind, **copy.deepcopy(draw(CHANGES))) for kind in kinds), pages)


@st.composite
def edits_of_people(draw: st.DrawFn, folder: Generated) -> dict[str, bytes]:
    """The folder as generated, with what people do to it."""
    entities = [copy.deepcopy(dict(one)) for one in folder.entities]
    for one in entities:
        act = draw(st.sampled_from(["owner", "tag", "untag", "order", "annotate", "remove", "no", "no"]))
        metadata, spec = one["metadata"], one["spec"]
        if act == "owner":
            spec["owner"] = "group:default/mine"
        elif act == "tag":
            metadata["tags"] = ["mine", *metadata["tags"]]
        elif act == "untag":
            metadata["tags"] = metadata["tags"][1:]
        elif act == "order":
            one["spec"] = dict(reversed(spec.items()))
        elif act == "annotate":
            metadata["annotations"]["mine.example/x"] = "kept"
        elif act == "remove":
            spec.pop("lifecycle")
    if draw(st.booleans()):
        del entities[draw(st.integers(0, len(entities) - 1))]
    if draw(st.booleans()):
        entities.append({"kind": "System", "metadata": {"name": "mine"}})
    lines = dump(entities).splitlines(keepends=True)
    for number in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(lines)))
        beside = draw(st.booleans()) and position < len(lines) and not lines[position].rstrip().endswith("|")
        if beside and not any("|" in line for line in lines):
            lines[position] = lines[position].rstrip("\n") + f"  # beside {number}\n"
        elif not any("|" in line for line in lines):
            lines.insert(position, f"# own {number}\n")
    files = {path: text.encode() for path, text in folder.pages.items()} | {
        CATALOG_FILE: "".join(lines).encode()
    }
    if draw(st.booleans()):
        files["docs/index.md"] = files["docs/index.md"].replace(b"Two.", b"Mine.")
    if draw(st.booleans()):
        files["mkdocs.yml"] += b"extra: mine # kept\n"
    if draw(st.integers(0, 3)) == 0:
        del files["docs/index.md"]
    files["docs/mine.md"] = b"mine"
    return files


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_without_news_every_byte_stays(data: st.DataObject) -> None:
    base = data.draw(wishes())
    current = data.draw(edits_of_people(base))
    merged = merge_model_folder(base, current, copy.deepcopy(base))
    assert merged.files == current
    assert (merged.removed, merged.problems) == (frozenset(), ())
    assert not any(one.conflict for one in merged.kept)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_edits_of_people_survive_any_change_of_the_registry(data: st.DataObject) -> None:
    base, wished = data.draw(wishes()), data.draw(wishes())
    current = data.draw(edits_of_people(base))
    merged = merge_model_folder(base, current, wished)
    assert merged.problems == ()
    was, now, then = (
        {one["kind"]: one for one in listed}
        for listed in (base.entities, documents(current), documents(merged.files))
    )
    for kind, mine in now.items():
        if kind not in was:
            assert same(then[kind], mine)
        elif not same(mine, was[kind]):
            survives(was[kind], mine, then[kind])
    assert not (was.keys() - now.keys()) & then.keys()
    before = Counter(comments(current[CATALOG_FILE].decode()))
    assert before <= Counter(comments(merged.files.get(CATALOG_FILE, b"").decode()))
    assert merged.files["docs/mine.md"] == b"mine"
    assert merged.files.get("docs/index.md", b"").count(b"Mine.") == current.get("docs/index.md", b"").count(
        b"Mine."
    )
    assert (b"extra: mine # kept\n" in merged.files["mkdocs.yml"]) == (b"extra" in current["mkdocs.yml"])
    second_run_changes_nothing(merged, wished)


def survives(was: Entity, mine: Entity, then: Entity) -> None:
    for key, value in mine["spec"].items():
        if not same(value, was["spec"].get(key, ABSENT)):
            assert same(then["spec"][key], value)
    assert not (was["spec"].keys() - mine["spec"].keys()) & then["spec"].keys()
    if "mine" in mine["metadata"].get("tags", ()):
        assert "mine" in then["metadata"]["tags"]
    removed = {*was["metadata"].get("tags", ())} - {*mine["metadata"].get("tags", ())}
    assert not removed & {*then["metadata"].get("tags", ())}
    if "mine.example/x" in mine["metadata"]["annotations"]:
        assert then["metadata"]["annotations"]["mine.example/x"] == "kept"
    kept_order = [key for key in mine["spec"] if key in then["spec"]]
    assert [key for key in then["spec"] if key in mine["spec"]] == kept_order


def second_run_changes_nothing(merged: MergedFolder, wished: Generated) -> None:
    again = merge_model_folder(merged.base, merged.files, wished)
    assert again.files == merged.files
    assert (again.removed, again.problems) == (frozenset(), ())
    assert again.base == merged.base


@settings(max_examples=150, deadline=None)
@given(wishes(), wishes())
def test_to_a_folder_that_nobody_edited_everything_arrives(base: Generated, wished: Generated) -> None:
    merged = merge_model_folder(base, written(base), wished)
    assert (merged.kept, merged.problems) == ((), ())
    assert merged.files.keys() == {CATALOG_FILE, *wished.pages}
    assert same(documents(merged.files), list(wished.entities))
    assert {path: merged.files[path].decode() for path in wished.pages} == wished.pages


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60) | st.text("ab:-?#&*!|>'\" \n\t\r[]{}", max_size=60).map(str.encode), st.booleans()
)
def test_no_content_breaks_the_merge(content: bytes, locked: bool) -> None:
    current = dict.fromkeys(FILES, content)
    wished = generated(owner="x")
    merged = merge_model_folder(BASE if locked else None, current, wished)
    second_run = merge_model_folder(merged.base, merged.files, wished)
    assert second_run.files == merged.files
