/* SPDX-License-Identifier: ISC */
/*
 * secret_use - the secrets that the daemon uses. They are those of the file only after a reload:
 * until then it signs with a secret that, according to the history of the file, has stopped
 * signing.
 */
#ifndef SRSD_CTL_SECRET_USE_H
#define SRSD_CTL_SECRET_USE_H

#include <stdbool.h>

#include "srsd/ctl/ctl.h"
#include "srsd/ctl/secret_file.h"

/*
 * The array "secrets" of the daemon's status, which the caller releases, or NULL; the other functions
 * accept NULL. Sets error to one line if the daemon does not reply, and to "" if it does.
 */
json_t *secret_use_ask(const struct ctl *ctl, char error[CTL_ERROR_SIZE]);

/* How many addresses the secret has verified in the daemon; NULL: unknown. Owned by secrets. */
const json_t *secret_use_verified(const json_t *secrets, const char *fingerprint);

/* True if the daemon signs with this secret. */
bool secret_use_signs(const json_t *secrets, const char *fingerprint);

/* True if the daemon has other secrets than the file, or another order. */
bool secret_use_is_outdated(const json_t *secrets, const struct secret_file *file);

/*
 * Records in the history that the daemon, which has these secrets, signs until now, if the history
 * has an earlier time. Call it before the daemon may change to another secret: the old one must be
 * kept for max-age after its last signature. Does nothing, without an error, if the user may not
 * write the history, as in srsd.service.
 */
void secret_use_record(const struct ctl *ctl, const json_t *secrets);

/*
 * The same before a reload. Asks the daemon only if its answer matters, which is after a secret has
 * been replaced. False with one line in error if it does not reply.
 */
bool secret_use_record_before_reload(const struct ctl *ctl, char error[CTL_ERROR_SIZE]);

#endif
