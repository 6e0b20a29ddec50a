"""MLflow's model registry, read with few requests.

All models come in one request per 1,000, all versions in one per 10,000, runs in batches of 500. One file per
version, its ``MLmodel``, is read once: later it is taken from the known record of the same version, run and
source. Time stamps are not used to skip anything, because MLflow does not move them when a tag or an alias
changes. ``mlflow_records`` says what becomes what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from callboard.config import RemoteSettings, SecretUnavailable
from callboard.http import Client, HttpProblem
from callboard.model import Listing, Model, Problem, Severity, Version
from callboard.redaction import redact
from callboard.sources import mlflow_records as records
from callboard.sources.context import Context
from callboard.sources.mlmodel import BadMLmodel, read_mlmodel
from callboard.sources.provenance import with_provenance
from callboard.sources.remote import as_problem, bad_record, open_client
from callboard.sources.selection import selected

_API = "/api/2.0/mlflow"
_MODELS_PER_PAGE = 1000  # MLflow's own limit
_VERSIONS_PER_PAGE = 10_000
_EXPERIMENTS_PER_PAGE = 1000
_RUNS_PER_BATCH = 500  # MLflow cannot parse a filter with 5,000 ids
_MOST_PAGES = 1000
_LARGEST_MLMODEL = 4 * 1024 * 1024
_FAILED_READS = 3  # in a row, until no more files are asked for

_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_RUN_SOURCE = re.compile(r"runs:/(?P<run>[0-9A-Za-z_-]{1,64})/(?P<path>.+)")


class Settings(RemoteSettings):
    """An MLflow tracking server. ``url`` is its address, without ``/api``."""

    type: Literal["mlflow"] = "mlflow"


def list_models(settings: Settings, context: Context) -> Listing:
    """The registered models. Never raises for what the server does: problems tell.

    An empty answer is not taken for an empty registry, since MLflow answers one when a permission is missing.
    """
    try:
        client = open_client(settings, context.folder)
    except (HttpProblem, SecretUnavailable) as error:
        return Listing(source=settings.name, problems=(as_problem(settings.name, error),))
    with client:
        return _Reading(settings, context, client).listing()


@dataclass
class _Reading:
    settings: Settings
    context: Context
    client: Client
    complete: bool = True
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    failed_reads: int = 0
    skipped_reads: int = 0

    def listing(self) -> Listing:
        registered = self._registered()
        versions = self._versions(registered) if registered else {}
        wanted = sorted(registered.keys() - self.unread)
        runs = self._runs({v.run_id for name in wanted for v in versions.get(name, ()) if v.run_id})
        models: list[Model] = []
        for name in wanted:
            try:
                models.append(self._model(registered[name], versions.get(name, []), runs))
            except ValueError as error:
                self._bad(error, name, f"{_API}/registered-models/search")
            self.context.progress(len(models))
        if self.skipped_reads:
            self._report(
                f"{self.skipped_reads} MLmodel files were not asked for: {_FAILED_READS} in a row had failed",
                hint="check that the server can read its artifact store, then run again",
            )
        return Listing(
            source=self.settings.name,
            models=tuple(models),
            unread=tuple(sorted(self.unread)),
            complete=self.complete,
            problems=tuple(self.problems),
        )

    def _registered(self) -> dict[str, records.RegisteredModel]:
        path, found, answered = "registered-models/search", dict[str, records.RegisteredModel](), False
        try:
            for said in self._pages(path, "registered_models", _MODELS_PER_PAGE):
                answered = True
                name = _name(said)
                if name is not None and not selected(name, self.settings.select):
                    continue
                try:
                    model = records.RegisteredModel.model_validate(said)
                except ValidationError as error:
                    self._bad(error, name, f"{_API}/{path}")
                    continue
                if not model.is_prompt:
                    found.setdefault(model.name, model)
        except HttpProblem as error:
            self._failed(error, doing="listing the registered models")
        if self.complete and not answered:
            self.complete = False
            self._report(
                "the registry answers no models at all",
                hint="check that the token may list models; if the registry is really empty, ignore this",
                severity="warning",
            )
        return found

    def _versions(
        self, registered: dict[str, records.RegisteredModel]
    ) -> dict[str, list[records.ModelVersion]]:
        """The versions of each model, newest first.

        A model of which a version could not be read is unread: the versions that are left would look as if
        the others had been deleted.
        """
        path, found = "model-versions/search", dict[str, dict[str, records.ModelVersion]]()
        complete_before, self.complete = self.complete, True
        try:
            for said in self._pages(path, "model_versions", _VERSIONS_PER_PAGE):
                name = _name(said)
                if name is not None and name not in registered:
                    continue
                try:
                    version = records.ModelVersion.model_validate(said)
                except ValidationError as error:
                    self._bad(error, name, f"{_API}/{path}")
                    continue
                found.setdefault(version.name, {}).setdefault(version.version, version)
        except HttpProblem as error:
            self._failed(error, doing="listing the model versions")
        if not self.complete:
            self.unread.update(registered)
        self.complete = self.complete and complete_before
        return {name: records.newest_first(versions.values()) for name, versions in found.items()}

    def _runs(self, ids: set[str]) -> dict[str, records.Run]:
        """The runs that can be read, by id."""
        path, found = f"{_API}/runs/search", dict[str, records.Run]()
        wanted = sorted(run for run in ids if _RUN_ID.fullmatch(run))
        if not wanted:
            return found
        try:
            experiments = [
                said["experiment_id"]
                for said in self._pages(
                    "experiments/search", "experiments", _EXPERIMENTS_PER_PAGE, view_type="ALL"
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
                for said in _items(answer, "runs", path):
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
            self._report(
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
            self._report(f"{doing}: {fault.what}", where=str(fault.place), hint=fault.hint, model=said.name)
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

    def _pages(self, path: str, key: str, size: int, **params: str) -> Iterator[Any]:
        """The entries of all pages. Raises HttpProblem, also for a listing that never ends."""
        path = f"{_API}/{path}"
        asked: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self.client.get_json(path, {"max_results": size, **params})
            yield from _items(answer, key, path)
            token = answer.get("next_page_token")
            if not token:
                return
            if not isinstance(token, str) or token in asked:
                break
            asked.add(token)
            params["page_token"] = token
        raise HttpProblem("bad-answer", "the list of pages does not end", where=path)

    def _failed(self, error: HttpProblem, *, doing: str) -> None:
        self.complete = False
        self.problems.append(as_problem(self.settings.name, error, doing=doing))

    def _bad(self, error: ValueError, name: str | None, where: str) -> None:
        """A record that cannot be read: its model is unread; without a name, it could be any model's."""
        if name is None:
            self.complete = False
        else:
            self.unread.add(name)
        self.problems.append(bad_record(self.settings.name, error, where, name))

    def _report(
        self,
        what: str,
        *,
        hint: str,
        where: str | None = None,
        model: str | None = None,
        severity: Severity = "error",
    ) -> None:
        self.problems.append(
            Problem(
                source=self.settings.name,
                model=model,
                what=redact(what),
                where=redact(where or self.client.base_url),
                hint=hint,
                severity=severity,
            )
        )


def _items(answer: Any, key: str, where: str) -> list[Any]:
    """The list in an answer; MLflow leaves an empty one out."""
    items = answer.get(key, []) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise HttpProblem("bad-answer", f"the answer holds no list of {key.replace('_', ' ')}", where=where)
    return items


def _name(said: Any) -> str | None:
    """The model's name, where the record has a usable one."""
    name = said.get("name") if isinstance(said, dict) else None
    return name if isinstance(name, str) and name and "\ufffd" not in name else None


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
