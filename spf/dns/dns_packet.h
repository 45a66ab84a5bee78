/* SPDX-License-Identifier: ISC */
/*
 * dns_packet - a DNS message in wire format into an answer. libc's resolver library walks the
 * message; here is only what SPF wants of it.
 *
 * SECURITY: every byte of a message is somebody else's. A record that does not fit its type makes
 * the whole answer an error.
 */
#ifndef SPF_DNS_DNS_PACKET_H
#define SPF_DNS_DNS_PACKET_H

#include <stddef.h>

#include "spf/dns/dns_answer.h"

/*
 * The answer to a question of this type, its records in the order of the message; never NULL.
 * Records of other types (the CNAMEs on the way) are passed over, but their TTL counts: the
 * answer's is the lowest of all. Records past the 512th are left out. That something is not there
 * may be kept for as long as the SOA record beside it says (RFC 2308, 5). Any response code but
 * NOERROR and NXDOMAIN is DNS_ERROR.
 */
struct dns_answer *dns_packet_read(enum dns_type, const unsigned char *packet, size_t len);

#endif
