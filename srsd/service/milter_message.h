/* SPDX-License-Identifier: ISC */
/*
 * milter_message - one message of a milter session, from its sender to what is done with it.
 *
 * The session (milter_service.h) passes in the sender, the recipients and the header fields. At the
 * end of the message it asks for the decision. That may wait for the DNS (candidates.h) and for the
 * envelope store (map_lookup.h), for milter-timeout in all. A failure of the store defers the
 * message; it never leaves unsigned.
 */
#ifndef SRSD_SERVICE_MILTER_MESSAGE_H
#define SRSD_SERVICE_MILTER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <event2/event_struct.h>

#include "common/clock.h"
#include "common/ipaddr.h"
#include "common/text.h"
#include "conf/settings.h"
#include "srsd/forwarding/candidates.h"
#include "srsd/forwarding/forwarding.h"
#include "srsd/forwarding/mail_headers.h"
#include "srsd/service/forward_counts.h"
#include "srsd/service/map_lookup.h"
#include "srsd/service/milter_result.h"
#include "srsd/service/recent.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_budget.h"

/* Recipients of a message that are replaced or dropped; the others remain as they are. */
#define MILTER_MESSAGE_CHANGES_MAX 1000

/* Bytes of an address for the log. */
#define MILTER_MESSAGE_ADDRESS_MAX 320

/* What all sessions of the milter share. The owner replaces settings and keys at a reload. */
struct milter_service {
	struct settings *settings;
	struct srs_keys *keys;
	const struct map_service *forward, *reverse;
	struct candidates *candidates;
	struct srs_budget *budget;
	struct forward_counts *counts;
	struct tally *charged; /* see policy_charge.h */
	struct tally *unknown; /* domains of ORCPT with a recent warning */
	struct event_base *base;
	const struct clock *clock;
	struct stats *stats;
	struct recent *recent; /* or NULL */
	time_t hold_since;     /* when the hour began in which holds are counted */
	int holds;
};

/* The client of the SMTP session, as far as it is known. */
struct milter_peer {
	struct ipaddr address; /* family 0: no usable address */
	char text[IPADDR_TEXT_SIZE];
	char sasl_username[64]; /* the beginning of it; "": not authenticated */
};

struct milter_address {
	size_t len;
	char text[MILTER_MESSAGE_ADDRESS_MAX];
};

/* A recipient that is replaced, or dropped. */
struct milter_change {
	bool drop;
	char from[MAILADDR_SIZE];
	char to[MAILADDR_SIZE]; /* "": it remains as it is, unless drop is set */
};

enum milter_stage {
	MILTER_STAGE_OPEN, /* more may be added */
	MILTER_STAGE_JUDGE,
	MILTER_STAGE_CANDIDATE, /* waits for the DNS */
	MILTER_STAGE_SIGN,
	MILTER_STAGE_REVERSE,
	MILTER_STAGE_DONE,
};

struct milter_message {
	struct milter_service *service;
	struct settings *settings; /* those that it began with, despite a reload */
	void (*wake)(void *arg);
	void *arg;
	bool can_rewrite;                                  /* the MTA accepts another sender */
	struct milter_address sender, recipient, original; /* for the log; those that decide */
	char key[MAILADDR_SIZE + 1];                       /* the sender, in external form */
	size_t key_len;
	struct forwarding_envelope envelope;
	struct mail_headers headers;
	size_t n_changes, dropped; /* dropped: of these changes */
	struct milter_change *changes;
	/* The end. */
	enum milter_stage stage;
	struct event deadline;
	bool has_deadline, is_late;
	struct event timer;                  /* of the DNS, and until the store is tried again */
	bool waits;                          /* for the timer */
	struct candidate_question *question; /* or NULL */
	char candidate[HOSTNAME_MAX + 1];
	struct forwarding_decision decision;
	enum forwarding_auth auth;
	char domain[HOSTNAME_MAX + 1]; /* decision.domain, which a reload would free */
	struct map_lookup lookup;
	size_t looked_up; /* changes */
	bool changed;     /* one of them has a new recipient */
	bool is_signed;   /* the sender is lookup.result, in `to` */
	struct milter_address to;
	const char *problem;  /* why the sender could not be signed, a word; or NULL */
	const char *deferred; /* the reply "451 ..."; or NULL */
};

/* Prepares for a session. wake is called from the loop when a decision can go on. */
void milter_message_init(struct milter_message *message, struct milter_service *service,
    void (*wake)(void *arg), void *arg);

/* True between milter_message_begin and milter_message_clear. */
bool milter_message_is_begun(const struct milter_message *message);

/* Ends a message, decided or not, and frees what it has. It can then begin again. */
void milter_message_clear(struct milter_message *message);

/*
 * Begins a message with its sender, as the client wrote it, without angle brackets. myhostname is
 * the name of the MTA; "": not known.
 */
void milter_message_begin(
    struct milter_message *message, struct text sender, const char *myhostname);

/*
 * Adds a recipient. original is the value of ORCPT; empty: none. Returns NULL if it is accepted, or
 * an SMTP reply such as "550 5.1.1 unknown SRS address" in `reply`.
 */
#define MILTER_MESSAGE_REPLY_SIZE 400
const char *milter_message_add_recipient(struct milter_message *message,
    const struct milter_peer *peer, struct text rcpt, struct text original,
    char reply[MILTER_MESSAGE_REPLY_SIZE]);

/* Adds a header field. cut: the end of the value is missing. */
void milter_message_add_header(
    struct milter_message *message, struct text name, struct text value, bool cut);

/*
 * Decides, at the end of the message. False: it waits; call again after wake. Then the members
 * decision, result and changes are valid.
 */
bool milter_message_end(struct milter_message *message);

/* What was decided. */
enum milter_result milter_message_result(const struct milter_message *message);

/* Logs and counts a message that was decided. */
void milter_message_report(const struct milter_message *message, struct text queue);

#endif
