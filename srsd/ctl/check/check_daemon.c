/* SPDX-License-Identifier: ISC */
/*
 * The daemon: an address is looked up in the forward map. The result, as the recipient of a bounce,
 * is looked up in the reverse map and sent to the policy service. The signature of the daemon must
 * verify with the secrets of the file.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/day.h"
#include "common/endpoint.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/connect.h"
#include "srsd/ctl/postfix_endpoint.h"
#include "srsd/postfix/policy_proto.h"
#include "srsd/postfix/socketmap.h"
#include "srsd/postfix/tcptable.h"
#include "srsd/srs/secret_access.h"
#include "srsd/srs/srs_hash_change.h"
#include "srsd/srs/srs_rewrite.h"

#define CONNECT_MS 5000
#define MAP_MS 5000

/* More than the longest SPF check; a request for a bounce does not even start one. */
#define POLICY_MS 25000

/* Bytes of a reply: tcp_table(5) allows 4096; an action has 400. */
#define REPLY_SIZE 4097

#define RELOAD "run srsctl reload, and make sure that the daemon reads this configuration file"

/* read_service_reply - read up to end, which is removed */
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
			*error =
			    n == 0 ? "the connection was closed without a reply" : strerror(errno);
			return false;
		}
		got += (size_t)n;
		reply[got] = '\0';
		if (got >= end_len && strcmp(reply + got - end_len, end) == 0) {
			reply[got - end_len] = '\0';
			return true;
		}
	}
	*error = "the reply is longer than 4096 bytes";
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

/* decode_map_reply - the address of a reply, which is encoded like a key */
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

/* A reply of a map. */
struct map_reply {
	char text[REPLY_SIZE];
	char address[MAILADDR_SIZE]; /* if it is "200"; otherwise "" */
	bool is_ours; /* the program understands probes, as this version of srsd does */
};

static bool
ask_map_with(const char *verb, const char *endpoint, const char *key, struct map_reply *reply,
    const char **error)
{
	char encoded[TCPTABLE_REPLY_SIZE], request[sizeof(encoded) + 8];

	/* A key has the encoding of an answer, which begins with "200 ". */
	encoded[tcptable_found(encoded, key, strlen(key))] = '\0';
	snprintf(request, sizeof(request), "%s %s", verb, encoded + 4);
	reply->address[0] = '\0';
	if (!ask_service(endpoint, request, "\n", MAP_MS, reply->text, error))
		return false;
	if (strncmp(reply->text, "200 ", 4) != 0 ||
	    decode_map_reply(reply->text + 4, reply->address))
		return true;
	*error = "the answer is not an address";
	return false;
}

static bool
is_srsd_reply(const char *text)
{
	enum srs_verdict verdict;

	if (strncmp(text, "200 ", 4) == 0)
		return true;
	for (verdict = 0; verdict < SRS_VERDICTS; verdict++)
		if (strlen(text) > 4 && strcmp(text + 4, srs_verdict_text(verdict)) == 0)
			return true;
	return false;
}

/* ask_map - with a probe; a program that does not understand it is asked as Postfix asks */
static bool
ask_map(const char *endpoint, const char *key, struct map_reply *reply, const char **error)
{
	reply->is_ours =
	    ask_map_with("check", endpoint, key, reply, error) && is_srsd_reply(reply->text);
	return reply->is_ours || ask_map_with("get", endpoint, key, reply, error);
}

/*
 * is_refused_here - does clients close the connections that this host makes to an endpoint?
 *
 * A connection to an address of this host comes from that address.
 */
static bool
is_refused_here(
    const struct settings *settings, const char *endpoint, char address[IPADDR_TEXT_SIZE])
{
	char text[POSTFIX_ENDPOINT_SIZE];
	struct endpoint ep;
	struct ipaddr ip;
	const char *error;

	postfix_endpoint_for_client(endpoint, text);
	if (settings->clients.n == 0 || !endpoint_parse(&ep, text, &error) ||
	    !endpoint_ip(&ep.addr[0], &ip))
		return false;
	ipaddr_format(&ip, address);
	return !settings_list_contains(&settings->clients, &ip);
}

/* is_address_foreign - of an inet endpoint: no address of this host, so that srsd cannot listen */
static bool
is_address_foreign(const char *endpoint)
{
	struct endpoint_addr addr;
	struct endpoint ep;
	const char *error;
	bool foreign;
	int fd;

	if (strncmp(endpoint, "inet:", 5) != 0 || !endpoint_parse(&ep, endpoint, &error))
		return false;
	addr = ep.addr[0];
	if (addr.u.sa.sa_family == AF_INET)
		addr.u.in.sin_port = 0;
	else
		addr.u.in6.sin6_port = 0;
	fd = socket(addr.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	foreign = bind(fd, &addr.u.sa, addr.len) == -1 && errno == EADDRNOTAVAIL;
	close(fd);
	return foreign;
}

static void
report_unreachable(
    struct check *check, const char *service, const char *endpoint, const char *error)
{
	char address[IPADDR_TEXT_SIZE], text[POSTFIX_ENDPOINT_SIZE];

	findings_add(check->findings, FINDING_ERROR, "%s %s: %s", service, endpoint, error);
	postfix_endpoint_for_client(endpoint, text);
	if (is_address_foreign(text)) {
		findings_remedy(check->findings,
		    "this host does not have that address: use one that it has, such as %s",
		    is_address_foreign("inet:127.0.0.1:1") ? "[::1]" : "127.0.0.1");
		return;
	}
	if (is_refused_here(check->settings, endpoint, address)) {
		findings_remedy(check->findings,
		    "add %s to clients, so that programs on this host can connect", address);
		return;
	}
	check_endpoint_remedy(check, endpoint);
}

/* check_in_flight - will bounces to addresses that the daemon has signed until now be accepted? */
static void
check_in_flight(struct check *check)
{
	enum hash_format other = srs_hash_change_other(check->settings);
	struct settings daemon = *check->settings;
	char until[DAY_TEXT_SIZE];

	daemon.hash_format = other;
	if (!srs_hash_change_loses(&daemon, check->settings, check->now))
		return;
	day_format(until, srs_hash_change_day(check->settings, check->now));
	findings_add(check->findings, FINDING_WARNING,
	    "bounces to addresses that were signed until now will be refused: their hashes are "
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
	    "forward %s signs in the %s format, but hash-format is %s", endpoint,
	    srs_hash_change_name(daemon), srs_hash_change_name(check->settings->hash_format));
	findings_remedy(check->findings, "the daemon uses another configuration: " RELOAD);
	check_in_flight(check);
	return false;
}

/* check_signature - does it come from the first secret of the file, in the right format? */
static bool
check_signature(struct check *check, const char *endpoint, const char *address)
{
	struct settings either = *check->settings;
	const struct srs_context context = {
		.settings = &either, .keys = check->keys, .now = check->now
	};
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
	findings_remedy(check->findings,
	    "the daemon has not read the file since it changed: run %s, and make sure that the "
	    "daemon reads this configuration file",
	    secret_access_apply());
	return false;
}

static bool
check_domain(struct check *check, const char *endpoint, const char *address)
{
	const char *domain = strrchr(address, '@');

	domain = domain == NULL ? "" : domain + 1;
	if (strcasecmp(domain, check->settings->srs_domain) == 0)
		return true;
	findings_add(check->findings, FINDING_ERROR,
	    "forward %s creates addresses in %s instead of %s", endpoint, domain,
	    check->settings->srs_domain);
	findings_remedy(check->findings, "the daemon uses another configuration: " RELOAD);
	return false;
}

static void
report_another_program(struct check *check, const char *map, const char *endpoint)
{
	findings_add(
	    check->findings, FINDING_ERROR, "%s %s is not this version of srsd", map, endpoint);
	check_endpoint_remedy(check, endpoint);
}

static void
check_forward(struct check *check, const char *sender, char srs_address[MAILADDR_SIZE])
{
	const struct text_list *list = &check->settings->forward;
	struct map_reply reply;
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!ask_map(list->text[i], sender, &reply, &error)) {
			report_unreachable(check, "forward", list->text[i], error);
			continue;
		}
		if (reply.address[0] == '\0') {
			findings_add(check->findings, FINDING_ERROR,
			    "forward %s does not rewrite %s; it answers: %s", list->text[i], sender,
			    reply.text);
			if (reply.is_ours)
				findings_remedy(check->findings, RELOAD);
			else
				check_endpoint_remedy(check, list->text[i]);
			continue;
		}
		if (!reply.is_ours) {
			report_another_program(check, "forward", list->text[i]);
			continue;
		}
		if (srs_address[0] == '\0')
			strlcpy(srs_address, reply.address, MAILADDR_SIZE);
		if (check_domain(check, list->text[i], reply.address) &&
		    check_signature(check, list->text[i], reply.address))
			findings_add(check->findings, FINDING_OK, "forward %s answers and signs%s",
			    list->text[i],
			    check->keys == NULL ? "" : " with the first secret of secrets-file");
	}
}

static void
check_reverse(struct check *check, const char *sender, const char *srs_address)
{
	const struct text_list *list = &check->settings->reverse;
	struct map_reply reply;
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!ask_map(list->text[i], srs_address, &reply, &error)) {
			report_unreachable(check, "reverse", list->text[i], error);
		} else if (!reply.is_ours) {
			report_another_program(check, "reverse", list->text[i]);
		} else if (strcmp(reply.address, sender) == 0) {
			findings_add(check->findings, FINDING_OK,
			    "reverse %s restores the sender of a new SRS address", list->text[i]);
		} else {
			findings_add(check->findings, FINDING_ERROR,
			    "reverse %s does not restore the sender of a new SRS address; it "
			    "answers: %s",
			    list->text[i], reply.text);
			findings_remedy(check->findings,
			    "make sure that it belongs to the same daemon as forward; then " RELOAD);
		}
	}
}

/* ask_socketmap - sets status to the first word of a reply, such as NOTFOUND */
static bool
ask_socketmap(
    const char *endpoint, const char *map, const char *key, char status[16], const char **error)
{
	char payload[512], request[sizeof(payload) + 24], reply[REPLY_SIZE];
	struct text text;
	size_t used;

	snprintf(payload, sizeof(payload), "%s %s", map, key);
	snprintf(request, sizeof(request), "%zu:%s,", strlen(payload), payload);
	if (!ask_service(endpoint, request, ",", MAP_MS, reply, error))
		return false;
	strlcat(reply, ",", sizeof(reply)); /* which ask_service() has removed */
	if (socketmap_parse(reply, strlen(reply), &used, &text, error) != 1)
		return false;
	snprintf(status, 16, "%.*s", (int)text.len, text.s);
	status[strcspn(status, " ")] = '\0';
	return true;
}

/* probe_socketmap - a program that does not understand probes is asked as Postfix asks */
static bool
probe_socketmap(
    const char *endpoint, const char *map, const char *key, char status[16], const char **error)
{
	char probe[32];

	snprintf(probe, sizeof(probe), SOCKETMAP_PROBE "%s", map);
	return (ask_socketmap(endpoint, probe, key, status, error) &&
		   strcmp(status, "PERM") != 0) ||
	       ask_socketmap(endpoint, map, key, status, error);
}

/* check_socketmap_map - by an address that the map leaves alone, so that nothing is signed */
static bool
check_socketmap_map(struct check *check, const char *endpoint, const char *map, const char *address)
{
	char status[16];
	const char *error;

	if (!probe_socketmap(endpoint, map, address, status, &error)) {
		report_unreachable(check, "socketmap", endpoint, error);
		return false;
	}
	if (strcmp(status, "NOTFOUND") == 0)
		return true;
	findings_add(check->findings, FINDING_ERROR,
	    "socketmap %s answers %s for %s in the map %s instead of NOTFOUND", endpoint, status,
	    address, map);
	findings_remedy(check->findings, RELOAD);
	return false;
}

static void
check_socketmap(struct check *check)
{
	const struct text_list *list = &check->settings->socketmap;
	char local[MAILADDR_SIZE];
	size_t i;

	snprintf(local, sizeof(local), "check@%s", check->settings->srs_domain);
	for (i = 0; i < list->n; i++)
		if (check_socketmap_map(check, list->text[i], "forward", local) &&
		    check_socketmap_map(check, list->text[i], "reverse", "check@check.invalid"))
			findings_add(check->findings, FINDING_OK, "socketmap %s answers both maps",
			    list->text[i]);
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
		    "sender=\nrecipient=%s\ninstance=" POLICY_PROBE "%llx.%x.%zx\n\n",
		    srs_address, (unsigned long long)check->now, (unsigned)getpid(), i);
		if (!ask_service(list->text[i], request, "\n\n", POLICY_MS, reply, &error)) {
			report_unreachable(check, "policy", list->text[i], error);
		} else if (strcmp(reply, "action=DUNNO") == 0) {
			findings_add(check->findings, FINDING_OK,
			    "policy %s accepts a bounce to a new SRS address", list->text[i]);
		} else {
			findings_add(check->findings, FINDING_ERROR,
			    "policy %s does not accept a bounce to a new SRS address; it answers: "
			    "%s",
			    list->text[i], reply);
			findings_remedy(check->findings,
			    "make sure that it belongs to the same daemon as forward; then " RELOAD);
		}
	}
}

/* sign_without_daemon - to test the other services; leaves srs_address alone without secrets */
static void
sign_without_daemon(struct check *check, const char *sender, char srs_address[MAILADDR_SIZE])
{
	const struct srs_context context = {
		.settings = check->settings, .keys = check->keys, .now = check->now
	};
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
	findings_remedy(check->findings, "disabled in the configuration");
}

static bool
is_spf_off(const struct spf_settings *spf)
{
	return spf->helo_reject == SPF_REJECT_NOCHECK &&
	       spf->mail_from_reject == SPF_REJECT_NOCHECK;
}

static bool
is_spf_test_only(const struct spf_settings *spf)
{
	return spf->test_only;
}

static bool
is_spf_inactive(const struct spf_settings *spf)
{
	return spf->test_only || is_spf_off(spf) || settings_refuse_no_result(spf);
}

/* has_section_without - is there a section whose options do not have the effect? */
static bool
has_section_without(
    const struct settings *settings, bool (*has_effect)(const struct spf_settings *))
{
	const struct spf_section *section;
	size_t i;

	for (i = 0; (section = spf_sections_at(settings->sections, i)) != NULL; i++)
		if (!has_effect(&section->spf))
			return true;
	return false;
}

/* check_spf_is_on - the settings for the first days of a migration are easily forgotten */
static void
check_spf_is_on(struct check *check)
{
	const struct settings *settings = check->settings;
	const struct spf_settings *spf = &settings->spf;
	bool off = is_spf_off(spf);

	if (settings->policy.n == 0)
		return;
	if (has_section_without(settings, is_spf_inactive) && is_spf_inactive(spf)) {
		findings_add(check->findings, FINDING_OK,
		    "SPF refuses mail only for recipients that have a section");
		return;
	}
	if (settings_refuse_no_result(spf) && !spf->test_only)
		findings_add(check->findings, FINDING_OK,
		    "SPF refuses nothing: helo-reject and mail-from-reject only add the header");
	if (!off && !spf->test_only)
		return;
	findings_add(check->findings, FINDING_WARNING,
	    off ? "SPF is not checked: helo-reject and mail-from-reject are no-check"
		: "SPF refuses nothing: test-only is set");
	findings_remedy(
	    check->findings, "remove %s from srsd.conf after the tests", off ? "them" : "it");
}

/*
 * check_sections - report the sections that have an effect, such as that nothing is refused, which
 * spf { } does not have
 */
static void
check_sections(struct check *check, bool (*has_effect)(const struct spf_settings *),
    const char *effect, const char *remedy)
{
	const struct settings *settings = check->settings;
	const struct spf_section *section, *first = NULL;
	size_t i, n = 0;

	if (settings->policy.n == 0 || has_effect(&settings->spf))
		return;
	for (i = 0; (section = spf_sections_at(settings->sections, i)) != NULL; i++) {
		if (!has_effect(&section->spf))
			continue;
		if (n++ == 0)
			first = section;
	}
	if (n == 0)
		return;
	findings_add(check->findings, FINDING_WARNING, "%s in the section spf \"%s\"%s", effect,
	    first->name, n > 1 ? " and in others" : "");
	findings_remedy(check->findings, "%s after the tests", remedy);
}

/* is_exposed - can other hosts reach an address? */
static bool
is_exposed(const struct endpoint_addr *addr)
{
	struct ipaddr ip;

	return endpoint_ip(addr, &ip) && (endpoint_is_wildcard(addr) || !ipaddr_is_private(&ip));
}

/* is_wide_network - more public addresses than those of one site */
static bool
is_wide_network(const struct cidr *net)
{
	bool is_v4 = net->addr.family == AF_INET;

	if (ipaddr_is_private(&net->addr) && net->prefix >= (is_v4 ? 8u : 7u))
		return false;
	return net->prefix < (is_v4 ? 16u : 32u);
}

/* find_wide_client - the first network in clients that admits hosts of other sites; or NULL */
static const struct cidr *
find_wide_client(const struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->clients.n; i++)
		if (is_wide_network(&settings->clients.net[i]))
			return &settings->clients.net[i];
	return NULL;
}

/* check_skipped - networks of strangers for which SPF is not checked, or nothing is refused */
static void
check_skipped(struct check *check, const char *option, const struct cidr_list *list)
{
	char network[IPADDR_TEXT_SIZE];
	size_t i;

	for (i = 0; check->settings->policy.n > 0 && i < list->n; i++) {
		if (!is_wide_network(&list->net[i]))
			continue;
		ipaddr_format(&list->net[i].addr, network);
		findings_add(check->findings, FINDING_WARNING,
		    "SPF refuses no mail from strangers: %s contains %s/%u", option, network,
		    list->net[i].prefix);
		findings_remedy(check->findings, "list only your own networks in %s", option);
		return;
	}
}

static void
check_milter_is_on(struct check *check)
{
	if (check->settings->milter.n == 0 || !check->settings->milter_test_only)
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "the milter rewrites nothing: milter-test-only is set");
	findings_remedy(check->findings, "remove it from srsd.conf after the tests");
}

/* check_exposure - a client that can query forward gets a signature for any address */
static void
check_exposure(struct check *check, const char *service, const struct text_list *list)
{
	const struct cidr *wide = find_wide_client(check->settings);
	char network[IPADDR_TEXT_SIZE];
	struct endpoint ep;
	const char *error;
	size_t i, j;

	for (i = 0; i < list->n && wide != NULL; i++) {
		if (!endpoint_parse(&ep, list->text[i], &error))
			continue;
		for (j = 0; j < ep.n && !is_exposed(&ep.addr[j]); j++)
			;
		if (j == ep.n)
			continue;
		ipaddr_format(&wide->addr, network);
		findings_add(check->findings, FINDING_WARNING,
		    "%s %s is open to strangers: clients contains %s/%u", service, list->text[i],
		    network, wide->prefix);
		findings_remedy(
		    check->findings, "list only the addresses of your mail servers in clients");
	}
}

/*
 * choose_sender - a new one each time, because the uses of an SRS address per day are limited
 *
 * Of all senders, original-envelope "database" stores no SRS address of another host.
 */
static void
choose_sender(const struct check *check, char *sender, size_t size)
{
	bool is_stored = check->settings->original_envelope == ENVELOPE_DATABASE;

	snprintf(sender, size, "%sc%llx.%x@check.invalid",
	    is_stored ? "SRS0=test=AA=check.invalid=" : "", (unsigned long long)check->now,
	    (unsigned)getpid());
}

void
check_daemon(struct check *check)
{
	const struct settings *settings = check->settings;
	char sender[128], srs_address[MAILADDR_SIZE] = "";

	choose_sender(check, sender, sizeof(sender));
	check_switched_off(check, "forward", &settings->forward);
	check_switched_off(check, "reverse", &settings->reverse);
	check_switched_off(check, "policy", &settings->policy);
	check_spf_is_on(check);
	check_sections(check, is_spf_off,
	    "SPF is not checked: helo-reject and mail-from-reject are no-check",
	    "remove the section from srsd.conf");
	check_sections(check, is_spf_test_only, "SPF refuses nothing: test-only is set",
	    "remove test-only from the section");
	check_skipped(check, "skip-addresses", &settings->spf.skip_addresses);
	check_skipped(check, "whitelist", &settings->spf.whitelist);
	check_milter_is_on(check);
	check_exposure(check, "forward", &settings->forward);
	check_exposure(check, "reverse", &settings->reverse);
	check_exposure(check, "policy", &settings->policy);
	check_exposure(check, "socketmap", &settings->socketmap);
	check_exposure(check, "milter", &settings->milter);
	check_socketmap(check);
	check_forward(check, sender, srs_address);
	if (srs_address[0] == '\0')
		sign_without_daemon(check, sender, srs_address);
	if (srs_address[0] == '\0') {
		findings_add(check->findings, FINDING_SKIPPED, "reverse and policy");
		findings_remedy(check->findings, "no SRS address to test them with");
		return;
	}
	check_reverse(check, sender, srs_address);
	check_policy(check, srs_address);
}
