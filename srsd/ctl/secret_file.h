/* SPDX-License-Identifier: ISC */
/*
 * secret_file - the file of secrets while srsctl changes it, and the file beside it that says what
 * is known of each secret (FILE.history, see srs_secret_past).
 *
 * Changes are made in memory, and written whole: a temporary file in the same folder, the owner,
 * group and mode of the old one, fsync, rename. At no moment does anybody see half a file, or may
 * read one who could not read the old one.
 *
 * SECURITY: root runs this. The folder must not be one that another user can write to, and all
 * files are opened relative to it and never through a symbolic link.
 */
#ifndef SRSD_CTL_SECRET_FILE_H
#define SRSD_CTL_SECRET_FILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "srsd/srs/srs_secret_past.h"

struct secret_file;

/* Who may read a file that is made anew. */
struct secret_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	uid_t daemon; /* who else may own a file that is there */
};

#define SECRET_FILE_ERROR_SIZE 1024

/*
 * Reads both files. With an owner, to change them: another srsctl is waited for and kept out until
 * secret_file_close, and a file that is not there is one without secrets. NULL with one line in
 * error.
 */
struct secret_file *secret_file_open(
    const char *path, const struct secret_owner *, char error[SECRET_FILE_ERROR_SIZE]);
void secret_file_close(struct secret_file **);

size_t secret_file_count(const struct secret_file *);
const struct srs_secret_past *secret_file_past(const struct secret_file *, size_t number);

/* The number of the first secret of that fingerprint, in any case; -1 when there is none. */
int secret_file_find(const struct secret_file *, const char *fingerprint);

/*
 * Change the secrets in memory; what signed until now stops at now. The number must exist. add is
 * false when libcrypto fails; stop says of one that is not the first that it signed until now.
 */
bool secret_file_add(struct secret_file *, const char *secret, bool last, time_t now);
void secret_file_promote(struct secret_file *, size_t number, time_t now);
void secret_file_stop(struct secret_file *, size_t number, time_t now);
void secret_file_remove(struct secret_file *, size_t number);

/* Writes both files. False with one line in error; then the file of secrets is as it was. */
bool secret_file_write(struct secret_file *, char error[SECRET_FILE_ERROR_SIZE]);

#endif
