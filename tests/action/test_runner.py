"""The runner of these tests does what GitHub's does, and nothing by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.action.runner import (
    Command,
    Job,
    Outcome,
    Unsupported,
    evaluate,
    parse_command,
    parse_values,
    run_action,
)

JOB = ("acme/models", "http://127.0.0.1:1", "http://127.0.0.1:1/api/v3")


def test_values_are_read_as_lines_and_as_heredocs() -> None:
    text = "a=1=2\n\nb<<END\nx=y\n<<\n\nEND\nc=d<<e\na=3\n"
    assert parse_values(text) == {"a": "3", "b": "x=y\n<<\n", "c": "d<<e"}
    assert parse_values("") == {}


@pytest.mark.parametrize("text", ["a\n", "=1\n", "a<<END\nb\n", "a<<\nb\n", "<<END\nEND\n"])
def test_a_file_that_the_runner_would_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Invalid"):
        parse_values(text)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("::error file=a%2Cb,line=1::x%0Ay%25", Command("error", {"file": "a,b", "line": "1"}, "x\ny%")),
        ("  ::notice::n", Command("notice", {}, "n")),
        ("text ##[warning]w", Command("warning", {}, "w")),
        ("##[set-output name=a;]b", Command("set-output", {"name": "a"}, "b")),
        ("text ::error::x", None),
        ("::unknown::x", None),
        ("::error", None),
    ],
)
def test_commands_are_taken_as_the_runner_takes_them(line: str, command: Command | None) -> None:
    assert parse_command(line) == command


def test_only_plain_contexts_are_evaluated() -> None:
    assert evaluate("a ${{ inputs.b-c }}", {"inputs.b-c": "${{ x }}"}) == "a ${{ x }}"
    for text in ("${{ github.event.issue.title }}", "${{ toJSON(github) }}", "${{ inputs.a || 'b' }}"):
        with pytest.raises(Unsupported):
            evaluate(text, {})


def test_a_step_sees_what_earlier_steps_left_and_a_failure_ends_the_job(tmp_path: Path) -> None:
    outcome = run(
        tmp_path,
        """
    - id: one
      shell: bash
      run: echo A=1 >> $GITHUB_ENV; printf "b<<E\\nx\\ny\\nE\\n" >> $GITHUB_OUTPUT
    - shell: bash
      env: {B: "${{ steps.one.outputs.b }}"}
      run: |
        echo "::add-mask::secret"
        echo "$A $B a secret"
        echo "::stop-commands::token"
        echo "::error::not one"
        echo "::token::"
        echo "::set-output name=late::1"
        echo "text" >> "$GITHUB_STEP_SUMMARY"
        false | true
    - {shell: bash, run: "echo never"}
""",
    )
    assert outcome.log == ["1 x", "y a ***", "::error::not one"]
    assert (outcome.status, outcome.summary) == (1, "text\n")
    assert outcome.steps == {"one": {"b": "x\ny"}, "": {"late": "1"}}


@pytest.mark.parametrize(
    "step",
    [
        "{shell: bash, run: 'echo ${{ inputs.a }}'}",
        "{shell: sh, run: 'true'}",
        "{uses: actions/checkout@v5}",
        "{shell: bash, run: 'true', if: always()}",
        "{shell: bash, run: 'echo ::save-state name=a::b'}",
        "{shell: bash, run: 'echo /bin >> $GITHUB_PATH'}",
    ],
)
def test_what_this_runner_does_not_do_fails(tmp_path: Path, step: str) -> None:
    with pytest.raises(Unsupported):
        run(tmp_path, f"    - {step}\n")


def test_inputs_that_the_action_does_not_have_fail(tmp_path: Path) -> None:
    with pytest.raises(Unsupported):
        run(tmp_path, "    - {shell: bash, run: 'true'}\n", {"b": "c"})


def run(folder: Path, steps: str, inputs: dict[str, str] | None = None) -> Outcome:
    head = "name: x\ninputs: {a: {default: ''}}\nruns:\n  using: composite\n  steps:\n"
    (folder / "action.yml").write_text(head + steps.lstrip("\n"))
    (folder / "work").mkdir()
    return run_action(folder, Job(folder / "job", folder / "work", *JOB), inputs or {})
