"""The wheel: everything that Callboard reads ships in it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SHIPPED = ("examples", "schemas", "techdocs", "templates")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline, with the build backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir")
    subprocess.run([sys.executable, "-m", "pip", *build, folder, CHECKOUT], check=True)
    (built,) = folder.glob("callboard-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that sees the wheel and its dependencies, but not the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = ("install", "--quiet", "--no-deps", "--no-index")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install, wheel], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # Only a path: the .pth files in it, and with them the editable checkout, do not count from there.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def run(program: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_shipped_file_and_every_data_file_of_the_package_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    listing = ["git", "ls-files", "bot/callboard", *SHIPPED]
    tracked = subprocess.check_output(listing, cwd=CHECKOUT, text=True).splitlines()

    wanted = {
        path.removeprefix("bot/") if path.startswith("bot/") else f"callboard/_shipped/{path}"
        for path in tracked
        if (CHECKOUT / path).is_file()
    }

    assert len(wanted) > 100
    assert "callboard/py.typed" in names  # so that type checkers believe the types of the library
    assert wanted - names == set()


def test_nothing_is_in_it_that_is_not_callboards(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"callboard"}
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_it_runs_from_the_wheel_and_not_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import callboard.resources as own; print(own.__file__, own.shipped('schemas'))"

    for place in run(installed / "python", "-c", code, cwd=tmp_path).split():
        assert Path(place).is_relative_to(installed.parent)


def test_the_demo_comes_true(installed: Path, tmp_path: Path) -> None:
    assert "All of it came true" in run(installed / "callboard", "demo", cwd=tmp_path)


def test_what_it_writes_it_finds_valid(installed: Path, tmp_path: Path) -> None:
    program = installed / "callboard"
    told = ["--repository", "https://github.com/acme/catalog", "--source", "files", "--url", "cards"]
    run(program, "init", *told, cwd=tmp_path)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "one.md").write_text("---\nname: one\nversion: '1'\n---\n# One\n\nSays one.\n")
    run(program, "generate", "--out", "out", cwd=tmp_path)

    assert "0 errors" in run(program, "validate", "out", cwd=tmp_path)
