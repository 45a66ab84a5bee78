# SPDX-License-Identifier: ISC
# What the milter knows of a forward. Also for srsctl, which explains and checks it offline.

forwarding_files =
forwarding_files += srsd/forwarding/authentication.c srsd/forwarding/authentication.h
unit_tests += tests/unit/test_authentication
forwarding_files += srsd/forwarding/forwarding.c srsd/forwarding/forwarding.h
unit_tests += tests/unit/test_forwarding
forwarding_files += srsd/forwarding/authres.c srsd/forwarding/authres.h
unit_tests += tests/unit/test_authres
fuzzers += tests/fuzz/authres
forwarding_files += srsd/forwarding/header_lexer.c srsd/forwarding/header_lexer.h
unit_tests += tests/unit/test_header_lexer
forwarding_files += srsd/forwarding/mail_headers.c srsd/forwarding/mail_headers.h
unit_tests += tests/unit/test_mail_headers
fuzzers += tests/fuzz/mail_headers
forwarding_files += srsd/forwarding/mailbox_domains.c srsd/forwarding/mailbox_domains.h
unit_tests += tests/unit/test_mailbox_domains
fuzzers += tests/fuzz/mailbox_domains
forwarding_files += srsd/forwarding/candidate_check.c srsd/forwarding/candidate_check.h
forwarding_files += srsd/forwarding/candidate_state.c srsd/forwarding/candidate_state.h
unit_tests += tests/unit/test_candidate_state
forwarding_files += srsd/forwarding/candidates.c srsd/forwarding/candidates.h
unit_tests += tests/unit/test_candidates
forwarding_files += srsd/forwarding/way_back.c srsd/forwarding/way_back.h
unit_tests += tests/unit/test_way_back
forwarding_files += srsd/forwarding/verdict_token.c srsd/forwarding/verdict_token.h
unit_tests += tests/unit/test_verdict_token
fuzzers += tests/fuzz/verdict_token

noinst_LIBRARIES += srsd/forwarding/libforwarding.a
srsd_forwarding_libforwarding_a_SOURCES = $(forwarding_files)
