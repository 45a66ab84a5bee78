/* SPDX-License-Identifier: ISC */
/*
 * spf_macro - checks and expands the macro-strings of RFC 7208, section 7. Pure.
 *
 * SECURITY: the text comes from the DNS, and the values from the client. The size of an expansion
 * and the work for it are bounded for all of them. A name keeps its rightmost 253 bytes, an
 * explanation its first 255 bytes, and the rest is not generated.
 */
#ifndef SPF_SPF_MACRO_H
#define SPF_SPF_MACRO_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/hostname.h"
#include "common/ipaddr.h"
#include "common/text.h"

/* Longest domain-spec, as written. RFC 7208 has no limit, but a name has at most 253 bytes. */
#define SPF_MACRO_NAME_MAX 1024

/* Longest explanation, in bytes after the expansion. */
#define SPF_EXPLANATION_MAX 255

/* A longer value loses its beginning. */
#define SPF_MACRO_VALUE_MAX 511

/* The values of the macro letters (RFC 7208, 7.2). */
struct spf_macro_values {
	struct text local;         /* l; with sender_domain: s */
	struct text sender_domain; /* o */
	struct text domain;        /* d */
	struct text helo;          /* h */
	const struct ipaddr *ip;   /* i v c */
	const char *validated; /* p: a name, or "unknown"; may be NULL if the text does not use p */
	const char *receiver;  /* r */
	time_t now;            /* t */
};

/*
 * Checks a macro-string against the grammar. Only explanations may use c, r and t. Returns false
 * with a static reason in *error.
 */
bool spf_macro_is_valid(struct text text, bool explanation, const char **error);

/*
 * Checks a domain-spec: a macro-string of at most SPF_MACRO_NAME_MAX bytes that ends in a macro, or
 * in '.' and a top label with an optional '.'. Returns false with a static reason in *error.
 */
bool spf_macro_is_domain_spec(struct text text, const char **error);

/* True if a macro of the text has one of the letters (lower case), in any case. */
bool spf_macro_uses(struct text text, const char *letters);

/*
 * Expands a valid domain-spec to a name without its final dot. Labels are dropped from the left
 * until it has at most 253 bytes (RFC 7208, 7.3). It may contain any byte, including NUL. Returns
 * the length; 0 if the spec is longer than a valid one.
 */
size_t spf_macro_expand_name(
    struct text text, const struct spf_macro_values *v, char name[HOSTNAME_MAX + 1]);

/* Expands a valid explanation, cut at SPF_EXPLANATION_MAX bytes. Returns the length. */
size_t spf_macro_expand_text(
    struct text text, const struct spf_macro_values *v, char out[SPF_EXPLANATION_MAX + 1]);

#endif
