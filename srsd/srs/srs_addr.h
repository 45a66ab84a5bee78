/* SPDX-License-Identifier: ISC */
/*
 * srs_addr - the parts of an SRS local part. Says what is written, not whether it is true.
 *
 *	SRS0 SEP hash = stamp = host = user		user may hold '=', host may not
 *	SRS1 SEP hash = host = opaque			opaque begins with one of = + -
 *
 * SEP is one of = + -; the tag is read without case. The parts point into the caller's text.
 */
#ifndef SRSD_SRS_SRS_ADDR_H
#define SRSD_SRS_SRS_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

#define SRS_TAG_LEN 4

enum srs_addr_kind {
	SRS_ADDR_NONE,      /* no SRS address: not even a tag with its separator */
	SRS_ADDR_MALFORMED, /* begins as one, but a part is missing, empty or impossible */
	SRS_ADDR_SRS0,
	SRS_ADDR_SRS1,
};

struct srs_addr {
	enum srs_addr_kind kind;
	struct text hash;
	struct text stamp; /* SRS0 */
	struct text host;
	struct text user; /* SRS0: user; SRS1: opaque, with its separator */
};

/* Returns addr->kind. Hash and stamp are not judged here; host and user are not empty. */
enum srs_addr_kind srs_addr_parse(struct srs_addr *addr, const char *local, size_t len);

/* The tag alone: 0 for SRS0, 1 for SRS1, with a separator behind it; -1 otherwise. */
int srs_addr_tag(const char *local, size_t len);

#endif
