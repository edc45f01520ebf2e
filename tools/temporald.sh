#!/usr/bin/env bash
# Builds deploy/temporald into the cache, under the version that the product
# looks for, unless what is there was built from these very sources.
#   temporald.sh          build when needed
#   temporald.sh --path   only print where it is
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -nE 's/^const TemporaldVersion = "(.+)"$/\1/p' internal/standalone/find.go)
if [ -z "$version" ]; then
	echo "tools/temporald.sh: no TemporaldVersion in internal/standalone/find.go" >&2
	exit 1
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/thidua
program=$cache/temporald-$version
if [ "${1:-}" = --path ]; then
	echo "$program"
	exit
fi

# The sources without their tests, and the Go that compiles them.
sources=$({
	go env GOVERSION
	cd deploy/temporald
	find . -type f ! -name '*_test.go' ! -name temporald -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
} | sha256sum)
up_to_date() { [ -x "$program" ] && [ "$(cat "$program.sources" 2>/dev/null)" = "$sources" ]; }
up_to_date && exit

mkdir -p "$cache"
if command -v flock >/dev/null; then
	exec 9>"$cache/temporald.lock"
	flock 9 # two builds at once would only be slower
	up_to_date && exit
fi
echo "building temporald $version: 5-8 minutes the first time on two cores, seconds from then on …"
started=$SECONDS
new=$(mktemp "$program.XXXXXX")
trap 'rm -f "$new"' EXIT
go -C deploy/temporald build -o "$new" .
chmod 755 "$new"
mv "$new" "$program" # at once: whoever runs the old one keeps it
echo "$sources" >"$program.sources"
echo "built $program in $((SECONDS - started)) s"
