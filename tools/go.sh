#!/usr/bin/env bash
# Says in one line what to do when Go is missing or older than go.mod asks for.
set -euo pipefail
cd "$(dirname "$0")/.."
want=$(awk '$1 == "go" {print $2}' go.mod)
if ! command -v go >/dev/null; then
	echo "Go is missing: install Go $want or newer (https://go.dev/doc/install)" >&2
	exit 1
fi
have=$(go env GOVERSION)
if ! go list -m >/dev/null 2>&1 && [ "$(printf '%s\n' "$want" "${have#go}" | sort -V | head -n1)" != "$want" ]; then
	echo "this is $have: install Go $want or newer (https://go.dev/doc/install)" >&2
	exit 1
fi
