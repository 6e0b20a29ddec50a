"""Models that KServe serves, read from the Kubernetes API.

InferenceServices, LLMInferenceServices and runtimes come in one list each per 500 objects. Routes, Ingresses
and Services are listed only in namespaces where a service does not say its address itself.
``kserve_records`` says what becomes what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from callboard.model import Endpoint, Listing, Model
from callboard.sources import kserve_addresses as addresses
from callboard.sources import kserve_records as records
from callboard.sources.context import Context
from callboard.sources.kserve_objects import InferenceService, LLMInferenceService, Runtime
from callboard.sources.kubernetes import Cluster, Kind, KubernetesSettings, Objects, open_cluster
from callboard.sources.kubernetes_metadata import metadata_of
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading
from callboard.sources.remote import bad_record, never_raising
from callboard.sources.selection import selected

_GROUP = "serving.kserve.io"
_SERVICES = Kind(_GROUP, ("v1beta1",), "inferenceservices")
_LLM_SERVICES = Kind(_GROUP, ("v1alpha2", "v1alpha1"), "llminferenceservices")
_RUNTIMES = Kind(_GROUP, ("v1alpha1",), "servingruntimes")
_REVISIONS = Kind("serving.knative.dev", ("v1",), "revisions")
_CLUSTER_RUNTIMES = Kind(_GROUP, ("v1alpha1",), "clusterservingruntimes", namespaced=False)

_LOADED_FROM = "internal.serving.kserve.io/storage-initializer-sourceuri"
_LONGEST_SAID = 300
_Read = InferenceService | LLMInferenceService


class Settings(KubernetesSettings):
    """KServe in a Kubernetes cluster."""

    type: Literal["kserve"] = "kserve"


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The served models. Never raises for what the server does: problems tell.

    A cluster without any is not taken for one that has lost them all.
    """
    with open_cluster(settings, context.folder) as cluster:
        return _Reading(settings, context, cluster.url, cluster).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    cluster: Cluster
    runtimes: dict[tuple[str, str], Runtime] = field(default_factory=dict)
    """By namespace ("" for those of the cluster) and name."""
    runtimes_read: bool = True
    around: dict[tuple[Kind, str], Objects] = field(default_factory=dict)
    """What was listed in a namespace beside the services."""

    def listing(self) -> Listing:
        services = self._services()
        self._read_runtimes(services.values())
        models: list[Model] = []
        for id_ in sorted(services):
            models.append(self._model(services[id_]))
            self.context.progress(len(models))
        return self.listing_of(models)

    def _services(self) -> dict[str, _Read]:
        """All services that are wanted, by id."""
        found: dict[str, _Read] = {}
        answered, there = False, []
        for kind, record in ((_SERVICES, InferenceService), (_LLM_SERVICES, LLMInferenceService)):
            objects = self._objects(kind)
            answered = answered or bool(objects.items)
            there.append(objects.installed)
            if not objects.installed and self._knows(record):
                self.complete = False
                self.report(
                    f"the cluster has no {kind.title} any more, though the catalog has models from there",
                    hint="install KServe's resources again, or remove the models from the catalog by hand",
                )
            for said in objects.items:
                service = self._service(said, record, kind)
                if service is not None:
                    found[service.id] = service
                    self._tell(service, objects)
        if not any(there):
            self.complete = False
            self.report("the cluster has no KServe", hint="check that it is the right cluster")
        elif self.complete and not answered:
            self.incomplete(
                "the cluster answers no served models at all",
                hint="check `namespaces`; if nothing is really served, ignore this",
            )
        return found

    def _objects(self, kind: Kind) -> Objects:
        objects = self.cluster.objects(kind, self.settings.namespaces)
        self.problems += objects.problems
        self.complete = self.complete and objects.complete
        return objects

    def _knows(self, record: type[_Read]) -> bool:
        llm = record is LLMInferenceService
        return any(("/llminferenceservices/" in id_) is llm for id_ in self.context.known)

    def _service(self, said: Any, record: type[_Read], kind: Kind) -> _Read | None:
        name = _name(said)
        if name is not None and not selected(name, self.settings.select):
            return None
        try:
            return record.model_validate(said)
        except ValidationError as error:
            id_ = name
            if name is not None and record is LLMInferenceService:
                namespace, _, own = name.partition("/")
                id_ = f"{namespace}/{kind.plural}/{own}"
            self.doubt(id_)
            self.problems.append(bad_record(self.settings.name, error, kind.title, name))
            return None

    def _tell(self, service: _Read, objects: Objects) -> None:
        """Say that a service does not work, once that is no passing state."""
        failing = None if service.stopped else service.status.failing(objects.now)
        if failing is not None:
            said = " ".join(failing.split())[:_LONGEST_SAID]
            self.report(
                f"the service is not ready: {said}",
                where=f"{service.kind} {service.name}",
                hint="see `kubectl describe` for it; the catalog keeps it as it is",
                model=service.id,
                severity="warning",
            )

    def _read_runtimes(self, services: Iterable[_Read]) -> None:
        """The runtimes, if any service leaves a choice to one."""
        asked = any(isinstance(one, InferenceService) and records.needs_runtime(one) for one in services)
        for kind in (_RUNTIMES, _CLUSTER_RUNTIMES) if asked else ():
            objects = self.cluster.objects(kind, self.settings.namespaces)
            self._warn(objects)
            self.runtimes_read = self.runtimes_read and objects.complete
            for said in objects.items:
                try:
                    runtime = Runtime.model_validate(said)
                except ValidationError as error:
                    problem = bad_record(self.settings.name, error, kind.title, None)
                    self.problems.append(problem.model_copy(update={"severity": "warning"}))
                    continue
                namespace = runtime.metadata.namespace if kind.namespaced else ""
                self.runtimes[namespace, runtime.metadata.name] = runtime

    def _model(self, service: _Read) -> Model:
        known = self.context.known.get(service.id)
        before = tuple(one for one in known.endpoints if one.server == service.name) if known else ()
        runtime = protocol = url = None
        kept: tuple[Endpoint, ...] = ()
        if isinstance(service, InferenceService):
            name = records.runtime_of(service) or ""
            runtime = self.runtimes.get((service.metadata.namespace, name)) or self.runtimes.get(("", name))
            if not self.runtimes_read and before:
                protocol = before[0].protocol
        if service.stopped or service.status.url:
            pass
        elif before and not service.status.ready:
            # It may have lost its address for a while, or have only the one inside of the cluster.
            kept = before
        elif not service.status.said_url:
            url, sure = self._address(service)
            if before and not sure:
                url, kept = None, before
        revisions = self._revisions(service) if isinstance(service, InferenceService) else {}
        around = records.Surroundings(runtime, protocol, url, kept, known, revisions)
        return with_provenance(records.model_of(self.settings.name, service, around))

    def _address(self, service: _Read) -> tuple[str | None, bool]:
        """Where what a service owns leads, and whether everything could be looked at."""
        namespace, sure = service.metadata.namespace, True
        for kind in addresses.KINDS:
            objects = self._beside(kind, namespace)
            found = addresses.address_in(kind, objects.items, service)
            if found is not None:
                return found, sure
            sure = sure and objects.complete
        return None, sure

    def _revisions(self, service: InferenceService) -> dict[str, str]:
        """Where its revisions were loaded from, if others than the last serve requests."""
        found: dict[str, str] = {}
        if records.is_split(service):
            for said in self._beside(_REVISIONS, service.metadata.namespace).items:
                metadata = metadata_of(said)
                uri = (metadata.annotations or {}).get(_LOADED_FROM) if metadata else None
                if metadata and uri:
                    found[metadata.name] = uri
        return found

    def _beside(self, kind: Kind, namespace: str) -> Objects:
        """Objects of a namespace that say more of the services in it; listed once."""
        if (kind, namespace) not in self.around:
            objects = self.cluster.objects(kind, (namespace,))
            self._warn(objects)
            self.around[kind, namespace] = objects
        return self.around[kind, namespace]

    def _warn(self, objects: Objects) -> None:
        """Tell what could not be read that no model depends on."""
        self.problems += [one.model_copy(update={"severity": "warning"}) for one in objects.problems]


def _name(said: Any) -> str | None:
    """Namespace and name of an object, where it has usable ones."""
    metadata = said.get("metadata") if isinstance(said, dict) else None
    if not isinstance(metadata, dict):
        return None
    namespace, name = metadata.get("namespace", "default"), metadata.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str) or not name:
        return None
    return f"{namespace}/{name}" if "/" not in namespace + name else None
