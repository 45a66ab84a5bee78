# SPDX-License-Identifier: ISC
# srsctl check: a file for each side of an installation.

check_files =
check_files += srsd/ctl/check/check.h
check_files += srsd/ctl/check/check_candidates.c
check_files += srsd/ctl/check/check_daemon.c
check_files += srsd/ctl/check/check_dmarc.c
check_files += srsd/ctl/check/check_dns.c
check_files += srsd/ctl/check/check_endpoint.c srsd/ctl/check/check_endpoint.h
check_files += srsd/ctl/check/check_files.c
check_files += srsd/ctl/check/check_forwarding.c
check_files += srsd/ctl/check/check_hash.c
check_files += srsd/ctl/check/check_hop.c srsd/ctl/check/check_hop.h
check_files += srsd/ctl/check/check_maps.c
check_files += srsd/ctl/check/check_milter.c
check_files += srsd/ctl/check/check_other_maps.c
check_files += srsd/ctl/check/check_own_domains.c
check_files += srsd/ctl/check/check_postfix.c
check_files += srsd/ctl/check/check_restrictions.c
check_files += srsd/ctl/check/check_secret_access.c
check_files += srsd/ctl/check/check_secret_age.c
check_files += srsd/ctl/check/check_send.c
check_files += srsd/ctl/check/check_srs_domain.c
check_files += srsd/ctl/check/check_store.c
check_files += srsd/ctl/check/check_way.c srsd/ctl/check/check_way.h
check_files += srsd/ctl/check/check_words.c
check_files += srsd/ctl/check/ctl_check.c srsd/ctl/check/ctl_check.h
check_files += srsd/ctl/check/findings.c srsd/ctl/check/findings.h
check_files += srsd/ctl/check/postfix_restriction.c srsd/ctl/check/postfix_restriction.h
unit_tests += tests/unit/test_postfix_restriction

noinst_LIBRARIES += srsd/ctl/check/libcheck.a
srsd_ctl_check_libcheck_a_SOURCES = $(check_files)
