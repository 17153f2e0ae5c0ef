# Three commands are enough on a machine with Python 3.11+, pip and make:
#   make demo    set up and scrub the demo fixtures
#   make check   set up, then formatting, linter, types and core tests: while you work
#   make test    set up, then everything: before a merge
PYTHON ?= python3
VENV   ?= .venv
comma  := ,
BIN    := $(VENV)/bin
# An installation is made of these, besides the Python files, which are used where they are.
BUILT  := pyproject.toml hatch_build.py x12proc/wire/_native.c x12proc/wire/_split.c \
          x12proc/reports/acks/_levels.c
# Spark is large and its tests are skipped without it; in CI nothing is skipped.
DEV    := dev$(if $(filter true,$(CI)),$(comma)spark)
# The tests that start no processes: rules, reader, tables, scanner, claims, layers.
CORE   := tests/test_rules.py tests/generated tests/narrative tests/reference tests/wire tests/claims tests/judged \
          tests/test_layers.py tests/test_mutation.py tests/test_rule_memo.py

.PHONY: demo check lint test docs reference mutate compare-guides fuzz reliability bench bench-scaling bench-memory clean

demo: $(VENV)/.installed
	@$(BIN)/x12proc scrub fixtures/demo -o demo-out --as-of 2024-04-01 || test $$? -eq 1
	@echo
	@echo "Open demo-out/clinic-837p.report.html in a browser. Exit code 1 above means: claims were rejected."

check: lint
	$(BIN)/pytest -n auto $(CORE)

test: lint
	PYTHONPATH=tests $(BIN)/python tools/judged_score.py
	$(BIN)/pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/python tools/build_docs.py

# Build the reference edition from config/reference/sources. With FROM=FOLDER, import the downloads in that folder into
# the sources first: make reference FROM=downloads
reference: $(VENV)/.dev
	$(BIN)/python tools/build_reference.py $(if $(FROM),--take $(FROM))
	@git --no-pager diff --stat config/reference || true

# Break the rules' conditions one by one and list the breaks that no fixture notices; a minute or two.
mutate: $(VENV)/.dev
	$(BIN)/python tools/mutate_rules.py

# Random bytes against the promises of tools/fuzz_targets.py: make fuzz MINUTES=20 TARGET=wire
MINUTES ?= 1
fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python tools/fuzzing.py --minutes $(MINUTES) $(TARGET)

# Files with injected errors, checked against their guides by the fast walk and by pyx12: make compare-guides COUNT=10000
COUNT ?= 10000
compare-guides: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python tests/support/guide_agreement.py $(COUNT)

# Speed beside other programs, into bench/RESULTS.md; by size and density, into docs/scaling.md; memory with files of
# 1 GB and 10 GB, which needs 40 GB of disk.
bench: $(VENV)/.dev
	$(BIN)/python bench/speed.py

bench-scaling: $(VENV)/.dev
	$(BIN)/python bench/speed.py --scaling --times 3

bench-memory: $(VENV)/.dev
	$(BIN)/python bench/speed.py --memory 1000 10000

# Time and memory for hostile files, into docs/reliability.md; some minutes.
reliability: $(VENV)/.dev
	$(BIN)/python tools/measure_faults.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python $(BUILT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python $(BUILT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(DEV)]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) demo-out build dist

# -- coverage and releases, see CONTRIBUTING.md
.PHONY: acceptance coverage lock audit release-check

# Share of the code that the tests execute, by package, into docs/coverage.md; fails if the core is below its floor.
coverage: $(VENV)/.dev
	@rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -n auto
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o build/coverage/report.json
	$(BIN)/python tools/coverage_table.py build/coverage/report.json

# After a change to the dependencies in pyproject.toml; 'make lock UPGRADE=--upgrade' takes the newest of all.
lock: $(VENV)/.release
	$(BIN)/python tools/lock.py $(UPGRADE)

# What another version (BASE: a Python, a virtual environment or a checkout) says about the same FILES; fails if a verdict
# changed. The table is written to build/acceptance.txt as well.
acceptance: $(VENV)/.dev
	@test -n "$(BASE)" || { echo "BASE=... names the version to compare with"; exit 2; }
	@mkdir -p build
	$(BIN)/python tools/acceptance.py --base $(BASE) -o build/acceptance.txt $(FILES)

# Lock, wheel and sdist, the demo in fresh environments, licenses, SBOM, known vulnerabilities; dist/ then holds the files
# that were checked. STEPS="build contents" runs some steps. The audit needs a network and fails without one.
release-check: $(VENV)/.release
	$(BIN)/python tools/release_check.py $(STEPS)

audit: $(VENV)/.release
	$(BIN)/python tools/release_check.py audit

$(VENV)/.release: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,release]'
	@touch $@
