# SPDX-License-Identifier: ISC
# All that answers: bytes in, bytes out, without a socket.

service_files =
service_files += srsd/service/candidate_report.c srsd/service/candidate_report.h
unit_tests += tests/unit/test_candidate_report
service_files += srsd/service/control.c srsd/service/control.h
unit_tests += tests/unit/test_control
fuzzers += tests/fuzz/control
service_files += srsd/service/control_store.c srsd/service/control_store.h
unit_tests += tests/unit/test_control_store
service_files += srsd/service/forward_counts.c srsd/service/forward_counts.h
unit_tests += tests/unit/test_forward_counts
service_files += srsd/service/gate.c srsd/service/gate.h
unit_tests += tests/unit/test_gate tests/unit/test_gate_sections
service_files += srsd/service/gate_refusal.c srsd/service/gate_refusal.h
unit_tests += tests/unit/test_gate_texts
service_files += srsd/service/inputs.c srsd/service/inputs.h
unit_tests += tests/unit/test_inputs
service_files += srsd/service/map_lookup.c srsd/service/map_lookup.h
unit_tests += tests/unit/test_map_lookup
service_files += srsd/service/map_service.c srsd/service/map_service.h
unit_tests += tests/unit/test_map_service
fuzzers += tests/fuzz/map_service
service_files += srsd/service/message_memory.c srsd/service/message_memory.h
unit_tests += tests/unit/test_message_memory
service_files += srsd/service/metrics.c srsd/service/metrics.h
fuzzers += tests/fuzz/metrics
service_files += srsd/service/milter_message.c srsd/service/milter_message.h
service_files += srsd/service/milter_recipient.c srsd/service/milter_recipient.h
service_files += srsd/service/milter_service.c srsd/service/milter_service.h
service_files += srsd/service/milter_result.c srsd/service/milter_result.h
service_files += srsd/service/policy_charge.c srsd/service/policy_charge.h
service_files += srsd/service/policy_service.c srsd/service/policy_service.h
unit_tests += tests/unit/test_policy_service
fuzzers += tests/fuzz/policy_service
service_files += srsd/service/service_kind.c srsd/service/service_kind.h
service_files += srsd/service/services.c srsd/service/services.h
service_files += srsd/service/session.h
service_files += srsd/service/stats.h
service_files += srsd/service/socketmap_service.c srsd/service/socketmap_service.h
fuzzers += tests/fuzz/socketmap_service
service_files += srsd/service/status.c srsd/service/status.h srsd/service/status_metrics.c

noinst_LIBRARIES += srsd/service/libservice.a
srsd_service_libservice_a_SOURCES = $(service_files)
