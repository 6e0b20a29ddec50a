"""What the workflow asks for, read from the variables that ``action.yml`` sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COMMANDS = ("sync", "validate", "reconcile", "diff")

_FOR = {"paths": ("validate",), "dry-run": ("sync",), "prune": ("sync", "diff"), "refresh": ("sync", "diff")}


class WrongInput(Exception):
    """An input that says nothing that can be done: which, and what it may say."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of the Action, as action.yml describes them."""

    command: str
    config: str
    paths: tuple[str, ...] = ()
    dry_run: bool = False
    prune: bool = False
    refresh: bool = False


def read_inputs(environ: Mapping[str, str]) -> Inputs:
    """The inputs. Raises WrongInput, also for one that the command would not heed."""
    command = environ.get("INPUT_COMMAND", "")
    if command not in COMMANDS:
        raise WrongInput(f"the input command is {command!r}; it may be {', '.join(COMMANDS)}")
    paths = tuple(line.strip() for line in environ.get("INPUT_PATHS", "").splitlines() if line.strip())
    switches = {name: _switch(environ, name) for name in ("dry-run", "prune", "refresh")}
    for name, given in {"paths": paths, **switches}.items():
        if given and command not in _FOR[name]:
            raise WrongInput(f"the input {name} is for {' and '.join(_FOR[name])}, not for {command}")
    config = environ.get("INPUT_CONFIG") or "callboard.yaml"
    return Inputs(command, config, paths, switches["dry-run"], switches["prune"], switches["refresh"])


def _switch(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(f"INPUT_{name.replace('-', '_').upper()}") or "false"
    if value not in ("true", "false"):
        raise WrongInput(f"the input {name} is {value!r}; it may be true or false")
    return value == "true"
