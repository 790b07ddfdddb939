# Flotilla: make help
SHELL := /bin/bash
.DEFAULT_GOAL := help
N_SCAN ?= 1
N_ANALYZE ?= 1
N_COMPRESS ?= 1
N_EXPORT ?= 1
MINUTES ?= 5
SEED ?= 1
export N_SCAN N_ANALYZE N_COMPRESS N_EXPORT

.PHONY: help demo test up down bench torture lint format setup build test-sanitizers clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## set up, build, and run the sample batch from upload to ZIP, live
	@scripts/demo.sh

test: setup ## set up and run the whole test suite on private, real servers
	@scripts/test.sh

up: build ## start a private fleet; N_SCAN, N_ANALYZE, N_COMPRESS, N_EXPORT set the process counts
	@scripts/up.sh

down: ## stop what up started
	@scripts/down.sh

bench: build ## the benchmarks, as ratios against peers on this machine
	@scripts/bench.sh

torture: build ## break workers, storage, clocks, Redis and PostgreSQL at random; prove that no job is lost (MINUTES, SEED)
	@MINUTES=$(MINUTES) SEED=$(SEED) scripts/torture.sh

lint: ## check formatting and scripts; change nothing
	@scripts/lint.sh

format: ## format the Swift sources in place
	@swift format -i -r Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

test-sanitizers: setup ## C wrappers under AddressSanitizer, concurrent parts under ThreadSanitizer
	@scripts/test-sanitizers.sh

setup: ## install the Debian packages and the label model
	@scripts/setup.sh

build: setup ## build the release executables
	@scripts/build.sh

clean: down ## stop the fleet and remove what was built and run here
	@rm -rf .build .build-asan .build-tsan .run
