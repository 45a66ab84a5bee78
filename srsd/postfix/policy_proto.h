/* SPDX-License-Identifier: ISC */
/*
 * policy_proto - Postfix's SMTPD policy delegation protocol: bytes to requests.
 *
 *	request:	name=value NEWLINE ... NEWLINE
 *	reply:		action=... NEWLINE NEWLINE
 *
 * Attributes may come in any order; unknown ones are passed over; of one given twice the last
 * counts; a missing one is empty.
 *
 * LIMITS: 8 KiB a line, 64 KiB and 128 attributes a request. Past one of them, or when a line
 * without '=', a NUL or no request=smtpd_access_policy comes, this is not Postfix that speaks:
 * there is no reply that it would understand.
 */
#ifndef SRSD_POSTFIX_POLICY_PROTO_H
#define SRSD_POSTFIX_POLICY_PROTO_H

#include <stddef.h>

#include "common/text.h"

#define POLICY_LINE_MAX (8 * 1024)
#define POLICY_REQUEST_MAX (64 * 1024)
#define POLICY_ATTRIBUTES_MAX 128

/* Values point into the bytes that were parsed. */
struct policy_request {
	struct text protocol_state;
	struct text client_address;
	struct text helo_name;
	struct text sender;
	struct text recipient;
	struct text queue_id;
	struct text instance;
	struct text sasl_username;
};

/* Where the parser got to in a request that is not complete. */
struct policy_parser {
	size_t scanned; /* bytes looked at */
	size_t line;    /* start of the line being read */
	unsigned attributes;
};

/*
 * data holds all bytes of the request so far, from its first one on.
 *	1  got a request; *used bytes of data are its
 *	0  need more
 *	-1 not a request; *error (static) says why
 * The parser starts out zeroed, and is zeroed again after 1.
 */
int policy_parse(struct policy_parser *, const char *data, size_t len, size_t *used,
    struct policy_request *, const char **error);

#endif
