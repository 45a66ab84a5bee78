/* SPDX-License-Identifier: ISC */
/*
 * srs_keys - the secrets: the first signs, all verify.
 *
 * File format, that of postsrsd 1.x: one secret a line, the bytes of the line without CR and LF.
 * Blanks and '#' are part of the secret; empty lines are skipped.
 */
#ifndef SRSD_SRS_KEYS_H
#define SRSD_SRS_KEYS_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/filebox.h"
#include "srsd/srs_mac.h"

/* Bytes of a secret. postsrsd 1.x cuts longer lines into several secrets without a word. */
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
 * Reads a file, through a box (NULL: from the disk), that nobody but its owner, root's group or the
 * group of the daemon may read. NULL with one line in error that names the file.
 */
struct srs_keys *srs_keys_load(
    struct filebox *, const char *path, gid_t daemon_group, char *error, size_t size);

/* Why a file of this mode and group is refused, a static text; NULL when it is not. */
const char *srs_keys_mode_error(const struct stat *, gid_t daemon_group);

void srs_keys_free(struct srs_keys **);
size_t srs_keys_count(const struct srs_keys *);

/* How many addresses a secret has verified; what one with the same fingerprint did counts on. */
uint64_t srs_keys_verified(const struct srs_keys *, size_t number);
void srs_keys_inherit(struct srs_keys *, const struct srs_keys *old);

/* True when a secret is so short that it can be guessed. */
bool srs_keys_are_weak(const struct srs_keys *);

/* The name of a secret that may be shown, see srs_mac_fingerprint; the keys own it. */
const char *srs_keys_fingerprint(const struct srs_keys *, size_t number);

/* Signs with the first secret: a whole digest, see srs_mac_digest. */
bool srs_keys_sign(struct srs_keys *keys, enum srs_mac_form form, const struct srs_mac_part *parts,
    size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * The number of the secret (from 0) whose digest begins with hash, SRS_KEYS_NONE when there is
 * none, or SRS_KEYS_FAILED when libcrypto failed, so that nobody knows.
 */
#define SRS_KEYS_NONE -1
#define SRS_KEYS_FAILED -2
int srs_keys_verify(struct srs_keys *keys, enum srs_mac_form form, const struct srs_mac_part *parts,
    size_t n, const char *hash, size_t len);

#endif
