"""One file out of a pinned npm package, for contracts that no package registry of Python carries."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
_CACHE = Path.home() / ".cache" / "callboard" / "contracts"


@dataclass(frozen=True)
class Package:
    """A package of one version, with the integrity that its registry must answer."""

    name: str
    version: str
    integrity: str
    """``sha512-`` and the base64 of the digest, as in a package-lock."""


def file_of(package: Package, path: str) -> Path:
    """Where ``path`` of the package stands, fetched with npm the first time."""
    place = _CACHE / package.name.replace("/", "+") / package.version / Path(path).name
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        archive = _pack(package, Path(folder))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package.integrity:
            raise AssertionError(f"npm gave another {package.name} {package.version} than the pinned one")
        with tarfile.open(archive) as files:
            member = files.extractfile(f"package/{path}")
            assert member is not None
            fresh = Path(folder) / "fresh"
            fresh.write_bytes(member.read())
        fresh.replace(place)
    return place


def _pack(package: Package, folder: Path) -> Path:
    command = ["npm", "pack", f"{package.name}@{package.version}", "--json", "--ignore-scripts"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"NO_COLOR": "1"}
    )
    if done.returncode:
        raise AssertionError(f"npm could not fetch {package.name} {package.version}:\n{done.stderr}")
    return folder / str(json.loads(done.stdout)[0]["filename"])
