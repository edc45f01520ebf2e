#!/usr/bin/env bash
# Types the tour of README.md, as it stands there, on data of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
tour=$(awk '/^## / {on = ($0 == "## A tour")} /^```/ {code = !code; next} on && code' README.md)
if [ "$(echo "$tour" | wc -l)" -lt 5 ]; then
	echo "tools/tour.sh: no tour in README.md" >&2
	exit 1
fi
dir=$(mktemp -d /var/tmp/thidua-tour.XXXXXX)
chmod 755 "$dir"
trap 'rm -rf "$dir"' EXIT
tour=${tour//\/var\/tmp\/thidua-tour/$dir\/data}
tour=${tour//out\/my-campaign/$dir\/my-campaign}
echo "$tour" | while read -r line; do printf 'echo %q\n%s\n' "\$ $line" "$line"; done >"$dir/tour"
bash -euo pipefail "$dir/tour"
