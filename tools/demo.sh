#!/usr/bin/env bash
# Runs the demo in a data directory of its own, made anew each time. It is kept
# only when the demo fails: its logs tell why.
#   demo.sh EXAMPLE [flags of `thidua up`]
set -euo pipefail
cd "$(dirname "$0")/.."
example=$1
shift

# Not below a home: started by root, PostgreSQL runs as another user, who must
# be able to pass through.
dir=$(mktemp -d /var/tmp/thidua-demo.XXXXXX)
chmod 755 "$dir"
trap : INT # thidua gets it too, and stops everything in order

status=0
bin/thidua up --demo --demo-dir "$example" --data-dir "$dir" "$@" || status=$?
case $status in
0 | 130)
	rm -rf "$dir"
	;;
*)
	echo "the demo failed; its data and logs are in $dir" >&2
	exit "$status"
	;;
esac
