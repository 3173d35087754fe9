# Two commands do everything: `make demo` and `make test`. Both set up what they need.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The native binaries, never the npm launchers: a launcher exits 0 whatever its child does.
# FOUNDRY=dir uses another Foundry, which every platform but 64-bit Linux on x86 needs.
NPM_FOUNDRY := $(CURDIR)/node_modules/@foundry-rs
ifdef FOUNDRY
export PATH := $(FOUNDRY):$(PATH)
else
export PATH := $(NPM_FOUNDRY)/forge-linux-amd64/bin:$(NPM_FOUNDRY)/anvil-linux-amd64/bin:$(NPM_FOUNDRY)/cast-linux-amd64/bin:$(PATH)
endif

# The least number of Foundry tests that have to run: a filter or a glob that matches nothing must not look green. It only grows.
MIN_FORGE_TESTS := 1370

.PHONY: help setup contracts build demo test lint fmt bindings vectors test-contracts test-pages test-rust bench thesis clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: node_modules/.ready ## the pinned toolchain and the Solidity libraries

node_modules/.ready: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@for tool in forge anvil cast; do command -v $$tool >/dev/null || \
		{ echo "$$tool is not there for this platform: install Foundry and say make FOUNDRY=<folder of its binaries>" >&2; exit 1; }; done
	touch $@

contracts: setup ## compile the contracts
	forge build --deny warnings

build: contracts ## compile everything
	cargo build --locked --workspace --bins

demo: build ## a real market on a local chain; DEMO_EXIT=1 ends it by itself
	./target/debug/bourse demo

test: lint test-contracts test-pages test-rust ## pass every test

lint: contracts ## formatting and lints, and generated files up to date
	forge fmt --check
	cargo fmt --all --check
	node tools/bindings --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: setup ## format everything
	forge fmt
	cargo fmt --all

bindings: contracts ## regenerate the ABI that Rust is built on
	node tools/bindings

vectors: ## regenerate the vectors that the mechanisms and their twins share
	BOURSE_WRITE_VECTORS=1 cargo test --locked -p bourse-sim --test vectors

test-contracts: contracts
	tools/forge-test $(MIN_FORGE_TESTS)

test-pages: build
	tools/operate-check
	tools/demo-check
	tools/mechanism-check
	tools/mechanism-pages

# nextest runs tests of all crates side by side (.config/nextest.toml); without it they take five times as long, and pass all the same.
test-rust: build
	if cargo nextest --version >/dev/null 2>&1; then \
		cargo test --locked --workspace --doc && cargo nextest run --locked --workspace; \
	else \
		cargo test --locked --workspace; \
	fi

bench: ## what the fold of events costs, in time and memory
	cargo run --locked --release -p bourse-bench

thesis: ## compare routed requesters with one mechanism for all; writes docs/thesis.md
	cargo run --locked --release -p bourse-bench --bin thesis

clean:
	rm -rf out cache target node_modules .bourse
