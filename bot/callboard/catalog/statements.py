"""What a registry's statement about a model of another registry names, and whether it always will.

A model's id, a version's id, a run and an address with a version's number or a digest name the same thing for
ever. An address with an alias, a stage or a tag names whatever somebody points it to: it links nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from callboard.model import Counterpart

_LONGEST = 4000
_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NUMBER = re.compile(r"[0-9]{1,18}")
_NUMBERED = re.compile(r"v?[0-9]+(?:\.[0-9]+){1,3}(?:[-+_][A-Za-z0-9.+_-]+)?")
"""A tag that is a version: with a dot in it, since ``:1`` moves on to 1.1 wherever people follow semver."""


@dataclass(frozen=True)
class Named:
    """What is named in another registry: each part narrows it down."""

    ids: tuple[str, ...] = ()
    """Of the model: one of these."""
    name: str | None = None
    """Of the model, where its id is another."""
    version: str | None = None
    """The version's id or name."""
    run_id: str | None = None
    host: str | None = None
    """Of the server, where the address is one that tells it."""


Reading = Named | Literal["mutable", "nothing"]


def named(said: Counterpart) -> tuple[Named, ...] | Literal["mutable", "nothing"]:
    """What the statement names: everything that it says has to be true of one model.

    ``mutable``: only something that can come to be another model. ``nothing``: nothing that is understood.
    """
    address = _address(said.registry.lower(), said.uri) if said.uri else "nothing"
    if address == "mutable":
        return "mutable"
    found = [address] if isinstance(address, Named) else []
    ids = (said.model,) if said.model and not (found and said.model in found[0].ids) else ()
    if ids or said.version or said.run_id:
        found.append(Named(ids, version=said.version or None, run_id=said.run_id or None))
    return tuple(found) or "nothing"


def _address(registry: str, uri: str) -> Reading:
    scheme, slashes, rest = uri.strip().partition(":")
    if len(uri) > _LONGEST or not slashes or not rest or not rest.isprintable():
        return "nothing"
    match registry, scheme.lower():
        case "mlflow", "models":
            return _mlflow_model(rest)
        case "mlflow", "runs":
            run = rest.lstrip("/").partition("/")[0]
            return Named(run_id=run) if run else "nothing"
        case "kubeflow", "model-registry":
            return _kubeflow_model(rest)
        case "oci", "oci" | "docker":
            return _oci_image(rest)
        case "huggingface", "hf":
            return _hub_model(rest)
    return "nothing"


def _mlflow_model(rest: str) -> Reading:
    """``models:/NAME/VERSION``, ``models:/NAME/STAGE``, ``models:/NAME@ALIAS``, ``models:/LOGGED-MODEL``."""
    if rest.startswith("//"):
        return "nothing"  # a registry of its own: which, only its client's configuration knows
    name, slash, version = rest.lstrip("/").rpartition("/")
    if not slash:
        return "mutable" if "@" in version else "nothing"
    if not _NUMBER.fullmatch(version):
        return "mutable"
    return Named((unquote(name),), version=version) if name else "nothing"


def _kubeflow_model(rest: str) -> Reading:
    """``model-registry://[HOST/]NAME/VERSION``; without a version it is the newest."""
    parts = [unquote(part) for part in rest.lstrip("/").split("/") if part]
    if len(parts) == 1:
        return "mutable"
    return Named(name=parts[-2], version=parts[-1]) if 2 <= len(parts) <= 3 else "nothing"


def _oci_image(rest: str) -> Reading:
    """``oci://HOST/REPOSITORY@DIGEST`` or ``:TAG``."""
    host, slash, path = rest.lstrip("/").partition("/")
    if not slash or not path:
        return "nothing"
    path, at, digest = path.partition("@")
    repository, _, tag = path.partition(":")
    if at and not _DIGEST.fullmatch(digest):
        return "nothing"
    if not at and not _NUMBERED.fullmatch(tag):
        return "mutable"
    return Named((repository, f"{host}/{repository}"), version=tag or None, host=host.lower())


def _hub_model(rest: str) -> Reading:
    """``hf://ORGANIZATION/NAME:REVISION``; only a commit stays what it is."""
    path, _, revision = rest.lstrip("/").replace("@", ":").partition(":")
    if path.count("/") != 1:
        return "nothing"
    return Named((path,), version=revision) if _COMMIT.fullmatch(revision) else "mutable"
