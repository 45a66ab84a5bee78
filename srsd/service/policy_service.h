/* SPDX-License-Identifier: ISC */
/*
 * policy_service - the SPF policy service: sessions that connect policy_proto, the SRS facts, the
 * gate and the SPF checks, and log one line for each decision.
 */
#ifndef SRSD_SERVICE_POLICY_SERVICE_H
#define SRSD_SERVICE_POLICY_SERVICE_H

#include "common/clock.h"
#include "conf/settings.h"
#include "spf/spf_check.h"
#include "srsd/service/message_memory.h"
#include "srsd/service/recent.h"
#include "srsd/service/session.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_budget.h"
#include "srsd/srs/srs_keys.h"

/*
 * The owner owns what these point to, and may replace settings and keys at any time. A request that
 * waits for the DNS keeps a reference to the settings that it began with.
 */
struct policy_service {
	struct settings *settings;
	struct srs_keys *keys;
	struct spf_checker checker;
	struct message_memory *messages;
	struct srs_budget *budget;
	struct tally *charged; /* see policy_charge.h */
	const struct clock *clock;
	struct stats *stats;
	struct recent *recent; /* or NULL */
};

/* A session_open_fn; service is a struct policy_service. */
struct session *policy_session_open(void *service, const struct session_host *host);

#endif
