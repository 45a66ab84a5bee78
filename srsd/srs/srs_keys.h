/* SPDX-License-Identifier: ISC */
/*
 * srs_keys - the secrets: the first signs, all verify.
 *
 * File format, that of postsrsd 1.x and 2.x (read in their sources): one secret a line, the bytes
 * of the line without CR and LF. Blanks and '#' are part of the secret; empty lines are skipped. A
 * line of more than SRS_KEYS_SECRET_MAX bytes is cut into several secrets; a CR within it ends the
 * secret, and what follows up to that cut or the end of the line is not read. postsrsd ends a
 * secret at a NUL; here it is an error.
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

/* Bytes of a secret: what postsrsd's buffer has room for. */
#define SRS_KEYS_SECRET_MAX 1023
/* Bytes of a file of secrets. */
#define SRS_KEYS_FILE_MAX (256 * 1024)

/* More than anybody rotates through; each costs an HMAC for an address that is not ours. */
#define SRS_KEYS_MAX 100

struct srs_keys;

/*
 * Makes keys of a file's bytes. NULL with a text in *error (static) and the line in *line, 0 when
 * it concerns the whole file. The bytes are not kept.
 */
struct srs_keys *srs_keys_parse(const char *text, size_t len, unsigned *line, const char **error);

/*
 * The next secret of a file's bytes, or NULL. *s, the bytes that are left, moves behind its line;
 * *line, which begins as 0, is the number of that line.
 */
const char *srs_keys_next(const char **s, const char *end, size_t *len, unsigned *line);

/*
 * Reads a file, through a box (NULL: from the disk). It must belong to root or the daemon's user,
 * and only they, root's group and the group of the daemon may read it. NULL with one line in error
 * that names the file.
 */
struct srs_keys *srs_keys_load(
    struct filebox *box, const char *path, const struct identity *daemon, char *error, size_t size);

/* Why a file of this owner, group and mode is refused, a static text; NULL when it is not. */
const char *srs_keys_file_error(const struct stat *st, const struct identity *daemon);

void srs_keys_free(struct srs_keys **);
size_t srs_keys_count(const struct srs_keys *);

/* How many addresses a secret has verified; what one with the same fingerprint did counts on. */
uint64_t srs_keys_verified(const struct srs_keys *, size_t number);
void srs_keys_inherit(struct srs_keys *, const struct srs_keys *old);

/* What a person has hardly meant. Such a secret signs and verifies all the same, as in postsrsd. */
enum srs_keys_doubt {
	SRS_KEYS_SHORT,
	SRS_KEYS_MONOTONOUS,
	SRS_KEYS_COMMENT,
	SRS_KEYS_BLANK,
	SRS_KEYS_PART,
	SRS_KEYS_RETURNED,
	SRS_KEYS_DOUBTS,
};

#define SRS_KEYS_DOUBT_SIZE 128

/* Describes the first secret with such a doubt, by its line and never by its bytes. False: none. */
bool srs_keys_doubt(
    const struct srs_keys *keys, enum srs_keys_doubt kind, char text[SRS_KEYS_DOUBT_SIZE]);

/* The name of a secret that may be shown, see srs_mac_fingerprint; the keys own it. */
const char *srs_keys_fingerprint(const struct srs_keys *, size_t number);

/* Signs with the first secret: a whole digest, see srs_mac_digest. */
bool srs_keys_sign(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts,
    size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * The number of the secret (from 0) whose digest begins with hash, SRS_KEYS_NONE when there is
 * none, or SRS_KEYS_FAILED when libcrypto failed, so that nobody knows.
 */
#define SRS_KEYS_NONE -1
#define SRS_KEYS_FAILED -2
int srs_keys_verify(struct srs_keys *keys, enum srs_mac_form form, const struct text *parts,
    size_t n, const char *hash, size_t len);

/* The scheduled secret of a number below srs_keys_count; the keys own it. */
const struct srs_mac *srs_keys_mac(const struct srs_keys *keys, size_t number);

#endif
