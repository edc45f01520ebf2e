#!/usr/bin/env bash
# Installs Chromium when it is missing and this is Debian or Ubuntu; else says in one line
# what to install.
set -euo pipefail

found() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
found && exit

missing() {
	echo "Chromium is missing: $1" >&2
	exit 1
}
command -v apt-get >/dev/null || missing "install chromium, so that it is on the PATH"
as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || missing "as root, apt-get install chromium"
	as_root=(sudo)
	[ -t 0 ] || as_root+=(-n)
fi

echo "installing Chromium (apt-get install chromium) …"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >>"$log" 2>&1 </dev/null
}
if ! { quietly apt-get update && quietly apt-get install -y --no-install-recommends chromium fonts-dejavu-core && found; }; then
	tail -n 20 "$log" >&2
	missing "it could not be installed: as root, apt-get install chromium"
fi
