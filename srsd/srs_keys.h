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

#include <stdbool.h>
#include <stddef.h>

#include "common/filebox.h"
#include "srsd/srs_mac.h"

/* More than anybody rotates through; each costs an HMAC for an address that is not ours. */
#define SRS_KEYS_MAX 100

struct srs_keys;

/*
 * Makes keys of a file's bytes. NULL with a text in *error (static) and the line in *line, 0 when
 * it concerns the whole file. The bytes are not kept.
 */
struct srs_keys *srs_keys_parse(const char *text, size_t len, unsigned *line, const char **error);

/*
 * Reads a file, through a box (NULL: from the disk), that nobody but its owner, root's group or the
 * group of the daemon may read. NULL with one line in error that names the file.
 */
struct srs_keys *srs_keys_load(
    struct filebox *, const char *path, gid_t daemon_group, char *error, size_t size);

void srs_keys_free(struct srs_keys **);
size_t srs_keys_count(const struct srs_keys *);

/* True when a secret is so short that it can be guessed. */
bool srs_keys_are_weak(const struct srs_keys *);

/* Signs with the first secret: a whole digest, see srs_mac_digest. */
bool srs_keys_sign(
    struct srs_keys *, const struct srs_mac_part *, size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * The number of the secret (from 0) whose digest begins with hash, SRS_KEYS_NONE when there is
 * none, or SRS_KEYS_FAILED when libcrypto failed, so that nobody knows.
 */
#define SRS_KEYS_NONE -1
#define SRS_KEYS_FAILED -2
int srs_keys_verify(
    struct srs_keys *, const struct srs_mac_part *, size_t n, const char *hash, size_t len);

#endif
