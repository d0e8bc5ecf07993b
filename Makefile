# Two commands do everything on a machine that has only Python (with venv) and make: `make run` and `make test`.
# PYTHON=… chooses the interpreter, PORT=… the web port, ARGS=… is handed to pytest.

PYTHON ?= python3
PY = .venv/bin/python
ARGS ?=
PORT ?= 8000
# Browser tests join where a Chromium is installed; nothing ever downloads one.
BROWSER = $(if $(shell command -v chromium chromium-browser google-chrome 2>/dev/null),e2e,)
TEST_GROUPS = embedded dev $(BROWSER)

export PORT

.DEFAULT_GOAL := help
.PHONY: help run soak test check bench growth reset lint format types imports migrations deploy templates install lock

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## the whole product with a demo firm on http://127.0.0.1:$(PORT)
	@$(PYTHON) -I config/bootstrap.py embedded
	@exec $(PY) -m config.run

test: ## the whole test suite on servers of its own
	@$(PYTHON) -I config/bootstrap.py $(TEST_GROUPS)
ifeq ($(strip $(ARGS)),)
	@echo "browsers, and what needs a database server for itself, run beside the rest and are shown after it"
	@$(PY) -m pytest -m "(alone or browser) and not soak" > var/tests-beside.log 2>&1 & beside=$$!; \
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not alone and not browser and not soak"; rest=$$?; \
	wait $$beside; beside=$$?; cat var/tests-beside.log; exit $$((rest | beside))
else
	@$(PY) -m pytest $(ARGS)
endif

soak: ## what tries longer than a test run has time for
	@$(PYTHON) -I config/bootstrap.py $(TEST_GROUPS)
	@LEDGER_PROPERTY=soak $(PY) -m pytest tests/property
	@$(PY) -m pytest -m soak

check: lint types imports migrations deploy templates test ## everything that must hold before a change is done

bench: ## benchmarks side by side with pgbench and django-hordak on the same server
	@$(PYTHON) -I config/bootstrap.py embedded dev bench
	@$(PY) -m tests.benchmarks $(ARGS)

growth: ## the same questions on books of ten thousand, a million and ten million entries
	@$(PYTHON) -I config/bootstrap.py embedded dev
	@$(PY) -m tests.benchmarks.growth $(ARGS)

reset: ## delete the embedded servers' data and the simulators' books
	@$(PYTHON) -I config/bootstrap.py embedded
	@$(PY) -m config.embedded reset

install:
	@$(PYTHON) -I config/bootstrap.py $(TEST_GROUPS)

lint: install ## formatting and lint
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .

format: install ## format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

types: install
	@$(PY) -m mypy

imports: install
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

migrations: install
	@$(PY) manage.py makemigrations --check --dry-run

# Django's own deployment checks and ours, on production settings with made-up values.
deploy: install
	@env $$(grep -v '^#' .ci/production.env | xargs) $(PY) manage.py check --deploy --fail-level WARNING

templates: install
	@$(PY) -m djlint --lint --quiet templates $(wildcard */templates)

lock: install ## resolve the dependencies anew
	@var/tools/bin/uv lock
