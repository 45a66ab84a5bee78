/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "common/privdrop.h"
#include "srsd/check.h"
#include "srsd/ctl.h"

#define CONNECT_MS 5000
#define PATH_SIZE 1024

/* Public smtpd services whose restrictions differ; more are not looked at. */
#define SERVICES_MAX 32

/* -- endpoints */

static bool
same_address(const struct endpoint_addr *ours, const struct endpoint_addr *theirs)
{
	static const struct in6_addr any6;

	if (ours->u.sa.sa_family != theirs->u.sa.sa_family)
		return false;
	if (ours->u.sa.sa_family == AF_INET)
		return ours->u.in.sin_port == theirs->u.in.sin_port &&
		       (ours->u.in.sin_addr.s_addr == 0 ||
			   ours->u.in.sin_addr.s_addr == theirs->u.in.sin_addr.s_addr);
	return ours->u.in6.sin6_port == theirs->u.in6.sin6_port &&
	       (memcmp(&ours->u.in6.sin6_addr, &any6, sizeof(any6)) == 0 ||
		   memcmp(&ours->u.in6.sin6_addr, &theirs->u.in6.sin6_addr, sizeof(any6)) == 0);
}

static bool
same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
					sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

/* same_inet - an endpoint of ours, and HOST:PORT or PORT as Postfix writes it */
static bool
same_inet(const char *ours, const char *theirs)
{
	struct endpoint a, b;
	char text[PATH_SIZE];
	const char *error;
	size_t i, j;

	snprintf(text, sizeof(text), "inet:%s%s", strchr(theirs, ':') == NULL ? "localhost:" : "",
	    theirs);
	if (strncmp(ours, "inet:", 5) != 0 || !endpoint_parse(&a, ours, &error) ||
	    !endpoint_parse(&b, text, &error))
		return false;
	for (i = 0; i < a.n; i++)
		for (j = 0; j < b.n; j++)
			if (same_address(&a.addr[i], &b.addr[j]))
				return true;
	return false;
}

/* socket_path - the file that smtpd reaches under a path */
static void
socket_path(const struct postfix *postfix, const char *path, bool chrooted, char file[PATH_SIZE])
{
	bool in_queue = chrooted || path[0] != '/';

	snprintf(file, PATH_SIZE, "%s%s%s", in_queue ? postfix_get(postfix, "queue_directory") : "",
	    in_queue && path[0] != '/' ? "/" : "", path);
}

/* names_us - is what a check_policy_service names one of our endpoints? */
static bool
names_us(const struct check *check, const char *theirs, bool chrooted)
{
	const struct text_list *list = &check->settings->policy;
	char file[PATH_SIZE];
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strncasecmp(theirs, "inet:", 5) == 0 && same_inet(list->text[i], theirs + 5))
			return true;
		if (strncasecmp(theirs, "unix:", 5) != 0 || strncmp(list->text[i], "unix:", 5) != 0)
			continue;
		socket_path(check->postfix, theirs + 5, chrooted, file);
		if (same_file(file, list->text[i] + 5))
			return true;
	}
	return false;
}

/* -- canonical maps */

/* map_names - is one of the tables of a list the tcp_table of one of these endpoints? */
static bool
map_names(const char *maps, const struct text_list *endpoints)
{
	char word[POSTFIX_WORD_SIZE];
	const char *s;
	size_t i;

	while (postfix_word(&maps, word)) {
		s = strncmp(word, "proxy:", 6) == 0 ? word + 6 : word;
		for (i = 0; strncmp(s, "tcp:", 4) == 0 && i < endpoints->n; i++)
			if (same_inet(endpoints->text[i], s + 4))
				return true;
	}
	return false;
}

/* as_client - an endpoint inet: of ours as a client writes it: one connects to no wildcard */
static void
as_client(const char *endpoint, char text[PATH_SIZE])
{
	const char *port = strrchr(endpoint, ':');

	if (strncmp(endpoint, "inet:*:", 7) == 0 || strncmp(endpoint, "inet:0.0.0.0:", 13) == 0)
		snprintf(text, PATH_SIZE, "inet:127.0.0.1%s", port);
	else if (strncmp(endpoint, "inet:[::]:", 10) == 0)
		snprintf(text, PATH_SIZE, "inet:[::1]%s", port);
	else
		strlcpy(text, endpoint, PATH_SIZE);
}

/* table_of - HOST:PORT of the first endpoint that a tcp_table can reach; false: there is none */
static bool
table_of(const struct text_list *endpoints, char table[PATH_SIZE])
{
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		if (strncmp(endpoints->text[i], "inet:", 5) != 0)
			continue;
		as_client(endpoints->text[i], table);
		memmove(table, table + 5, strlen(table + 5) + 1);
		return true;
	}
	return false;
}

/* is_public - for mail of strangers: one's own users, filters and further hops need no SPF */
static bool
is_public(const struct postfix_service *service)
{
	static const char *const others[] = { "submission", "submissions", "smtps", "587", "465" };
	static const char *const loopback[] = { "127.", "localhost:", "[::1]:", "::1:" };
	const char *port = strrchr(service->name, ':');
	size_t i;

	for (i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		if (strncmp(service->name, loopback[i], strlen(loopback[i])) == 0)
			return false;
	port = port == NULL ? service->name : port + 1;
	if (strcmp(service->command, "smtpd") != 0 ||
	    (strcmp(service->type, "inet") != 0 && strcmp(service->type, "pass") != 0))
		return false;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(port, others[i]) == 0)
			return false;
	return true;
}

/* is_used - does Postfix hand mail, or mail of strangers, to that cleanup(8)? */
static bool
is_used(const struct postfix *postfix, const char *cleanup, bool public)
{
	static const char parameter[] = "cleanup_service_name";
	struct postfix_service service;
	size_t i, asked = 0;

	for (i = 0; postfix_service(postfix, i, &service); i++) {
		if (public && !is_public(&service))
			continue;
		if (strcmp(postfix_service_get(postfix, &service, parameter), cleanup) == 0)
			return true;
		asked++;
	}
	return (!public || asked == 0) && strcmp(postfix_get(postfix, parameter), cleanup) == 0;
}

/*
 * find_cleanup - one that is used, and of which this parameter names one of these endpoints, if
 * there are endpoints
 *
 * All of them do when main.cf says so, and none of them has a -o of its own; one alone where only
 * some mail has its sender rewritten.
 */
static bool
find_cleanup(const struct postfix *postfix, const char *parameter, bool public,
    const struct text_list *endpoints, struct postfix_service *cleanup)
{
	size_t i;

	for (i = 0; postfix_service(postfix, i, cleanup); i++)
		if (strcmp(cleanup->command, "cleanup") == 0 &&
		    is_used(postfix, cleanup->name, public) &&
		    (endpoints == NULL ||
			map_names(postfix_service_get(postfix, cleanup, parameter), endpoints)))
			return true;
	return false;
}

/* A canonical map of Postfix's, and the service of ours that it should ask. */
struct map {
	const char *maps, *classes; /* parameters */
	const char *service;
	const struct text_list *ours, *others;
	bool incoming; /* needed where mail of strangers comes in, not only somewhere */
	void (*check_classes)(struct check *, const char *where, const char *classes);
};

static void
wrong_map(struct check *check, const struct map *map)
{
	char table[PATH_SIZE];

	if (map_names(postfix_get(check->postfix, map->maps), map->others))
		findings_add(check->findings, FINDING_ERROR, "%s names the other map instead of %s",
		    map->maps, map->service);
	else
		findings_add(
		    check->findings, FINDING_ERROR, "%s does not name %s", map->maps, map->service);
	if (!table_of(map->ours, table))
		findings_remedy(check->findings,
		    "tcp_table(5) reaches no unix socket: give %s an endpoint inet:HOST:PORT",
		    map->service);
	else
		findings_remedy(check->findings, "postconf -e '%s = tcp:%s'", map->maps, table);
}

/* overridden - main.cf is right, and the cleanup that has the mail does not do what it says */
static void
overridden(struct check *check, const struct map *map, const struct postfix_service *cleanup)
{
	findings_add(check->findings, FINDING_ERROR,
	    "%s names %s in main.cf, but -o of %s in master.cf overrides it", map->maps,
	    map->service, cleanup->name);
	findings_remedy(check->findings, "take -o %s=... out of that service", map->maps);
}

static void
check_map(struct check *check, const struct map *map)
{
	const struct postfix *p = check->postfix;
	const char *in_main = postfix_get(p, map->maps), *classes = postfix_get(p, map->classes);
	struct postfix_service cleanup;
	char where[sizeof(cleanup.name) + 8] = "";

	if (map->ours->n == 0)
		return;
	if (find_cleanup(p, map->maps, map->incoming, map->ours, &cleanup)) {
		classes = postfix_service_get(p, &cleanup, map->classes);
		if (postfix_service_get(p, &cleanup, map->maps) != in_main ||
		    classes != postfix_get(p, map->classes))
			snprintf(where, sizeof(where), " of %s", cleanup.name);
	} else if (!map_names(in_main, map->ours)) {
		wrong_map(check, map);
		map->check_classes(check, "", classes);
		return;
	} else if (find_cleanup(p, map->maps, map->incoming, NULL, &cleanup)) {
		overridden(check, map, &cleanup);
		return;
	}
	findings_add(check->findings, FINDING_OK, "%s%s names %s", map->maps, where, map->service);
	map->check_classes(check, where, classes);
}

static void
right_classes(struct check *check, const char *where, const char *setting)
{
	if (where[0] == '\0')
		findings_remedy(check->findings, "postconf -e '%s'", setting);
	else
		findings_remedy(check->findings, "%s, as -o of that service of master.cf", setting);
}

static void
check_sender_classes(struct check *check, const char *where, const char *classes)
{
	const char *name = "sender_canonical_classes";

	if (!postfix_list_has(classes, "envelope_sender"))
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s = %s: senders of the envelope are not rewritten", name, where, classes);
	else if (postfix_list_has(classes, "header_sender"))
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s = %s: From: of each message is rewritten as well", name, where, classes);
	else {
		findings_add(check->findings, FINDING_OK, "%s%s", name, where);
		return;
	}
	right_classes(check, where, "sender_canonical_classes = envelope_sender");
}

static void
check_recipient_classes(struct check *check, const char *where, const char *classes)
{
	const char *name = "recipient_canonical_classes";

	if (!postfix_list_has(classes, "envelope_recipient"))
		findings_add(check->findings, FINDING_ERROR, "%s%s = %s: bounces do not come home",
		    name, where, classes);
	else if (!postfix_list_has(classes, "header_recipient"))
		findings_add(check->findings, FINDING_WARNING,
		    "%s%s = %s: To: of a bounce keeps the SRS address", name, where, classes);
	else {
		findings_add(check->findings, FINDING_OK, "%s%s", name, where);
		return;
	}
	right_classes(
	    check, where, "recipient_canonical_classes = envelope_recipient, header_recipient");
}

static void
check_maps(struct check *check)
{
	const struct text_list *forward = &check->settings->forward;
	const struct text_list *reverse = &check->settings->reverse;
	const struct map sender = { "sender_canonical_maps", "sender_canonical_classes", "forward",
		forward, reverse, false, check_sender_classes };
	const struct map recipient = { "recipient_canonical_maps", "recipient_canonical_classes",
		"reverse", reverse, forward, true, check_recipient_classes };

	check_map(check, &sender);
	check_map(check, &recipient);
}

/* -- switched off */

static bool
maps_are_off(const struct postfix *postfix, const struct postfix_service *smtpd)
{
	return postfix_list_has(
	    postfix_service_get(postfix, smtpd, "receive_override_options"), "no_address_mappings");
}

/* comes_again - does a filter hand mail back to an smtpd(8) that has the maps? */
static bool
comes_again(const struct postfix *postfix, const struct postfix_service *smtpd)
{
	struct postfix_service other;
	size_t i;

	if (postfix_service_get(postfix, smtpd, "smtpd_proxy_filter")[0] == '\0' &&
	    postfix_service_get(postfix, smtpd, "content_filter")[0] == '\0')
		return false;
	for (i = 0; postfix_service(postfix, i, &other); i++)
		if (strcmp(other.command, "smtpd") == 0 && !maps_are_off(postfix, &other))
			return true;
	return false;
}

/* check_mappings - no_address_mappings is for the way to a filter alone */
static void
check_mappings(struct check *check)
{
	struct postfix_service service;
	size_t i;

	if (check->settings->forward.n == 0 && check->settings->reverse.n == 0)
		return;
	for (i = 0; postfix_service(check->postfix, i, &service); i++) {
		if (!is_public(&service) || !maps_are_off(check->postfix, &service) ||
		    comes_again(check->postfix, &service))
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s asks no canonical map: receive_override_options has "
		    "no_address_mappings",
		    service.name);
		findings_remedy(check->findings,
		    "take it out; it is for mail that a content_filter hands back to another smtpd "
		    "without it");
	}
}

/* -- the policy service */

/* A walk through the restrictions of one smtpd service. */
struct asker {
	const struct check *check;
	bool chrooted;
	char other[POSTFIX_WORD_SIZE];   /* a policy service that is not ours; "": none */
	char spawned[POSTFIX_WORD_SIZE]; /* one of spawn(8) that runs another SPF policy program */
};

/* spawned - the service of master.cf behind unix:private/NAME, when spawn(8) runs it */
static bool
spawned(const struct postfix *postfix, const char *endpoint, struct postfix_service *service)
{
	const char *name = strrchr(endpoint, '/');
	size_t i;

	if (strncasecmp(endpoint, "unix:", 5) != 0 || name == NULL)
		return false;
	for (i = 0; postfix_service(postfix, i, service); i++)
		if (strcmp(service->type, "unix") == 0 && strcmp(service->name, name + 1) == 0)
			return strcmp(service->command, "spawn") == 0;
	return false;
}

/* is_bridge - does it run `srsctl ... policy`? */
static bool
is_bridge(const struct postfix_service *service)
{
	const char *srsctl = strstr(service->arguments, "srsctl");

	return srsctl != NULL && strstr(srsctl, " policy") != NULL;
}

static bool
is_ours(void *arg, const char *endpoint)
{
	struct asker *asker = arg;
	struct postfix_service service;

	if (names_us(asker->check, endpoint, asker->chrooted))
		return true;
	if (spawned(asker->check->postfix, endpoint, &service)) {
		if (is_bridge(&service))
			return true;
		if (strcasestr(service.arguments, "spf") != NULL)
			strlcpy(asker->spawned, service.name, sizeof(asker->spawned));
	}
	strlcpy(asker->other, endpoint, sizeof(asker->other));
	return false;
}

static const char *
class_of(void *arg, const char *name)
{
	const struct asker *asker = arg;

	return postfix_class(asker->check->postfix, name);
}

/* right_endpoint - how smtpd reaches the policy service, for a remedy */
static void
right_endpoint(const struct check *check, bool chrooted, char text[PATH_SIZE])
{
	const struct text_list *list = &check->settings->policy;
	const char *queue = postfix_get(check->postfix, "queue_directory");
	size_t i, len = strlen(queue);

	for (i = 0; i < list->n; i++) {
		as_client(list->text[i], text);
		if (strncmp(text, "unix:", 5) != 0 || !chrooted)
			return;
		if (strncmp(text + 5, queue, len) == 0 && text[5 + len] == '/') {
			snprintf(text, PATH_SIZE, "unix:%s", list->text[i] + 5 + len + 1);
			return;
		}
	}
	snprintf(text, PATH_SIZE, "inet:127.0.0.1:10003");
}

/* add_ask - the remedy, where this smtpd looks: its own -o is stronger than main.cf */
static void
add_ask(struct check *check, const struct asker *asker, const struct postfix_service *service,
    const char *right)
{
	static const char list[] = "smtpd_recipient_restrictions";
	bool own =
	    postfix_service_get(check->postfix, service, list) != postfix_get(check->postfix, list);
	const char *other = asker->other;

	findings_remedy(check->findings,
	    "add check_policy_service %s to %s%s, behind reject_unauth_destination%s%s%s", right,
	    list, own ? " of that service in master.cf" : "",
	    other[0] == '\0' ? "" : "; in the place of ", other,
	    other[0] == '\0' ? "" : ", if that was meant to be srsd");
}

static void
not_asked(struct check *check, const struct asker *asker, const struct postfix_service *service)
{
	bool unreachable = asker->chrooted && strncasecmp(asker->other, "unix:", 5) == 0;
	char right[PATH_SIZE];

	right_endpoint(check, asker->chrooted, right);
	if (asker->spawned[0] != '\0') {
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s asks another SPF policy program, %s of master.cf", service->name,
		    asker->spawned);
		findings_remedy(check->findings,
		    "change argv of that service to argv=/usr/sbin/srsctl policy, or name %s in its "
		    "place",
		    right);
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s does not ask the policy service%s%s%s", service->name,
	    asker->other[0] == '\0' ? "" : " but ", asker->other,
	    unreachable ? " (it runs in a chroot)" : "");
	add_ask(check, asker, service, right);
}

/* check_place - report where a service's restrictions ask us */
static void
check_place(struct check *check, const struct asker *asker, const struct postfix_service *service,
    enum postfix_place place)
{
	switch (place) {
	case POSTFIX_NOWHERE:
		not_asked(check, asker, service);
		break;
	case POSTFIX_UNREACHED:
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s never asks the policy service: a permit, reject or defer stands "
		    "before it",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service before it, behind reject_unauth_destination");
		break;
	case POSTFIX_TOO_EARLY:
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s asks the policy service before reject_unauth_destination",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service behind it in smtpd_recipient_restrictions: else "
		    "mail that is going to be refused is checked, and a service that says OK makes "
		    "an open relay");
		break;
	case POSTFIX_BEFORE_ANOTHER:
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s asks the policy service before reject_unauth_destination of the same "
		    "list, and only another list rejects before that",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service behind it, and behind permit_mynetworks: else SPF "
		    "is checked for mail of your own hosts");
		break;
	case POSTFIX_RIGHT:
		findings_add(check->findings, FINDING_OK,
		    "smtpd %s asks the policy service behind reject_unauth_destination",
		    service->name);
		break;
	}
}

/* check_smtpd - the restrictions in the order in which they are evaluated */
static void
check_smtpd(struct check *check, const struct postfix_service *service)
{
	static const char order[] = "smtpd_relay_before_recipient_restrictions";
	const struct postfix *p = check->postfix;
	struct asker asker = { .check = check, .chrooted = postfix_is_chrooted(p, service) };
	const char *recipient = postfix_service_get(p, service, "smtpd_recipient_restrictions");
	const char *relay = postfix_service_get(p, service, "smtpd_relay_restrictions");
	bool relay_first = strcmp(postfix_service_get(p, service, order), "yes") == 0;
	const char *lists[] = {
		postfix_service_get(p, service, "smtpd_client_restrictions"),
		postfix_service_get(p, service, "smtpd_helo_restrictions"),
		postfix_service_get(p, service, "smtpd_sender_restrictions"),
		relay_first ? relay : recipient,
		relay_first ? recipient : relay,
	};

	check_place(check, &asker, service,
	    postfix_policy_place(
		lists, sizeof(lists) / sizeof(lists[0]), is_ours, class_of, &asker));
}

static void
check_restrictions(struct check *check)
{
	struct postfix_service service;
	size_t i, found = 0;

	if (check->settings->policy.n == 0)
		return;
	for (i = 0; found < SERVICES_MAX && postfix_service(check->postfix, i, &service); i++) {
		if (!is_public(&service))
			continue;
		check_smtpd(check, &service);
		found++;
	}
	if (found > 0)
		return;
	findings_add(check->findings, FINDING_SKIPPED, "restrictions of smtpd");
	findings_remedy(check->findings, "master.cf has no smtpd service for mail of strangers");
}

/* -- unix sockets */

/* connect_as - can that user connect? 0, or an errno */
static int
connect_as(const struct passwd *user, const char *endpoint)
{
	struct identity id = { user->pw_uid, user->pw_gid };
	const char *error;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == -1)
		return errno;
	if (pid == 0) {
		if (!privdrop_become(&id))
			_exit(EPERM);
		_exit(ctl_connect(endpoint, CONNECT_MS, &error) == -1 ? errno : 0);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

/* check_sockets - the folder of a unix socket must let Postfix in */
static void
check_sockets(struct check *check)
{
	const struct text_list *list = &check->settings->policy;
	const char *name = postfix_get(check->postfix, "mail_owner");
	const struct passwd *user = getpwnam(name);
	size_t i;
	int e;

	for (i = 0; i < list->n; i++) {
		if (strncmp(list->text[i], "unix:", 5) != 0)
			continue;
		if (geteuid() != 0 || user == NULL) {
			findings_add(check->findings, FINDING_SKIPPED, "policy %s as user %s",
			    list->text[i], name);
			findings_remedy(check->findings, "only root can try it");
			continue;
		}
		e = connect_as(user, list->text[i]);
		if (e == 0) {
			findings_add(check->findings, FINDING_OK, "user %s reaches policy %s", name,
			    list->text[i]);
			continue;
		}
		findings_add(check->findings, FINDING_ERROR, "user %s does not reach policy %s: %s",
		    name, list->text[i], strerror(e));
		findings_remedy(check->findings,
		    e == EACCES ? "let that user enter the folder of the socket (mode, group)"
				: "start srsd, and look into its log");
	}
}

/* -- srs-domain */

static int
look_up(void *arg, const char *table, const char *key)
{
	char value[POSTFIX_WORD_SIZE];

	return table[0] == '/' ? -1 : postfix_look_up(arg, table, key, value, sizeof(value));
}

/* accepts - is srs-domain in the list of a parameter? as postfix_domain_in */
static int
accepts(struct check *check, const char *parameter)
{
	const char *by_parent = postfix_get(check->postfix, "parent_domain_matches_subdomains");

	return postfix_domain_in(postfix_get(check->postfix, parameter),
	    check->settings->srs_domain, postfix_list_has(by_parent, parameter), look_up,
	    check->postfix);
}

/* is_elsewhere - does a transport name a next hop that is not this host? */
static bool
is_elsewhere(const char *transport)
{
	static const char *const here[] = { "127.", "[127.", "[::1]", "::1", "localhost",
		"[localhost]", "unix:", "$myhostname" };
	static const char *const ends[] = { "error:", "retry:", "discard:", "local:" };
	const char *hop = strchr(transport, ':');
	size_t i;

	if (hop == NULL || *++hop == '\0')
		return false;
	if (strncasecmp(hop, "inet:", 5) == 0)
		hop += 5;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strncmp(transport, ends[i], strlen(ends[i])) == 0)
			return false;
	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strncasecmp(hop, here[i], strlen(here[i])) == 0)
			return false;
	return true;
}

/*
 * find_transport - what transport_maps says of srs-domain by its name, or by one above it: ".test"
 * with a dot unless by_parent. An entry for everything, *, is that of mail which leaves.
 */
static bool
find_transport(struct check *check, char transport[POSTFIX_WORD_SIZE])
{
	const char *tables = postfix_get(check->postfix, "transport_maps"), *key;
	char table[POSTFIX_WORD_SIZE];
	bool by_parent = postfix_list_has(
	    postfix_get(check->postfix, "parent_domain_matches_subdomains"), "transport_maps");

	while (postfix_word(&tables, table))
		for (key = check->settings->srs_domain; key != NULL && *key != '\0';
		     key = strchr(key + 1, '.')) {
			if (key[0] == '.' && by_parent)
				key++;
			if (postfix_look_up(
				check->postfix, table, key, transport, POSTFIX_WORD_SIZE) == 1)
				return true;
		}
	return false;
}

/*
 * check_route - what the reverse map leaves alone, forged and expired addresses, must be refused
 * here. In virtual_alias_domains it is, whatever its transport.
 */
static void
check_route(struct check *check, const char *class)
{
	const char *name = "transport_maps", *domain = check->settings->srs_domain;
	char transport[POSTFIX_WORD_SIZE];

	if (strcmp(class, "virtual_alias_domains") == 0)
		return;
	if (!find_transport(check, transport)) {
		if (strcmp(class, "relay_domains") != 0)
			return;
		name = "relay_transport";
		strlcpy(transport, postfix_get(check->postfix, name), sizeof(transport));
	}
	if (!is_elsewhere(transport))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "mail for srs-domain %s is sent on to %s, by %s", domain, transport, name);
	findings_remedy(check->findings,
	    "take %s out of %s and put it into virtual_alias_domains: bounces end here, and "
	    "addresses that srsd did not make must be refused here",
	    domain, strcmp(name, "relay_transport") == 0 ? "relay_domains" : name);
}

static void
check_srs_domain(struct check *check)
{
	static const char *const parameters[] = { "mydestination", "virtual_alias_domains",
		"virtual_mailbox_domains", "relay_domains" };
	const char *domain = check->settings->srs_domain, *where[4] = { NULL };
	size_t i, n = 0, unknown = 0;
	int answer;

	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		answer = accepts(check, parameters[i]);
		unknown += answer == -1;
		/* relay_domains may repeat what others say. */
		if (answer == 1 && (n == 0 || strcmp(parameters[i], "relay_domains") != 0))
			where[n++] = parameters[i];
	}
	if (n == 1) {
		findings_add(check->findings, FINDING_OK, "srs-domain %s is accepted: it is in %s",
		    domain, where[0]);
		check_route(check, where[0]);
	} else if (n > 1) {
		findings_add(check->findings, FINDING_WARNING, "srs-domain %s is in %s and in %s",
		    domain, where[0], where[1]);
		findings_remedy(check->findings, "leave it in one of them, as Postfix wants it");
	} else if (unknown > 0) {
		findings_add(check->findings, FINDING_SKIPPED,
		    "whether srs-domain %s is accepted at RCPT TO", domain);
		findings_remedy(check->findings, "postmap cannot ask all tables of Postfix");
	} else {
		findings_add(check->findings, FINDING_ERROR,
		    "srs-domain %s is not accepted at RCPT TO", domain);
		findings_remedy(check->findings,
		    "add it to virtual_alias_domains: postconf -e 'virtual_alias_domains = "
		    "$virtual_alias_maps, %s'",
		    domain);
	}
}

void
check_postfix(struct check *check, const char *dir)
{
	char error[POSTFIX_ERROR_SIZE];
	bool absent;

	check->postfix = postfix_open(dir, &absent, error);
	if (check->postfix == NULL && absent) {
		findings_add(check->findings, FINDING_SKIPPED, "Postfix");
		findings_remedy(check->findings, "%s", error);
		return;
	}
	if (check->postfix == NULL) {
		findings_add(check->findings, FINDING_ERROR, "Postfix: %s", error);
		findings_remedy(check->findings, "mend its configuration, or name its folder with "
						 "--postfix");
		return;
	}
	check_maps(check);
	check_mappings(check);
	check_restrictions(check);
	check_sockets(check);
	check_srs_domain(check);
}
