#!/usr/bin/env bash
# Rewrites the pinned requirements (with hashes, for every platform and Python from 3.11 on).
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links "$@"; }
# Building from source needs the build backend, so it is pinned beside the rest.
compile pyproject.toml requirements/build.in --output-file requirements/callboard.txt
compile --all-extras --group develop pyproject.toml requirements/build.in --output-file requirements/develop.txt
compile requirements/mlflow-server.in --output-file requirements/mlflow-server.txt
compile requirements/node.in --output-file requirements/node.txt
compile --override requirements/openwebui-server.overrides requirements/openwebui-server.in --output-file requirements/openwebui-server.txt
