#!/usr/bin/env bash
# Prints the packages that have tests under a build tag.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(git ls-files -co --exclude-standard -- '*_test.go' | xargs grep -l "^//go:build $1\$")
if [ -z "$files" ]; then
	echo "tools/tagged.sh: no test is tagged $1" >&2
	exit 1
fi
echo "$files" | xargs -n1 dirname | sort -u | sed 's#^#./#'
