/* SPDX-License-Identifier: ISC */
/*
 * monitor - the process that keeps root. It holds the listening sockets open, runs the engine, and
 * reads the files again for a reload. The only input from outside that it reads is the engine's
 * reports (srsd/link.h).
 *
 *	An engine that exits is replaced immediately, or after a growing pause if it lived less
 *	than a second. Its clients are lost; new ones wait in the backlog.
 *	An engine that sends no report, or does not answer a reload, for MONITOR_SILENCE seconds
 *	is killed and replaced. For its first report it has MONITOR_START seconds: while a machine
 *	boots, everything is slow. systemd waits 90 seconds. A reload waits for that report.
 *
 *	SIGHUP: all files are read and checked. The new settings take effect as a whole, or are
 *	refused with a reason, and the old ones stay. SIGTERM, SIGINT: the engine answers pending
 *	requests, and both processes exit.
 */
#ifndef SRSD_MONITOR_H
#define SRSD_MONITOR_H

#include "common/privdrop.h"
#include "srsd/listeners.h"
#include "srsd/service/inputs.h"

#define MONITOR_SILENCE 10 /* seconds */
#define MONITOR_START 60   /* seconds */

struct monitor_start {
	struct inputs_source source;
	struct inputs inputs;        /* owned by the monitor from monitor_run() on */
	struct listeners *listeners; /* likewise */
	struct identity id;          /* of the engine */
	void (*ready)(void *arg);    /* called once, when the first engine is ready */
	void (*forked)(void *arg);   /* called in each engine, to close what it does not need */
	void *arg;                   /* for both */
};

/*
 * Runs until it is asked to stop. Returns the exit status: that of the last engine, or 1 if the
 * first engine did not become ready.
 */
int monitor_run(struct monitor_start *start);

#endif
