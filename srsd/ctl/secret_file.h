/* SPDX-License-Identifier: ISC */
/*
 * secret_file - srsctl's access to the file of secrets and to its history, the file FILE.history
 * next to it (srs_secret_past.h).
 *
 * Changes are made in memory and written as a whole: to a temporary file in the same directory with
 * the owner, group and mode of the old file, then fsync and rename. No process ever sees half a
 * file, and a process that could not read the old file cannot read the new one.
 *
 * SECURITY: root runs this. No other user may be able to write to the directory. The files are
 * opened relative to it, and symbolic links are not followed.
 */
#ifndef SRSD_CTL_SECRET_FILE_H
#define SRSD_CTL_SECRET_FILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "srsd/srs/srs_secret_past.h"

struct secret_file;

/* Owner and mode of a new file. An existing file keeps its own. */
struct secret_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	uid_t daemon; /* an existing file may belong to this user as well */
};

/* Of a file that this process creates; the group of the daemon can read one that root creates. */
struct secret_owner secret_file_new_owner(const struct settings *settings);

#define SECRET_FILE_ERROR_SIZE 1024

/*
 * Reads both files. With an owner, the file is opened for a change: the call waits until no other
 * srsctl holds the lock, and holds it until secret_file_close; a missing file counts as empty. With
 * NULL, the file is only read and must exist. Returns NULL with one line in error.
 */
struct secret_file *secret_file_open(
    const char *path, const struct secret_owner *owner, char error[SECRET_FILE_ERROR_SIZE]);

/* Wipes the secrets, releases the lock and sets *fp to NULL. */
void secret_file_close(struct secret_file **fp);

/* Wipes the secrets in a forked process. secret_file_close() must not follow there. */
void secret_file_forget(struct secret_file *f);

/* Secrets are numbered from 0; the first one signs. */
size_t secret_file_count(const struct secret_file *f);

/* True if the file had no secret when it was opened, but its history lists some: they are lost. */
bool secret_file_has_lost(const struct secret_file *f);

/* The history of a secret; number must be valid. Owned by f, valid until the next change. */
const struct srs_secret_past *secret_file_past(const struct secret_file *f, size_t number);

/* The number of the first secret with this fingerprint, in upper or lower case; -1: not found. */
int secret_file_find(const struct secret_file *f, const char *fingerprint);

/*
 * Keys of one secret alone. The caller frees them with srs_keys_free. NULL when libcrypto fails.
 */
struct srs_keys *secret_file_keys(const struct secret_file *f, size_t number);

/*
 * Adds a secret in memory: at the end if last is true, otherwise as the first one, so that the
 * previous first one stops signing at now. The only secret always signs. False when libcrypto
 * fails. At most one secret can be added between secret_file_open and secret_file_write.
 */
bool secret_file_add(struct secret_file *f, const char *secret, bool last, time_t now);

/* Moves a secret to the first position, in memory; the previous first one stops signing at now. */
void secret_file_promote(struct secret_file *f, size_t number, time_t now);

/* Records in memory that a secret signed until now. */
void secret_file_stop(struct secret_file *f, size_t number, time_t now);

/* Removes a secret in memory. If it was the first one, the next one signs. */
void secret_file_remove(struct secret_file *f, size_t number);

/*
 * Writes both files. False with one line in error; the file of secrets is then unchanged, or has
 * been replaced but could not be flushed to disk.
 */
bool secret_file_write(struct secret_file *f, char error[SECRET_FILE_ERROR_SIZE]);

#endif
