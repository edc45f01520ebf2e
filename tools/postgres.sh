#!/usr/bin/env bash
# Installs PostgreSQL's programs when they are missing and this is Debian or
# Ubuntu; else says in one line what to install. No system cluster is made:
# thidua runs clusters of its own.
set -euo pipefail

oldest=15
advice="PostgreSQL $oldest or newer is missing: install it, or name the folder of its programs with THIDUA_POSTGRES_BIN"

found() {
	[ -n "${THIDUA_POSTGRES_BIN:-}" ] && return
	local program major
	for program in /usr/lib/postgresql/*/bin/postgres $(command -v postgres || true); do
		[ -x "$program" ] || continue
		major=$("$program" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
		[ "$major" -ge "$oldest" ] && return
	done
	return 1
}

found && exit
if ! command -v apt-get >/dev/null; then
	echo "$advice" >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "PostgreSQL is missing: as root, apt-get install postgresql" >&2
		exit 1
	fi
	as_root=(sudo)
	[ -t 0 ] || as_root+=(-n)
fi

echo "installing PostgreSQL (apt-get install postgresql) …"
log=$(mktemp)
# Only while the package is installed does it make no cluster, start no service.
no_cluster=/etc/postgresql-common/createcluster.d/thidua.conf
quietly() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >>"$log" 2>&1 </dev/null
}
clean_up() {
	local status=$?
	quietly rm -f "$no_cluster" || true
	if [ "$status" != 0 ]; then
		tail -n 20 "$log" >&2
		echo "PostgreSQL could not be installed: as root, apt-get install postgresql" >&2
	fi
	rm -f "$log"
}
trap clean_up EXIT
quietly apt-get update
quietly mkdir -p "${no_cluster%/*}"
quietly sh -c "echo 'create_main_cluster = false' >$no_cluster"
quietly apt-get install -y --no-install-recommends postgresql
if ! found; then
	echo "$advice" >&2
	exit 1
fi
