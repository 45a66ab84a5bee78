/* SPDX-License-Identifier: ISC */
/*
 * spf_header - the trace headers: Received-SPF (RFC 7208, 9.1) and Authentication-Results
 * (RFC 8601), each as one line without its NEWLINE.
 *
 * SECURITY: HELO name and sender are the client's. Every byte of them that is not visible ASCII
 * becomes '?', and a value that is no dot-atom is quoted, so that no client adds a key of its own.
 * In Authentication-Results ';' and '=' of a name become '?' as well: SpamAssassin 4.0.1 finds
 * "; spf=pass" in a quoted HELO name, too. A header whose values would make it too long loses some
 * of them rather than its shape.
 */
#ifndef SPF_SPF_HEADER_H
#define SPF_SPF_HEADER_H

#include <stddef.h>

#include "spf/spf_verdict.h"

/* With "action=PREPEND " before it a header stays under 400 bytes. */
#define SPF_HEADER_SIZE 385

struct spf_header {
	enum spf_identity identity;
	enum spf_result result;
	const char *comment;   /* our own words, without parentheses */
	const char *mechanism; /* the term that decided; "" without a record */
	const char *problem;   /* of temperror and permerror; else "" */
	const struct ipaddr *client;
	struct text helo;
	struct text sender;   /* empty for the null sender */
	struct text domain;   /* of the sender */
	struct text receiver; /* s NULL: hidden */
};

/*
 * Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; ...; mechanism=-all; identity=mailfrom
 *
 * The key identity is the last one, for readers that take the last one without regard to quotes. A
 * header that is too long is shortened by no more than it has to be, in this order: the receiver
 * is hidden, the HELO name cut, mechanism left out, the HELO name cut more, problem left out, and
 * the sender's domain takes the place of the sender. Returns the length.
 */
size_t spf_header_received(char buf[SPF_HEADER_SIZE], const struct spf_header *header);

/*
 * Authentication-Results: ID; spf=none smtp.helo=mx.x.org; spf=pass smtp.mailfrom=x.org
 *
 * The sender's domain alone: '=' in local parts confuses OpenDMARC. helo is the result of the HELO
 * name beside that of the sender, and may be NULL; it is left out when it is none or when there is
 * no room, comes first because SpamAssassin takes the last one, and never stands in for the
 * sender's result (CVE-2019-20790). A comment other than the identity's name is shown. authserv_id,
 * a host name, is never cut. Returns the length.
 */
size_t spf_header_authres(char buf[SPF_HEADER_SIZE], const char *authserv_id,
    const struct spf_header *header, const enum spf_result *helo);

#endif
