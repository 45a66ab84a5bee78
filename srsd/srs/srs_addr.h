/* SPDX-License-Identifier: ISC */
/*
 * srs_addr - the parts of an SRS local part, by its shape alone; the hash is not verified. Pure.
 *
 *	SRS0 SEP hash = stamp = host = user		user may contain '=', host may not
 *	SRS1 SEP hash = host = opaque			opaque begins with one of = + -
 *
 * SEP is one of = + -. The case of the tag does not matter.
 */
#ifndef SRSD_SRS_SRS_ADDR_H
#define SRSD_SRS_SRS_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

#define SRS_TAG_LEN 4

enum srs_addr_kind {
	SRS_ADDR_NONE,      /* no tag with a separator after it: not an SRS address */
	SRS_ADDR_MALFORMED, /* a tag, but a part is missing, empty or impossible */
	SRS_ADDR_SRS0,
	SRS_ADDR_SRS1,
};

/* The parts point into the text that was parsed. */
struct srs_addr {
	enum srs_addr_kind kind;
	struct text hash;
	struct text stamp; /* SRS0 */
	struct text host;
	struct text user; /* SRS0: user; SRS1: opaque, with its separator */
};

/*
 * Parses a local part, which needs no NUL at its end. Returns addr->kind. The hash and the stamp
 * may have any length; the host is a domain that can receive mail, and the user is not empty.
 */
/*@ requires \valid_read(local + (0 .. len - 1)) && \valid(addr);
    requires \separated(addr, local + (0 .. len - 1));
    assigns *addr;
    ensures \result == addr->kind;
    ensures is_srs: \result == SRS_ADDR_SRS0 || \result == SRS_ADDR_SRS1 ==>
        addr->host.len > 0 && addr->user.len > 0 && addr->user.s + addr->user.len == local + len; */
enum srs_addr_kind srs_addr_parse(struct srs_addr *addr, const char *local, size_t len);

/* The tag alone: 0 for SRS0 and 1 for SRS1, if a separator follows it; -1 otherwise. */
/*@ requires \valid_read(local + (0 .. len - 1));
    assigns \nothing;
    ensures \result == -1 || \result == 0 || \result == 1;
    ensures \result != -1 ==> len > SRS_TAG_LEN; */
int srs_addr_tag(const char *local, size_t len);

#endif
