# SPDX-License-Identifier: ISC
# srsctl import: a file for each program whose configuration it reads.

import_files =
import_files += srsd/ctl/import/ctl_import.c srsd/ctl/import/ctl_import.h
import_files += srsd/ctl/import/import.c srsd/ctl/import/import.h
unit_tests += tests/unit/test_import
import_files += srsd/ctl/import/import_clients.c srsd/ctl/import/import_clients.h
import_files += srsd/ctl/import/import_difference.c srsd/ctl/import/import_difference.h
import_files += srsd/ctl/import/import_entry.c srsd/ctl/import/import_entry.h
import_files += srsd/ctl/import/import_origin.c srsd/ctl/import/import_origin.h
import_files += srsd/ctl/import/import_policyd_spf.c srsd/ctl/import/import_policyd_spf.h
unit_tests += tests/unit/test_import_policyd_spf
fuzzers += tests/fuzz/import_policyd_spf
import_files += srsd/ctl/import/import_postfix.c srsd/ctl/import/import_postfix.h
import_files += srsd/ctl/import/import_postsrsd.h
unit_tests += tests/unit/test_import_postsrsd
import_files += srsd/ctl/import/import_postsrsd1.c
fuzzers += tests/fuzz/import_postsrsd1
import_files += srsd/ctl/import/import_postsrsd2.c
fuzzers += tests/fuzz/import_postsrsd2
import_files += srsd/ctl/import/import_print.c srsd/ctl/import/import_print.h
import_files += srsd/ctl/import/import_remark.c srsd/ctl/import/import_remark.h
import_files += srsd/ctl/import/import_report.c srsd/ctl/import/import_report.h
import_files += srsd/ctl/import/import_scope.c srsd/ctl/import/import_scope.h
import_files += srsd/ctl/import/policyd_spf_line.c srsd/ctl/import/policyd_spf_line.h
import_files += srsd/ctl/import/policyd_spf_list.c srsd/ctl/import/policyd_spf_list.h
import_files += srsd/ctl/import/policyd_spf_message.c srsd/ctl/import/policyd_spf_message.h
import_files += srsd/ctl/import/policyd_spf_option.c srsd/ctl/import/policyd_spf_option.h
import_files += srsd/ctl/import/policyd_spf_users.c srsd/ctl/import/policyd_spf_users.h
import_files += srsd/ctl/import/postsrsd2_address.c srsd/ctl/import/postsrsd2_address.h
unit_tests += tests/unit/test_postsrsd2_address
import_files += srsd/ctl/import/shell_text.c srsd/ctl/import/shell_text.h
unit_tests += tests/unit/test_shell_text
fuzzers += tests/fuzz/shell_text

noinst_LIBRARIES += srsd/ctl/import/libimport.a
srsd_ctl_import_libimport_a_SOURCES = $(import_files)
