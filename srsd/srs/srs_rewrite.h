/* SPDX-License-Identifier: ISC */
/*
 * srs_rewrite - what the maps answer, and what the policy service may know of an address. Pure:
 * (address, settings, keys, now) to a verdict. The format is byte for byte that of postsrsd 1.x
 * and Mail::SRS, but for the hash of hash-format separated.
 *
 * That hash covers the tag, the number of the day (not modulo 1024 as the stamp has it), the host
 * and the user, each with its length; SRS1 has no day. So it is good for one address and one day.
 * Hashes of the other format verify until the end of the day hash-accept-compatible or
 * hash-accept-separated.
 */
#ifndef SRSD_SRS_SRS_REWRITE_H
#define SRSD_SRS_SRS_REWRITE_H

#include <stddef.h>
#include <time.h>

#include "common/mailaddr.h"
#include "conf/settings.h"
#include "srsd/srs/srs_keys.h"

enum srs_verdict {
	SRS_REWRITTEN,
	/* forward */
	SRS_ALREADY_OURS,
	SRS_LOCAL_DOMAIN,
	SRS_NULL_SENDER,
	SRS_NOT_ADDRESS,
	SRS_TOO_LONG,
	/* reverse */
	SRS_NOT_SRS,
	SRS_BAD_HASH,
	SRS_EXPIRED,
	SRS_MALFORMED,
	SRS_FOREIGN, /* SRS-shaped, in a domain that is not ours */
	/* libcrypto failed: the only one that is worth asking again */
	SRS_UNAVAILABLE,
};

#define SRS_VERDICTS 12

struct srs_result {
	enum srs_verdict verdict;
	int secret;             /* reverse: which secret verified, from 0; else SRS_KEYS_NONE */
	enum srs_mac_form form; /* reverse: the form that it verified; set when secret >= 0 */
	size_t len;             /* of address */
	char address[MAILADDR_SIZE]; /* external form; set for SRS_REWRITTEN */
};

/* The reason as the maps answer it after "500 ", e.g. "already ours"; "" for SRS_REWRITTEN. */
const char *srs_verdict_text(enum srs_verdict);

/* The same as one word for the log, e.g. "already-ours". */
const char *srs_verdict_word(enum srs_verdict);

/*
 * The sender of a message that we forward. key is an address in external form. Its domain goes
 * into the result in A-labels, so that the result is ASCII whenever the local part is; a domain
 * that has none stays as it is.
 * An address of ours is never wrapped again: cleanup(8) asks up to ten times, each time with the
 * last answer, and always-rewrite changes nothing about that.
 */
void srs_rewrite_forward(struct srs_result *, const char *key, size_t len, const struct settings *,
    struct srs_keys *, time_t now);

/*
 * The recipient of a bounce. Only an address in a domain of ours (srs_domains.h) is answered:
 * Postfix asks for the recipients of all its domains, and a map that answered for each of them
 * would tell right hashes from wrong ones where the policy service counts none.
 *
 * postsrsd 2 signs SRS0=HASH=STAMP=1=ALIAS for a sender in its database. Such an address verifies
 * with the same secret and holds no address, so it is answered as no SRS address.
 */
void srs_rewrite_reverse(struct srs_result *result, const char *key, size_t len,
    const struct settings *settings, struct srs_keys *keys, time_t now);

/* What an envelope address is to us. */
enum srs_fact {
	SRS_FACT_FOREIGN, /* not SRS-shaped, or in a domain that is not ours */
	SRS_FACT_VALID,
	SRS_FACT_EXPIRED, /* the hash is right */
	SRS_FACT_FORGED,  /* bad hash, or malformed */
	SRS_FACT_UNKNOWN, /* SRS-shaped and ours, but libcrypto gave no HMAC */
};

/*
 * For an address as a client wrote it and the policy service gets it (mailaddr_split), so also for
 * one that Postfix still has to complete (srs_domains_may_contain). An SRS-shaped address that is
 * too long to be ours is forged, and so is a route to an address of ours, whatever its hash
 * (srs_domains_are_routed_to): no bounce needs one.
 */
enum srs_fact srs_rewrite_fact(const struct mailaddr_parts *address,
    const struct settings *settings, struct srs_keys *keys, time_t now);

#endif
