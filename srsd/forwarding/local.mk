# SPDX-License-Identifier: ISC
# What the milter knows of a forward. Also for srsctl, which explains and checks it offline.

forwarding_files =
forwarding_files += srsd/forwarding/candidate_check.c srsd/forwarding/candidate_check.h
forwarding_files += srsd/forwarding/candidate_state.c srsd/forwarding/candidate_state.h
unit_tests += tests/unit/test_candidate_state
forwarding_files += srsd/forwarding/candidates.c srsd/forwarding/candidates.h
unit_tests += tests/unit/test_candidates
forwarding_files += srsd/forwarding/forwarding.c srsd/forwarding/forwarding.h
forwarding_files += srsd/forwarding/way_back.c srsd/forwarding/way_back.h
unit_tests += tests/unit/test_way_back

noinst_LIBRARIES += srsd/forwarding/libforwarding.a
srsd_forwarding_libforwarding_a_SOURCES = $(forwarding_files)
