/* SPDX-License-Identifier: ISC */
/*
 * spf_header - the trace headers: Received-SPF (RFC 7208, 9.1) and Authentication-Results
 * (RFC 8601), each as one line without its newline. Pure.
 *
 * SECURITY: the client chooses HELO name and sender. Each byte of them that is not visible ASCII
 * becomes '?', and a value that is not a dot-atom is quoted, so that a client cannot add a key.
 * Some readers do not know quoted-strings, so nothing in one may mean anything to them:
 *
 * - OpenDMARC 1.4.2 interprets "(", "=" and ";" in a quoted-string of Received-SPF, and
 *   SpamAssassin 4.0.1 "identity=". Neither does so after a backslash, so these are escaped, and
 *   so is ")".
 * - OpenDMARC reads the domain of <"a@x.test"@y.test> and that of <a@x.test,.y.test> as x.test. A
 *   sender with another '@' is shown as its domain alone, and each character of a domain that is
 *   not a letter, a digit, a blank or one of "-_.[]:" becomes '?'. OpenDMARC compares the value
 *   with the domain that it has seen itself, and finds another one.
 * - In Authentication-Results, SpamAssassin finds "; spf=pass" in a quoted HELO name, and OpenDMARC
 *   takes a quoted name that begins with "(" for a comment. There these characters become '?'.
 *
 * If the values make a header too long, some of them are shortened or left out; the order of its
 * keys never changes.
 */
#ifndef SPF_SPF_HEADER_H
#define SPF_SPF_HEADER_H

#include <stddef.h>

#include "spf/spf_verdict.h"

/* A header has fewer than 400 bytes together with "action=PREPEND ". */
#define SPF_HEADER_SIZE 385

struct spf_header {
	enum spf_identity identity;
	enum spf_result result;
	const char *comment;   /* trusted text without parentheses */
	const char *mechanism; /* the term that decided; "" without a record */
	const char *problem;   /* of temperror and permerror; else "" */
	const struct ipaddr *client;
	struct text helo;
	struct text sender;   /* empty for the null sender */
	struct text domain;   /* of the sender */
	struct text receiver; /* s NULL: hidden */
	const char *token;    /* for the milter of the next hop, a dot-atom; NULL: none */
};

/*
 * Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; ...; mechanism=-all; identity=mailfrom
 *
 * The key identity is the last one, because some readers use the last one even if it is quoted. The
 * token is before it, as x-srsd. A header that is too long is shortened no more than necessary, in
 * this order: the receiver is hidden, the HELO name cut, mechanism left out, the HELO name cut
 * further, problem left out, the sender replaced by its domain, receiver, HELO name and comment
 * left out, and the domain cut: a reader believes no result of a domain that is cut. The token is
 * never cut; it is left out if there is no room even then. Returns the length.
 */
size_t spf_header_received(char buf[SPF_HEADER_SIZE], const struct spf_header *header);

/*
 * Authentication-Results: ID; spf=none smtp.helo=mx.x.org; spf=pass smtp.mailfrom=x.org
 *
 * It has only the domain of the sender, because '=' in local parts confuses OpenDMARC. helo is the
 * additional result of the HELO name, and may be NULL. It is left out for SPF_NONE and if there is
 * no room. It comes first because SpamAssassin uses the last result, and it never replaces the
 * result of the sender (CVE-2019-20790). A comment that is not the name of the identity is shown.
 * The token is the property policy.x-srsd of the result that is not additional, before the name.
 * authserv_id is a
 * host name and is never cut, nor is the token; it is left out if there is no room for both.
 * Returns the length.
 */
size_t spf_header_authres(char buf[SPF_HEADER_SIZE], const char *authserv_id,
    const struct spf_header *header, const enum spf_result *helo);

#endif
