# What to type here. `make` alone lists it; CONTRIBUTING.md says the rest.
# Longer steps are scripts in tools/, one each.
SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/thidua
# Where `make up` keeps its data; the demo has a directory of its own.
DATA_DIR ?=
# Further flags: make up UP="--smtp-addr mail.example:587", make up-demo DEMO=--keep.
UP   ?=
DEMO ?=
BENCH ?=
# Time for each fuzz target.
FUZZTIME ?= 10s
# Further flags for tests: make test-fast TEST="-race -count=1".
TEST ?=

##@ Try it (dùng thử)

.PHONY: try up-demo up
try: ## Rehearse the example campaign, launch to close, in a minute (diễn tập)
	@$(MAKE) -j2 postgres build
	@mkdir -p out
	@bin/thidua rehearse -f examples/seed-2021 --out out/rehearsal.html
	@echo
	@echo "All letters, dates and rankings: $(CURDIR)/out/rehearsal.html"
	@echo "Next: make up-demo"

up-demo: postgres temporald build ## Run everything with simulated units, pages, a mailbox and graphs to watch (chạy thử)
	@tools/prometheus.sh --optional
	@tools/demo.sh examples/seed-2021 $(DEMO)

up: postgres temporald build ## Run everything at real time, empty (chạy thật)
	@exec bin/thidua up $(if $(DATA_DIR),--data-dir '$(DATA_DIR)') $(UP)

##@ Build

.PHONY: build temporald deps postgres prometheus chromium go
build: go ## Build bin/thidua
	@go build -o bin/ ./cmd/thidua

temporald: go ## Build the Temporal server once (5-8 minutes), cached by version outside the repository
	@tools/temporald.sh

deps: go postgres prometheus chromium ## Check and install what is needed: Go, PostgreSQL, Prometheus, Chromium

go:
	@tools/go.sh

postgres:
	@tools/postgres.sh

prometheus:
	@tools/prometheus.sh

chromium:
	@tools/chromium.sh

##@ Check

.PHONY: test test-fast test-signon test-temporal test-journeys test-alerts test-race lint fmt check-generated fuzz bench bench-units
test: test-fast test-signon test-temporal test-journeys test-alerts ## Everything that must be green

test-fast: postgres prometheus go ## Tests without Temporal: units, and the database on a PostgreSQL of their own
	go test $(TEST) ./...

test-signon: postgres go ## Single sign-on against a real OpenID provider, which is a module of its own
	cd tools/signon && go test $(TEST) ./...

# One package after another: two installations that start at once may find the same free port.
test-temporal: postgres temporald ## Tests against the real Temporal server: files tagged `temporal`, and temporald's own
	go test $(TEST) -p 1 -tags temporal -timeout 20m $$(tools/tagged.sh temporal)
	cd deploy/temporald && go test $(TEST) ./...

test-journeys: postgres chromium temporald build ## People's ways through the pages, in Chromium against a whole installation
	cd tools/journeys && go test $(TEST) -count=1 -timeout 20m ./...

test-alerts: prometheus ## The alert rules: what must ring, when, and when not
	promtool check rules deploy/prometheus/rules/*.yml
	promtool test rules deploy/prometheus/rules_test.yml

test-race: postgres prometheus go ## The fast tests under the race detector
	go test -race $(TEST) ./...

lint: go ## Lint everything: golangci-lint, workflowcheck, go.mod
	@tools/lint.sh

fmt: go ## Format the code
	@$$(tools/tool.sh golangci-lint) fmt ./...

check-generated: go ## Fail when generated files differ from what their sources give
	@tools/generate.sh --check

fuzz: go ## Fuzz each target for FUZZTIME
	@tools/fuzz.sh $(FUZZTIME)

bench: postgres temporald build ## Measure against peers, and write out/bench*.json (BENCH="mail --repeat 5")
	@mkdir -p out
	@bin/thidua bench $(BENCH) -o json >out/bench.json || true
	@cd tools/bench && go run . >../../out/bench-peers.json
	@echo "out/bench.json, out/bench-peers.json; what they mean: docs/benchmarks.md"

bench-units: postgres go ## Run the benchmarks of single functions
	go test -run '^$$' -bench . -benchmem ./...

##@ Change

.PHONY: generate screenshots clean help
generate: go ## Regenerate what is generated: CRDs, deepcopy, queries, pages, dashboards
	@tools/generate.sh

screenshots: test-journeys ## Take the pictures of docs/tour.md anew
	@for picture in docs/images/tour/*.webp; do cp out/journeys/$$(basename $$picture) $$picture; done

clean: ## Remove what was built here; caches and data stay
	@rm -rf bin out/rehearsal.html

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
