/* SPDX-License-Identifier: ISC */
/*
 * control - the service behind the control socket: requests of srsctl to a running daemon.
 *
 *	request:	one JSON object in a line, {"command": "spf", ...}
 *	reply:		one JSON object in a line, {"error": "..."} on failure
 *
 * The commands are explain, forward, recent, reload, reverse, spf, status, store-forget, store-get,
 * store-put and top. Requests of one connection are answered in order, one in a turn of the loop:
 * some take milliseconds, and one read has room for hundreds of them.
 *
 * SECURITY: the mode of the socket allows only root and the daemon's own user to connect. Even so
 * requests are not trusted: a line is bounded, and a line that is not a command is an error.
 */
#ifndef SRSD_SERVICE_CONTROL_H
#define SRSD_SERVICE_CONTROL_H

#include <sys/queue.h>

#include "common/clock.h"
#include "conf/settings.h"
#include "spf/spf_check.h"
#include "srsd/service/session.h"
#include "srsd/srs/srs_keys.h"
#include "srsd/store/store.h"

/* Bytes of a request. A longer one is answered with an error, and the connection is closed. */
#define CONTROL_LINE_MAX (64 * 1024)

struct control_session;
struct policy_service;
struct status;

/*
 * The owner sets all but the last two fields, owns what they point to, and may replace settings,
 * keys and store between requests.
 */
struct control_service {
	struct settings *settings;
	struct srs_keys *keys;
	struct store *store; /* NULL: no envelope-database */
	const struct spf_checker *checker;
	const struct policy_service *policy; /* its decisions are explained */
	const struct clock *clock;
	struct control_recent *recent;
	/* Requests a reload; its end is reported to control_service_reloaded. False: it cannot. */
	bool (*ask_reload)(void *arg);
	void *ask_reload_arg;
	/* Fills in the status. The session releases its reference to the listeners. */
	void (*read_status)(void *arg, struct status *status);
	void *read_status_arg;
	/*
	 * Empties the memory of the store after its rows were deleted, and soon opens it again, but
	 * not before it returns: the store may be calling the session.
	 */
	void (*reopen_store)(void *arg);
	void *reopen_store_arg;
	/* of control itself */
	unsigned round;                        /* the number of reloads so far */
	TAILQ_HEAD(, control_session) waiting; /* for the end of a reload */
};

/* Initialises the last two fields. */
void control_service_init(struct control_service *service);

/*
 * Answers all sessions that wait for a reload. error is NULL, or the reason why the old settings
 * stay in effect.
 */
void control_service_reloaded(struct control_service *service, const char *error);

/* A session_open_fn; service is a struct control_service. */
struct session *control_session_open(void *service, const struct session_host *host);

#endif
