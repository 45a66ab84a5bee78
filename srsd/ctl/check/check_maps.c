/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/postfix_endpoint.h"

/* is_cleanup_used - does Postfix pass mail to that cleanup(8)? public: mail from strangers */
static bool
is_cleanup_used(const struct postfix *postfix, const char *cleanup, bool public)
{
	static const char parameter[] = "cleanup_service_name";
	struct postfix_service service;
	size_t i, asked = 0;

	for (i = 0; postfix_service_at(postfix, i, &service); i++) {
		if (public && !postfix_is_public(&service))
			continue;
		if (strcmp(postfix_service_get(postfix, &service, parameter), cleanup) == 0)
			return true;
		asked++;
	}
	return (!public || asked == 0) && strcmp(postfix_get(postfix, parameter), cleanup) == 0;
}

/*
 * find_cleanup - one that is used and names the map in its parameter (NULL: in any parameter)
 *
 * If only some mail is to be rewritten, only one of several cleanup services has the map.
 */
static bool
find_cleanup(const struct postfix *postfix, const char *parameter, bool public,
    const struct postfix_map_place *place, struct postfix_service *cleanup)
{
	size_t i;

	for (i = 0; postfix_service_at(postfix, i, cleanup); i++)
		if (strcmp(cleanup->command, "cleanup") == 0 &&
		    is_cleanup_used(postfix, cleanup->name, public) &&
		    (place == NULL || postfix_endpoint_names_map(postfix,
					  postfix_service_get(postfix, cleanup, parameter), place,
					  postfix_is_chrooted(postfix, cleanup))))
			return true;
	return false;
}

/* A canonical map of Postfix, and the map of srsd that it should name. */
struct canonical_map {
	const char *maps, *classes; /* parameters */
	struct postfix_map_place ours, others;
	bool incoming; /* needed where mail from strangers arrives, not just in any service */
	void (*check_classes)(struct check *, const char *where, const char *classes);
};

/* is_outside_chroot - main.cf names the map, and the chroot of cleanup(8) hides its socket */
static bool
is_outside_chroot(struct check *check, const struct canonical_map *map)
{
	const char *tables = postfix_get(check->postfix, map->maps);
	struct postfix_service cleanup;

	return find_cleanup(check->postfix, map->maps, map->incoming, NULL, &cleanup) &&
	       postfix_is_chrooted(check->postfix, &cleanup) &&
	       postfix_endpoint_names_map(check->postfix, tables, &map->ours, false) &&
	       !postfix_endpoint_names_map(check->postfix, tables, &map->ours, true);
}

static void
report_chroot(struct check *check, const struct canonical_map *map)
{
	const char *queue = postfix_get(check->postfix, "queue_directory");

	findings_add(check->findings, FINDING_ERROR,
	    "%s names %s, but its socket is outside of the chroot of cleanup, %s", map->maps,
	    map->ours.name, queue);
	findings_remedy(check->findings,
	    "set socketmap = {\"unix:%s/srsd/socketmap\"} in srsd.conf, and postconf -e '%s = "
	    "socketmap:unix:srsd/socketmap:%s'",
	    queue, map->maps, map->ours.name);
}

/* copy_other_tables - all but those of network services, which were meant to be srsd */
static void
copy_other_tables(const char *tables, char copy[POSTFIX_ENDPOINT_SIZE])
{
	char table[POSTFIX_WORD_SIZE];
	const char *s;

	copy[0] = '\0';
	while (postfix_word(&tables, table)) {
		s = strncmp(table, "proxy:", 6) == 0 ? table + 6 : table;
		if (strncmp(s, "tcp:", 4) == 0 || strncmp(s, "socketmap:", 10) == 0)
			continue;
		strlcat(copy, table, POSTFIX_ENDPOINT_SIZE);
		strlcat(copy, ", ", POSTFIX_ENDPOINT_SIZE);
	}
}

static void
report_wrong_map(struct check *check, const struct canonical_map *map)
{
	const char *name = map->ours.name, *present = postfix_get(check->postfix, map->maps);
	char table[POSTFIX_ENDPOINT_SIZE], others[POSTFIX_ENDPOINT_SIZE];

	if (postfix_endpoint_names_map(check->postfix, present, &map->others, false))
		findings_add(check->findings, FINDING_ERROR, "%s names the other map instead of %s",
		    map->maps, name);
	else
		findings_add(
		    check->findings, FINDING_ERROR, "%s does not name %s", map->maps, name);
	/* Other tables remain: without them, some addresses would no longer be rewritten. */
	copy_other_tables(present, others);
	if (postfix_endpoint_for_map(&map->ours, table))
		findings_remedy(
		    check->findings, "postconf -e '%s = %s%s'", map->maps, others, table);
	else
		findings_remedy(check->findings,
		    "tcp_table(5) cannot use a unix socket: give %s an endpoint inet:HOST:PORT",
		    name);
}

/* report_override - main.cf is right, but the cleanup service in use has another value */
static void
report_override(
    struct check *check, const struct canonical_map *map, const struct postfix_service *cleanup)
{
	findings_add(check->findings, FINDING_ERROR,
	    "%s names %s in main.cf, but -o of %s in master.cf overrides it", map->maps,
	    map->ours.name, cleanup->name);
	findings_remedy(check->findings, "remove -o %s=... from that service", map->maps);
}

/* check_ways - for each table tcp:HOST:PORT or socketmap:inet:HOST:PORT:NAME */
static void
check_ways(struct check *check, const struct canonical_map *map, const char *tables)
{
	char table[POSTFIX_WORD_SIZE], *s, *colon;

	while (postfix_word(&tables, table)) {
		s = strncmp(table, "proxy:", 6) == 0 ? table + 6 : table;
		colon = strrchr(s, ':');
		if (strncmp(s, "tcp:", 4) == 0) {
			check_endpoint_way(check, map->maps, s + 4, map->ours.tcp);
		} else if (strncmp(s, "socketmap:inet:", 15) == 0 &&
			   strcmp(colon + 1, map->ours.name) == 0) {
			*colon = '\0';
			check_endpoint_way(check, map->maps, s + 15, map->ours.socketmap);
		}
	}
}

static void
check_map(struct check *check, const struct canonical_map *map)
{
	const struct postfix *p = check->postfix;
	const char *in_main = postfix_get(p, map->maps), *classes = postfix_get(p, map->classes);
	struct postfix_service cleanup;
	char where[sizeof(cleanup.name) + 8] = "";

	if (map->ours.tcp->n == 0 && map->ours.socketmap->n == 0)
		return;
	if (find_cleanup(p, map->maps, map->incoming, &map->ours, &cleanup)) {
		classes = postfix_service_get(p, &cleanup, map->classes);
		if (postfix_service_get(p, &cleanup, map->maps) != in_main ||
		    classes != postfix_get(p, map->classes))
			snprintf(where, sizeof(where), " of %s", cleanup.name);
	} else if (is_outside_chroot(check, map)) {
		report_chroot(check, map);
		return;
	} else if (!postfix_endpoint_names_map(p, in_main, &map->ours, false)) {
		report_wrong_map(check, map);
		map->check_classes(check, "", classes);
		return;
	} else if (find_cleanup(p, map->maps, map->incoming, NULL, &cleanup)) {
		report_override(check, map, &cleanup);
		return;
	}
	findings_add(
	    check->findings, FINDING_OK, "%s%s names %s", map->maps, where, map->ours.name);
	check_ways(check, map, postfix_service_get(p, &cleanup, map->maps));
	map->check_classes(check, where, classes);
}

static void
suggest_classes(struct check *check, const char *where, const char *setting)
{
	if (where[0] == '\0')
		findings_remedy(check->findings, "postconf -e '%s'", setting);
	else
		findings_remedy(check->findings, "%s, as -o of that service in master.cf", setting);
}

static void
check_sender_classes(struct check *check, const char *where, const char *classes)
{
	const char *name = "sender_canonical_classes";

	if (!postfix_list_has(classes, "envelope_sender"))
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s = %s: envelope senders are not rewritten", name, where, classes);
	else if (postfix_list_has(classes, "header_sender"))
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s = %s: From: of each message is rewritten as well", name, where, classes);
	else {
		findings_add(check->findings, FINDING_OK, "%s%s", name, where);
		return;
	}
	suggest_classes(check, where, "sender_canonical_classes = envelope_sender");
}

/*
 * check_recipient_classes - with header_recipient, part of Postfix's default, cleanup(8) looks up
 * each address in To: and Cc: of mail whose headers it rewrites, and replaces the valid ones
 */
static void
check_recipient_classes(struct check *check, const char *where, const char *classes)
{
	const char *name = "recipient_canonical_classes";

	if (!postfix_list_has(classes, "envelope_recipient"))
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s = %s: bounces do not reach the sender", name, where, classes);
	else if (postfix_list_has(classes, "header_recipient"))
		findings_add(check->findings, FINDING_WARNING,
		    "%s%s = %s: one message can test thousands of SRS hashes in To: and Cc:, and "
		    "srsd does not count them as guesses",
		    name, where, classes);
	else {
		findings_add(check->findings, FINDING_OK, "%s%s", name, where);
		return;
	}
	suggest_classes(check, where, "recipient_canonical_classes = envelope_recipient");
}

static bool
are_maps_off(const struct postfix *postfix, const struct postfix_service *smtpd)
{
	return postfix_list_has(
	    postfix_service_get(postfix, smtpd, "receive_override_options"), "no_address_mappings");
}

/* returns_from_filter - does a filter return the mail to an smtpd(8) that uses the maps? */
static bool
returns_from_filter(const struct postfix *postfix, const struct postfix_service *smtpd)
{
	struct postfix_service other;
	size_t i;

	if (postfix_service_get(postfix, smtpd, "smtpd_proxy_filter")[0] == '\0' &&
	    postfix_service_get(postfix, smtpd, "content_filter")[0] == '\0')
		return false;
	for (i = 0; postfix_service_at(postfix, i, &other); i++)
		if (strcmp(other.command, "smtpd") == 0 && !are_maps_off(postfix, &other))
			return true;
	return false;
}

/* has_own_map - does mail from that smtpd(8) go to a cleanup(8) with a sender map of its own? */
static bool
has_own_map(const struct check *check, const struct postfix_service *smtpd)
{
	static const char parameter[] = "sender_canonical_maps";
	const struct postfix_map_place forward = postfix_endpoint_place(check->settings, "forward");
	const struct postfix *p = check->postfix;
	const char *name = postfix_service_get(p, smtpd, "cleanup_service_name"), *maps;
	struct postfix_service cleanup;
	size_t i;

	for (i = 0; postfix_service_at(p, i, &cleanup); i++) {
		if (strcmp(cleanup.command, "cleanup") != 0 || strcmp(cleanup.name, name) != 0)
			continue;
		maps = postfix_service_get(p, &cleanup, parameter);
		return maps != postfix_get(p, parameter) &&
		       postfix_endpoint_names_map(
			   p, maps, &forward, postfix_is_chrooted(p, &cleanup));
	}
	return false;
}

/* must_use_maps - no_address_mappings is only for mail on its way to a filter */
static bool
must_use_maps(const struct check *check, const struct postfix_service *smtpd)
{
	if (strcmp(smtpd->command, "smtpd") != 0)
		return false;
	if (postfix_is_public(smtpd))
		return !returns_from_filter(check->postfix, smtpd);
	return has_own_map(check, smtpd);
}

static void
check_mappings(struct check *check)
{
	struct postfix_service service;
	size_t i;

	if (check->settings->forward.n == 0 && check->settings->reverse.n == 0 &&
	    check->settings->socketmap.n == 0)
		return;
	for (i = 0; postfix_service_at(check->postfix, i, &service); i++) {
		if (!are_maps_off(check->postfix, &service) || !must_use_maps(check, &service))
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s bypasses the canonical maps: receive_override_options has "
		    "no_address_mappings",
		    service.name);
		findings_remedy(check->findings,
		    "remove it; it is only for mail that a content_filter returns to another "
		    "smtpd without it");
	}
}

void
check_maps(struct check *check)
{
	const struct postfix_map_place forward = postfix_endpoint_place(check->settings, "forward");
	const struct postfix_map_place reverse = postfix_endpoint_place(check->settings, "reverse");
	const struct canonical_map sender = { "sender_canonical_maps", "sender_canonical_classes",
		forward, reverse, false, check_sender_classes };
	const struct canonical_map recipient = { "recipient_canonical_maps",
		"recipient_canonical_classes", reverse, forward, true, check_recipient_classes };

	if (!check_milter_rewrites(check))
		check_map(check, &sender);
	check_map(check, &recipient);
	check_mappings(check);
}
