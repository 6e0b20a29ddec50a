"""The Kubeflow Model Registry, ``v1alpha3``.

Models, versions, inference services and serving environments come in lists of 1,000. Artifacts do not say
whose they are, so each version is asked for its own: once, and again when the version changed or an artifact
was still on its way.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from callboard.http import HttpProblem
from callboard.model import Endpoint, Model, Version
from callboard.sources import kubeflow_artifacts as artifacts
from callboard.sources import kubeflow_models as models
from callboard.sources import kubeflow_records as records
from callboard.sources.kubeflow_reading import Reading, name_of, text_of
from callboard.sources.reading import Unread

_API = "/api/model_registry/v1alpha3"
_ID = re.compile(r"[0-9]{1,19}")


def read_registry(reading: Reading) -> None:
    """Read all models into ``reading``."""
    registered = _registered(reading)
    versions = _versions(reading, registered) if registered else {}
    wanted = [said for identifier, said in registered.items() if identifier not in reading.unread]
    if not wanted:
        return
    endpoints = _Endpoints(reading)
    for said in wanted:
        try:
            content = [(one, _content(reading, said, one)) for one in versions.get(said.id, [])]
            model, card = models.model_of(
                reading.settings.name, said, content, endpoints.of(said, [one for one, _ in content])
            )
        except Unread as unread:
            reading.leave(said.id, unread)
        else:
            reading.add(model, card)


def _registered(reading: Reading) -> dict[str, records.RegisteredModel]:
    path, found = f"{_API}/registered_models", dict[str, records.RegisteredModel]()
    entries, doing = reading.pages(path), "listing the registered models"
    for model in reading.wanted(records.RegisteredModel, entries, path, name_of, _model_id, doing=doing):
        found.setdefault(model.id, model)
    if reading.complete and not reading.answered:
        reading.incomplete(
            "the registry answers no models at all",
            where=f"{reading.client.base_url}{path}",
            hint="check that the token may list models; if the registry is really empty, ignore this",
        )
    return found


def _versions(
    reading: Reading, registered: dict[str, records.RegisteredModel]
) -> dict[str, list[records.ModelVersion]]:
    """The versions of each model, newest first.

    A model of which a version could not be read is unread: the versions that are left would look as if the
    others had been deleted.
    """
    path, found = f"{_API}/model_versions", dict[str, dict[str, records.ModelVersion]]()
    try:
        for said in reading.pages(path):
            model = _id(said, "registeredModelId")
            if model is not None and model not in registered:
                continue
            try:
                version = records.ModelVersion.model_validate(said)
            except ValidationError as error:
                reading.bad(error, path, model)
                if model is None:
                    reading.unread.update(registered)
                continue
            found.setdefault(version.registered_model_id, {}).setdefault(version.id, version)
    except HttpProblem as error:
        reading.unread.update(registered)
        reading.failed(error, doing="listing the model versions")
    return {
        model: sorted(versions.values(), key=lambda one: records.rank(one.id), reverse=True)
        for model, versions in found.items()
    }


def _content(
    reading: Reading, model: records.RegisteredModel, said: records.ModelVersion
) -> artifacts.Content:
    """What a version's artifacts say; of one that the catalog holds as it is now, without asking."""
    known = reading.context.known.get(model.id)
    version = None if known is None else _same(known, said)
    if known is not None and version is not None:
        return artifacts.content_of_known(version, known)
    path = f"{_API}/model_versions/{said.id}/artifacts"
    content = artifacts.content_of(reading.artifacts(path), said.name)
    if content.unusable:
        reading.report(
            f"metrics of version {said.name} are not finite numbers and were left out: "
            + ", ".join(content.unusable[:10]),
            where=f"{reading.client.base_url}{path}",
            hint="record finite values, if they matter",
            model=model.id,
            severity="warning",
        )
    return content


def _same(known: Model, said: records.ModelVersion) -> Version | None:
    """The known record of this version, if it had its artifacts and has not changed since."""
    for version in known.versions:
        is_same = (version.id, version.name) == (said.id, said.name)
        if is_same and version.updated_at == records.utc(said.last_update_time_since_epoch):
            return version if version.artifacts and artifacts.PENDING not in version.tags else None
    return None


class _Endpoints:
    """Where the registry says that models are served."""

    def __init__(self, reading: Reading) -> None:
        environments, strange, named = reading.records(
            records.ServingEnvironment, f"{_API}/serving_environments", "listing the serving environments"
        )
        services, unreadable, listed = reading.records(
            records.InferenceService, f"{_API}/inference_services", "listing the inference services"
        )
        self._environments = {one.id: one.name for one in environments}
        self._services: dict[str, dict[str, records.InferenceService]] = {}
        for one in services:
            self._services.setdefault(one.registered_model_id, {}).setdefault(one.id, one)
        self._known = reading.context.known
        self._in_doubt = {_id(said, "registeredModelId") for said in unreadable}
        self._whole = named and listed and not strange and None not in self._in_doubt

    def of(self, said: records.RegisteredModel, versions: list[records.ModelVersion]) -> tuple[Endpoint, ...]:
        """The endpoints of a model; when they could not be read, those that were known."""
        if not self._whole or said.id in self._in_doubt:
            known = self._known.get(said.id)
            return known.endpoints if known else ()
        newest = models.newest_of([(one, artifacts.Content()) for one in versions])
        holders = [said.properties] if newest is None else [newest[0].properties, said.properties]
        names = {one.id: one.name for one in versions}
        found = (
            models.endpoint_of(
                one,
                self._environments.get(one.serving_environment_id),
                names.get(one.model_version_id or ""),
                holders,
            )
            for one in self._services.get(said.id, {}).values()
        )
        once = dict.fromkeys(filter(None, found))
        return tuple(sorted(once, key=lambda one: (one.server or "", one.url)))


def _model_id(said: Any) -> str | None:
    return _id(said, "id")


def _id(said: Any, key: str) -> str | None:
    """An id, where the record has a usable one."""
    identifier = text_of(said, key)
    return identifier if identifier is not None and _ID.fullmatch(identifier) else None
