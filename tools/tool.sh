#!/usr/bin/env bash
# Prints the path of a developer tool, built from the version that tools/ pins.
# The cache outside the repository keeps one for each version and each Go.
set -euo pipefail
cd "$(dirname "$0")"

name=$1
case $name in
controller-gen) dir=. module=sigs.k8s.io/controller-tools package=$module/cmd/controller-gen ;;
templ) dir=. module=github.com/a-h/templ package=$module/cmd/templ ;;
workflowcheck) dir=. module=go.temporal.io/sdk/contrib/tools/workflowcheck package=$module ;;
sqlc) dir=sqlc module=github.com/sqlc-dev/sqlc package=$module/cmd/sqlc ;;
golangci-lint) dir=golangci module=github.com/golangci/golangci-lint/v2 package=$module/cmd/golangci-lint ;;
*)
	echo "tools/tool.sh: unknown tool $name" >&2
	exit 1
	;;
esac
version=$(awk -v module="$module" '$1 == module && $2 ~ /^v/ {print $2; exit} $1 == "require" && $2 == module {print $3; exit}' "$dir/go.mod")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/thidua/tools/$name@$version-$(go env GOVERSION)
program=$cache/$name
if [ ! -x "$program" ]; then
	mkdir -p "$cache"
	if command -v flock >/dev/null; then
		exec 9>"$cache/lock"
		flock 9
	fi
	if [ ! -x "$program" ]; then
		echo "building $name $version …" >&2
		started=$SECONDS
		go -C "$dir" build -o "$program.new" "$package" >&2
		mv "$program.new" "$program"
		echo "built $name in $((SECONDS - started)) s" >&2
	fi
fi
echo "$program"
