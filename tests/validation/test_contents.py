"""What is in files, and what is told where that cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from callboard.documents.building import Limits
from callboard.validation.contents import Files

ENTITY = b"apiVersion: backstage.io/v1alpha1\nkind: Domain\n"


def test_standard_input_is_one_file() -> None:
    assert dict(Files(["-"], io.BytesIO(ENTITY))) == {"-": ENTITY}


def test_what_is_too_large_is_cut_behind_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "catalog-info.yaml"
    with path.open("wb") as file:
        file.truncate(Limits().bytes * 3)
    (content,) = Files([str(path)], io.BytesIO()).values()
    assert len(content) == Limits().bytes + 1


def test_a_file_that_went_away_meanwhile_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "catalog-info.yaml"
    path.write_bytes(ENTITY)
    files = Files([str(path)], io.BytesIO())
    path.unlink()
    assert list(files.values()) == [b""]
    assert [one.code for one in files.problems] == ["unreadable-file"]
    with pytest.raises(KeyError):
        files["another.yaml"]
