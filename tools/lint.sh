#!/usr/bin/env bash
# Everything that can be checked without running it.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "golangci-lint"
lint=$(tools/tool.sh golangci-lint)
"$lint" run --allow-serial-runners ./...
(cd deploy/temporald && "$lint" run --allow-serial-runners --config ../../.golangci.yml ./...)
(cd tools/bench && "$lint" run --allow-serial-runners --config ../../.golangci.yml ./...)
(cd tools/signon && "$lint" run --allow-serial-runners --config ../../.golangci.yml ./...)
(cd tools/journeys && "$lint" run --allow-serial-runners --config ../../.golangci.yml ./...)
(cd deploy/grafana/generator && "$lint" run --allow-serial-runners --config ../../../.golangci.yml ./...)

echo "workflowcheck"
"$(tools/tool.sh workflowcheck)" -show-pos ./workflows/...

echo "go.mod"
go mod tidy -diff
