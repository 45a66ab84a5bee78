/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/check/check_hop.h"
#include "srsd/ctl/check/check_way.h"
#include "srsd/ctl/postfix_endpoint.h"

/* The seconds that Postfix must wait in addition to milter-timeout, so that the answer arrives. */
#define SPARE_SECONDS 5

/* The protocol version that lets a milter change the sender. */
#define MILTER_VERSION 6

bool
check_hop_find_word(
    const struct check *check, const char *milters, bool chrooted, char word[POSTFIX_WORD_SIZE])
{
	char endpoint[POSTFIX_WORD_SIZE];

	while (postfix_word(&milters, word)) {
		postfix_policy_endpoint(word, endpoint);
		if (postfix_endpoint_is_one(
			&check->settings->milter, endpoint, check->postfix, chrooted))
			return true;
	}
	return false;
}

/* read_hop - false when the service does not have the milter */
static bool
read_hop(const struct check *check, struct check_hop *hop)
{
	static const char list[] = "smtpd_milters";
	const struct postfix *p = check->postfix;
	const struct postfix_service *service = &hop->service;

	if (strcmp(service->command, "smtpd") != 0)
		return false;
	hop->milters = postfix_service_get(p, service, list);
	hop->own = hop->milters != postfix_get(p, list);
	hop->off = postfix_list_has(
	    postfix_service_get(p, service, "receive_override_options"), "no_milters");
	hop->hop = postfix_is_hop(service);
	return check_hop_find_word(check, hop->milters, postfix_is_chrooted(p, service), hop->word);
}

bool
check_hop_at(const struct check *check, size_t number, struct check_hop *hop)
{
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, &hop->service); i++)
		if (read_hop(check, hop) && number-- == 0)
			return true;
	return false;
}

/* get_milter_setting - of the milter itself, in braces, or of the service */
static void
get_milter_setting(const struct check *check, const struct check_hop *hop, const char *parameter,
    char value[POSTFIX_WORD_SIZE])
{
	/* Postfix omits the prefix in braces. */
	if (!postfix_word_option(hop->word, parameter + strlen("milter_"), value))
		strlcpy(value, postfix_service_get(check->postfix, &hop->service, parameter),
		    POSTFIX_WORD_SIZE);
}

static void
check_milter_way(struct check *check, const struct check_hop *hop)
{
	char endpoint[POSTFIX_WORD_SIZE];

	postfix_policy_endpoint(hop->word, endpoint);
	if (strncmp(endpoint, "inet:", 5) == 0)
		check_endpoint_way(check, "smtpd_milters", endpoint + 5, &check->settings->milter);
}

static void
check_default_action(struct check *check, const struct check_hop *hop)
{
	static const char name[] = "milter_default_action";
	char value[POSTFIX_WORD_SIZE];

	get_milter_setting(check, hop, name, value);
	/* shutdown, the default of newer versions of Postfix, defers as well, with 421. */
	if (strcasecmp(value, "tempfail") == 0 || strcasecmp(value, "shutdown") == 0)
		return;
	findings_add(check->findings, FINDING_ERROR, "%s of smtpd %s is %s: %s", name,
	    hop->service.name, value,
	    strcasecmp(value, "accept") == 0
		? "while srsd is not running, forwards leave with their original sender"
		: "while srsd is not running, mail that has been accepted is not tried again");
	findings_remedy(check->findings, "add -o %s=tempfail to that service in master.cf", name);
}

/* check_timeout - the answer to the end of a message comes within milter-timeout */
static void
check_timeout(struct check *check, const struct check_hop *hop)
{
	static const char name[] = "milter_content_timeout";
	int needed = check->settings->milter_timeout + SPARE_SECONDS;
	char value[POSTFIX_WORD_SIZE];
	long seconds;

	get_milter_setting(check, hop, name, value);
	seconds = postfix_seconds(value);
	if (seconds == -1 || seconds >= needed)
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "%s of smtpd %s is %s: Postfix stops waiting before milter-timeout (%d s) has expired",
	    name, hop->service.name, value, check->settings->milter_timeout);
	findings_remedy(check->findings,
	    "add -o %s=%ds to that service in master.cf, or set a lower milter-timeout", name,
	    needed);
}

static void
check_protocol(struct check *check, const struct check_hop *hop)
{
	static const char name[] = "milter_protocol";
	char value[POSTFIX_WORD_SIZE];

	get_milter_setting(check, hop, name, value);
	if (atoi(value) >= MILTER_VERSION)
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "%s of smtpd %s is %s: with a version below %d a milter cannot change the sender", name,
	    hop->service.name, value, MILTER_VERSION);
	findings_remedy(
	    check->findings, "add -o %s=%d to that service in master.cf", name, MILTER_VERSION);
}

static void
check_server_dsn(struct check *check, const struct check_hop *hop)
{
	static const char name[] = "smtpd_discard_ehlo_keywords";

	if (!postfix_list_has(postfix_service_get(check->postfix, &hop->service, name), "dsn"))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "%s of smtpd %s contains dsn: ORCPT does not arrive, and no forward is recognized",
	    name, hop->service.name);
	findings_remedy(check->findings, "add -o %s= to that service in master.cf", name);
}

/* is_signer - does this milter sign messages? Postfix knows only its endpoint */
static bool
is_signer(const char *word)
{
	static const char *const names[] = { "dkim", "openarc", ":8891", ":12301" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasestr(word, names[i]) != NULL)
			return true;
	return false;
}

/* check_signers - all mail of a hop comes from this host, which signers trust */
static void
check_signers(struct check *check, const struct check_hop *hop)
{
	const char *rest = hop->milters;
	char word[POSTFIX_WORD_SIZE];

	while (postfix_word(&rest, word)) {
		if (strcmp(word, hop->word) == 0 || !is_signer(word))
			continue;
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd_milters of smtpd %s contains %s: all mail comes from this host there, and "
		    "a signer that trusts this host signs the forged From: of a stranger",
		    hop->service.name, word);
		findings_remedy(check->findings,
		    "leave it on the services where mail comes in: a signature stays valid, because "
		    "srsd changes the envelope only");
	}
}

/* check_header_rewriting - trivial-rewrite(8) completes From: of clients of this host */
static void
check_header_rewriting(struct check *check, const struct check_hop *hop)
{
	static const char name[] = "local_header_rewrite_clients";

	if (postfix_service_get(check->postfix, &hop->service, name)[0] == '\0')
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "%s of smtpd %s is not empty: Postfix completes addresses in the headers of strangers, "
	    "such as From: ceo, with a domain of yours",
	    name, hop->service.name);
	findings_remedy(check->findings, "add -o %s= to that service in master.cf", name);
}

void
check_hop_settings(struct check *check, const struct check_hop *hop)
{
	findings_add(
	    check->findings, FINDING_OK, "smtpd %s is a hop with the milter", hop->service.name);
	check_milter_way(check, hop);
	check_default_action(check, hop);
	check_timeout(check, hop);
	check_protocol(check, hop);
	check_server_dsn(check, hop);
	check_signers(check, hop);
	check_header_rewriting(check, hop);
}

/* has_port - does a next hop such as "[127.0.0.1]:10026" end with the port? */
static bool
has_port(const char *destination, const char *port)
{
	const char *colon = strrchr(destination, ':');

	return colon != NULL && strcmp(colon + 1, port) == 0;
}

/* find_way_to - how all foreign mail gets to the hop: the name of a parameter; NULL: not at all */
static const char *
find_way_to(const struct check *check, const struct check_hop *hop, char way[POSTFIX_WORD_SIZE])
{
	static const char *const names[] = { "content_filter", "default_transport", "relayhost" };
	const char *port = postfix_service_port(&hop->service), *tables;
	char table[POSTFIX_WORD_SIZE];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strlcpy(way, postfix_get(check->postfix, names[i]), POSTFIX_WORD_SIZE);
		if (has_port(way, port))
			return names[i];
	}
	for (tables = postfix_get(check->postfix, "transport_maps"); postfix_word(&tables, table);)
		if (postfix_look_up(check->postfix, table, "*", way, POSTFIX_WORD_SIZE) == 1 &&
		    has_port(way, port))
			return "transport_maps";
	return NULL;
}

/* has_sender_transports - tables with any number of ways */
static bool
has_sender_transports(const struct check *check)
{
	return postfix_get(check->postfix, "sender_dependent_default_transport_maps")[0] != '\0' ||
	       postfix_get(check->postfix, "sender_dependent_relayhost_maps")[0] != '\0';
}

static bool
has_public_smtpd(const struct check *check)
{
	struct postfix_service service;
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, &service); i++)
		if (postfix_is_public(&service) && !postfix_is_hop(&service))
			return true;
	return false;
}

static void
report_no_way(struct check *check, const struct check_hop *hop)
{
	const char *name = hop->service.name, *port = postfix_service_port(&hop->service);
	size_t len = port == name ? 0 : (size_t)(port - name) - 1;

	findings_add(check->findings, FINDING_WARNING,
	    "outgoing mail does not go to the hop, smtpd %s: forwards are not rewritten", name);
	if (name[0] == '[')
		findings_remedy(check->findings, "postconf -e 'default_transport = smtp:%s'", name);
	else
		findings_remedy(check->findings, "postconf -e 'default_transport = smtp:[%.*s]:%s'",
		    len == 0 ? (int)strlen("127.0.0.1") : (int)len, len == 0 ? "127.0.0.1" : name,
		    port);
}

/* find_client - the service of smtp(8) in "TRANSPORT:NEXTHOP", or of default_transport */
static bool
find_client(const struct check *check, const char *way, struct postfix_service *client)
{
	const char *text =
	    way[0] == '[' || strchr(way, ':') == NULL || strchr(way, ':') == strrchr(way, ':')
		? postfix_get(check->postfix, "default_transport")
		: way;

	return check_way_find_transport(check, text, client) &&
	       strcmp(client->command, "smtp") == 0;
}

static void
check_client_dsn(struct check *check, const struct postfix_service *client)
{
	static const char name[] = "smtp_discard_ehlo_keywords";

	if (!postfix_list_has(postfix_service_get(check->postfix, client, name), "dsn"))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "%s of %s, which sends mail to the hop, contains dsn: it sends no ORCPT, and no "
	    "forward is recognized",
	    name, client->name);
	findings_remedy(check->findings, "add -o %s= to that service in master.cf", name);
}

/* depends_on_recipient - may two recipients of a message need different senders? */
static bool
depends_on_recipient(const struct settings *settings)
{
	return strcmp(settings->per_domain, "off") != 0 ||
	       settings->unauthenticated != UNAUTHENTICATED_REWRITE;
}

static void
check_recipient_limit(struct check *check, const struct postfix_service *client)
{
	char name[sizeof(client->name) + 40], *value;

	if (!depends_on_recipient(check->settings))
		return;
	snprintf(name, sizeof(name), "%s_destination_recipient_limit", client->name);
	value = postfix_read(check->postfix, name);
	if (strcmp(value, "1") != 0) {
		findings_add(check->findings, FINDING_WARNING,
		    "%s is not 1: a message has one sender for all its recipients, and the first "
		    "forward among them decides",
		    name);
		findings_remedy(check->findings, "postconf -e '%s = 1'", name);
	}
	free(value);
}

void
check_hop_client(struct check *check, const struct check_hop *hop)
{
	char way[POSTFIX_WORD_SIZE];
	struct postfix_service client;

	if (find_way_to(check, hop, way) == NULL) {
		if (!has_sender_transports(check) && has_public_smtpd(check))
			report_no_way(check, hop);
		return;
	}
	if (!find_client(check, way, &client))
		return;
	check_client_dsn(check, &client);
	check_recipient_limit(check, &client);
}
