#!/usr/bin/env bash
# Regenerates what is generated. With --check it fails when that changed a
# file; the new content stays, ready to be committed.
set -euo pipefail
cd "$(dirname "$0")/.."

generated() {
	git ls-files -co --exclude-standard -- \
		'api/v1/crds/*.yaml' '*zz_generated*.go' 'internal/store/db/*.go' '*_templ.go' \
		'deploy/grafana/dashboards/*.json'
}
sums() { generated | LC_ALL=C sort | while read -r f; do [ ! -e "$f" ] || sha256sum "$f"; done; }

before=$(sums)
for tool in controller-gen sqlc templ; do
	path=$(tools/tool.sh "$tool")
	PATH=${path%/*}:$PATH
done
export PATH
go generate ./...
# Pages: from their own folder, which errors at run time then name them by.
git ls-files -co --exclude-standard -- '*.templ' | xargs -r -n1 dirname | sort -u |
	while read -r dir; do (cd "$dir" && templ generate -log-level error); done
# Dashboards: their source is a module of its own.
go -C deploy/grafana/generator run .
[ "${1:-}" = --check ] || exit 0

after=$(sums)
if [ "$before" != "$after" ]; then
	echo "generated files were not up to date; they are now: commit them (make generate)" >&2
	diff <(echo "$before") <(echo "$after") | sed -nE 's/^[<>] [0-9a-f]+ +//p' | sort -u >&2
	exit 1
fi
echo "generated files are up to date"
