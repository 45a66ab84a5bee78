/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ipaddr.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_way.h"

/* find_way - the name of the parameter that sends mail for other hosts away */
static const char *
find_way(const struct check *check)
{
	static const char transport[] = "default_transport";

	return strchr(postfix_get(check->postfix, transport), ':') == NULL ? "relayhost"
									   : transport;
}

const char *
check_way_port(const struct check *check)
{
	const char *way = postfix_get(check->postfix, find_way(check)), *colon = strrchr(way, ':');

	if (colon == NULL || (strstr(way, "[127.") == NULL && strstr(way, "[::1]") == NULL))
		return NULL;
	return colon + 1;
}

/* parse_way_host - "ADDRESS:PORT" or "[ADDRESS]:PORT"; false for another host, or none */
static bool
parse_way_host(const char *text, struct ipaddr *ip)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t len;

	if (colon == NULL)
		return false;
	len = (size_t)(colon - host);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	return ipaddr_parse(ip, host, len);
}

/* listens_at - does a service accept connections to this address? One at a host name may. */
static bool
listens_at(const struct postfix_service *service, const struct ipaddr *ip)
{
	struct ipaddr own;

	return !parse_way_host(service->name, &own) ||
	       ipaddr_agree(&own, ip, ip->family == AF_INET ? 32 : 128);
}

/* find_listener - the service at a port and, unless ip is NULL, at this address; false if none is */
static bool
find_listener(const struct check *check, const char *port, const struct ipaddr *ip,
    struct postfix_service *service)
{
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, service); i++)
		if (strcmp(service->type, "inet") == 0 &&
		    strcmp(postfix_service_port(service), port) == 0 &&
		    (ip == NULL || listens_at(service, ip)))
			return true;
	return false;
}

bool
check_way_find_service(const struct check *check, const char *port, struct postfix_service *service)
{
	return find_listener(check, port, NULL, service);
}

bool
check_way_find_transport(const struct check *check, const char *way, struct postfix_service *client)
{
	size_t len = strcspn(way, ":"), i;

	for (i = 0; postfix_service_at(check->postfix, i, client); i++)
		if (strcmp(client->type, "unix") == 0 && strlen(client->name) == len &&
		    memcmp(client->name, way, len) == 0)
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

static void
report_other_address(struct check *check, const char *way, const struct postfix_service *hop)
{
	findings_add(check->findings, FINDING_ERROR,
	    "%s = %s, but smtpd %s listens at another address: mail for other hosts stays in the "
	    "queue",
	    way, postfix_get(check->postfix, way), hop->name);
	findings_remedy(check->findings, "name the address of that service in %s", way);
}

/* find_sender - the address from which smtp(8) connects to the hop; false if that is unknown */
static bool
find_sender(const struct check *check, const struct ipaddr *to, struct ipaddr *from)
{
	const char *way = postfix_get(check->postfix, "default_transport");
	const char *name = to->family == AF_INET ? "smtp_bind_address" : "smtp_bind_address6";
	const char *bound, *all = postfix_get(check->postfix, "inet_interfaces");
	struct postfix_service client;

	if (!check_way_find_transport(check, way, &client))
		return false;
	bound = postfix_service_get(check->postfix, &client, name);
	if (bound[0] != '\0')
		return ipaddr_parse(from, bound, strlen(bound));
	/* With a single address in inet_interfaces, smtp(8) connects from that one. */
	*from = *to;
	return strcmp(all, "all") == 0 || strcmp(all, "loopback-only") == 0;
}

/* read_network - ADDRESS, ADDRESS/PREFIX or [ADDRESS]/PREFIX of mynetworks */
static bool
read_network(const char *word, struct cidr *net)
{
	char text[POSTFIX_WORD_SIZE];
	size_t n = 0;

	for (; *word != '\0'; word++)
		if (*word != '[' && *word != ']')
			text[n++] = *word;
	return cidr_parse(net, text, n);
}

/* may_be_listed - in mynetworks? Tables and files are not read. */
static bool
may_be_listed(const char *networks, const struct ipaddr *ip)
{
	char word[POSTFIX_WORD_SIZE];
	struct cidr net;

	while (postfix_word(&networks, word)) {
		if (!read_network(word + (word[0] == '!'), &net))
			return true;
		if (cidr_contains(&net, ip))
			return word[0] != '!';
	}
	return false;
}

/* refuses_strangers - does a list of restrictions refuse mail for other hosts of all but mynetworks? */
static bool
refuses_strangers(const char *list)
{
	char word[POSTFIX_WORD_SIZE];
	bool permits = false;

	while (postfix_word(&list, word)) {
		if (strcmp(word, "permit_mynetworks") == 0)
			permits = true;
		else if (strcmp(word, "permit_sasl_authenticated") != 0)
			return permits &&
			       (strcmp(word, "reject") == 0 || strcmp(word, "defer") == 0 ||
				   strcmp(word, "reject_unauth_destination") == 0 ||
				   strcmp(word, "defer_unauth_destination") == 0);
	}
	return false;
}

/* check_admission - does the hop accept the mail of this host? */
static void
check_admission(struct check *check, const struct postfix_service *hop, const struct ipaddr *to)
{
	static const char *const lists[] = { "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions" };
	const char *networks = postfix_service_get(check->postfix, hop, "mynetworks");
	char address[IPADDR_TEXT_SIZE];
	struct ipaddr from;
	bool refuses = false;
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		refuses |= refuses_strangers(postfix_service_get(check->postfix, hop, lists[i]));
	if (!refuses || !find_sender(check, to, &from) || may_be_listed(networks, &from))
		return;
	ipaddr_format(&from, address);
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s refuses the mail of this host, because its mynetworks = %s does not contain "
	    "%s: mail for other hosts bounces, or stays in the queue",
	    hop->name, networks, address);
	findings_remedy(check->findings,
	    from.family == AF_INET ? "add %s to -o mynetworks of that service in master.cf"
				   : "add [%s] to -o mynetworks of that service in master.cf",
	    address);
}

/* check_arrival - does mail for other hosts reach a port of this host, and is it accepted there? */
static void
check_arrival(struct check *check, const char *port)
{
	const char *way = find_way(check), *host = strchr(postfix_get(check->postfix, way), '[');
	struct postfix_service hop;
	struct ipaddr ip;

	if (host == NULL || !parse_way_host(host, &ip))
		return;
	if (find_listener(check, port, &ip, &hop))
		check_admission(check, &hop, &ip);
	else if (check_way_find_service(check, port, &hop))
		report_other_address(check, way, &hop);
}

void
check_way(struct check *check)
{
	const char *port = check_way_port(check), *filter;
	struct postfix_service hop;

	if (port == NULL || !check_way_find_service(check, port, &hop) ||
	    strcmp(hop.command, "smtpd") != 0)
		return;
	check_arrival(check, port);
	filter = postfix_service_get(check->postfix, &hop, "content_filter");
	if (filter[0] != '\0')
		check_relayhost(check, &hop, filter);
	else if (!may_divert(check, &hop))
		report_loop(check, &hop);
}
