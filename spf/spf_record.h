/* SPDX-License-Identifier: ISC */
/*
 * spf_record - the grammar of an SPF record (RFC 7208, sections 4.5, 4.6, 5, 6 and 12).
 *
 * The whole record is checked before anything is evaluated (4.6): one wrong byte anywhere makes
 * it a permerror, also behind a term that would have matched.
 */
#ifndef SPF_SPF_RECORD_H
#define SPF_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ipaddr.h"
#include "spf/spf_macro.h"

enum spf_mechanism {
	SPF_MECH_ALL,
	SPF_MECH_INCLUDE,
	SPF_MECH_A,
	SPF_MECH_MX,
	SPF_MECH_PTR,
	SPF_MECH_IP4,
	SPF_MECH_IP6,
	SPF_MECH_EXISTS,
};

struct spf_term {
	enum spf_mechanism mechanism;
	char qualifier;     /* one of + - ? ~ */
	struct text domain; /* domain-spec; empty: the current domain */
	struct cidr net;    /* ip4, ip6 */
	unsigned prefix4;   /* a, mx: dual-cidr-length */
	unsigned prefix6;
	struct text text; /* as written, with its qualifier */
};

/*
 * Each term costs memory; the longest honest records have some hundreds of them. 64 KiB have room
 * for 9,360 networks, and of what is shorter an evaluation never reaches as many.
 */
#define SPF_RECORD_TERMS_MAX 10240

/* Points into the text that was parsed. */
struct spf_record {
	size_t n;
	struct spf_term *terms;
	struct text redirect; /* domain-spec; s NULL: none */
	struct text exp;      /* domain-spec; s NULL: none */
};

/* True for "v=spf1" followed by a space or nothing, of any case (4.5). */
bool spf_record_is_spf(const char *text, size_t len);

/*
 * True when a text for which spf_record_is_spf holds is "v=spf1 -all" and nothing else: its domain
 * sends no mail. Case and the number of blanks do not matter.
 */
bool spf_record_is_no_mail(const char *text, size_t len);

/*
 * Parses a text for which spf_record_is_spf holds. False with a static reason in *error and the
 * offending term in *at; then there is nothing to free.
 */
bool spf_record_parse(
    struct spf_record *, const char *, size_t len, const char **error, struct text *at);
void spf_record_free(struct spf_record *);

#endif
