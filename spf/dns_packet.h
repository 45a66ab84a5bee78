/* SPDX-License-Identifier: ISC */
/*
 * dns_packet - a DNS message in wire format into an answer. libc's resolver library walks the
 * message; here is only what SPF wants of it.
 *
 * SECURITY: every byte of a message is somebody else's. A record that does not fit its type makes
 * the whole answer an error.
 */
#ifndef SPF_DNS_PACKET_H
#define SPF_DNS_PACKET_H

#include <stddef.h>

#include "spf/spf_answers.h"

/*
 * Sets the status and the records of an answer that has none yet, in the order of the message.
 * Records of other types (the CNAMEs on the way) are passed over. Any response code but NOERROR
 * and NXDOMAIN is SPF_ANSWER_ERROR.
 */
void dns_packet_read(struct spf_answer *, const unsigned char *packet, size_t len);

#endif
