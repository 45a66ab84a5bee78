/* SPDX-License-Identifier: ISC */
/*
 * control - the service behind the control socket: what srsctl asks a running daemon.
 *
 *	request:	one JSON object in a line, {"command": "spf", ...}
 *	reply:		one JSON object in a line; {"error": "..."} when there is none better
 *
 * SECURITY: only root and the daemon's own user can connect, the socket's mode sees to that. Even
 * so nothing here is believed: a line is bounded, and what is not a command is an error.
 */
#ifndef SRSD_SERVICE_CONTROL_H
#define SRSD_SERVICE_CONTROL_H

#include <sys/queue.h>

#include "common/clock.h"
#include "conf/settings.h"
#include "spf/spf_check.h"
#include "srsd/service/session.h"
#include "srsd/srs/srs_keys.h"

#define CONTROL_LINE_MAX (64 * 1024)

struct control_session;
struct status;

struct control_service {
	struct settings *settings;
	struct srs_keys *keys;
	const struct spf_checker *checker;
	const struct clock *clock;
	/* Asks for a reload, whose end comes through control_service_reloaded. */
	bool (*ask_reload)(void *arg);
	void *ask_reload_arg;
	void (*read_status)(void *arg, struct status *);
	void *read_status_arg;
	/* control's own. */
	unsigned round;                        /* reloads there were */
	TAILQ_HEAD(, control_session) waiting; /* for a reload */
};

void control_service_init(struct control_service *);

/* A reload is over: error is NULL, or why the old settings stay. */
void control_service_reloaded(struct control_service *, const char *error);

/* A session_open_fn; the service is a struct control_service. */
struct session *control_session_open(void *service, const struct session_host *);

#endif
