# Both commands do all their own set-up on a machine with Python 3.11+, git, make and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test slow check bench clean
demo: $(VENV)/.callboard
	@$(BIN)/callboard demo

test: check
	$(BIN)/python tools/environments.py mlflow
	$(BIN)/python tools/environments.py backstage
	$(BIN)/python tools/environments.py registry
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder --cov --cov-report=term:skip-covered tests

# Against a real Open WebUI (3 GB) and a real Kubernetes API server (130 MB), each built once; where the second cannot
# be built, its tests skip. RECORD=1 writes down what they answer, for every other run.
slow: $(VENV)/.develop
	$(BIN)/python tools/environments.py openwebui
	-$(BIN)/python tools/environments.py kubernetes
	CALLBOARD_SLOW=1 CALLBOARD_RECORD=$(RECORD) $(BIN)/python -m pytest $(SLOW)
SLOW := $(addprefix tests/sources/test_,openwebui.py kubernetes.py kserve.py threescale.py)

check: $(VENV)/.develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.develop
	$(BIN)/python -m bench

$(VENV)/.callboard: requirements/callboard.txt pyproject.toml
	@test -x $(BIN)/python || { echo "Making a virtual environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@test -e $(VENV)/.develop || { echo "Installing Callboard (once) ..."; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/callboard.txt && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; }
	@touch $@

$(VENV)/.develop: requirements/develop.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/develop.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) .cache build dist
