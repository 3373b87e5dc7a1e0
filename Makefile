# The two commands: `make start` for the course, `make test` for all tests. `make setup` is what they share.
# Without make: see "Without make" in README.md.

PYTHON ?= python3
COURSE := .venv/bin/python

.PHONY: setup start test
.DEFAULT_GOAL := start

setup:
	@command -v $(PYTHON) >/dev/null || { \
		echo "No $(PYTHON) found. Install Python 3.11 or newer (https://www.python.org/downloads/), then run make again." >&2; \
		exit 1; }
	@$(PYTHON) attncourse/environment.py

start: setup
	@$(COURSE) -m attncourse.cli start $(if $(NO_BROWSER),--no-browser)

test: setup
	$(COURSE) -m ruff check .
	$(COURSE) -m ruff format --check .
	$(COURSE) -m mypy
	$(COURSE) -m pytest --numprocesses 2 --dist worksteal
