# SPDX-License-Identifier: ISC
# The protocols that Postfix speaks: pure, bytes to requests and back.

postfix_files =
postfix_files += srsd/postfix/milter_proto.c srsd/postfix/milter_proto.h
unit_tests += tests/unit/test_milter_proto
fuzzers += tests/fuzz/milter_proto
postfix_files += srsd/postfix/orcpt.c srsd/postfix/orcpt.h
unit_tests += tests/unit/test_orcpt
fuzzers += tests/fuzz/orcpt
postfix_files += srsd/postfix/policy_proto.c srsd/postfix/policy_proto.h
unit_tests += tests/unit/test_policy_proto
fuzzers += tests/fuzz/policy_proto
postfix_files += srsd/postfix/socketmap.c srsd/postfix/socketmap.h
unit_tests += tests/unit/test_socketmap
fuzzers += tests/fuzz/socketmap
postfix_files += srsd/postfix/tcptable.c srsd/postfix/tcptable.h
unit_tests += tests/unit/test_tcptable
fuzzers += tests/fuzz/tcptable

noinst_LIBRARIES += srsd/postfix/libpostfix.a
srsd_postfix_libpostfix_a_SOURCES = $(postfix_files)
