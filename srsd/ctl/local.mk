# SPDX-License-Identifier: ISC
# srsctl: what its commands share, and a file for each command.

ctl_files =
ctl_files += srsd/ctl/confined.c srsd/ctl/confined.h
unit_tests += tests/unit/test_confined
ctl_files += srsd/ctl/connect.c srsd/ctl/connect.h
unit_tests += tests/unit/test_connect
ctl_files += srsd/ctl/ctl.c srsd/ctl/ctl.h
unit_tests += tests/unit/test_ctl
ctl_files += srsd/ctl/ctl_explain.c
ctl_files += srsd/ctl/ctl_lookup.c
ctl_files += srsd/ctl/ctl_policy.c
ctl_files += srsd/ctl/ctl_recent.c
ctl_files += srsd/ctl/ctl_reload.c
ctl_files += srsd/ctl/ctl_secret.c
ctl_files += srsd/ctl/ctl_spf.c
ctl_files += srsd/ctl/ctl_status.c
ctl_files += srsd/ctl/ctl_store.c srsd/ctl/ctl_store.h
ctl_files += srsd/ctl/ctl_store_import.c
ctl_files += srsd/ctl/ctl_store_purge.c
ctl_files += srsd/ctl/ctl_top.c
ctl_files += srsd/ctl/explain_message.c srsd/ctl/explain_message.h
ctl_files += srsd/ctl/mail_fields.c srsd/ctl/mail_fields.h
unit_tests += tests/unit/test_mail_fields
fuzzers += tests/fuzz/mail_fields
ctl_files += srsd/ctl/offline.c srsd/ctl/offline.h
ctl_files += srsd/ctl/program.c srsd/ctl/program.h
unit_tests += tests/unit/test_program
ctl_files += srsd/ctl/promotion.c srsd/ctl/promotion.h
ctl_files += srsd/ctl/reply.c srsd/ctl/reply.h
ctl_files += srsd/ctl/secret_file.c srsd/ctl/secret_file.h
unit_tests += tests/unit/test_secret_file
ctl_files += srsd/ctl/sibling.c srsd/ctl/sibling.h
unit_tests += tests/unit/test_sibling
ctl_files += srsd/ctl/smtp_question.c srsd/ctl/smtp_question.h
unit_tests += tests/unit/test_smtp_question
fuzzers += tests/fuzz/smtp_question
ctl_files += srsd/ctl/spf_tree.c srsd/ctl/spf_tree.h
unit_tests += tests/unit/test_spf_tree
ctl_files += srsd/ctl/terminal.c srsd/ctl/terminal.h

noinst_LIBRARIES += srsd/ctl/libctl.a
srsd_ctl_libctl_a_SOURCES = $(ctl_files)
