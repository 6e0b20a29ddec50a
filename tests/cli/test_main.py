"""What all commands have in common: exit codes, help, and what goes where."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from callboard.cli.main import _COMMANDS, callboard
from tests.cli.running import COMMAND, Run, clean_environ, process
from tests.walk.house import card

ESCAPES = "\x1b[31mred\x1b[0m\x1b]0;title\x07\u202egnp\u202c"
"""Colours, a new title for the window, and text turned around."""


@pytest.fixture
def cards(folder: Path) -> Path:
    """A folder with one source of one model."""
    (folder / "callboard.yaml").write_text("sources: [{name: cards, type: files, path: cards}]\n")
    (folder / "cards").mkdir()
    (folder / "cards" / "one.md").write_text(card("one"))
    return folder


def test_an_unknown_command_ends_with_2_and_the_nearest(run: Run) -> None:
    done = run("modles")

    assert (done.code, done.out) == (2, "")
    assert "There is no command 'modles'. Did you mean 'models'?" in done.err


def test_a_command_that_is_near_to_none_ends_with_all_of_them(run: Run) -> None:
    done = run("xyzzy")

    assert done.code == 2
    assert all(name in done.err for name in _COMMANDS)


def test_an_unknown_option_ends_with_2(run: Run) -> None:
    done = run("sources", "--chek")

    assert done.code == 2
    assert "--check" in done.err


def test_a_wrong_key_ends_with_2_its_place_and_the_nearest_right_one(run: Run, folder: Path) -> None:
    (folder / "callboard.yaml").write_text("catalog:\n  repositry: https://github.com/a/b\n")

    done = run("sources")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("callboard.yaml:2:3: ")
    assert "did you mean 'repository'?" in done.err


def test_no_configuration_ends_with_2_and_says_how_to_write_one(run: Run, folder: Path) -> None:
    done = run("sources")

    assert (done.code, done.out) == (2, "")
    assert "callboard init" in done.err


def test_a_configuration_elsewhere_is_read_and_its_paths_start_there(
    run: Run, cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run("--config", str(cards / "callboard.yaml"), "models", "-o", "json")

    assert [model["name"] for model in json.loads(done.out)] == ["one"]


def test_a_forge_that_does_not_answer_ends_with_3(
    run: Run, cards: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = f"catalog: {{repository: http://127.0.0.1:{port}/acme/catalog}}\n"
    (cards / "callboard.yaml").write_text(config)
    monkeypatch.setenv("CALLBOARD_TOKEN", "canary-0123456789")
    monkeypatch.setenv("CALLBOARD_CACHE", str(tmp_path / "cache"))

    for command in ("sync", "diff", "reconcile"):
        done = run(command)
        assert (done.code, done.out) == (3, ""), command
        assert "Error: " in done.err
        assert "Traceback" not in done.err
        assert "canary-0123456789" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("sources",),
        ("nonsense",),
        ("models", "--source", "nowhere"),
        ("sources", "--nonsense"),
        ("--config", "nowhere.yaml", "sources"),
        ("--config", "wrong.yaml", "sources"),
        ("--config", "gone.yaml", "models"),
        ("sync",),
    ],
)
def test_with_json_logs_every_line_on_standard_error_is_an_object(
    cards: Path, arguments: tuple[str, ...]
) -> None:
    (cards / "wrong.yaml").write_text("nonsense: 1\nmore: 2\n")
    (cards / "gone.yaml").write_text("sources: [{name: gone, type: files, path: gone}]\n")

    done = process("--log-format", "json", *arguments, cwd=cards)

    events = [json.loads(each) for each in done.err.splitlines()]
    assert all({"level", "message"} <= event.keys() for event in events)
    assert bool(done.code) == any(event["level"] == "error" for event in events)


def test_a_defect_is_told_whole_and_as_one_event_when_json_is_asked_for(
    run: Run, cards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **_named: object) -> None:
        raise ZeroDivisionError("a defect\x1b[31m")

    monkeypatch.setattr("callboard.walk.listings.list_sources", broken)

    told, event = run("models"), run("--log-format", "json", "models")

    assert told.code == event.code == 1
    assert "ZeroDivisionError: a defect" in told.err
    assert "please report it" in told.err
    assert "\x1b" not in told.err + event.err
    assert all(json.loads(each)["level"] == "error" for each in event.err.splitlines())


def test_only_results_go_to_standard_output(run: Run, cards: Path) -> None:
    (cards / "cards" / "bad.md").write_text("---\nname: bad\nversion: {a: b}\n---\n")

    done = run("models", "-o", "json")

    assert {model["name"] for model in json.loads(done.out)} == {"one", "bad"}
    assert "bad.md:3:" in done.err


@pytest.mark.parametrize("arguments", [("models",), ("sources", "--check"), ("doctor",), ("demo", "--help")])
def test_nothing_is_coloured_when_it_is_piped(cards: Path, arguments: tuple[str, ...]) -> None:
    (cards / "cards" / "bad.md").write_text("---\nname: bad\nversion: {a: b}\n---\n")

    done = process(*arguments, cwd=cards)

    assert done.out
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_no_escape_of_a_registry_reaches_a_terminal(cards: Path, output: str) -> None:
    text = json.dumps(f"two {ESCAPES}\nError: spoofed")
    (cards / "cards" / "two.md").write_text(f"---\nname: {text}\nversion: {text}\ntags: {text}\n---\n")
    (cards / "cards" / "bad.md").write_text(f"---\nname: {text}\nversion: {{a: b}}\n---\n")

    shown = on_a_terminal("models", "-o", output, cwd=cards)

    assert "two" in shown
    assert "\x1b]" not in shown
    assert "\x1b[31mred" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert not any(each.startswith("Error: spoofed") for each in shown.splitlines())


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """What a command shows on a terminal, 200 columns wide."""
    ours, its = pty.openpty()
    environ = clean_environ() | {"COLUMNS": "200", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, env=environ, stdin=its, stdout=its, stderr=its
    ) as running:
        os.close(its)
        shown = b""
        try:
            while more := os.read(ours, 65536):
                shown += more
        except OSError:  # Linux says so that the other end is closed
            pass
        running.wait(timeout=60)
    os.close(ours)
    return shown.decode()


def test_a_reader_that_goes_away_is_no_failure_to_shout_about(cards: Path) -> None:
    for number in range(300):
        (cards / "cards" / f"model-{number}.md").write_text(card(f"model-{number}", body="long " * 300))

    for output in ("table", "json"):
        with subprocess.Popen(
            [*COMMAND, "models", "-o", output],
            cwd=cards,
            env=clean_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            running.stdout.readline()
            running.stdout.close()
            assert running.stderr.read() == b""
            assert running.wait(timeout=60) in (0, 1)


def test_a_terminal_without_a_character_is_shown_its_number(cards: Path) -> None:
    (cards / "cards" / "two.md").write_text(card("モデル"))

    done = process("models", cwd=cards, environ={"PYTHONIOENCODING": "ascii"})

    assert done.code == 0
    assert "\\u30e2" in done.out


def test_ctrl_c_ends_a_command_with_130(cards: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (cards / "callboard.yaml").write_text(f"sources: [{{name: slow, type: mlflow, url: '{url}'}}]\n")
        # However this test was started: a shell makes background jobs deaf to Ctrl-C.
        deaf = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        code = f"{deaf}from callboard.cli.main import main; main(['models'])"
        with subprocess.Popen(
            [sys.executable, "-c", code], cwd=cards, stderr=subprocess.PIPE, text=True
        ) as running:
            silent.accept()[0].recv(1)  # it asks now, and waits
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "Traceback" not in said


def test_the_help_is_all_there_and_nothing_in_it_is_cut(run: Run) -> None:
    done = run("--help")

    assert done.code == 0
    assert "..." not in done.out.partition("Commands:")[2]
    assert all(f"\n  {name} " in done.out for name in _COMMANDS)
    assert "Exit codes: 0 done" in done.out


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_commands_help_says_what_each_option_is_for(run: Run, name: str) -> None:
    done = run(name, "--help")
    context = click.Context(callboard)
    command = callboard.get_command(context, name)
    assert command is not None

    assert done.code == 0
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.name}"
            assert option.help.rstrip("]").endswith((".", "configured", "one")), f"{name} {option.name}"
    assert len(command.get_short_help_str(200)) <= 62


def test_help_loads_nothing_that_is_slow_to_load() -> None:
    assert not loaded_by_help() & {
        "pydantic",
        "github",
        "httpx2",
        "jinja2",
        "jsonschema",
        "rich",
        "starlette",
        "yaml",
    }


def loaded_by_help() -> set[str]:
    """The modules that ``callboard --help`` loads."""
    code = (
        "import sys\nfrom callboard.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('MODULES', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize(("streams", "code"), [("<&- >&-", 1), (">/dev/full", 3)])
def test_a_stream_that_is_closed_or_full_is_no_defect(tmp_path: Path, streams: str, code: int) -> None:
    (tmp_path / "catalog-info.yaml").write_text("a: [")
    shell = ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND, "validate"]

    done = subprocess.run(
        shell, cwd=tmp_path, env=clean_environ(), capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (code, "")
    assert "defect" not in done.stderr
    assert "Traceback" not in done.stderr
