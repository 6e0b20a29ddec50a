"""Models written by hand, for the tests of pages and sites."""

from __future__ import annotations

from callboard.model import (
    Artifact,
    Card,
    Endpoint,
    Evaluation,
    License,
    Lineage,
    Link,
    Model,
    Port,
    Signature,
    Version,
)

CARD = """\
# Model Card for Fraud detector

<p align="center"><img src="https://img.example/x.svg" alt="badge"></p>

A gradient-boosted model that scores **card payments**. See the [paper](https://example.org/p).

## Uses

### Direct use

1. Install:

   ```bash
   pip install acme-fraud
   ```

### Out-of-scope use

Credit decisions.

## Bias, risks and limitations

Merchants seen fewer than 10 times score higher.

## Training details

`lr=1e-3`

## Evaluation

Measured on the holdout.

### Testing data

All of 2025.

## Citation 論文

Cite it.
"""


def version(name: str, accuracy: float, loss: float, aliases: tuple[str, ...] = ()) -> Version:
    """A version with a signature and two evaluations on one dataset."""
    return Version(
        name=name,
        state="READY",
        aliases=aliases,
        created_at="2026-03-01T10:00:00Z",
        description="Trained on **new** data.",
        artifacts=(Artifact(uri="s3://x", digest="sha256:" + "ab12" * 16, size=12345678, format="onnx"),),
        signature=Signature(
            inputs=(Port(name="amount", type="double", shape=(-1, 1)),),
            outputs=(Port(name="probability", type="float32", shape=("batch", 2)),),
        ),
        evaluations=(
            Evaluation(metric="accuracy", value=accuracy, dataset="holdout", higher_is_better=True),
            Evaluation(metric="f1", value=0.5, dataset="holdout", higher_is_better=True),
            Evaluation(metric="log_loss", value=loss, dataset="holdout", higher_is_better=False),
        ),
    )


FRAUD = Model(
    source="prod-mlflow",
    id="1",
    name="fraud-detector",
    title="Fraud detector",
    description="Scores card payments for fraud.",
    license=License(id="Apache-2.0", url="https://www.apache.org/licenses/LICENSE-2.0"),
    library="sklearn",
    languages=("en",),
    tasks=("tabular-classification",),
    lineage=Lineage(base_models=("xgboost-base",), datasets=("payments-2026",)),
    versions=(version("2", 0.962, 0.11, ("champion",)), version("1", 0.951, 0.1)),
    endpoints=(Endpoint(url="https://models.acme.example/v1", protocol="openapi", needs_key=True),),
    links=(Link(url="https://mlflow.acme.example/#/models/fraud", title="MLflow"),),
    card=Card(markdown=CARD),
)

BARE = Model(source="cards", id="2", name="bare")

EVIL = (
    "<script>alert(1)</script>\n\n"
    "<img src=x onerror=alert(1)>\n\n"
    "[a](javascript:alert(1)) [b](java&#x0a;script:alert(1)) [c]( DATA:text/html,x) <vbscript:x>\n\n"
    "![t](https://tracker.example/p.gif) {: onclick=alert(1) }\n\n"
    '--8<-- "canary.txt"\n\n```\n--8<-- "canary.txt"\n```\n\n--8<--\ncanary.txt\n--8<--\n\n'
    "- ```\n  <script>alert(2)</script>\n  ```\n\n    <script>alert(3)</script>\n\n"
    '::uml:: source="canary.txt"\nx\n::end-uml::\n\n```plantuml source="canary.txt"\nA -> B\n```\n\n'
    "{% dot a.svg\ndigraph {}\n%}\n\n```graphviz dot a.svg\ndigraph {}\n```\n\n"
    "> [!NOTE]\n> x\n\n>>> [!note]\n```\n>>>\n<script>alert(4)</script>\n```\n\n"
    "@everyone Fixes #1, GH-2, acme/models#3 :smile: {{ 7*7 }} {% raw %} [TOC] *[HTML]: x\n\n"
    "!!! note\n    x\n\n/merge\n\n{++<script>alert(5)</script>++}\n\n`{++<script>++}`\n\n"
    "<!-- callboard: approved -->\n\n\x00\u202eevil\u202c &#x202e;\n\n"
    "<details><summary>S</summary>\n\nin\n\n</details>\n"
)
"""What a card can hold that acts somewhere when it is copied as it is."""
HOSTILE = '`|<script>alert(6)</script>[x](javascript:y)\n# {{ 7*7 }} @everyone #1 --8<-- "canary.txt" ![i](https://t.example/i)'
"""A name, title, metric, or any other value."""

ATTACK = Model(
    source="cards",
    id="3",
    name=HOSTILE,
    title=HOSTILE,
    description=EVIL,
    owner=HOSTILE,
    license=License(id=HOSTILE, name=HOSTILE, url="javascript:alert(7)"),
    library=HOSTILE,
    languages=(HOSTILE,),
    tasks=(HOSTILE,),
    tags=(HOSTILE,),
    lineage=Lineage(base_models=(HOSTILE,), datasets=(HOSTILE,)),
    versions=(
        Version(
            name=HOSTILE,
            description=EVIL,
            state=HOSTILE,
            aliases=(HOSTILE,),
            created_at=HOSTILE,
            artifacts=(Artifact(uri=HOSTILE, digest=HOSTILE, format=HOSTILE, size=1),),
            signature=Signature(inputs=(Port(name=HOSTILE, type=HOSTILE, shape=(HOSTILE,)),)),
            evaluations=(
                Evaluation(metric=HOSTILE, value=0.5, dataset=HOSTILE, split=HOSTILE, task=HOSTILE),
                Evaluation(metric=HOSTILE + "2", value=0.5, dataset=HOSTILE, split=HOSTILE, task=HOSTILE),
            ),
        ),
    ),
    endpoints=(
        Endpoint(url="javascript:alert(8)", protocol=HOSTILE, version=HOSTILE),
        Endpoint(url="https://ok.example/'\"><script>", protocol=HOSTILE),
    ),
    links=(Link(url="data:text/html,x", title=HOSTILE), Link(url="https://ok.example", title=HOSTILE)),
    card=Card(markdown=EVIL, cut_bytes=5),
)
