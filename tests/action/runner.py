"""A runner for one composite action, as GitHub's does it: files, variables, commands, and nothing else.

After the source of actions/runner and "Workflow syntax", "Workflow commands", "Variables reference" in
GitHub's documentation. What the action does not need is not here, and whatever is not here is an error: an
expression, a key of action.yml or an ``if`` that this runner does not know fails the test that meets it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.documents.reader import read_documents

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_STEP_KEYS = {"name", "id", "shell", "env", "run"}
_ACTION_KEYS = {"name", "description", "author", "branding", "inputs", "outputs", "runs"}
_COMMANDS = {
    "set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher", "debug",
    "warning", "error", "notice", "group", "endgroup", "echo", "stop-commands",
}  # fmt: skip
_FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
_SETTINGS_OF_PIP = {"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"}


class Unsupported(AssertionError):
    """The action asks for something that this runner does not do."""


@dataclass(frozen=True)
class Command:
    """A workflow command that a step has given."""

    name: str
    properties: Mapping[str, str]
    data: str


@dataclass
class Job:
    """What is true of a whole job: where it runs and why."""

    folder: Path
    """Holds the runner's own folders."""
    workspace: Path
    repository: str
    server_url: str
    api_url: str
    event: str = "schedule"
    payload: Mapping[str, Any] = field(default_factory=dict)
    ref: str = "refs/heads/main"
    sha: str = "0" * 40
    token: str = ""
    """``github.token``: the runner masks it from the start."""
    env: dict[str, str] = field(default_factory=dict)
    """The ``env`` of the job, and what steps have added to it."""
    path: str = ""
    temp: Path | None = None
    """``RUNNER_TEMP``, when it is shared with other jobs of a test session to save installing again."""


@dataclass
class Outcome:
    """What a job's one step ``uses: callboard/callboard`` came to."""

    status: int = 0
    log: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    """Outputs of the steps inside, by id."""
    masks: set[str] = field(default_factory=set)
    raw: str = ""
    """All that the steps printed, before anything was masked."""

    @property
    def text(self) -> str:
        """The log as people see it."""
        return "\n".join(self.log)

    def annotations(self, name: str) -> list[Command]:
        """The commands ``error``, ``warning`` or ``notice``."""
        return [one for one in self.commands if one.name == name]


def run_action(action: Path, job: Job, inputs: Mapping[str, str]) -> Outcome:
    """Run the action in the folder ``action`` as a step of ``job``."""
    definition = read_definition(action / "action.yml")
    _only(definition, _ACTION_KEYS)
    _only(definition["runs"], {"using", "steps"})
    if definition["runs"]["using"] != "composite":
        raise Unsupported(f"not a composite action: {definition['runs']['using']}")
    unknown = inputs.keys() - definition["inputs"].keys()
    if unknown:
        raise Unsupported(f"no such inputs: {unknown}")
    outcome = Outcome(masks={job.token} - {""})
    github = {"github.token": job.token}
    given = {
        f"inputs.{name}": inputs.get(name, evaluate(str(one.get("default", "")), github))
        for name, one in definition["inputs"].items()
    }
    for step in definition["runs"]["steps"]:
        _only(step, _STEP_KEYS)
        values = github | given | _outputs_of(outcome)
        variables = {name: evaluate(str(value), values) for name, value in step.get("env", {}).items()}
        outcome.status = _Step(action, job, outcome, str(step.get("id", ""))).run(step, variables)
        if outcome.status:
            break  # without an "if", the steps after a failed one are skipped
    values = _outputs_of(outcome)
    outcome.outputs = {
        name: evaluate(one["value"], values, missing="")
        for name, one in definition.get("outputs", {}).items()
    }
    return outcome


def evaluate(text: str, values: Mapping[str, str], *, missing: str | None = None) -> str:
    """``text`` with its expressions replaced. ``missing``: what an unset output of a step is."""

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if not re.fullmatch(r"[a-z]+(\.[A-Za-z0-9_-]+)+", name):
            raise Unsupported(f"an expression that this runner does not know: {name}")
        if name in values:
            return values[name]
        if missing is None or not name.startswith("steps."):
            raise Unsupported(f"nothing is known of {name}")
        return missing

    return _EXPRESSION.sub(value, text)


class _Step:
    """One ``run`` step."""

    def __init__(self, action: Path, job: Job, outcome: Outcome, name: str) -> None:
        self._action, self._job, self._outcome, self._name = action, job, outcome, name
        self._number = len(list((job.folder / "_steps").glob("*"))) if (job.folder / "_steps").exists() else 0
        self._folder = job.folder / "_steps" / str(self._number)
        self._folder.mkdir(parents=True)
        self._stopped_by: str | None = None

    def run(self, step: Mapping[str, Any], variables: Mapping[str, str]) -> int:
        if step.get("shell") != "bash":
            raise Unsupported(f"the shell {step.get('shell')!r}")
        if _EXPRESSION.search(step["run"]):
            raise Unsupported("an expression within a script: what it stands for would be run")
        script = self._folder / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        files = {name: self._folder / name for name in _FILES}
        for file in files.values():
            file.touch()
        environment = self._environment(files) | dict(variables)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self._job.workspace, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=500, check=False,
        )  # fmt: skip
        self._hear(done.stdout.decode("utf-8", "replace"))
        self._take(files)
        return done.returncode

    def _environment(self, files: Mapping[str, Path]) -> dict[str, str]:
        job = self._job
        home, temp, tools = job.folder / "home", job.temp or job.folder / "temp", job.folder / "tools"
        for folder in (home, temp, tools):
            folder.mkdir(exist_ok=True, parents=True)
        event = job.folder / "event.json"
        event.write_text(json.dumps(job.payload), encoding="utf-8")
        owner = job.repository.partition("/")[0]
        kind, _, name = job.ref.removeprefix("refs/").partition("/")
        return (
            _pip_settings()
            | {
                "HOME": str(home),
                "PATH": job.path or machine_path(job.folder / "bin"),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION": "__callboard_callboard",
                "GITHUB_ACTION_PATH": str(self._action),
                "GITHUB_ACTION_REPOSITORY": "callboard/callboard",
                "GITHUB_ACTOR": "octocat",
                "GITHUB_API_URL": job.api_url,
                "GITHUB_BASE_REF": str(_dig(job.payload, "pull_request", "base", "ref") or ""),
                "GITHUB_EVENT_NAME": job.event,
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_GRAPHQL_URL": f"{job.api_url.removesuffix('/v3')}/graphql",
                "GITHUB_HEAD_REF": str(_dig(job.payload, "pull_request", "head", "ref") or ""),
                "GITHUB_JOB": "catalog",
                "GITHUB_REF": job.ref,
                "GITHUB_REF_NAME": name,
                "GITHUB_REF_TYPE": "tag" if kind == "tags" else "branch",
                "GITHUB_REPOSITORY": job.repository,
                "GITHUB_REPOSITORY_OWNER": owner,
                "GITHUB_RUN_ATTEMPT": "1",
                "GITHUB_RUN_ID": "1658821493",
                "GITHUB_RUN_NUMBER": "3",
                "GITHUB_SERVER_URL": job.server_url,
                "GITHUB_SHA": job.sha,
                "GITHUB_WORKFLOW": "callboard",
                "GITHUB_WORKSPACE": str(job.workspace),
                "RUNNER_ARCH": "X64",
                "RUNNER_ENVIRONMENT": "github-hosted",
                "RUNNER_NAME": "a runner of the tests",
                "RUNNER_OS": "Linux",
                "RUNNER_TEMP": str(temp),
                "RUNNER_TOOL_CACHE": str(tools),
            }
            | {name: str(file) for name, file in files.items()}
            | job.env
        )

    def _hear(self, output: str) -> None:
        self._outcome.raw += output
        for line in re.split(r"\r\n|\r|\n", output.removesuffix("\n")) if output else ():
            command = parse_command(line, known=self._is_known)
            if command is None:
                shown = line
                for mask in sorted(self._outcome.masks, key=len, reverse=True):
                    shown = shown.replace(mask, "***")
                self._outcome.log.append(shown)
            elif self._stopped_by is not None:
                if command.name == self._stopped_by:
                    self._stopped_by = None
                else:
                    self._outcome.log.append(line)
            else:
                self._do(command)

    def _is_known(self, name: str) -> bool:
        return name in _COMMANDS or name == self._stopped_by

    def _do(self, command: Command) -> None:
        if command.name == "add-mask":
            self._outcome.masks |= {each for each in (command.data, *command.data.splitlines()) if each}
            return  # the runner never shows what it shall hide
        self._outcome.commands.append(command)
        if command.name == "stop-commands":
            self._stopped_by = command.data
        elif command.name == "set-output":
            self._set_outputs({command.properties["name"]: command.data})
        elif command.name in ("error", "warning", "notice"):
            self._outcome.log.append(f"{command.name.title()}: {command.data}")
        elif command.name not in ("debug", "group", "endgroup"):
            raise Unsupported(f"the command {command.name}")

    def _take(self, files: Mapping[str, Path]) -> None:
        self._set_outputs(parse_values(_text(files["GITHUB_OUTPUT"])))
        self._outcome.summary += _text(files["GITHUB_STEP_SUMMARY"])
        self._job.env |= parse_values(_text(files["GITHUB_ENV"]))
        if _text(files["GITHUB_PATH"]):
            raise Unsupported("GITHUB_PATH")

    def _set_outputs(self, values: Mapping[str, str]) -> None:
        self._outcome.steps.setdefault(self._name, {}).update(values)


def parse_values(text: str) -> dict[str, str]:
    """What a step has written to GITHUB_OUTPUT or GITHUB_ENV. Raises ValueError where the runner would."""
    values = {}
    lines = iter(text.removesuffix("\n").split("\n") if text else ())
    for line in lines:
        if not line:
            continue
        name, sign, value = re.match(r"([^=]*?)(=|<<|$)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
        if not name or not sign:
            raise ValueError(f"Invalid format '{line}'")
        if sign == "<<":
            value = "\n".join(_until(value, lines))
        values[name] = value
    return values


def _until(delimiter: str, lines: Iterable[str]) -> Iterable[str]:
    if not delimiter:
        raise ValueError("Invalid format: no delimiter")
    for line in lines:
        if line == delimiter:
            return
        yield line
    raise ValueError(f"Invalid value. Matching delimiter not found '{delimiter}'")


def parse_command(line: str, *, known: Callable[[str], bool] = _COMMANDS.__contains__) -> Command | None:
    """The command in a line of a step's output: ``::name key=value::data``, or the older ``##[name]data``."""
    text = line.lstrip()
    if text.startswith("::") and (end := text.find("::", 2)) > 0:
        name, _, rest = text[2:end].strip().partition(" ")
        if known(name):
            pairs = (pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair)
            properties = {key.strip(): _unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs}
            return Command(name, properties, _unescaped(text[end + 2 :], {}))
    older = re.search(r"##\[([^\]]*)\](.*)", line)
    if older:
        name, _, rest = older[1].strip().partition(" ")
        if known(name):
            properties = dict(pair.split("=", 1) for pair in rest.split(";") if "=" in pair)
            return Command(name, properties, older[2])
    return None


def _unescaped(text: str, more: Mapping[str, str]) -> str:
    for escape, plain in ({"%0D": "\r", "%0A": "\n"} | dict(more) | {"%25": "%"}).items():
        text = text.replace(escape, plain)
    return text


def machine_path(folder: Path) -> str:
    """A search path with this Python (3.11 or newer) first, and without this project's own environment."""
    folder.mkdir(exist_ok=True, parents=True)
    link = folder / "python3"
    if not link.exists():
        link.symlink_to(os.path.realpath(sys.executable))
    own = Path(sys.prefix).resolve()
    others = [
        each for each in os.environ["PATH"].split(os.pathsep) if not Path(each).resolve().is_relative_to(own)
    ]
    return os.pathsep.join([str(folder), *others])


def _pip_settings() -> dict[str, str]:
    """Where this machine's pip gets packages from, since the home of the job is another one."""
    settings = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name in _SETTINGS_OF_PIP
    }
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for file in (config / "pip" / "pip.conf", Path.home() / ".pip" / "pip.conf"):
        if file.exists():
            settings.setdefault("PIP_CONFIG_FILE", str(file))
    return settings


def _outputs_of(outcome: Outcome) -> dict[str, str]:
    return {
        f"steps.{step}.outputs.{name}": value
        for step, values in outcome.steps.items()
        for name, value in values.items()
    }


def read_definition(file: Path) -> dict[str, Any]:
    """What action.yml holds."""
    reading = read_documents(file.read_bytes(), file.name)
    assert not reading.faults, reading.faults
    (document,) = reading.documents
    assert isinstance(document.value, dict)
    return document.value


def _only(value: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := value.keys() - keys:
        raise Unsupported(f"this runner does not know {', '.join(sorted(unknown))}")


def _dig(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
