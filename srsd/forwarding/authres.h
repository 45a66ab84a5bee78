/* SPDX-License-Identifier: ISC */
/*
 * authres - the value of an Authentication-Results field (RFC 8601, 2.2). Pure.
 *
 *	mx.example.org; spf=pass smtp.mailfrom=x.org; dkim=pass (2048-bit key) header.d=x.org
 *
 * The grammar is strict, with two exceptions. An unquoted pvalue may also have ':' and the other
 * characters of an atom, because rspamd does not quote header.b= and addresses of IPv6. A comment
 * must not touch the pvalue before it: a signature with d=x.org(.evil.org is valid, and looks like
 * one of x.org (CVE-2020-12272).
 *
 * SECURITY: programs write text of strangers into this field without quotes: OpenDKIM the identity
 * (header.i), with blanks and semicolons, rspamd the HELO name, OpenDMARC a domain with blanks. The
 * rest of a field after such a text may be forged. This module only marks comments and reasons that
 * may contain it; the caller knows which properties may.
 */
#ifndef SRSD_FORWARDING_AUTHRES_H
#define SRSD_FORWARDING_AUTHRES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/* The results that are kept of a field, and the properties of a result. */
#define AUTHRES_RESULTS_MAX 16
#define AUTHRES_PROPERTIES_MAX 12

/* All texts are parts of the value. Keywords are in the case in which they were written. */
struct authres_property {
	struct text type; /* "smtp", "header", "policy" ... */
	struct text name;
	struct text value; /* raw: header_lexer_unquote() removes quotes */
};

struct authres_result {
	struct text method;
	struct text result;
	struct text reason; /* raw; empty: none */
	/*
	 * In this result or before it, there is a reason, a result that was left out, or a comment
	 * in which a stranger may have written: one that has several words, and does not begin like
	 * "(2048-bit key)" or "(p=none dis=none)", with a digit, or a '=' in the first word.
	 */
	bool has_remark;
	size_t n;
	bool truncated; /* there are more properties */
	struct authres_property property[AUTHRES_PROPERTIES_MAX];
};

struct authres {
	struct text authserv_id; /* raw */
	size_t n;                /* 0 for "none" */
	struct authres_result result[AUTHRES_RESULTS_MAX];
};

/*
 * Parses a value, with its folds. False: it is not grammatical, or its version is not 1. Results of
 * a method with a version other than 1, and results after the last one that is kept, must be
 * grammatical and are left out.
 */
bool authres_parse(struct authres *authres, struct text value);

/* True if the method and the result are these, in any case. */
bool authres_result_is(
    const struct authres_result *result, const char *method, const char *outcome);

/*
 * The property of this type and name, in any case, or NULL if the result does not have exactly one,
 * or if properties were left out.
 */
const struct authres_property *authres_find(
    const struct authres_result *result, const char *type, const char *name);

#endif
