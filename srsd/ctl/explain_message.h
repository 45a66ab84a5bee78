/* SPDX-License-Identifier: ISC */
/*
 * explain_message - what the milter of a hop would do with a message, and why, for srsctl explain.
 *
 * The rules are those of srsd/forwarding, which the milter uses as well. Nothing is stored, counted
 * or sent, except for DNS queries about the SRS domain of per-domain.
 *
 * SECURITY: the message is hostile, and root runs srsctl. explain_message runs in a confined
 * process.
 */
#ifndef SRSD_CTL_EXPLAIN_MESSAGE_H
#define SRSD_CTL_EXPLAIN_MESSAGE_H

#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "common/ipaddr.h"
#include "conf/settings.h"
#include "srsd/ctl/offline.h"
#include "srsd/srs/srs_keys.h"

/* All pointers belong to the caller. Of an address NULL means: as in the header of the message. */
struct explain_request {
	struct settings *settings;
	struct srs_keys *keys;  /* NULL: not readable; nothing is verified and signed */
	const char *keys_error; /* why not */
	const char *sender;     /* in external form, perhaps in angle brackets; "" or "<>": null */
	const char *recipient;
	const char *original; /* an address, or the value of ORCPT */
	struct ipaddr client; /* family 0: a host of skip-addresses */
	const char *hostname; /* $myhostname of Postfix; "": not known */
	char *message; /* its header, perhaps with the beginning of its body; it is changed */
	size_t len;
	time_t now;
};

/*
 * Returns a new reference to an object:
 *
 * { "sender": "...", "recipient": "...", "orcpt": null or "...", "client": null or "192.0.2.1",
 *   "kind": "forward", "why": "...", "domain": null or "fwd.example",
 *   "auth": "pass", "auth_why": "...",
 *   "from": ["..."], or null if no option needs it, "from_problem": null or "...",
 *   "candidate": null or "...", "candidate_state": null or "usable",
 *   "srs_domain": null or "...", "reason": null or "aligned", "reason_why": null or "...",
 *   "result": "rewritten", "mail_from": null or "...", "notes": ["..."] }
 *
 * or {"error": "..."} when an address is missing. Texts of the message are UTF-8, and printable.
 * offline is NULL if per-domain is off, and is then not needed.
 */
json_t *explain_message(struct offline *offline, const struct explain_request *request);

#endif
