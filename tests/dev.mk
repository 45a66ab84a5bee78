# SPDX-License-Identifier: ISC
# The targets of the developers; see HACKING.md.

# Benchmarks, see HACKING.md; their results are in tests/bench of the build directory.
bench_files = tests/bench/beside.py tests/bench/bench.py tests/bench/chain.py tests/bench/cold.py \
	tests/bench/growth.py tests/bench/instances.py tests/bench/instructions.py \
	tests/bench/instructions.txt tests/bench/measure.py tests/bench/plot.py tests/bench/questions.py \
	tests/bench/report.py tests/bench/rounds.py tests/bench/servers.py tests/bench/spawn.py \
	tests/bench/stores.py tests/bench/targets.py tests/bench/zone.py
EXTRA_DIST += $(bench_files)
EXTRA_PROGRAMS = tests/bench/instructions
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_echo_LDADD = $(LIBBSD_LIBS)
tests_bench_load_LDADD = -lm $(LIBBSD_LIBS)
tests_bench_instructions_LDADD = $(program_libs)
if HAVE_SQLITE
EXTRA_PROGRAMS += tests/bench/store
tests_bench_store_LDADD = $(program_libs)
endif
bench_programs = srsd/srsd tests/bench/echo tests/bench/load
run_bench = $(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/bench/bench.py --out tests/bench
run_instructions = $(top_srcdir)/tests/bench/instructions.py --built-with \
	"`$(CC) --version | sed 1q`; $(CFLAGS)" tests/bench/instructions \
	$(top_srcdir)/tests/bench/instructions.txt

bench: $(bench_programs)
	$(run_bench) $(SECONDS:%=--seconds %) $(ROUNDS:%=--rounds %) $(PARTS:%=--only %) $(STRICT:%=--strict)

bench-quick: $(bench_programs)
	$(run_bench) --quick

bench-instructions: tests/bench/instructions
	$(run_instructions)

bench-instructions-accept: tests/bench/instructions
	$(run_instructions) --accept

# New senders per second that the store makes durable, on the disk of the build directory.
bench-store: tests/bench/store
	dir=`mktemp -d tests/bench/store.XXXXXX` && tests/bench/store "$$PWD/$$dir"; \
	    status=$$?; rm -rf "$$dir"; exit $$status

# clang-format of Debian 12 maintains the style. `make lint` examines what a compiler does not: the
# style, the names, the words of the prose, the direction of the includes and of the archives, and
# that all files name one version.
sources = $(common_files) $(conf_files) $(dns_files) $(spf_files) $(srs_files) $(postfix_files) \
	$(store_files) $(service_files) $(process_files) $(ctl_files) $(check_files) $(import_files) \
	$(srsd_srsd_SOURCES) $(srsd_srsctl_SOURCES) $(libspf2_sources)
formatted = find common conf spf srsd tests -name '*.[ch]'
lints = direction names tested versions words

format:
	cd $(top_srcdir) && $(formatted) -exec clang-format -i {} +

lint: $(noinst_LIBRARIES)
	cd $(top_srcdir) && $(formatted) -exec clang-format --dry-run -Werror {} +
	for lint in $(lints); do $(top_srcdir)/tests/analysis/$$lint.py $(top_srcdir) || exit; done
	$(top_srcdir)/tests/analysis/links.py . $(link_command)

# Other checks of the sources. Each is quiet on this tree; its false positives are listed, with the
# reason, in tests/analysis or in .clang-tidy.
analyse: analyse-cppcheck analyse-tidy

analyse-cppcheck:
	cd $(top_srcdir) && cppcheck --quiet --error-exitcode=1 --std=c11 \
	    --enable=warning,performance,portability --suppress=missingIncludeSystem \
	    --library=posix --library=gnu --library=openssl \
	    --library=tests/analysis/cppcheck.cfg \
	    --suppressions-list=tests/analysis/cppcheck.suppressions \
	    -I. -DHAVE_LIBSPF2=1 -DPACKAGE_VERSION='"x"' common conf spf srsd

analyse-tidy:
	cd $(top_srcdir) && printf '%s\n' $(filter %.c,$(sources)) | xargs -P 2 -I{} \
	    clang-tidy --quiet --warnings-as-errors='*' {} -- -std=gnu11 $(DEFS) $(AM_CPPFLAGS)

# The parsers that bytes from strangers reach first, proved with Frama-C: tests/prove. Status 77 if
# Frama-C is not installed.
prove_files = tests/prove/prove.py tests/prove/eva_socketmap.c tests/prove/eva_srs_addr.c \
	tests/prove/eva_srs_stamp.c tests/prove/eva_tcptable.c tests/prove/include/string.h \
	tests/prove/include/strings.h tests/prove/include/time.h
EXTRA_DIST += $(prove_files)

prove:
	$(top_srcdir)/tests/prove/prove.py --out tests/prove/out $(PROVE)

# The unit tests under memcheck. Not those of the limits for descriptors, which valgrind keeps for
# itself, nor of the sandboxes, which it is not made for; not that of programs that cannot start, which
# posix_spawn(3) does not report there; and not the two that go through all orders of answers, which
# would take an hour.
valgrind_tests = $(filter-out tests/unit/test_channel tests/unit/test_confined \
	tests/unit/test_descriptors tests/unit/test_listeners tests/unit/test_program \
	tests/unit/test_sandbox tests/unit/test_sibling tests/unit/test_spf_allow \
	tests/unit/test_spf_eval_dns tests/unit/test_store_keeper tests/unit/test_store_process, \
	$(unit_tests))
valgrind = valgrind --quiet --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes \
	--suppressions=$(abs_top_srcdir)/tests/analysis/valgrind.supp

check-valgrind:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(valgrind_tests)' LOG_COMPILER='$(valgrind)' \
	    LOG_DRIVER_FLAGS=

# Load, and everything that may happen to it meanwhile: make soak SECONDS=300 SEED=1 DATABASE=redis
soak: all
	abs_top_builddir='$(abs_top_builddir)' nice $(top_srcdir)/tests/soak/soak.py \
	    $(DATABASE:%=--database %) $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

# The package on a Debian that boots in qemu: make vm-check RELEASE=trixie STAGES='boot mail'
vm-check:
	$(top_srcdir)/tests/vm/run.py $(RELEASE:%=--release %) $(STAGES)

# The lines and branches that the unit tests reach. The figures printed last are those of the pure
# modules alone: the first comment of their headers says "Pure." The programs themselves give up the
# right to write what they have counted, and so do not contribute.
pure = grep -rlw --include=*.h 'Pure\.' common conf spf srsd | sed 's/\.h$$/.c/'
gcovr = gcovr --root $(top_srcdir) --exclude '.*tests/' --print-summary

coverage:
	$(MKDIR_P) build-coverage
	cd build-coverage && { test -f Makefile || $(abs_srcdir)/configure --enable-coverage; }
	cd build-coverage && $(MAKE) $(AM_MAKEFLAGS) && find . -name '*.gcda' -delete
	cd build-coverage && $(MAKE) $(AM_MAKEFLAGS) check-unit coverage-report

check-unit:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(unit_tests)'

coverage-report:
	$(gcovr) --html-details coverage.html . >coverage.txt
	$(gcovr) --filter ".*/($$(cd $(top_srcdir) && $(pure) | paste -sd '|'))" .

fuzzers: $(fuzzers)

# FUZZ names fuzzers, SECONDS says how long each of them runs.
fuzz:
	@test -n '$(FUZZ)' || { echo 'which one? FUZZ=NAME, of tests/fuzz/NAME.c' >&2; exit 1; }
	$(top_srcdir)/contrib/fuzz -b '$(abs_top_builddir)/build-fuzz' $(SECONDS:%=-s %) $(FUZZ)

fuzz-all:
	$(top_srcdir)/contrib/fuzz -b '$(abs_top_builddir)/build-fuzz' $(SECONDS:%=-s %)

# What the seeds, and what earlier runs have found, reach in the files that are fuzzed.
fuzz-coverage:
	$(top_srcdir)/contrib/fuzz -b '$(abs_top_builddir)/build-fuzz' -c $(FUZZ)

.PHONY: analyse analyse-cppcheck analyse-tidy bench bench-instructions bench-instructions-accept \
	bench-quick bench-store check-all check-unit check-valgrind coverage coverage-report format fuzz fuzz-all \
	fuzz-coverage fuzzers lint prove soak vm-check
