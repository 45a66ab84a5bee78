/* SPDX-License-Identifier: ISC */
/*
 * srs_rewrite - the answers of the maps, and the facts about an address that the policy service
 * needs. Pure. The format is byte for byte that of postsrsd 1.x and Mail::SRS, except for the hash
 * of hash-format separated.
 *
 * That hash covers the tag, the number of the day (not modulo 1024 as in the stamp), the host and
 * the user, each with its length; SRS1 has no day. It is valid for one address and one day only.
 * Hashes of the other format verify until the end of the day hash-accept-compatible or
 * hash-accept-separated.
 */
#ifndef SRSD_SRS_SRS_REWRITE_H
#define SRSD_SRS_SRS_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/mailaddr.h"
#include "conf/settings.h"
#include "srsd/srs/srs_alias.h"
#include "srsd/srs/srs_keys.h"

/* RFC 5321, 4.5.3.1.1. A longer local part is signed, because most servers accept it. */
#define SRS_LOCAL_MAX 64

/* What an address is judged by. The caller owns all of it. */
struct srs_context {
	const struct settings *settings;
	struct srs_keys *keys;
	time_t now;
	bool uncounted; /* the keys do not count what they verify: it is not mail */
};

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
	SRS_FOREIGN,       /* SRS-shaped, in a domain that is not ours */
	SRS_UNKNOWN_ALIAS, /* ours, but the sender is in the envelope store, or nowhere */
	/* both: a retry may change these */
	SRS_UNAVAILABLE, /* libcrypto failed */
	SRS_NO_STORE,    /* the envelope store cannot be used */
};

#define SRS_VERDICTS 14

struct srs_result {
	enum srs_verdict verdict;
	int secret; /* reverse: the number of the secret that verified, from 0; or SRS_KEYS_NONE */
	enum srs_mac_form form;      /* reverse: the form that it verified; set when secret >= 0 */
	size_t len;                  /* of address */
	char address[MAILADDR_SIZE]; /* external form, with a NUL; set for SRS_REWRITTEN */
	/* SRS_UNKNOWN_ALIAS: the key in the envelope store, with a NUL; "" if it has none */
	char alias[SRS_ALIAS_KEY_SIZE];
};

/* A sender as the envelope store keeps it. */
struct srs_envelope {
	char alias[SRS_ALIAS_KEY_SIZE]; /* its key, with a NUL */
	size_t len;                     /* of address */
	char address[MAILADDR_SIZE];    /* external form, the domain in A-labels, with a NUL */
};

/* The reason as the maps answer it after "500 ", such as "already ours"; "" for SRS_REWRITTEN. */
const char *srs_verdict_text(enum srs_verdict verdict);

/* True for a failure of ours that a retry may end: the lookup must not count as "not found". */
bool srs_verdict_is_temporary(enum srs_verdict verdict);

/* The verdict as one word for logs and counters, such as "rewritten" or "already-ours". */
const char *srs_verdict_word(enum srs_verdict verdict);

/*
 * The forward map: the sender of a message that we forward. key is an address in external form,
 * of any length and without a NUL at its end. The domain goes into the result in A-labels, so that
 * the result is ASCII whenever the local part is; a domain that has no A-labels remains unchanged.
 *
 * An address of ours is never wrapped again, not even with always-rewrite: cleanup(8) looks up to
 * ten times, each time with the last answer.
 */
void srs_rewrite_forward(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len);

/*
 * Signs a sender under a domain, for a caller that has decided that it must be signed: a foreign
 * one as srs_rewrite_forward, and one of domains as well. domain is one of srs_domains.h in
 * A-labels, with a NUL; NULL stands for srs-domain. An address of ours is not wrapped again:
 * SRS_ALREADY_OURS if it verifies, else SRS_LOCAL_DOMAIN.
 */
void srs_rewrite_sign(struct srs_result *result, const struct srs_context *context,
    const char *domain, const char *key, size_t len);

/*
 * Does the sender belong in the envelope store, according to original-envelope? key is that of
 * srs_rewrite_forward or srs_rewrite_sign, and embedded its result. With "long" that is a sender
 * with an embedded form that is longer than SRS_LOCAL_MAX or MAILADDR_MAX; with "database" any
 * sender, except that another host's SRS address is wrapped as long as it fits.
 *	1  yes: *envelope is the row
 *	0  no: embedded is the answer
 *	-1 libcrypto failed, so that there is no alias
 */
int srs_rewrite_envelope(struct srs_envelope *envelope, const struct srs_context *context,
    const char *key, size_t len, const struct srs_result *embedded);

/*
 * The address of a sender that the store has under this alias, signed under a domain; see
 * srs_rewrite_sign.
 */
void srs_rewrite_alias(struct srs_result *result, const struct srs_context *context,
    const char *domain, const char *alias);

/*
 * Turns SRS_UNKNOWN_ALIAS into SRS_REWRITTEN, with the address that the store has for the alias.
 * The address is believed only if it is one, and if one of the secrets made the alias of it, or
 * until envelope-accept-sha1 if postsrsd 2 did. Otherwise the verdict is SRS_NO_STORE, and *error a
 * static text.
 */
void srs_rewrite_restore(struct srs_result *result, const struct srs_context *context,
    struct text address, const char **error);

/*
 * The reverse map: the recipient of a bounce. Only an address in a domain of ours (srs_domains.h)
 * is rewritten. Postfix looks up the recipients of all its domains. If the map answered for each of
 * them, it would show right and wrong hashes where the policy service counts no guesses.
 *
 * An address with an alias (srs_alias.h) contains no sender, so that its verdict is
 * SRS_UNKNOWN_ALIAS until srs_rewrite_restore.
 */
void srs_rewrite_reverse(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len);

/* An envelope address, as the policy service sees it. */
enum srs_fact {
	SRS_FACT_FOREIGN, /* not SRS-shaped, or in a domain that is not ours */
	SRS_FACT_VALID,
	SRS_FACT_EXPIRED, /* the hash is right */
	SRS_FACT_FORGED,  /* bad hash, or malformed */
	SRS_FACT_UNKNOWN, /* SRS-shaped and ours, but libcrypto computed no HMAC */
};

/*
 * The fact about an address as the client wrote it and the policy service receives it
 * (mailaddr_split), and so about one that Postfix still has to complete (srs_domains_kind_as_written).
 * An SRS-shaped address that is too long to be ours is forged. So is a route to an address of ours,
 * whatever its hash (srs_domains_are_routed_to), because no bounce needs a route.
 */
enum srs_fact srs_rewrite_fact(
    const struct srs_context *context, const struct mailaddr_parts *address);

#endif
