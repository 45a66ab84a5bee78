/* SPDX-License-Identifier: ISC */
/*
 * spf_macro - macro-strings of RFC 7208, section 7: checked and expanded.
 *
 * SECURITY: the text comes from the DNS, the values from the client. An expansion is bounded
 * whatever both say, in what it makes and in the work for it: a name keeps its rightmost 253
 * bytes, an explanation its first ones, and the rest is not even made.
 */
#ifndef SPF_SPF_MACRO_H
#define SPF_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/hostname.h"
#include "common/ipaddr.h"
#include "common/text.h"

/* Longest domain-spec, as written. RFC 7208 has no limit; what it names has at most 253 bytes. */
#define SPF_MACRO_NAME_MAX 1024

/* Longest explanation that is made of an exp= record. */
#define SPF_EXPLANATION_MAX 255

/* Of a longer value only this much counts, from its right end. */
#define SPF_MACRO_VALUE_MAX 511

/* What the letters stand for (7.2). */
struct spf_macro_values {
	struct text local;         /* l; s together with sender_domain */
	struct text sender_domain; /* o */
	struct text domain;        /* d */
	struct text helo;          /* h */
	const struct ipaddr *ip;   /* i v c */
	const char *validated;     /* p: a name, or "unknown"; NULL when spf_macro_uses said no */
	const char *receiver;      /* r */
	time_t now;                /* t */
};

/*
 * Checks a macro-string against the grammar. c, r and t are for explanations alone. False with a
 * static reason in *error.
 */
bool spf_macro_is_valid(struct text, bool explanation, const char **error);

/*
 * Checks a domain-spec: a macro-string that ends in a macro, or in '.' and a top label with an
 * optional '.'.
 */
bool spf_macro_is_domain_spec(struct text, const char **error);

/* True when one of the letters (lower case) stands in a macro, of any case. */
bool spf_macro_uses(struct text, const char *letters);

/*
 * Expands a valid domain-spec to a name without its final dot: labels are dropped from the left
 * until it has at most 253 bytes (7.3). Any byte may stand in it. Returns the length; 0 when the
 * spec is longer than a valid one.
 */
size_t spf_macro_expand_name(
    struct text, const struct spf_macro_values *, char name[HOSTNAME_MAX + 1]);

/* Expands a valid explanation, cut at SPF_EXPLANATION_MAX bytes. Returns the length. */
size_t spf_macro_expand_text(
    struct text, const struct spf_macro_values *, char out[SPF_EXPLANATION_MAX + 1]);

#endif
