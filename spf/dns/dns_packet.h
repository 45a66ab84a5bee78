/* SPDX-License-Identifier: ISC */
/*
 * dns_packet - converts a DNS message in wire format to an answer.
 *
 * The resolver library of libc walks the message. This module reads the records that SPF needs.
 * Pure.
 *
 * SECURITY: every byte of a message may come from an attacker. A record that is malformed for its
 * type makes the whole answer an error.
 */
#ifndef SPF_DNS_DNS_PACKET_H
#define SPF_DNS_DNS_PACKET_H

#include <stddef.h>

#include "spf/dns/dns_answer.h"

/*
 * Returns the answer to a query of this type, with the records in the order of the message; never
 * NULL. The caller owns the reference. Any response code except NOERROR and NXDOMAIN, and any
 * malformed message, is DNS_ERROR.
 *
 * Records of other types, such as CNAMEs, are skipped. The TTL of the answer is the lowest of all
 * records, these included. The TTL of a DNS_VOID is that of the SOA record (RFC 2308, 5), or 0. Of
 * MX and PTR records only the first 512 are kept.
 */
struct dns_answer *dns_packet_read(enum dns_type type, const unsigned char *packet, size_t len);

#endif
