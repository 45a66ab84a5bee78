/* SPDX-License-Identifier: ISC */
/*
 * srs_keys - the secrets: the first signs, all verify. Pure. Only srs_keys_load reads a file.
 *
 * The file format is that of postsrsd 1.x and 2.x, by their sources. Each line is one secret: the
 * bytes of the line without CR and LF. Blanks and '#' are part of the secret; empty lines are
 * skipped. A line of more than SRS_KEYS_SECRET_MAX bytes is cut into several secrets. A CR within
 * it ends the secret, and the bytes from there to the cut or the end of the line are ignored.
 * postsrsd ends a secret at a NUL; here a NUL is an error.
 */
#ifndef SRSD_SRS_SRS_KEYS_H
#define SRSD_SRS_SRS_KEYS_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/filebox.h"
#include "common/privdrop.h"
#include "srsd/srs/srs_mac.h"

/* Bytes of a secret: the room in postsrsd's buffer. */
#define SRS_KEYS_SECRET_MAX 1023
/* Bytes of a file of secrets. */
#define SRS_KEYS_FILE_MAX (256 * 1024)

/* More than a site uses; each costs an HMAC for an address that we did not sign. */
#define SRS_KEYS_MAX 100

struct srs_keys;

/*
 * Makes keys of a file's bytes, which are not needed afterwards; the caller frees them with
 * srs_keys_free. NULL with a text in *error (static), and in *line the number of the line, from 1,
 * or 0 when it concerns the whole file.
 */
struct srs_keys *srs_keys_parse(const char *text, size_t len, unsigned *line, const char **error);

/*
 * The next secret of a file's bytes and its length, or NULL. It points into these bytes. *s, the
 * beginning of the bytes that are left, moves to the next line; *line, which is 0 at first, is the
 * number of the secret's line.
 */
const char *srs_keys_next(const char **s, const char *end, size_t *len, unsigned *line);

/*
 * Reads a file through a box, or from the disk if the box is NULL. It must belong to root or the
 * daemon's user, and only they, root's group and the daemon's group may read it. NULL with one line
 * in error, cut to size bytes, that names the file. The caller frees the keys with srs_keys_free.
 */
struct srs_keys *srs_keys_load(
    struct filebox *box, const char *path, const struct identity *daemon, char *error, size_t size);

/*
 * The reason why a file of this owner, group and mode is refused, a static text; NULL: it is not.
 */
const char *srs_keys_file_error(const struct stat *st, const struct identity *daemon);

/* Wipes the secrets. Sets *keys to NULL; it may be NULL. */
void srs_keys_free(struct srs_keys **keys);

/* The number of secrets, at least 1. */
size_t srs_keys_count(const struct srs_keys *keys);

/*
 * The number of addresses that a secret has verified, which the caller of srs_keys_verify counts.
 * number is below srs_keys_count.
 */
void srs_keys_count_verified(struct srs_keys *keys, size_t number);
uint64_t srs_keys_verified(const struct srs_keys *keys, size_t number);

/* Continues the counts of secrets that the old keys have as well, by their fingerprints. */
void srs_keys_inherit(struct srs_keys *keys, const struct srs_keys *old);

/*
 * Doubts whether the operator meant a secret to be as it is. Such a secret signs and verifies all
 * the same, as in postsrsd.
 */
enum srs_keys_doubt {
	SRS_KEYS_SHORT,
	SRS_KEYS_MONOTONOUS,
	SRS_KEYS_COMMENT,
	SRS_KEYS_BLANK,
	SRS_KEYS_PART,
	SRS_KEYS_RETURNED,
	SRS_KEYS_EDGE,
	SRS_KEYS_MARKED,
	SRS_KEYS_DOUBTS,
};

#define SRS_KEYS_DOUBT_SIZE 128

/*
 * Describes the first secret with such a doubt, by its line and never by its bytes. False: no such.
 */
bool srs_keys_doubt(
    const struct srs_keys *keys, enum srs_keys_doubt kind, char text[SRS_KEYS_DOUBT_SIZE]);

/* The fingerprint of a secret, which may be shown (srs_mac_fingerprint); the keys own it. */
const char *srs_keys_fingerprint(const struct srs_keys *keys, size_t number);

/*
 * Computes a whole digest with the first secret. False when libcrypto failed; see srs_mac_digest.
 */
bool srs_keys_sign(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts,
    size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * The number, from 0, of the secret with a digest that begins with hash. SRS_KEYS_NONE when no
 * secret has such a digest, and SRS_KEYS_FAILED when libcrypto failed, so that it is not known.
 */
#define SRS_KEYS_NONE -1
#define SRS_KEYS_FAILED -2
int srs_keys_verify(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts,
    size_t n, const char *hash, size_t len);

/* The scheduled secret of a number below srs_keys_count; the keys own it. */
const struct srs_mac *srs_keys_mac(const struct srs_keys *keys, size_t number);

#endif
