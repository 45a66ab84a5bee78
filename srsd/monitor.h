/* SPDX-License-Identifier: ISC */
/*
 * monitor - the process that stays root. It keeps the listening sockets open, runs the engine, and
 * reads the files anew when it is told to; it reads nothing that a stranger has written.
 *
 *	An engine that dies is replaced at once; one that dies within a second of its start, after
 *	a growing pause. The clients of the dead one are lost, new ones wait in the backlog.
 *	An engine that is silent for MONITOR_SILENCE seconds, or does not answer a reload as long,
 *	is killed, and so replaced.
 *
 *	SIGHUP: everything is read and checked, then handed over as a whole, or refused with the
 *	reason while the old settings stay. SIGTERM, SIGINT: the engine answers what is in flight.
 */
#ifndef SRSD_MONITOR_H
#define SRSD_MONITOR_H

#include "common/privdrop.h"
#include "srsd/listeners.h"
#include "srsd/service/inputs.h"

#define MONITOR_SILENCE 10

struct monitor_start {
	struct inputs_source source;
	struct inputs inputs;        /* taken over */
	struct listeners *listeners; /* taken over */
	struct identity id;          /* of the engine */
	void (*ready)(void *arg);    /* called once, when the first engine serves */
	void (*forked)(void *arg);   /* called in each engine: to close what is not its business */
	void *arg;                   /* of both */
};

/* Runs until it is asked to stop. The exit status: 1 when the first engine did not come up. */
int monitor_run(struct monitor_start *);

#endif
