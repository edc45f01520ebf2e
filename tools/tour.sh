#!/usr/bin/env bash
# Types the tour of README.md and the one of docs/tour.md, as they stand there, on
# data of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d /var/tmp/thidua-tour.XXXXXX)
chmod 755 "$dir"
up=
finish() {
	if [ -n "$up" ]; then
		kill -INT "$up" 2>/dev/null || true
		wait "$up" || true
	fi
	rm -rf "$dir"
}
trap finish EXIT

# script FILE: the lines to type, each shown before it runs, on data in $dir.
script() {
	local lines
	lines=$(cat)
	if [ "$(echo "$lines" | wc -l)" -lt 5 ]; then
		echo "tools/tour.sh: no tour in $1" >&2
		exit 1
	fi
	lines=${lines//\/var\/tmp\/thidua-tour/$data}
	lines=${lines//out\//$dir/}
	echo "$lines" | while IFS= read -r line; do printf 'echo %q\n%s\n' "\$ $line" "$line"; done >"$dir/tour"
}

data=$dir/readme
awk '/^## / {on = ($0 == "## A tour")} /^```/ {code = !code; next} on && code' README.md | script README.md
bash -euo pipefail "$dir/tour"

# The second needs an installation that runs.
data=$dir/data
make build temporald
bin/thidua up --data-dir "$data" </dev/null >"$dir/up.log" 2>&1 &
up=$!
for ((i = 0; i < 600; i++)); do
	! grep -q '^Running;' "$dir/up.log" || break
	if ! kill -0 "$up" 2>/dev/null; then
		cat "$dir/up.log" >&2
		exit 1
	fi
	sleep 0.2
done
pages=$(sed -n 's|^  Pages.*\(http://[^/]*\)/$|\1|p' "$dir/up.log")
awk '/^```sh$/ {code = 1; next} /^```/ {code = 0} code' docs/tour.md | sed "s|http://127.0.0.1:8088|$pages|" | script docs/tour.md
bash -euo pipefail "$dir/tour" || {
	cat "$dir/up.log" >&2
	exit 1
}
