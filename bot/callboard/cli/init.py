"""``callboard init``: a configuration and the workflow files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from callboard.config import ForgeKind

_GENERATED = "**/.callboard.lock linguist-generated gitlab-generated"
_WHERE = {
    "files": "Folder of model cards",
    "github-models": "Saved catalog file",
    "huggingface": "User or organization",
    "kserve": "Address of the Kubernetes API",
    "kubeflow": "Address of the Model Registry",
    "mlflow": "MLflow's address",
    "oci": "Address of the OCI registry",
    "ollama": "Ollama's address",
    "openai": "Address of the gateway, with its /v1",
    "openwebui": "Open WebUI's address",
    "rest": "The registry's address",
    "threescale": "Address of the admin portal",
}
"""By the source's type."""
_SOURCES = tuple(_WHERE)


def _branch(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from callboard.config import BRANCH

    if not re.fullmatch(BRANCH, value):
        raise click.BadParameter(f"{value!r} is not the name of a branch that can stand in a workflow file.")
    return value


@click.command(short_help="Write callboard.yaml and the workflow files.")
@click.option("--repository", metavar="URL", help="Where the catalog is: https://HOST/OWNER/NAME.")
@click.option(
    "--base",
    metavar="BRANCH",
    default="main",
    show_default=True,
    callback=_branch,
    help="The branch that pull requests go into.",
)
@click.option("--source", type=click.Choice(_SOURCES), help="The kind of the first registry to read.")
@click.option(
    "--url", metavar="WHERE", help="The registry's address; a folder of model cards; a user on the Hub."
)
@click.option(
    "--owner",
    metavar="ENTITY",
    default="group:default/ml-platform",
    show_default=True,
    help="Owner of models whose registry names none.",
)
@click.option("--system", metavar="NAME", help="The Backstage system of all models.")
@click.option("--backstage", metavar="URL", help="The Backstage to register with.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def init(
    repository: str | None,
    base: str,
    source: str | None,
    url: str | None,
    owner: str,
    system: str | None,
    backstage: str | None,
    force: bool,
) -> None:
    """Write callboard.yaml and, for GitHub, the workflow files into this folder.

    Asks for the repository, the source and where it is if they are not given and there is a terminal to ask
    on. Writes nothing and ends with 2 if one of them is there already, unless --force is given. To
    .gitattributes, a line is added.
    """
    import sys

    from callboard.onboarding import BEGINNINGS, FILES, onboarding_files

    there = [path for path in FILES if Path(path).exists()]
    if there and not force:
        exist = "exists" if len(there) == 1 else "exist"
        raise click.UsageError(f"{', '.join(there)} {exist} already; --force writes over what is there.")
    if not (repository and source and url):
        if not sys.stdin.isatty():
            raise click.UsageError("Give --repository, --source and --url; there is no terminal to ask on.")
        question = "Catalog repository (https://github.com/OWNER/NAME)"
        repository = repository or click.prompt(question, err=True)
        kinds = click.Choice(_SOURCES)
        source = source or click.prompt("First source", type=kinds, default="files", err=True)
        url = url or click.prompt(_WHERE[str(source)], err=True)
    files = onboarding_files(
        repository=str(repository), base=base, source=str(source), where=str(url), owner=owner,
        system=system, backstage=backstage,
    )  # fmt: skip
    on_github = _forge_of(files["callboard.yaml"]) == "github"
    for path, text in files.items():
        if not on_github and path.startswith(".github/"):
            continue
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    if _fold_locks(Path(".gitattributes")):
        click.echo("wrote .gitattributes")
    pipeline = "" if on_github else "; docs/gitlab.md of Callboard has the pipeline"
    if source in BEGINNINGS:
        click.echo(f"Complete the source in callboard.yaml: docs/sources/{source}.md of Callboard says how.")
    click.echo(f"Next: callboard doctor, then callboard diff{pipeline}.")


def _forge_of(text: str) -> ForgeKind:
    """Where the catalog is, by a configuration that must be what the other commands read.

    Raises click.UsageError.
    """
    from callboard.config_file import ConfigError, load_config
    from callboard.sources.registry import SOURCE_TYPES, source_type
    from callboard.walk.workplace import NotConfigured, catalog_repository

    try:
        config = load_config(text, "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES)
        return catalog_repository(config).forge
    except ConfigError as error:
        wrong = "; ".join(f"{fault.what}: {fault.hint}" for fault in error.faults)
        raise click.UsageError(f"That would be no valid configuration: {wrong}.") from None
    except NotConfigured as error:
        raise click.UsageError(f"--repository: {error}") from None


def _fold_locks(attributes: Path) -> bool:
    """Have reviews on GitHub and GitLab fold the locks; answer whether the file had to be changed."""
    text = attributes.read_text(encoding="utf-8") if attributes.exists() else ""
    if _GENERATED in text.splitlines():
        return False
    separator = "" if not text or text.endswith("\n") else "\n"
    attributes.write_text(f"{text}{separator}{_GENERATED}\n", encoding="utf-8")
    return True
