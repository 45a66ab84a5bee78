# SPDX-License-Identifier: ISC
# What the milter knows of a forward. Also for srsctl, which explains and checks it offline.

forwarding_files =
forwarding_files += srsd/forwarding/authentication.c srsd/forwarding/authentication.h
unit_tests += tests/unit/test_authentication
forwarding_files += srsd/forwarding/forwarding.c srsd/forwarding/forwarding.h
unit_tests += tests/unit/test_forwarding

noinst_LIBRARIES += srsd/forwarding/libforwarding.a
srsd_forwarding_libforwarding_a_SOURCES = $(forwarding_files)
