"""Trains small models and registers them, run by the Python of MLflow's own environment.

``python train_models.py http://127.0.0.1:PORT``. Everything that is random is seeded.
"""

# mypy: ignore-errors
# (its libraries are only in MLflow's own environment)

from __future__ import annotations

import logging
import sys
import tempfile
import warnings

import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error
from sklearn.model_selection import train_test_split

HOSTILE_NAMES = (
    "../../etc/passwd",
    "a/b",
    "дом-модель",
    "模型",
    "🦊🚀",
    "Case-Model",
    "case-model",
    "dot.model",
    "dot-model",
    "n" * 200,
    "{{ 7*7 }} ${{ secrets.X }}",
)
"""Names that people could give a model; those that MLflow refuses are left out."""


def main(url: str) -> None:
    """Fills the server at ``url``."""
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("callboard")
    client = mlflow.MlflowClient()
    _iris(client)
    _diabetes(client)
    _without_versions(client)


def _iris(client: mlflow.MlflowClient) -> None:
    name = "iris-classifier"
    data = load_iris(as_frame=True)
    train_x, test_x, train_y, test_y = train_test_split(data.data, data.target, random_state=0)
    for strength in (0.01, 0.1, 1.0):
        with mlflow.start_run(run_name=f"iris C={strength}") as run:
            model = LogisticRegression(C=strength, max_iter=500, random_state=0).fit(train_x, train_y)
            predicted = model.predict(test_x)
            held_out = mlflow.data.from_pandas(
                test_x.assign(target=test_y), name="iris-held-out", targets="target"
            )
            mlflow.log_input(held_out, context="evaluation")
            mlflow.log_param("C", strength)
            mlflow.log_metric("accuracy", accuracy_score(test_y, predicted))
            mlflow.log_metric("f1_macro", f1_score(test_y, predicted, average="macro"))
            mlflow.log_metric("broken", float("nan"))
            mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(train_x, predicted, params={"threshold": 0.5}),
                registered_model_name=name,
            )
            version = client.get_latest_versions(name)[0].version
            client.set_model_version_tag(name, version, "trained_by", run.info.run_name)
    client.update_registered_model(name, "Classifies irises: *setosa*, *versicolor*, *virginica*.")
    client.update_model_version(name, "3", "Least regularised.")
    client.set_registered_model_alias(name, "champion", "3")
    client.set_registered_model_alias(name, "fallback", "1")
    client.transition_model_version_stage(name, "2", "Staging")
    for key, value in {
        "owner": "group:default/flowers",
        "license": "apache-2.0",
        "task": "tabular-classification",
        "language": "en",
        "team-note": 'quotes " and : and {{ 7*7 }}',
    }.items():
        client.set_registered_model_tag(name, key, value)


def _diabetes(client: mlflow.MlflowClient) -> None:
    name = "diabetes-risk"
    data = load_diabetes()
    train_x, test_x, train_y, test_y = train_test_split(data.data, data.target, random_state=0)
    with mlflow.start_run(run_name="diabetes") as run:
        model = Ridge(alpha=1.0).fit(train_x, train_y)
        predicted = model.predict(test_x)
        mlflow.log_metric("mean_absolute_error", mean_absolute_error(test_y, predicted))
        mlflow.sklearn.log_model(model, name="model", signature=infer_signature(train_x, predicted))
        mlflow.log_dict({"alpha": 1.0}, "settings.json")
        source = mlflow.get_artifact_uri("settings.json")
    client.create_registered_model(name)
    client.set_registered_model_tag(name, "mlflow.note.content", "Progression of diabetes after a year.")
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run_id=run.info.run_id)
    client.create_model_version(name, source, run_id=run.info.run_id, description="Has no MLmodel file.")
    with (
        mlflow.start_run(run_name="diabetes as MLflow 2 logged") as run,
        tempfile.TemporaryDirectory() as folder,
    ):
        mlflow.sklearn.save_model(model, f"{folder}/model", signature=infer_signature(train_x, predicted))
        mlflow.log_artifacts(f"{folder}/model", "model")
    client.create_model_version(name, f"runs:/{run.info.run_id}/model", run_id=run.info.run_id)


def _without_versions(client: mlflow.MlflowClient) -> None:
    for name in HOSTILE_NAMES:
        try:
            client.create_registered_model(name, description=f"Named {name!r}: <script>alert(1)</script>")
        except mlflow.MlflowException as refusal:
            print(f"refused: {name}: {refusal}", file=sys.stderr)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    main(sys.argv[1])
