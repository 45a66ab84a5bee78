# SPDX-License-Identifier: ISC
# RFC 7208: records, macros, evaluation, headers.

spf_files =
spf_files += spf/spf_allow.c spf/spf_allow.h
unit_tests += tests/unit/test_spf_allow
spf_files += spf/spf_answers.c spf/spf_answers.h
unit_tests += tests/unit/test_spf_answers
spf_files += spf/spf_ask.c spf/spf_ask.h
unit_tests += tests/unit/test_spf_ask
spf_files += spf/spf_check.c spf/spf_check.h
unit_tests += tests/unit/test_spf_check
spf_files += spf/spf_evaluator.c spf/spf_evaluator.h
spf_files += spf/spf_eval.c spf/spf_eval.h
unit_tests += tests/unit/test_spf_eval tests/unit/test_spf_eval_dns
fuzzers += tests/fuzz/spf_eval
spf_files += spf/spf_header.c spf/spf_header.h
unit_tests += tests/unit/test_spf_header
spf_files += spf/spf_inflight.c spf/spf_inflight.h
unit_tests += tests/unit/test_spf_inflight
libspf2_sources = spf/spf_libspf2.c spf/spf_libspf2.h
if HAVE_LIBSPF2
spf_files += $(libspf2_sources)
unit_tests += tests/unit/test_spf_libspf2 tests/unit/test_spf_libspf2_fuzz
fuzzers += tests/fuzz/spf_libspf2
endif
spf_files += spf/spf_lookups.c spf/spf_lookups.h
spf_files += spf/spf_macro.c spf/spf_macro.h
unit_tests += tests/unit/test_spf_macro
fuzzers += tests/fuzz/spf_macro
spf_files += spf/spf_memory.c spf/spf_memory.h
unit_tests += tests/unit/test_spf_memory
spf_files += spf/spf_near_miss.c spf/spf_near_miss.h
unit_tests += tests/unit/test_spf_near_miss
fuzzers += tests/fuzz/spf_near_miss
spf_files += spf/spf_outbound.c spf/spf_outbound.h
unit_tests += tests/unit/test_spf_outbound
spf_files += spf/spf_query.c spf/spf_query.h
unit_tests += tests/unit/test_spf_query
spf_files += spf/spf_record.c spf/spf_record.h
unit_tests += tests/unit/test_spf_record
fuzzers += tests/fuzz/spf_record
spf_files += spf/spf_record_set.c spf/spf_record_set.h
spf_files += spf/spf_report.c spf/spf_report.h
unit_tests += tests/unit/test_spf_report
spf_files += spf/spf_term_hint.c spf/spf_term_hint.h
unit_tests += tests/unit/test_spf_term_hint
fuzzers += tests/fuzz/spf_term_hint
spf_files += spf/spf_trace.c spf/spf_trace.h
unit_tests += tests/unit/test_spf_trace
spf_files += spf/spf_verdict.c spf/spf_verdict.h

noinst_LIBRARIES += spf/libspf.a
spf_libspf_a_SOURCES = $(spf_files)
