"""Changes to models, as reviewers meet them."""

from __future__ import annotations

from typing import Any

from callboard.changes.change import KeptEdit, ModelChange
from callboard.model import Endpoint, Evaluation, License, Lineage, Model, Port, Signature, Version

FINGERPRINT = "0123456789abcdef" * 4

OLD = Version(
    name="3",
    aliases=("champion",),
    signature=Signature(
        inputs=(Port(name="amount", type="double"), Port(name="country", type="string")),
        outputs=(Port(name="score", type="double"),),
    ),
    evaluations=(
        Evaluation(metric="f1", value=0.912, dataset="claims-2025", split="test"),
        Evaluation(metric="recall", value=0.88, dataset="claims-2025", split="test"),
        Evaluation(metric="log_loss", value=0.213, dataset="claims-2025", split="test"),
    ),
)
NEW = Version(
    name="4",
    aliases=("champion",),
    signature=Signature(
        inputs=(
            Port(name="amount", type="double"),
            Port(name="country", type="string"),
            Port(name="merchant_category", type="string"),
        ),
        outputs=(Port(name="score", type="double"),),
    ),
    evaluations=(
        Evaluation(metric="f1", value=0.931, dataset="claims-2025", split="test"),
        Evaluation(metric="recall", value=0.861, dataset="claims-2025", split="test"),
        Evaluation(metric="log_loss", value=0.187, dataset="claims-2025", split="test"),
    ),
)
FRAUD = Model(
    source="prod-mlflow",
    id="fraud-detector",
    name="fraud-detector",
    title="Fraud detector",
    description="Scores card payments for fraud. Gradient-boosted trees over payment and merchant features.",
    owner="group:default/risk-ml",
    license=License(id="Apache-2.0"),
    tasks=("tabular-classification",),
    lineage=Lineage(base_models=("acme/tabular-base",)),
    versions=(OLD,),
    endpoints=(Endpoint(url="https://models.acme.example/fraud", protocol="rest", needs_key=True),),
)
FRAUD_4 = FRAUD.model_copy(
    update={"versions": (NEW, OLD.model_copy(update={"aliases": ()})), "license": License(id="MIT")}
)
PREVIEW = """apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: fraud-detector
  title: Fraud detector
spec:
  type: ai-model
  owner: group:default/risk-ml
"""


def change(before: Model | None, after: Model | None, **more: Any) -> ModelChange:
    model = after or before
    assert model is not None
    fields: dict[str, Any] = {
        "key": f"forge.example/acme/catalog/{model.source}:{model.id}",
        "name": model.name,
        "title": model.title or model.name,
        "folder": f"models/{model.name}",
        **more,
    }
    return ModelChange(before=before, after=after, **fields)


def new_model() -> ModelChange:
    files = ("catalog-info.yaml", "docs/evaluation.md", "docs/index.md", "mkdocs.yml", ".callboard.lock")
    return change(None, FRAUD, files_added=files, preview=PREVIEW)


def new_version() -> ModelChange:
    return change(
        FRAUD,
        FRAUD_4,
        files_added=("docs/assets/evaluation.svg",),
        files_changed=("catalog-info.yaml", "docs/evaluation.md", "docs/usage.md"),
        kept=(
            KeptEdit("catalog-info.yaml", "spec.owner", "group:default/risk-ml", "group:default/payments"),
            KeptEdit("docs/index.md", "Limitations", None, "Not for amounts above 10,000 EUR."),
        ),
    )


def deletion() -> ModelChange:
    return change(FRAUD, None, files_removed=("catalog-info.yaml", "docs/index.md", "mkdocs.yml"))


def other(number: int, **after: Any) -> Model:
    name = f"model-{number:02}"
    fields = {"name": name, "id": name, "title": f"Model {number:02}", "versions": (OLD,), **after}
    return FRAUD.model_copy(update=fields)


def twelve() -> list[ModelChange]:
    """Three new models, eight new versions (one breaks its callers), one other license."""
    plain = OLD.model_copy(update={"name": "4", "aliases": ()})
    return [
        *(change(None, other(number), files_added=("catalog-info.yaml",)) for number in range(1, 4)),
        *(
            change(other(number), other(number, versions=(plain, OLD)), files_changed=("catalog-info.yaml",))
            for number in range(4, 11)
        ),
        change(other(11), other(11, versions=(NEW, OLD)), files_changed=("catalog-info.yaml",)),
        change(other(12), other(12, license=License(id="MIT")), files_changed=("catalog-info.yaml",)),
    ]
