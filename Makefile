# The habits of this project as commands; `make` or `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: all bench dev fmt help lint test

VENV ?= .venv
BIN := $(VENV)/bin

$(BIN)/maturin:
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet 'maturin>=1.16,<2'

dev: $(BIN)/maturin  ## build the extension (unoptimised) into .venv and install what the tests need
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --extras test

fmt:  ## format Rust and Python
	cargo fmt
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

lint:  ## what the gate asks of the text: rustfmt, clippy with and without Python, ruff
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --no-default-features -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check

test:  ## every test, the Rust ones included
	$(BIN)/pytest

bench:  ## build with optimisation, then measure; writes benches/RESULTS.md (takes half an hour)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release
	cargo build --release --no-default-features --bin mock-saleor
	$(BIN)/python benches/peers.py --write
	$(BIN)/python benches/funnel.py --write
	$(BIN)/python benches/funnel.py --users 5000 --minutes 2 --write

all: dev lint test  ## dev, lint and test

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
