/* SPDX-License-Identifier: ISC */
/*
 * spf_record - the grammar of an SPF record (RFC 7208, sections 4.5, 4.6, 5, 6 and 12).
 *
 * The whole record is checked before the evaluation (4.6): one wrong byte anywhere makes it a
 * permerror, even after a term that would have matched. Pure.
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
	char qualifier;     /* one of + - ? ~; + if it is not written */
	struct text domain; /* domain-spec; empty: the current domain */
	struct cidr net;    /* ip4, ip6 */
	unsigned prefix4;   /* a, mx: dual-cidr-length */
	unsigned prefix6;
	struct text text; /* as written, with its qualifier */
};

/*
 * The largest number of terms, because each one costs memory. The longest real records have some
 * hundreds. 64 KiB have room for 9,360 networks, and an evaluation never reaches as many terms of
 * other kinds.
 */
#define SPF_RECORD_TERMS_MAX 10240

/* A parsed record. Its texts point into the text that was parsed, which must outlive it. */
struct spf_record {
	size_t n;
	struct spf_term *terms;
	struct text redirect; /* domain-spec; s is NULL without the modifier */
	struct text exp;      /* the same */
};

/* True for "v=spf1", in any case, followed by a space or nothing (4.5). */
bool spf_record_is_spf(const char *text, size_t len);

/*
 * True if a text for which spf_record_is_spf holds is exactly "v=spf1 -all": its domain sends no
 * mail. Case and the number of blanks do not matter.
 */
bool spf_record_is_no_mail(const char *text, size_t len);

/*
 * Parses a text for which spf_record_is_spf holds. On success the caller frees the record. Returns
 * false with a static reason in *error and the offending term in *at; the record is empty then.
 */
bool spf_record_parse(
    struct spf_record *record, const char *text, size_t len, const char **error, struct text *at);

/* Frees the terms; the record is empty after that. */
void spf_record_free(struct spf_record *record);

#endif
