#!/usr/bin/env bash
# Runs every fuzz target for a while.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -co --exclude-standard -- '*_test.go' | xargs grep -noE '^func Fuzz[A-Za-z0-9_]*' |
	while IFS=: read -r file _ func; do
		echo "== ${func#func } in $(dirname "$file")"
		go test -run '^$' -fuzz "^${func#func }\$" -fuzztime "$1" -fuzzminimizetime 1s "./$(dirname "$file")" </dev/null
	done
