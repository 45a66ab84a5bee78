# SPDX-License-Identifier: ISC
# The processes of the daemon, and their sockets.

process_files =
process_files += srsd/client_access.c srsd/client_access.h
unit_tests += tests/unit/test_client_access
process_files += srsd/connections.c srsd/connections.h
process_files += srsd/descriptors.c srsd/descriptors.h
unit_tests += tests/unit/test_descriptors
process_files += srsd/engine.c srsd/engine.h
process_files += srsd/link.c srsd/link.h
unit_tests += tests/unit/test_link
process_files += srsd/listener_plan.c srsd/listener_plan.h
unit_tests += tests/unit/test_listener_plan
process_files += srsd/listeners.c srsd/listeners.h
unit_tests += tests/unit/test_listeners
process_files += srsd/monitor.c srsd/monitor.h
process_files += srsd/nameserver_watch.c srsd/nameserver_watch.h
process_files += srsd/pending_reload.c srsd/pending_reload.h
unit_tests += tests/unit/test_pending_reload
process_files += srsd/precedence.c srsd/precedence.h
unit_tests += tests/unit/test_precedence
process_files += srsd/priority.h
process_files += srsd/store_keeper.c srsd/store_keeper.h
unit_tests += tests/unit/test_store_keeper
process_files += srsd/store_opener.c srsd/store_opener.h
unit_tests += tests/unit/test_store_opener
process_files += srsd/restart_pause.h
process_files += srsd/server.c srsd/server.h
unit_tests += tests/unit/test_server

noinst_LIBRARIES += srsd/libsrsd.a
srsd_libsrsd_a_SOURCES = $(process_files)
