"""Runs the command that the workflow asks for, and tells the runner. Ends with the command's exit code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from callboard.action import telling
from callboard.action.inputs import Inputs, WrongInput, read_inputs
from callboard.action.trust import Start, refusal
from callboard.cli.main import main as command_line
from callboard.cli.session import USAGE
from callboard.git.command import GitError, run
from callboard.redaction import Secret
from callboard.validate import CannotCheck, NothingToCheck, validate_paths
from callboard.validation.reports import render
from callboard.validation.reports.github import command


def main() -> int:
    """One step of a job; answers the exit code."""
    environ = os.environ
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if token := environ.get("CALLBOARD_TOKEN", "").strip():
        Secret(token)  # from here on it is redacted, too
        _say(command("add-mask", token) + "\n")
    try:
        inputs = read_inputs(environ)
    except WrongInput as wrong:
        return _failed(str(wrong), USAGE)
    if inputs.command == "validate":
        return _validate(inputs, environ)
    reason = refusal(inputs.command, _start(inputs, environ))
    if reason is not None:
        return _failed(reason, USAGE)
    return _walk(inputs, environ)


def _validate(inputs: Inputs, environ: Mapping[str, str]) -> int:
    try:
        checked = validate_paths(inputs.paths, stdin=sys.stdin.buffer)
    except CannotCheck as problem:
        if inputs.paths or not isinstance(problem, NothingToCheck):
            return _failed(str(problem), USAGE)
        # The pull request that deletes the last file of a catalog must be able to pass.
        _say(command("warning", f"Nothing was checked. {problem}", title="Callboard") + "\n")
        _output(environ, {"findings": "0"})
        return 0
    report = checked.report
    _say(render("github", report, checked.files, top=checked.top))
    _append(environ, "GITHUB_STEP_SUMMARY", render("markdown", report, checked.files))
    _output(environ, {"findings": str(len(report.diagnostics))})
    return 1 if report.errors else 0


def _walk(inputs: Inputs, environ: Mapping[str, str]) -> int:
    # A diff in a job wants the findings, too, which only the record of a sync has.
    dry_run = inputs.dry_run or inputs.command == "diff"
    arguments = [f"--config={inputs.config}", "reconcile" if inputs.command == "reconcile" else "sync"]
    arguments += ["--output=json", *["--dry-run"] * dry_run, *["--prune"] * inputs.prune]
    arguments += ["--refresh"] * inputs.refresh
    said, complaints = io.StringIO(), io.StringIO()
    # Neither reaches the log as it is: a line in it may be a command to the runner.
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints):
        status = _exit_code(arguments)
    if not said.getvalue():
        return _failed(complaints.getvalue().strip(), status)
    record = json.loads(said.getvalue())
    _say("\n".join([*telling.alerts(record), *telling.log(record), ""]))
    title = f"{inputs.command} (dry run)" if inputs.dry_run else inputs.command
    _append(environ, "GITHUB_STEP_SUMMARY", telling.summary(title, record))
    _output(environ, telling.outputs(record))
    return status


def _exit_code(arguments: list[str]) -> int:
    try:
        command_line(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def _start(inputs: Inputs, environ: Mapping[str, str]) -> Start:
    try:
        payload = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
    except (OSError, ValueError):
        payload = {}
    branch, commit, origin = _checkout(Path(inputs.config).resolve().parent)
    event, ref = environ.get("GITHUB_EVENT_NAME", ""), environ.get("GITHUB_REF", "")
    return Start(event, ref, payload if isinstance(payload, dict) else {}, branch, commit, origin)


def _checkout(folder: Path) -> tuple[str | None, str | None, str | None]:
    """The branch and the commit of the checkout that holds a folder, and where it was fetched from."""
    for place in (folder, *folder.parents):
        if (place / ".git").is_dir():
            asked = (["symbolic-ref", "HEAD"], ["rev-parse", "HEAD"], ["config", "remote.origin.url"])
            branch, commit, origin = (_told(place / ".git", each) for each in asked)
            return branch and branch.removeprefix("refs/heads/"), commit, origin
    return None, None, None


def _told(repository: Path, command: list[str]) -> str | None:
    try:
        return run(repository, command).decode().strip()
    except GitError:
        return None  # on no branch, without a commit, or from nowhere


def _failed(text: str, status: int) -> int:
    """Say why nothing was done, an annotation for each line; answers the exit code."""
    lines = [line for line in text.splitlines() if line.strip()]
    _say("\n".join(command("error", line, title="Callboard") for line in lines) + "\n")
    return status


def _say(text: str) -> None:
    print(text, end="", flush=True)  # noqa: T201 - the log of the step


def _output(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    _append(environ, "GITHUB_OUTPUT", telling.file_command(values, f"callboard-{secrets.token_hex(16)}"))


def _append(environ: Mapping[str, str], variable: str, text: str) -> None:
    if path := environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
