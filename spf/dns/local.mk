# SPDX-License-Identifier: ISC
# DNS queries, and the cache of their answers.

dns_files =
dns_files += spf/dns/dns_answer.c spf/dns/dns_answer.h
unit_tests += tests/unit/test_dns_answer
dns_files += spf/dns/dns_cache.c spf/dns/dns_cache.h
unit_tests += tests/unit/test_dns_cache
dns_files += spf/dns/dns_outage.c spf/dns/dns_outage.h
unit_tests += tests/unit/test_dns_outage
dns_files += spf/dns/dns_packet.c spf/dns/dns_packet.h
unit_tests += tests/unit/test_dns_packet
fuzzers += tests/fuzz/dns_packet
dns_files += spf/dns/dns_servers.c spf/dns/dns_servers.h
unit_tests += tests/unit/test_dns_servers
dns_files += spf/dns/dns_watch.c spf/dns/dns_watch.h
dns_files += spf/dns/port_block.c spf/dns/port_block.h
unit_tests += tests/unit/test_port_block
dns_files += spf/dns/resolver.c spf/dns/resolver.h
unit_tests += tests/unit/test_resolver
dns_files += spf/dns/resolver_plan.c spf/dns/resolver_plan.h
unit_tests += tests/unit/test_resolver_plan
dns_files += spf/dns/unbound_context.c spf/dns/unbound_context.h
dns_files += spf/dns/unbound_options.c spf/dns/unbound_options.h
unit_tests += tests/unit/test_unbound_options

noinst_LIBRARIES += spf/dns/libdns.a
spf_dns_libdns_a_SOURCES = $(dns_files)
