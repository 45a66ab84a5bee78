#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes ./configure from a checkout; needs autoconf, automake and pkg-config.
set -e
cd "$(dirname "$0")"
for tool in autoreconf aclocal pkg-config; do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool not found; apt-get install autoconf automake pkg-config" >&2
		exit 1
	}
done
exec autoreconf --install --warnings=all,no-obsolete,no-override "$@"
