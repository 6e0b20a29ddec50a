"""``callboard init``: a configuration and the workflow files."""

from __future__ import annotations

import click

_SOURCES = {
    "files": "{name: cards, type: files, path: .}",
    "mlflow": "{name: mlflow, type: mlflow, url: URL, token: {env: MLFLOW_TOKEN}}",
    "huggingface": "{name: huggingface, type: huggingface, author: AUTHOR}",
}


@click.command()
@click.option("--repository", metavar="URL", help="Where the catalog is: https://github.com/OWNER/NAME")
@click.option("--base", default="main", show_default=True, help="The branch that pull requests go into.")
@click.option("--source", type=click.Choice(tuple(_SOURCES)), help="The first registry to read.")
@click.option("--url", metavar="URL", help="Its address (mlflow), path (files) or author (huggingface).")
@click.option(
    "--owner", default="group:default/ml-platform", show_default=True, help="Owner of models without one."
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
    """Write callboard.yaml and the workflow files into this folder.

    Asks for what is not given, when there is a terminal to ask on.
    """
    import sys
    from pathlib import Path

    from callboard.config_file import load_config
    from callboard.onboarding import onboarding_files
    from callboard.sources.registry import SOURCE_TYPES, source_type

    if not (repository and source and url):
        if not sys.stdin.isatty():
            raise click.UsageError("give --repository, --source and --url; there is no terminal to ask on")
        repository = repository or click.prompt("Catalog repository (https://github.com/OWNER/NAME)")
        source = source or click.prompt("First registry", type=click.Choice(tuple(_SOURCES)), default="files")
        question = {"files": "Folder of model cards", "mlflow": "MLflow's address", "huggingface": "Author"}
        url = url or click.prompt(question[str(source)])
    files = onboarding_files(
        repository=str(repository), base=base, source=str(source), where=str(url), owner=owner,
        system=system, backstage=backstage,
    )  # fmt: skip
    # What init writes must be what the other commands read.
    load_config(
        files["callboard.yaml"], "callboard.yaml", lambda name: source_type(name).settings, SOURCE_TYPES
    )
    there = [path for path in files if Path(path).exists()]
    if there and not force:
        raise click.UsageError(f"{', '.join(there)} exist already; --force writes over them")
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    click.echo("Next: callboard doctor, then callboard diff.")
