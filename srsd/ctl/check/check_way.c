/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_way.h"

const char *
check_way_port(const struct check *check)
{
	const char *way = postfix_get(check->postfix, "default_transport"), *colon;

	if (strchr(way, ':') == NULL)
		way = postfix_get(check->postfix, "relayhost");
	colon = strrchr(way, ':');
	if (colon == NULL || (strstr(way, "[127.") == NULL && strstr(way, "[::1]") == NULL))
		return NULL;
	return colon + 1;
}

bool
check_way_find_service(const struct check *check, const char *port, struct postfix_service *service)
{
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, service); i++)
		if (strcmp(service->type, "inet") == 0 &&
		    strcmp(postfix_service_port(service), port) == 0)
			return true;
	return false;
}

/* may_divert - can something other than content_filter send mail from the hop elsewhere? */
static bool
may_divert(const struct check *check, const struct postfix_service *hop)
{
	static const char *const names[] = { "smtpd_client_restrictions", "smtpd_helo_restrictions",
		"smtpd_sender_restrictions", "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions", "smtpd_data_restrictions",
		"smtpd_end_of_data_restrictions" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) /* access(5) has FILTER */
		if (strstr(postfix_service_get(check->postfix, hop, names[i]), "_access") != NULL)
			return true;
	return postfix_service_get(check->postfix, hop, "smtpd_proxy_filter")[0] != '\0' ||
	       postfix_get(check->postfix, "sender_dependent_default_transport_maps")[0] != '\0' ||
	       postfix_get(check->postfix, "sender_dependent_relayhost_maps")[0] != '\0';
}

static void
report_loop(struct check *check, const struct postfix_service *hop)
{
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s has no content_filter: mail for other hosts is sent to it again and again, "
	    "and bounces",
	    hop->name);
	findings_remedy(
	    check->findings, "add -o content_filter=smtp: to that service in master.cf");
}

/* check_relayhost - a transport with a next hop, and content_filter, take precedence over it */
static void
check_relayhost(struct check *check, const struct postfix_service *hop, const char *filter)
{
	const char *relayhost = postfix_get(check->postfix, "relayhost");

	if (relayhost[0] == '\0' || strchr(filter, ':') == NULL || strchr(filter, ':')[1] != '\0' ||
	    postfix_get(check->postfix, "default_filter_nexthop")[0] != '\0' ||
	    strchr(postfix_get(check->postfix, "default_transport"), ':') == NULL)
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "relayhost = %s is not used: content_filter of smtpd %s sends mail to the hosts of its "
	    "recipients",
	    relayhost, hop->name);
	findings_remedy(check->findings,
	    "set -o content_filter=%s%s for that service in master.cf, or run: postconf -X "
	    "relayhost",
	    filter, relayhost);
}

void
check_way(struct check *check)
{
	const char *port = check_way_port(check), *filter;
	struct postfix_service hop;

	if (port == NULL || !check_way_find_service(check, port, &hop) ||
	    strcmp(hop.command, "smtpd") != 0)
		return;
	filter = postfix_service_get(check->postfix, &hop, "content_filter");
	if (filter[0] != '\0')
		check_relayhost(check, &hop, filter);
	else if (!may_divert(check, &hop))
		report_loop(check, &hop);
}
