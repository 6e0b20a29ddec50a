"""What is built beside Callboard is built once, and whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import environments


def build_once(cache: Path, build: Callable[[Path], None], inputs: tuple[bytes, ...] = (b"lock",)) -> Path:
    return environments._built_once("thing", inputs, build, holds="proof", cache=cache)


def whole(folder: Path) -> None:
    folder.mkdir()
    (folder / "proof").touch()


def test_the_second_time_nothing_is_built(tmp_path: Path) -> None:
    folder = build_once(tmp_path, whole)
    assert (folder / "proof").exists()

    def never(_folder: Path) -> None:
        raise AssertionError

    assert build_once(tmp_path, never) == folder
    assert build_once(tmp_path, whole, (b"another lock",)) != folder


def test_a_build_that_was_interrupted_is_done_anew(tmp_path: Path) -> None:
    def broken(folder: Path) -> None:
        whole(folder)
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_once(tmp_path, broken)
    assert not (build_once(tmp_path, whole) / "half").exists()


def test_what_lost_a_part_is_built_anew(tmp_path: Path) -> None:
    (build_once(tmp_path, whole) / "proof").unlink()
    assert (build_once(tmp_path, whole) / "proof").exists()


def test_those_who_ask_at_the_same_time_wait_for_one_build(tmp_path: Path) -> None:
    built: list[Path] = []
    started, go_on = threading.Event(), threading.Event()

    def slow(folder: Path) -> None:
        started.set()
        assert go_on.wait(30)
        built.append(folder)
        whole(folder)

    asking = [threading.Thread(target=build_once, args=(tmp_path, slow)) for _ in range(3)]
    for thread in asking:
        thread.start()
    assert started.wait(30)
    go_on.set()
    for thread in asking:
        thread.join(30)
    assert len(built) == 1


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "npm", "headers", "taken"),
    [
        ("v20.1.0", True, True, True),
        ("v24.0.0", True, True, True),
        ("v18.19.1", True, True, False),
        ("garbage", True, True, False),
        ("v22.0.0", False, True, False),
        ("v22.0.0", True, False, False),
    ],
)
def test_a_node_of_the_machine_is_taken_only_when_it_is_whole(
    tmp_path: Path, version: str, npm: bool, headers: bool, taken: bool
) -> None:
    program(tmp_path / "bin", "node", version)
    if npm:
        program(tmp_path / "bin", "npm", "10.0.0")
    if headers:
        (tmp_path / "include" / "node").mkdir(parents=True)
        (tmp_path / "include" / "node" / "node.h").touch()
    found = environments._system_node(str(tmp_path / "bin"))
    assert (found is not None) is taken
    if found:
        assert found == environments.node(search_path=str(tmp_path / "bin"))
        assert (found.executable, found.headers) == (tmp_path / "bin" / "node", tmp_path)


def test_a_missing_compiler_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(environments.Missing, match=r"run: sudo apt-get install -y g\+\+"):
        environments._ensure_compiler()
    program(tmp_path, "c++", "x")
    environments._ensure_compiler()


def test_a_registry_of_the_machine_is_taken_and_a_missing_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(environments.Missing, match="put CNCF Distribution"):
        environments.registry(cache=tmp_path, search_path=str(tmp_path))
    for tool in ("apt-get", "dpkg-deb"):
        program(tmp_path, tool, "nothing to give")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(environments.Missing, match="put CNCF Distribution"):
        environments.registry(cache=tmp_path, search_path=str(tmp_path))
    program(tmp_path, "docker-registry", "ready")
    assert environments.registry(search_path=str(tmp_path)) == tmp_path / "docker-registry"


def test_a_kubernetes_of_the_machine_is_taken_when_it_is_whole_and_a_missing_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "kube-apiserver", "ready")
    with pytest.raises(environments.Missing, match="put kube-apiserver and etcd on PATH"):
        environments.kubernetes(cache=tmp_path, search_path=str(tmp_path))
    for tool in ("apt-get", "dpkg-deb", "dpkg-source"):
        program(tmp_path, tool, "nothing to give")
    (tmp_path / "bash").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(environments.Missing, match="Debian 12"):
        environments.kubernetes(cache=tmp_path, search_path=str(tmp_path))
    program(tmp_path, "etcd", "ready")
    assert environments.kubernetes(search_path=str(tmp_path)) == tmp_path / "kube-apiserver"


def test_the_command_prints_the_folder_and_nothing_else() -> None:
    command = [sys.executable, environments.__file__]
    said = subprocess.run([*command, "backstage"], capture_output=True, text=True, check=True).stdout
    assert (Path(said.removesuffix("\n")) / "node_modules").is_dir()
    wrong = subprocess.run([*command, "nothing"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "usage" in wrong.stderr


def test_the_lock_of_backstage_names_no_server_and_every_hash() -> None:
    lock = (environments._HARNESS / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in lock
    assert lock.count('"integrity"') >= lock.count('    "node_modules/') > 500
