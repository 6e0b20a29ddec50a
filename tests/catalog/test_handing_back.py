"""What people edited and then gave back to the registry: its value is taken, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.catalog.generated import Generated
from callboard.catalog.merge import CATALOG_FILE, merge_model_folder
from tests.catalog.test_merge import (
    BASE,
    FILES,
    MKDOCS,
    PAGE,
    documents,
    edited,
    edits_of_people,
    generated,
    wishes,
)

OWNED = edited(FILES, CATALOG_FILE, "owner: group:default/ml", "owner: group:default/risk")


def _spec(files: Any) -> list[Any]:
    return [one["spec"]["owner"] for one in documents(files)]


@pytest.mark.parametrize(
    "field",
    ["spec.owner", "spec", "resource:default/fraud spec.owner", "resource:default/fraud", CATALOG_FILE],
)
def test_a_field_is_the_registrys_again_by_any_name_that_holds_it(field: str) -> None:
    merged = merge_model_folder(BASE, OWNED, BASE, {field})

    assert dict(merged.files) == FILES
    assert merged.kept == ()


@pytest.mark.parametrize(
    "field", ["spec.lifecycle", "owner", "component:default/fraud spec.owner", "mkdocs.yml", ""]
)
def test_another_field_changes_nothing(field: str) -> None:
    assert dict(merge_model_folder(BASE, OWNED, BASE, {field}).files) == OWNED


def test_what_a_person_wrote_beside_it_stays() -> None:
    mine = edited(OWNED, CATALOG_FILE, "- tabular", "- mine")

    merged = merge_model_folder(BASE, mine, generated(owner="group:default/ai"), {"spec.owner"})

    assert _spec(merged.files) == ["group:default/ai", "group:default/ml"]
    assert b"- mine" in merged.files[CATALOG_FILE]
    assert {one.field for one in merged.kept} == {"metadata.tags"}


def test_what_a_person_removed_comes_back_and_what_a_person_added_goes() -> None:
    mine = edited(FILES, CATALOG_FILE, "  owner: group:default/ml\n", "  mine: yes\n")
    mine = edited(mine, CATALOG_FILE, "    - onnx\n    - tabular\n", "    - tabular\n    - mine\n")

    merged = merge_model_folder(
        BASE, mine, BASE, {"spec.owner", "spec.mine", "metadata.tags.onnx", "metadata.tags.mine"}
    )

    assert [one["spec"] for one in documents(merged.files)] == [one["spec"] for one in documents(FILES)]
    assert all(set(one["metadata"]["tags"]) == {"onnx", "tabular"} for one in documents(merged.files))


def test_an_entity_that_a_person_removed_comes_back() -> None:
    lone = {**FILES, CATALOG_FILE: FILES[CATALOG_FILE].split(b"---\n")[0]}
    assert len(documents(lone)) == 1

    merged = merge_model_folder(BASE, lone, BASE, {"component:default/fraud"})

    assert documents(merged.files) == documents(FILES)


def test_an_entity_that_the_registry_dropped_goes_although_a_person_edited_it() -> None:
    only = Generated(BASE.entities[1:], BASE.pages)

    assert len(documents(merge_model_folder(BASE, OWNED, only).files)) == 2
    assert len(documents(merge_model_folder(BASE, OWNED, only, {"resource:default/fraud"}).files)) == 1


@pytest.mark.parametrize("path", [CATALOG_FILE, "mkdocs.yml", "docs/index.md"])
def test_a_deleted_file_comes_back(path: str) -> None:
    left = {name: content for name, content in FILES.items() if name != path}

    assert dict(merge_model_folder(BASE, left, BASE).files) == left
    assert dict(merge_model_folder(BASE, left, BASE, {path}).files) == FILES


@pytest.mark.parametrize("content", [b"mine\n", b"\xff\xfe", PAGE.replace("Finds", "Sees").encode()])
@pytest.mark.parametrize("base", [BASE, None])
def test_a_page_is_the_registrys_again(content: bytes, base: Generated | None) -> None:
    mine = FILES | {"docs/index.md": content}

    assert merge_model_folder(base, mine, BASE, {"docs/index.md"}).files["docs/index.md"] == PAGE.encode()


def test_a_page_that_the_registry_dropped_goes_although_a_person_edited_it() -> None:
    mine = edited(FILES, "docs/index.md", "Finds", "Sees")
    without = Generated(BASE.entities, {"mkdocs.yml": MKDOCS})

    assert "docs/index.md" in merge_model_folder(BASE, mine, without).files
    assert "docs/index.md" in merge_model_folder(BASE, mine, without, {"docs/index.md"}).removed


def test_a_section_of_a_page_is_the_registrys_again() -> None:
    mine = edited(edited(FILES, "docs/index.md", "None known.", "Many."), "docs/index.md", "Finds", "Sees")

    merged = merge_model_folder(BASE, mine, BASE, {"docs/index.md#Limits"})

    assert merged.files["docs/index.md"].decode() == PAGE.replace("Finds", "Sees")
    assert [one.field for one in merged.kept] == ["docs/index.md#Fraud"]


def test_a_setting_of_the_docs_site_is_the_registrys_again() -> None:
    mine = edited(FILES, "mkdocs.yml", "site_name: Fraud", "site_name: Mine")
    (kept,) = merge_model_folder(BASE, mine, BASE).kept

    assert kept.field == "mkdocs.yml site_name"
    assert dict(merge_model_folder(BASE, mine, BASE, {kept.field}).files) == FILES


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_people_edited_can_be_handed_back_by_the_name_that_it_is_told_by(
    data: st.DataObject,
) -> None:
    base = data.draw(wishes())
    mine = data.draw(edits_of_people(base))
    wished = data.draw(wishes())
    before = merge_model_folder(base, mine, wished)
    if before.problems or not before.kept:
        return
    chosen = data.draw(st.sampled_from(before.kept)).field

    after = merge_model_folder(base, mine, wished, {chosen})

    assert not after.problems
    assert chosen not in {one.field for one in after.kept}
    assert {one.field for one in after.kept} <= {one.field for one in before.kept}
