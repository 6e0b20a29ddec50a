"""``callboard validate`` as people and scripts run it."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from callboard.cli.validate import validate

FINE = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: team
  annotations: {backstage.io/techdocs-ref: "dir:."}
spec: {type: team, children: []}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "catalog-info.yaml").write_text(FINE)
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, text: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(validate, arguments, input=text)
    return result.exit_code, result.stdout


def test_a_right_catalog_ends_with_0() -> None:
    assert run() == (0, "1 entity in 1 file: 0 errors, 0 warnings\n")
    assert run("catalog-info.yaml") == run()


def test_an_error_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(FINE.replace("team", "no team", 1))
    code, output = run("bad.yaml", "-o", "json")
    assert code == 1
    assert [one["code"] for one in json.loads(output)["diagnostics"]] == ["name-format"]


def test_a_warning_ends_with_0(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").unlink()
    code, output = run()
    assert code == 0
    assert "techdocs-missing" in output


def test_standard_input_is_read() -> None:
    code, output = run("-", "-o", "json", text="a: [")
    assert code == 1
    assert json.loads(output)["diagnostics"][0]["file"] == "-"
    assert "1 | a: [\n" in run("-", text="a: [")[1]


def test_a_path_that_is_not_there_ends_with_2() -> None:
    assert run("nothing.yaml")[0] == 2


def test_an_unknown_output_ends_with_2() -> None:
    assert run("-o", "xml")[0] == 2


def test_the_outputs_of_the_command_are_those_that_exist() -> None:
    from callboard.validation.reports import OUTPUTS

    (option,) = (parameter for parameter in validate.params if parameter.name == "output")
    assert tuple(option.type.choices) == OUTPUTS  # type: ignore[attr-defined]


@pytest.mark.parametrize("paths", [("empty",), ("catalog-info.yaml", "empty")])
def test_a_folder_that_is_named_and_holds_no_catalog_file_ends_with_2(
    tmp_path: Path, paths: tuple[str, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "values.yaml").write_text("a: b\n")

    result = CliRunner().invoke(validate, paths)

    assert result.exit_code == 2
    assert "empty: no catalog file is there, or all are ignored." in result.stderr


def test_a_check_that_looks_at_nothing_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".callboardignore").write_text("*\n")
    ignored = CliRunner().invoke(validate, [])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    empty = CliRunner().invoke(validate, [])

    assert (ignored.exit_code, empty.exit_code) == (2, 2)
    assert "this folder: no catalog file is there, or all are ignored." in empty.stderr


def test_what_is_no_regular_file_is_a_problem_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "catalog-info.yml")

    for path in (".", "catalog-info.yml", os.devnull):
        code, output = run(path, "-o", "json")

        assert code == 1
        (one,) = json.loads(output)["diagnostics"]
        assert one["code"] == "unreadable-file"
        assert "it is not a regular file" in one["message"]


def test_a_file_that_is_no_yaml_is_passed_by_unless_it_is_all(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# x\n")

    assert run("README.md", "catalog-info.yaml")[0] == 0
    assert run("README.md")[0] == 2


def test_what_was_repaired_is_told_and_what_is_left_decides(tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text(FINE.replace("children: []", "children: [], x: no"))
    result = CliRunner().invoke(validate, ["--fix"])
    assert result.stderr == (
        'catalog-info.yaml:6:37: ambiguous-scalar: no became "no"\nrepaired 1 place in 1 file\n'
    )
    assert (result.exit_code, result.stdout) == (0, "1 entity in 1 file: 0 errors, 0 warnings\n")
    assert CliRunner().invoke(validate, ["--fix"]).stderr == "repaired 0 places in 0 files\n"


def test_a_named_file_that_is_passed_over_is_told(tmp_path: Path) -> None:
    (tmp_path / ".callboardignore").write_text("catalog-info.yaml\n")
    result = CliRunner().invoke(validate, ["catalog-info.yaml"])
    assert (result.exit_code, result.stdout) == (0, "0 entities in 0 files: 0 errors, 0 warnings\n")
    assert result.stderr == "catalog-info.yaml: passed over, as .callboardignore says\n"


def test_a_range_or_a_repair_that_cannot_be_ends_with_2(tmp_path: Path) -> None:
    for arguments in (["--changed-since", "main"], ["--fix", "-"]):
        assert CliRunner().invoke(validate, arguments).exit_code == 2


@pytest.mark.parametrize(
    ("environ", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_color_is_for_terminals_whose_owner_wants_it(
    environ: dict[str, str], colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("catalog-info.yaml").write_text("a: [")
    for name, value in ({"TERM": "xterm", "NO_COLOR": ""} | environ).items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        with pytest.raises(SystemExit):
            validate.main([], standalone_mode=False)
    assert (b"\x1b[31m" in os.read(ours, 10_000)) is colored
    os.close(ours)
    assert "\x1b" not in run()[1]
