"""``callboard validate`` with a policy and with a live catalog."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callboard.cli.main import main
from tests.servers.catalogs import Running, eventually, resource
from tests.servers.contents import Contents

POLICY = (
    "codes: {unresolved-reference: error}\nrules: [{name: titled, require: {fields: [metadata.title]}}]\n"
)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog-info.yaml").write_text(resource("mine", owner="group:default/ml"))
    (tmp_path / "policy.yaml").write_text(POLICY)


def ran(*arguments: str) -> int:
    try:
        main(["validate", *arguments])
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_a_policy_adds_errors_and_makes_errors_of_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran() == 0
    capsys.readouterr()
    assert ran("catalog-info.yaml", "--policy", "policy.yaml", "-o", "json") == 1
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [(one["code"], one["severity"]) for one in found] == [
        ("policy-missing", "error"),
        ("unresolved-reference", "error"),
    ]


def test_a_policy_holds_in_other_processes_and_what_is_remembered_knows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(200):
        (tmp_path / f"catalog-info-{number}.yaml").write_text(resource(f"m{number}"))
    other = tmp_path / "other.yaml"
    other.write_text(POLICY.replace("title]", "description]"))
    cache = ["--cache", str(tmp_path / "cache"), "-o", "json"]
    counts = []
    for arguments in (
        ["--policy", "policy.yaml", "--jobs", "2"],
        ["--jobs", "1"],
        ["--policy", "policy.yaml", "--jobs", "1"],
        ["--policy", "other.yaml", "--jobs", "1"],
    ):
        ran(*cache, *arguments)
        found = json.loads(capsys.readouterr().out)["diagnostics"]
        counts.append(sum(one["code"] == "policy-missing" for one in found))
    assert counts == [201, 0, 201, 0]


def test_a_wrong_policy_ends_with_2_and_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.yaml").write_text("rules:\n  - {name: a, requires: {}}\n")
    assert ran("--policy", "policy.yaml") == 2
    said = capsys.readouterr().err
    assert "policy.yaml:2:15" in said
    assert "did you mean 'require'?" in said


def test_what_backstage_has_is_resolved(
    sandbox_catalog: Running,
    contents: Contents,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BY_HAND", sandbox_catalog.token.reveal())
    backstage = ["--backstage", sandbox_catalog.url, "--backstage-token-env", "BY_HAND"]
    target = contents.write(f"{name}.yaml", resource(name))
    main(
        ["register", target, "--backstage-url", sandbox_catalog.url, "--backstage-token-env", "BY_HAND"],
    )
    depending = f"  dependsOn: ['resource:default/{name.upper()}', 'resource:default/nowhere']\n"
    (tmp_path / "catalog-info.yaml").write_text(resource("mine", extra=depending))
    capsys.readouterr()

    def nowhere() -> list[str]:
        assert ran(*backstage, "-o", "json") == 0
        found = json.loads(capsys.readouterr().out)["diagnostics"]
        return [one["message"] for one in found if "resource:" in one["message"]]

    (message,) = eventually(nowhere, lambda found: len(found) == 1)
    assert "'resource:default/nowhere', which is not among the checked entities, nor in Backstage" in message


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--backstage", "http://127.0.0.1:9"], 1, "Backstage did not answer for 1 reference"),
        (["--backstage", "ftp://x"], 2, "not an http or https URL"),
        (["--backstage", "https://"], 2, "not an http or https URL"),
        (["--backstage", "http://[::1"], 2, "not an http or https URL"),
        (["--backstage", "https://user:s3cret@host"], 2, "holds credentials"),
        (["--backstage", "https://host/?token=s3cret"], 2, "something after ?"),
        (["--backstage-token-env", "A"], 2, "of no use without --backstage"),
        (["--backstage", "http://127.0.0.1:9", "--backstage-token-env", "NO_SUCH"], 2, "NO_SUCH"),
        (["--policy", "nothing.yaml"], 2, "nothing.yaml"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(*arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert "s3cret" not in said


def test_all_that_is_said_beside_the_result_is_json_if_that_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "catalog-info.yaml").write_text(resource("mine", owner="group:default/ml") + "on: no\n")
    (tmp_path / "passed.yaml").write_text("")
    (tmp_path / ".callboardignore").write_text("passed.yaml\n")
    arguments = ["--fix", "--backstage", "http://127.0.0.1:9", "--cache", "/proc/nope"]

    with pytest.raises(SystemExit):
        main(["--log-format", "json", "validate", *arguments, "catalog-info.yaml", "passed.yaml"])

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    said = [(one["level"], one["message"].partition(":")[0]) for one in events]
    assert said == [
        ("info", "--cache /proc/nope cannot be used"),
        ("info", "passed.yaml"),
        ("info", "catalog-info.yaml"),
        ("info", "catalog-info.yaml"),
        ("info", "repaired 2 places in 1 file"),
        ("error", "Backstage did not answer for 1 reference"),
    ]
