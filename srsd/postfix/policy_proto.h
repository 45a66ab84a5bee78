/* SPDX-License-Identifier: ISC */
/*
 * policy_proto - Postfix's SMTPD policy delegation protocol (SMTPD_POLICY_README): bytes to
 * requests. Pure.
 *
 *	request:	name=value NEWLINE ... NEWLINE
 *	reply:		action=... NEWLINE NEWLINE
 *
 * Attributes may come in any order. Unknown ones are ignored, the last value of a repeated one
 * counts, and a missing one is empty.
 *
 * SECURITY: a line has at most 8 KiB, a request 64 KiB and 128 attributes. A client that exceeds
 * one of these limits is not Postfix. Nor is one that sends a line without '=', a NUL, or a request
 * without request=smtpd_access_policy. No reply exists for such a client: close the connection.
 */
#ifndef SRSD_POSTFIX_POLICY_PROTO_H
#define SRSD_POSTFIX_POLICY_PROTO_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

#define POLICY_LINE_MAX (8 * 1024)
#define POLICY_REQUEST_MAX (64 * 1024)
#define POLICY_ATTRIBUTES_MAX 128

/* The beginning of an instance in a probe of srsctl check; Postfix makes its own of digits and dots. */
#define POLICY_PROBE "srsctl."

/* The values point into the bytes that were parsed. */
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

#define POLICY_VALUES 8

/* The state of the parser within a request that is not complete; zeroed at the beginning. */
struct policy_parser {
	size_t scanned; /* bytes examined */
	size_t line;    /* offset of the line being read */
	unsigned attributes;
	bool is_policy; /* the value of the last request=, see above */
	struct {
		size_t at, len;
	} value[POLICY_VALUES]; /* offsets, because the bytes may move between two calls */
};

/*
 * Parses the len bytes of data, which are all bytes of a request so far, from its first one.
 *	1  got a request, in *req; it has *used bytes of data, and the parser is ready for the next
 *	0  need more: call again with the same bytes and those that follow
 *	-1 not a request; *error is the reason, a static text
 */
int policy_parse(struct policy_parser *p, const char *data, size_t len, size_t *used,
    struct policy_request *req, const char **error);

#endif
