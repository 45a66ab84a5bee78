# SPDX-License-Identifier: ISC
# SRS addresses: pure, for both programs.

srs_files =
srs_files += srsd/srs/secret_access.c srsd/srs/secret_access.h
srs_files += srsd/srs/srs_addr.c srsd/srs/srs_addr.h
unit_tests += tests/unit/test_srs_addr
srs_files += srsd/srs/srs_alias.c srsd/srs/srs_alias.h
unit_tests += tests/unit/test_srs_alias
srs_files += srsd/srs/srs_budget.c srsd/srs/srs_budget.h
unit_tests += tests/unit/test_srs_budget
srs_files += srsd/srs/srs_decode.c srsd/srs/srs_decode.h
unit_tests += tests/unit/test_srs_decode
srs_files += srsd/srs/srs_domains.c srsd/srs/srs_domains.h
unit_tests += tests/unit/test_srs_domains
srs_files += srsd/srs/srs_hash_change.c srsd/srs/srs_hash_change.h
unit_tests += tests/unit/test_srs_hash_change
srs_files += srsd/srs/srs_keys.c srsd/srs/srs_keys.h
unit_tests += tests/unit/test_srs_keys
srs_files += srsd/srs/srs_mac.c srsd/srs/srs_mac.h
unit_tests += tests/unit/test_srs_mac
srs_files += srsd/srs/srs_rewrite.c srsd/srs/srs_rewrite.h
unit_tests += tests/unit/test_srs_rewrite
fuzzers += tests/fuzz/srs_rewrite
srs_files += srsd/srs/srs_secret_past.c srsd/srs/srs_secret_past.h
unit_tests += tests/unit/test_srs_secret_past
srs_files += srsd/srs/srs_stamp.c srsd/srs/srs_stamp.h
unit_tests += tests/unit/test_srs_stamp

noinst_LIBRARIES += srsd/srs/libsrs.a
srsd_srs_libsrs_a_SOURCES = $(srs_files)
