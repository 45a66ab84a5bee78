# SPDX-License-Identifier: ISC
# Tests. `make check` needs no root and no network; `make check-all` adds real Postfix and the shared
# cases. Unit tests and fuzzers are listed in the local.mk of their module's directory.
LDADD = tests/fuzz/libfuzz.a $(program_libs) $(CMOCKA_LIBS) $(FUZZ_LIBS)
unit_tests += tests/unit/test_vectors

# Stories: all services without sockets, DNS or clock; see tests/replay/story.c. fake_network has its
# own functions of resolver.h and resolver_plan.h, so that those objects stay in their archive.
replay_sources = \
	tests/replay/captured_log.c tests/replay/captured_log.h \
	tests/replay/client.c tests/replay/client.h \
	tests/replay/fake_network.c tests/replay/fake_network.h \
	tests/replay/fake_store.c tests/replay/fake_store.h \
	tests/replay/mta.c tests/replay/mta.h \
	tests/replay/steps.c tests/replay/steps.h \
	tests/replay/steps_client.c tests/replay/steps_look.c \
	tests/replay/steps_milter.c tests/replay/steps_store.c \
	tests/replay/story.c tests/replay/story.h \
	tests/replay/text.c tests/replay/text.h \
	tests/replay/virtual_time.c tests/replay/virtual_time.h \
	tests/replay/words.c tests/replay/words.h \
	tests/replay/world.c tests/replay/world.h \
	tests/replay/zone.c tests/replay/zone.h
tests_replay_replay_SOURCES = tests/replay/replay.c $(replay_sources)
tests_replay_replay_LDADD = $(program_libs)
# The fuzzer of the story language.
fuzzers += tests/fuzz/story
tests_fuzz_story_SOURCES = tests/fuzz/story.c $(replay_sources)
# The fuzzer of the milter, which needs a clock and a store of its own.
fuzzers += tests/fuzz/milter_service
tests_fuzz_milter_service_SOURCES = tests/fuzz/milter_service.c \
	tests/replay/fake_store.c tests/replay/fake_store.h \
	tests/replay/mta.c tests/replay/mta.h \
	tests/replay/virtual_time.c tests/replay/virtual_time.h

# make starts the tests in this order, and those that build the project once more take longest.
socket_tests = tests/blackbox/test_install.py \
	tests/analysis/test_lints.py \
	tests/blackbox/test_maps.py \
	tests/blackbox/test_milter.py \
	tests/blackbox/test_bench.py \
	tests/blackbox/test_monitor.py \
	tests/blackbox/test_srsctl.py \
	tests/blackbox/test_srsctl_check.py \
	tests/blackbox/test_srsctl_explain.py \
	tests/blackbox/test_srsctl_explain_gate.py \
	tests/blackbox/test_srsctl_import.py \
	tests/blackbox/test_srsctl_policy.py \
	tests/blackbox/test_srsctl_recent.py \
	tests/blackbox/test_srsctl_reverse.py \
	tests/blackbox/test_srsctl_secret.py \
	tests/blackbox/test_srsctl_spf.py \
	tests/blackbox/test_srsctl_store.py \
	tests/blackbox/test_policy.py \
	tests/blackbox/test_policyd_spf.py \
	tests/blackbox/test_spf.py \
	tests/blackbox/test_store.py \
	tests/blackbox/test_header_readers.py \
	tests/blackbox/test_dnssec.py \
	tests/blackbox/test_limits.py \
	tests/blackbox/test_clients.py \
	tests/blackbox/test_completion.py \
	tests/blackbox/test_endpoints.py \
	tests/blackbox/test_overload.py \
	tests/blackbox/test_faults.py \
	tests/blackbox/test_config.py \
	tests/blackbox/test_start.py \
	tests/blackbox/test_isolation.py \
	tests/blackbox/test_units.py \
	tests/blackbox/test_contrib.py \
	tests/blackbox/test_commands.py \
	tests/blackbox/test_demo.py \
	tests/blackbox/test_harness.py \
	tests/blackbox/test_interop.py \
	tests/blackbox/test_release.py \
	tests/analysis/test_prove.py \
	tests/analysis/test_tree.py
root_tests = tests/package/test_package.py \
	tests/package/test_arch.py \
	tests/package/test_dist.py \
	tests/blackbox/test_shared.py tests/postfix/test_postfix.py \
	tests/postfix/test_recipes.py tests/postfix/test_forwarding.py tests/postfix/test_dmarc.py \
	tests/postfix/test_fleet.py tests/postfix/test_two_hosts.py \
	tests/postfix/test_documents.py
package_tests = tests/package/test_container.py

# Fuzzers: tests/fuzz/NAME.c has one function that takes bytes. Here main.c runs it over files, and
# seeds.py over the seeds in corpus/NAME; in build-fuzz, which contrib/fuzz makes, libFuzzer calls it.
check_LIBRARIES = tests/fuzz/libfuzz.a
tests_fuzz_libfuzz_a_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
if !LIBFUZZER
tests_fuzz_libfuzz_a_SOURCES += tests/fuzz/main.c
endif

check_PROGRAMS = tests/replay/replay tests/bench/echo tests/bench/load
if HAVE_SQLITE
check_PROGRAMS += tests/harness/store
tests_harness_store_LDADD = $(program_libs)
endif
TESTS = $(socket_tests) tests/replay/replay
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests) $(fuzzers)
TESTS += $(unit_tests) tests/fuzz/seeds.py
endif

# What tests preload into programs that they start.
check_DATA = tests/faults/failing_malloc.so tests/faults/full_output.so
CLEANFILES += $(check_DATA)

$(check_DATA):
	$(AM_V_CC)$(MKDIR_P) tests/faults && $(CC) -D_GNU_SOURCE -O2 -fPIC -shared -o $@ \
	    $(srcdir)/$(@:.so=.c)
tests/faults/failing_malloc.so: tests/faults/failing_malloc.c
tests/faults/full_output.so: tests/faults/full_output.c

TEST_EXTENSIONS = .py
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
PY_LOG_DRIVER = $(LOG_DRIVER)
# A failed case is counted; the exit status that follows from it is not one more.
LOG_DRIVER_FLAGS = --ignore-exit
PY_LOG_DRIVER_FLAGS = --ignore-exit
# For the lint that links each archive whole.
link_command = $(CC) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) $(libraries) $(LIBS)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	link_command='$(link_command)'; export link_command;

check-all:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(root_tests) $(TESTS)'

# Minutes, and packages from the mirror.
check-packages:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(package_tests)'

EXTRA_DIST += $(socket_tests) $(root_tests) $(package_tests) tests/analysis tests/faults/failing_malloc.c \
	tests/faults/full_output.c tests/fuzz/corpus \
	tests/fuzz/seeds.py tests/soak tests/vm

# The configuration of an older version, which test_config.py expects to be accepted.
EXTRA_DIST += tests/blackbox/srsd-0.1.0.conf

# One more story, or header, or dictionary, needs no line here.
dist-hook:
	find $(distdir) -name __pycache__ -prune -exec rm -rf {} +
	find $(distdir) -name '*.log' -delete -o -name '*.trs' -delete -o -name '*~' -delete
	$(MKDIR_P) $(distdir)/tests/harness
	cp $(srcdir)/tests/harness/*.py $(distdir)/tests/harness
	$(MKDIR_P) $(distdir)/tests/replay/stories
	cp $(srcdir)/tests/replay/stories/*.rpl $(distdir)/tests/replay/stories
	cp $(srcdir)/tests/unit/*.h $(distdir)/tests/unit
	cp $(srcdir)/tests/fuzz/*.h $(srcdir)/tests/fuzz/*.dict $(srcdir)/tests/fuzz/*.expect \
	    $(distdir)/tests/fuzz

.PHONY: check-all check-packages
