"""Models that Red Hat 3scale API Management serves: products, by its Admin API or its operator's resources.

Which products are models, nobody but the configuration can say. ``threescale_portal`` asks the Admin API,
``threescale_resources`` reads the custom resources, ``threescale_records`` says what becomes what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from callboard.http import connect
from callboard.model import Listing, Model
from callboard.sources.context import Context
from callboard.sources.kubernetes import KubernetesSettings, open_cluster
from callboard.sources.provenance import with_provenance
from callboard.sources.reading import SourceReading
from callboard.sources.remote import never_raising
from callboard.sources.rest_values import Values
from callboard.sources.selection import selected
from callboard.sources.threescale_portal import Portal
from callboard.sources.threescale_records import BadProduct, Platform, model_of, system_name
from callboard.sources.threescale_resources import Resources


class Settings(KubernetesSettings):
    """3scale's Admin API (``url`` is the admin portal's), or its operator's custom resources in a cluster.

    Not every API is a model: ``select`` (globs on system names) or ``marked`` says which products are.
    """

    type: Literal["threescale"] = "threescale"
    read: Literal["admin-api", "custom-resources"] = "admin-api"
    marked: dict[str, str] = Field(default_factory=dict)
    """Labels or annotations that a product's custom resource must have; the value ``*`` is any."""

    @model_validator(mode="after")
    def _which(self) -> Self:
        if self.read == "admin-api":
            if self.url is None or self.namespaces:
                raise ValueError(
                    "with read: admin-api, give url, and no kubeconfig, in-cluster or namespaces"
                )
            if self.token is None or self.username is not None:
                raise ValueError("3scale's Admin API takes an access token: give token, and no username")
            if self.marked:
                raise ValueError("marked is for read: custom-resources; 3scale's Admin API has no labels")
        if "select" not in self.model_fields_set and not self.marked:
            raise ValueError("say which products are models: select: {include: [NAME, …]}, or ['*'] for all")
        return self


@never_raising
def list_models(settings: Settings, context: Context) -> Listing:
    """The products that are models. Never raises for what the server does: problems tell.

    An empty answer is not taken for an empty account: a token shows only what its user may see.
    """
    if settings.read == "custom-resources":
        with open_cluster(settings, context.folder) as cluster:
            platform = Resources(cluster, settings.name, settings.namespaces, settings.marked)
            return _Reading(settings, context, platform.where, platform).listing()
    assert settings.url is not None
    assert settings.token is not None
    with connect(
        settings.url,
        basic=("", settings.token.read()),
        timeout=settings.timeout,
        ca_bundle=None if settings.ca_bundle is None else context.folder / settings.ca_bundle,
        verify=settings.insecure_skip_tls_verify is None,
    ) as client:
        portal = Portal(client, settings.name)
        return _Reading(settings, context, portal.where, portal).listing()


@dataclass
class _Reading(SourceReading):
    settings: Settings
    platform: Platform

    def listing(self) -> Listing:
        products = self.platform.products()
        self.complete = self.platform.complete
        if self.complete and not products:
            self.incomplete(
                "there are no products at all",
                hint="check that the account may see them; if there are really none, ignore this",
            )
        found: dict[str, tuple[Values, set[str]]] = {}
        for product in products:
            faults: set[str] = set()
            values = Values(product if isinstance(product, dict) else {}, faults)
            try:
                name = system_name(values, self.platform.paths["system_name"])
            except BadProduct as error:
                self.complete = False
                self.report(f"a product cannot be read: {error}", hint="correct it in 3scale")
                continue
            if name in found and selected(name, self.settings.select):
                self.unread.add(name)
                hint = "read each 3scale account, or its namespaces, by a source of its own"
                self.report("two products have this system name", hint=hint, model=name)
            elif selected(name, self.settings.select):
                found[name] = (values, faults)
        models: list[Model] = []
        for name in sorted(found.keys() - self.unread):
            model = self._model(*found[name], name)
            if model is not None:
                models.append(model)
                self.context.progress(len(models))
        self.problems = [*self.platform.problems, *self.problems]
        return self.listing_of(models)

    def _model(self, values: Values, faults: set[str], name: str) -> Model | None:
        """The record; None where the catalog's must stay, because not all that it says could be asked for."""
        around = self.platform.around(values)
        if self.platform.partial and name in self.context.known:
            self.unread.add(name)
            return None
        model = model_of(self.settings.name, values, around, self.platform.paths, self.platform.page(values))
        if faults:
            what = f"not as they should be, and left out or cut: {', '.join(sorted(faults))}"
            self.report(what, hint="correct the product in 3scale", model=name, severity="warning")
        return with_provenance(model)
