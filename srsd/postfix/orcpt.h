/* SPDX-License-Identifier: ISC */
/*
 * orcpt - the ORCPT parameter of RCPT TO: the original recipient. Pure.
 *
 *	ORCPT=rfc822;xtext		RFC 3461, 4.2 and 4: +XX for a byte
 *	ORCPT=utf-8;utf-8-addr-xtext	RFC 6533, 3: \x{HEX} for a character, printable ASCII
 *	ORCPT=utf-8;utf-8-addr-unitext	the same with UTF-8 as it is
 *
 * Postfix writes `ORCPT=rfc822;A+2Bext@FWD.test`, keeps the case of the address, and quotes it in
 * external form. It writes UTF-8 with type rfc822 as well, `ORCPT=rfc822;+C3+BC@fwd.test`.
 *
 * SECURITY: a stranger may write it. A value that does not parse counts as absent.
 */
#ifndef SRSD_POSTFIX_ORCPT_H
#define SRSD_POSTFIX_ORCPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mailaddr.h"
#include "common/text.h"

struct orcpt {
	size_t len;
	char address[MAILADDR_SIZE]; /* in external form, NUL-terminated */
};

/*
 * Decodes the value of the parameter, "rfc822;a@x.test". False for another type, for a value that
 * is not encoded as its type demands, and for an address that is empty, longer than MAILADDR_MAX
 * bytes, not UTF-8, or with a control character in it; *orcpt is then undefined. An address need
 * not have a domain: the text is the one that a client typed.
 */
bool orcpt_parse(struct orcpt *orcpt, struct text value);

#endif
