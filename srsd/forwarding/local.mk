# SPDX-License-Identifier: ISC
# What the milter knows of a forward. Also for srsctl, which explains and checks it offline.

forwarding_files =
forwarding_files += srsd/forwarding/forwarding.c srsd/forwarding/forwarding.h

noinst_LIBRARIES += srsd/forwarding/libforwarding.a
srsd_forwarding_libforwarding_a_SOURCES = $(forwarding_files)
