# SPDX-License-Identifier: ISC
# Original senders by alias, in a database or on a server.

store_files =
store_files += srsd/store/store.c srsd/store/store.h srsd/store/store_backend.h
unit_tests += tests/unit/test_store
store_files += srsd/store/store_link.c srsd/store/store_link.h
unit_tests += tests/unit/test_store_link
store_files += srsd/store/store_redis_url.c srsd/store/store_redis_url.h
unit_tests += tests/unit/test_store_redis_url
store_files += srsd/store/store_wire.c srsd/store/store_wire.h
unit_tests += tests/unit/test_store_wire
fuzzers += tests/fuzz/store_wire
if HAVE_HIREDIS
store_files += srsd/store/store_redis.c srsd/store/store_redis.h
unit_tests += tests/unit/test_store_redis tests/unit/test_store_redis_cut
unit_tests += tests/unit/test_store_redis_server
store_files += srsd/store/store_redis_durability.c srsd/store/store_redis_durability.h
store_files += srsd/store/store_redis_login.c srsd/store/store_redis_login.h
store_files += srsd/store/store_resp.c srsd/store/store_resp.h
unit_tests += tests/unit/test_store_resp
fuzzers += tests/fuzz/store_resp
endif
if HAVE_HIREDIS_SSL
store_files += srsd/store/store_tls.c srsd/store/store_tls.h
endif
if HAVE_SQLITE
store_files += srsd/store/store_process.c srsd/store/store_process.h
unit_tests += tests/unit/test_store_process
store_files += srsd/store/store_sqlite.c srsd/store/store_sqlite.h
unit_tests += tests/unit/test_store_sqlite
store_files += srsd/store/store_sqlite_file.c srsd/store/store_sqlite_file.h
unit_tests += tests/unit/test_store_sqlite_file
endif

noinst_LIBRARIES += srsd/store/libstore.a
srsd_store_libstore_a_SOURCES = $(store_files)
