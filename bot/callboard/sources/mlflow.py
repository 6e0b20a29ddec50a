"""MLflow's model registry, read with few requests.

All models come in one request per 1,000, all versions in one per 10,000, runs in batches of 500. One file per
version, its ``MLmodel``, is read once: later it is taken from the known record of the same version, run and
source. Time stamps are not used to skip anything, because MLflow does not move them when a tag or an alias
changes. ``mlflow_records`` says what becomes what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from callboard.config import RemoteSettings
from callboard.http import Client, HttpProblem
from callboard.model import Listing, Model, Version
from callboard.sources import mlflow_records as records
from callboard.sources.context import Context
from callboard.sources.mlflow_listing import API, items, model_versions, pages, registered_models
from callboard.sources.mlmodel import BadMLmodel, read_mlmodel
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading
from callboard.sources.remote import as_problem, bad_record, never_raising, open_client

_EXPERIMENTS_PER_PAGE = 1000
_RUNS_PER_BATCH = 500  # MLflow cannot parse a filter with 5,000 ids
_LARGEST_MLMODEL = 4 * 1024 * 1024
_FAILED_READS = 3  # in a row, until no more files are asked for

_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_RUN_SOURCE = re.compile(r"runs:/(?P<run>[0-9A-Za-z_-]{1,64})/(?P<path>.+)")


class Settings(RemoteSettings):
    """An MLflow tracking server. ``url`` is its address, without ``/api``."""

    type: Literal["mlflow"] = "mlflow"


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The registered models. Never raises for what the server does: problems tell.

    An empty answer is not taken for an empty registry, since MLflow answers one when a permission is missing.
    """
    with open_client(settings, context.folder) as client:
        return _Reading(settings, context, client.base_url, client).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    client: Client
    failed_reads: int = 0
    skipped_reads: int = 0

    def listing(self) -> Listing:
        registered = registered_models(self, self.client)
        versions = model_versions(self, self.client, registered) if registered else {}
        wanted = sorted(registered.keys() - self.unread)
        runs = self._runs({v.run_id for name in wanted for v in versions.get(name, ()) if v.run_id})
        models: list[Model] = []
        for name in wanted:
            try:
                models.append(self._model(registered[name], versions.get(name, []), runs))
            except ValueError as error:
                self.bad(error, f"{API}/registered-models/search", name)
            self.context.progress(len(models))
        if self.skipped_reads:
            self.report(
                f"{self.skipped_reads} MLmodel files were not asked for: {_FAILED_READS} in a row had failed",
                hint="check that the server can read its artifact store, then run again",
            )
        return self.listing_of(models)

    def _runs(self, ids: set[str]) -> dict[str, records.Run]:
        """The runs that can be read, by id."""
        path, found = f"{API}/runs/search", dict[str, records.Run]()
        wanted = sorted(run for run in ids if _RUN_ID.fullmatch(run))
        if not wanted:
            return found
        try:
            experiments = [
                said["experiment_id"]
                for said in pages(
                    self.client, "experiments/search", "experiments", _EXPERIMENTS_PER_PAGE, view_type="ALL"
                )
                if isinstance(said, dict) and isinstance(said.get("experiment_id"), str)
            ]
            for start in range(0, len(wanted), _RUNS_PER_BATCH):
                batch = ", ".join(f"'{run}'" for run in wanted[start : start + _RUNS_PER_BATCH])
                question = {
                    "experiment_ids": experiments,
                    "filter": f"attributes.run_id IN ({batch})",
                    "run_view_type": "ALL",
                    "max_results": _RUNS_PER_BATCH,
                }
                answer = self.client.post_json(path, question, idempotent=True)
                for said in items(answer, "runs", path):
                    try:
                        run = records.Run.model_validate(said)
                    except ValidationError as error:
                        self.problems.append(bad_record(self.settings.name, error, path, None))
                        continue
                    found[run.info.run_id] = run
        except HttpProblem as error:
            self.problems.append(as_problem(self.settings.name, error, doing="reading the runs' metrics"))
        return found

    def _model(
        self,
        said: records.RegisteredModel,
        versions: list[records.ModelVersion],
        runs: dict[str, records.Run],
    ) -> Model:
        aliases: dict[str, list[str]] = {}
        for alias in said.aliases:
            aliases.setdefault(alias.version, []).append(alias.alias)
        known = self.context.known.get(said.name)
        newest = runs.get(versions[0].run_id) if versions else None
        if newest is not None:
            datasets = newest.training_datasets
        else:
            datasets = known.lineage.datasets if known and versions else ()
        read = tuple(
            self._version(version, aliases.get(version.version, []), runs.get(version.run_id))
            for version in versions
        )
        return with_provenance(
            records.model_of(self.settings.name, self.client.base_url, said, read, datasets)
        )

    def _version(self, said: records.ModelVersion, aliases: list[str], run: records.Run | None) -> Version:
        known = self._known(said)
        if run is not None and run.unusable_metrics:
            names = ", ".join(run.unusable_metrics[:10])
            self.report(
                f"metrics of version {said.version} are not finite numbers and were left out: {names}",
                where=f"run {said.run_id}",
                hint="log finite values, if they matter",
                model=said.name,
                severity="warning",
            )
        return records.version_of(said, aliases, run, known, self._files(said, run, known))

    def _files(
        self, said: records.ModelVersion, run: records.Run | None, known: Version | None
    ) -> records.Files:
        if known is not None and known.artifacts[0].format is not None:
            artifact = known.artifacts[0]
            return records.Files(artifact.format, artifact.size, known.signature)
        if not said.source:
            return records.Files()
        if self.failed_reads >= _FAILED_READS:
            self.skipped_reads += 1
            return records.Files()
        path, params = _mlmodel_request(said, run)
        doing = f"reading the MLmodel file of version {said.version}"
        try:
            content = self.client.get(path, params, limit=_LARGEST_MLMODEL).body
        except HttpProblem as error:
            # MLflow's own 404 says that the version has no such file; any other may be a proxy's.
            if error.kind == "not-found" and error.message:
                self.failed_reads = 0
                return records.Files(records.NO_MLMODEL)
            self.failed_reads += 1
            self.problems.append(as_problem(self.settings.name, error, model=said.name, doing=doing))
            return records.Files()
        self.failed_reads = 0
        try:
            file = read_mlmodel(content, "MLmodel")
        except BadMLmodel as error:
            fault = error.fault
            self.report(f"{doing}: {fault.what}", where=str(fault.place), hint=fault.hint, model=said.name)
            return records.Files()
        return records.Files(file.flavor or records.NO_MLMODEL, file.size, file.signature)

    def _known(self, said: records.ModelVersion) -> Version | None:
        """The known record of a version, if it is of the same run and source."""
        model = self.context.known.get(said.name)
        for version in model.versions if model else ():
            same = version.name == said.version and (version.run_id or "") == said.run_id
            if same and [artifact.uri for artifact in version.artifacts] == [said.source]:
                return version
        return None


def _mlmodel_request(said: records.ModelVersion, run: records.Run | None) -> tuple[str, dict[str, str]]:
    """Where the server gives out a version's ``MLmodel`` file.

    The route for versions cannot follow a ``runs:`` source: that is a folder of the run, or, since MLflow 3,
    the model that the run put out.
    """
    from_run = _RUN_SOURCE.fullmatch(said.source)
    if not from_run:
        return "/model-versions/get-artifact", {"name": said.name, "version": said.version, "path": "MLmodel"}
    outputs = run.outputs.model_outputs if run else []
    if len(outputs) == 1 and _RUN_ID.fullmatch(outputs[0].model_id):
        path = f"/ajax-api/2.0/mlflow/logged-models/{outputs[0].model_id}/artifacts/files"
        return path, {"artifact_file_path": "MLmodel"}
    return "/get-artifact", {"run_uuid": from_run["run"], "path": f"{from_run['path']}/MLmodel"}
