/* SPDX-License-Identifier: ISC */
/*
 * An address goes through the forward map and, as a bounce would bring it, through the reverse map
 * and the policy service. What the daemon signed must verify with the secrets of the file.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/day.h"
#include "common/endpoint.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/connect.h"
#include "srsd/postfix/tcptable.h"
#include "srsd/srs/srs_hash_change.h"
#include "srsd/srs/srs_rewrite.h"

#define CONNECT_MS 5000
#define MAP_MS 5000

/* Beyond the longest check, which a request for a bounce does not even begin. */
#define POLICY_MS 25000

/* Longest replies: tcp_table(5) allows 4096 bytes, an action has 400. */
#define REPLY_SIZE 4097

#define RELOAD "srsctl reload; and look whether it reads this configuration"

/* read_service_reply - up to end, which is taken off */
static bool
read_service_reply(
    int fd, const char *end, uint64_t until, char reply[REPLY_SIZE], const char **error)
{
	size_t got = 0, end_len = strlen(end);
	ssize_t n;

	while (got < REPLY_SIZE - 1) {
		if (!connect_wait(fd, POLLIN, until, error))
			return false;
		n = read(fd, reply + got, REPLY_SIZE - 1 - got);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			*error = n == 0 ? "it closes the connection" : strerror(errno);
			return false;
		}
		got += (size_t)n;
		reply[got] = '\0';
		if (got >= end_len && strcmp(reply + got - end_len, end) == 0) {
			reply[got - end_len] = '\0';
			return true;
		}
	}
	*error = "a reply without an end";
	return false;
}

static bool
ask_service(const char *endpoint, const char *request, const char *end, int wait_ms,
    char reply[REPLY_SIZE], const char **error)
{
	uint64_t until = clock_elapsed(&clock_system) + (unsigned)wait_ms;
	int fd = connect_endpoint(endpoint, CONNECT_MS, error);
	bool ok;

	if (fd == -1)
		return false;
	ok = connect_send(fd, request, strlen(request), until, error) &&
	     read_service_reply(fd, end, until, reply, error);
	close(fd);
	return ok;
}

/* decode_map_reply - the address of a reply, which is encoded as a key is */
static bool
decode_map_reply(const char *text, char address[MAILADDR_SIZE])
{
	struct tcptable_parser parser;
	struct tcptable_request key;
	char line[REPLY_SIZE + 8];
	const char *error;
	size_t used;

	snprintf(line, sizeof(line), "get %s\n", text);
	tcptable_init(&parser);
	if (tcptable_parse(&parser, line, strlen(line), &used, &key, &error) != 1 ||
	    key.len >= MAILADDR_SIZE || memchr(key.key, '\0', key.len) != NULL)
		return false;
	memcpy(address, key.key, key.len);
	address[key.len] = '\0';
	return true;
}

/* ask_map - ask a map; reply is what it said, address what it means, "" unless it is 200 */
static bool
ask_map(const char *endpoint, const char *key, char reply[REPLY_SIZE], char address[MAILADDR_SIZE],
    const char **error)
{
	char request[TCPTABLE_REPLY_SIZE];
	size_t len;

	/* A key is encoded as an answer is. */
	len = tcptable_found(request, key, strlen(key));
	request[len] = '\0';
	memcpy(request, "get ", 4);
	address[0] = '\0';
	if (!ask_service(endpoint, request, "\n", MAP_MS, reply, error))
		return false;
	if (strncmp(reply, "200 ", 4) != 0 || decode_map_reply(reply + 4, address))
		return true;
	*error = "an answer that is no address";
	return false;
}

static void
report_unreachable(
    struct check *check, const char *service, const char *endpoint, const char *error)
{
	findings_add(check->findings, FINDING_ERROR, "%s %s: %s", service, endpoint, error);
	findings_remedy(check->findings,
	    "start srsd, and look into its log; or is this not the configuration that it reads?");
}

/* check_in_flight - will bounces to what the daemon has signed until now be accepted? */
static void
check_in_flight(struct check *check)
{
	enum hash_format other = srs_hash_change_other(check->settings);
	struct settings daemon = *check->settings;
	char until[DAY_TEXT_SIZE];

	daemon.hash_format = (int)other;
	if (!srs_hash_change_loses(&daemon, check->settings, check->now))
		return;
	day_format(until, srs_hash_change_day(check->settings, check->now));
	findings_add(check->findings, FINDING_WARNING,
	    "bounces to the addresses that were signed until now will be refused: their hashes are "
	    "%s",
	    srs_hash_change_name(other));
	findings_remedy(
	    check->findings, "hash-accept-%s = \"%s\"", srs_hash_change_name(other), until);
}

/* check_form - does the daemon sign in the format of the file? */
static bool
check_form(struct check *check, const char *endpoint, enum srs_mac_form form)
{
	enum hash_format daemon = form == SRS_MAC_SEPARATED ? HASH_SEPARATED : HASH_COMPATIBLE;

	if (daemon != srs_hash_change_other(check->settings))
		return true;
	findings_add(check->findings, FINDING_ERROR,
	    "forward %s signs in the %s format; hash-format is %s", endpoint,
	    srs_hash_change_name(daemon), srs_hash_change_name(check->settings->hash_format));
	findings_remedy(check->findings, "the daemon has another configuration: " RELOAD);
	check_in_flight(check);
	return false;
}

/* check_signature - was it made with the first secret of the file, in its format? */
static bool
check_signature(struct check *check, const char *endpoint, const char *address)
{
	struct settings either = *check->settings;
	const struct srs_context context = { &either, check->keys, check->now };
	struct srs_result result;

	if (check->keys == NULL)
		return true;
	either.hash_format = HASH_COMPATIBLE;
	either.hash_accept_separated = day_of(check->now);
	srs_rewrite_reverse(&result, &context, address, strlen(address));
	if (result.verdict == SRS_REWRITTEN && result.secret == 0)
		return check_form(check, endpoint, result.form);
	findings_add(check->findings, FINDING_ERROR, "forward %s signs with %s", endpoint,
	    result.verdict == SRS_REWRITTEN ? "an older secret than the first one of secrets-file"
					    : "a secret that is not in secrets-file");
	findings_remedy(check->findings, "the daemon has not read the file since: " RELOAD);
	return false;
}

static bool
check_domain(struct check *check, const char *endpoint, const char *address)
{
	const char *domain = strrchr(address, '@');

	domain = domain == NULL ? "" : domain + 1;
	if (strcasecmp(domain, check->settings->srs_domain) == 0)
		return true;
	findings_add(check->findings, FINDING_ERROR, "forward %s mints addresses of %s, not of %s",
	    endpoint, domain, check->settings->srs_domain);
	findings_remedy(check->findings, "the daemon has another configuration: " RELOAD);
	return false;
}

static void
check_forward(struct check *check, const char *sender, char srs_address[MAILADDR_SIZE])
{
	const struct text_list *list = &check->settings->forward;
	char reply[REPLY_SIZE], address[MAILADDR_SIZE];
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!ask_map(list->text[i], sender, reply, address, &error)) {
			report_unreachable(check, "forward", list->text[i], error);
			continue;
		}
		if (address[0] == '\0') {
			findings_add(check->findings, FINDING_ERROR,
			    "forward %s does not rewrite %s but says: %s", list->text[i], sender,
			    reply);
			findings_remedy(check->findings, RELOAD);
			continue;
		}
		if (srs_address[0] == '\0')
			strlcpy(srs_address, address, MAILADDR_SIZE);
		if (check_domain(check, list->text[i], address) &&
		    check_signature(check, list->text[i], address))
			findings_add(check->findings, FINDING_OK, "forward %s answers, and signs%s",
			    list->text[i],
			    check->keys == NULL ? "" : " with the first secret of secrets-file");
	}
}

static void
check_reverse(struct check *check, const char *sender, const char *srs_address)
{
	const struct text_list *list = &check->settings->reverse;
	char reply[REPLY_SIZE], address[MAILADDR_SIZE];
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!ask_map(list->text[i], srs_address, reply, address, &error)) {
			report_unreachable(check, "reverse", list->text[i], error);
		} else if (strcmp(address, sender) == 0) {
			findings_add(check->findings, FINDING_OK,
			    "reverse %s gives the sender of a fresh SRS address back",
			    list->text[i]);
		} else {
			findings_add(check->findings, FINDING_ERROR,
			    "reverse %s does not give the sender of a fresh SRS address back but "
			    "says: %s",
			    list->text[i], reply);
			findings_remedy(check->findings,
			    "is it the same daemon that answers at forward? if so: " RELOAD);
		}
	}
}

static void
check_policy(struct check *check, const char *srs_address)
{
	const struct text_list *list = &check->settings->policy;
	char request[1024], reply[REPLY_SIZE];
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		snprintf(request, sizeof(request),
		    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
		    "client_address=192.0.2.1\nclient_name=unknown\nhelo_name=check.invalid\n"
		    "sender=\nrecipient=%s\ninstance=srsctl.%llx.%x.%zx\n\n",
		    srs_address, (unsigned long long)check->now, (unsigned)getpid(), i);
		if (!ask_service(list->text[i], request, "\n\n", POLICY_MS, reply, &error)) {
			report_unreachable(check, "policy", list->text[i], error);
		} else if (strcmp(reply, "action=DUNNO") == 0) {
			findings_add(check->findings, FINDING_OK,
			    "policy %s lets a bounce to a fresh SRS address pass", list->text[i]);
		} else {
			findings_add(check->findings, FINDING_ERROR,
			    "policy %s does not let a bounce to a fresh SRS address pass but says: "
			    "%s",
			    list->text[i], reply);
			findings_remedy(check->findings,
			    "is it the same daemon that answers at forward? if so: " RELOAD);
		}
	}
}

/* sign_without_daemon - without a daemon, so that the other services can be tried; "" without secrets */
static void
sign_without_daemon(struct check *check, const char *sender, char srs_address[MAILADDR_SIZE])
{
	const struct srs_context context = { check->settings, check->keys, check->now };
	struct srs_result result;

	if (check->keys == NULL)
		return;
	srs_rewrite_forward(&result, &context, sender, strlen(sender));
	if (result.verdict == SRS_REWRITTEN)
		strlcpy(srs_address, result.address, MAILADDR_SIZE);
}

static void
check_switched_off(struct check *check, const char *service, const struct text_list *list)
{
	if (list->n > 0)
		return;
	findings_add(check->findings, FINDING_SKIPPED, "%s", service);
	findings_remedy(check->findings, "the configuration switches it off");
}

/* check_spf_is_on - a configuration for the first days of a move is easily left as it is */
static void
check_spf_is_on(struct check *check)
{
	const struct settings *settings = check->settings;
	const struct spf_settings *spf = &settings->spf;
	bool off =
	    spf->helo_reject == SPF_REJECT_NOCHECK && spf->mail_from_reject == SPF_REJECT_NOCHECK;

	if (settings->policy.n == 0 || (!off && !spf->test_only))
		return;
	findings_add(check->findings, FINDING_WARNING,
	    off ? "SPF is not checked: helo-reject and mail-from-reject are no-check"
		: "SPF refuses nothing: test-only is set");
	findings_remedy(check->findings, "take %s out of srsd.conf when the tests are over",
	    off ? "them" : "it");
}

/* is_exposed - can other hosts reach an address? */
static bool
is_exposed(const struct endpoint_addr *addr)
{
	struct ipaddr ip;

	if (addr->u.sa.sa_family == AF_INET)
		ipaddr_from_bytes(&ip, AF_INET, &addr->u.in.sin_addr);
	else if (addr->u.sa.sa_family == AF_INET6)
		ipaddr_from_bytes(&ip, AF_INET6, &addr->u.in6.sin6_addr);
	else
		return false;
	return endpoint_is_wildcard(addr) || !ipaddr_is_private(&ip);
}

/* check_exposure - a client that reaches forward gets a signature for any address */
static void
check_exposure(struct check *check, const char *service, const struct text_list *list)
{
	struct endpoint ep;
	const char *error;
	size_t i, j;

	for (i = 0; i < list->n; i++) {
		if (!endpoint_parse(&ep, list->text[i], &error))
			continue;
		for (j = 0; j < ep.n && !is_exposed(&ep.addr[j]); j++)
			;
		if (j == ep.n)
			continue;
		findings_add(check->findings, FINDING_WARNING,
		    "%s %s is open to other hosts: a client needs no permission to ask it", service,
		    list->text[i]);
		findings_remedy(check->findings,
		    "listen on 127.0.0.1, or see that a firewall lets Postfix alone reach it");
	}
}

void
check_daemon(struct check *check)
{
	const struct settings *settings = check->settings;
	char sender[64], srs_address[MAILADDR_SIZE] = "";

	/* Another one each time: uses of one SRS address in a day are limited. */
	snprintf(sender, sizeof(sender), "c%llx.%x@check.invalid", (unsigned long long)check->now,
	    (unsigned)getpid());
	check_switched_off(check, "forward", &settings->forward);
	check_switched_off(check, "reverse", &settings->reverse);
	check_switched_off(check, "policy", &settings->policy);
	check_spf_is_on(check);
	check_exposure(check, "forward", &settings->forward);
	check_exposure(check, "reverse", &settings->reverse);
	check_exposure(check, "policy", &settings->policy);
	check_forward(check, sender, srs_address);
	if (srs_address[0] == '\0')
		sign_without_daemon(check, sender, srs_address);
	if (srs_address[0] == '\0') {
		findings_add(check->findings, FINDING_SKIPPED, "reverse and policy");
		findings_remedy(check->findings, "there is no SRS address to try them with");
		return;
	}
	check_reverse(check, sender, srs_address);
	check_policy(check, srs_address);
}
