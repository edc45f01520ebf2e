#!/usr/bin/env bash
# Installs prometheus and promtool when they are missing and this is Debian or
# Ubuntu; else says in one line what to install. The distribution's service is
# not started: thidua runs a Prometheus of its own.
#   prometheus.sh              fail when they cannot be had
#   prometheus.sh --optional   say so, and go on
set -euo pipefail

found() { command -v prometheus >/dev/null && command -v promtool >/dev/null; }
found && exit

missing() {
	echo "Prometheus is missing: $1" >&2
	[ "${optional:-}" ] || exit 1
	exit 0
}
[ "${1:-}" != --optional ] || optional=yes

command -v apt-get >/dev/null || missing "install prometheus and promtool, so that they are on the PATH"
as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || missing "as root, apt-get install prometheus"
	as_root=(sudo)
	[ -t 0 ] || as_root+=(-n)
fi

echo "installing Prometheus (apt-get install prometheus) …"
log=$(mktemp)
# Only while the package is installed does it start no service. A machine that
# has such a rule already keeps its own.
policy=/usr/sbin/policy-rc.d
ours=
quietly() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >>"$log" 2>&1 </dev/null
}
clean_up() {
	[ -z "$ours" ] || quietly rm -f "$policy" || true
	rm -f "$log"
}
trap clean_up EXIT
install() {
	quietly apt-get update || return
	if [ ! -e "$policy" ]; then
		ours=yes
		quietly sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy" || return
	fi
	quietly apt-get install -y --no-install-recommends prometheus && found
}
if ! install; then
	tail -n 20 "$log" >&2
	missing "it could not be installed: as root, apt-get install prometheus"
fi
