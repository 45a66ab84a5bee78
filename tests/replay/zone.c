/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/hostname.h"
#include "common/xmalloc.h"
#include "tests/replay/text.h"
#include "tests/replay/words.h"
#include "tests/replay/zone.h"

#define DEFAULT_TTL 300
#define CNAMES_MAX 8

/* Instead of a type. */
#define CNAME 5
#define ANY_TYPE 255

enum kind {
	RECORD,
	NONE,
	ERROR,
	BOGUS,
	SILENT,
};

struct record {
	STAILQ_ENTRY(record) next;
	char *name;
	unsigned type;
	enum kind kind;
	uint32_t ttl;
	uint64_t delay;
	bool secure;
	uint16_t preference;
	struct ipaddr ip;
	char *data;
	size_t len;
};

struct zone {
	STAILQ_HEAD(, record) records;
};

struct zone *
zone_new(void)
{
	struct zone *zone = xcalloc(1, sizeof(*zone));

	STAILQ_INIT(&zone->records);
	return zone;
}

static void
record_free(struct record *record)
{
	free(record->name);
	free(record->data);
	free(record);
}

void
zone_free(struct zone **zone)
{
	struct record *record;

	if (*zone == NULL)
		return;
	while ((record = STAILQ_FIRST(&(*zone)->records)) != NULL) {
		STAILQ_REMOVE_HEAD(&(*zone)->records, next);
		record_free(record);
	}
	free(*zone);
	*zone = NULL;
}

bool
zone_type(const char *s, size_t len, enum dns_type *type)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT };
	struct word word = word_of(s, len);
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (word_is(word, dns_type_name(types[i]))) {
			*type = types[i];
			return true;
		}
	return false;
}

static bool
read_type(struct record *record, struct word word)
{
	enum dns_type type;

	if (word_is(word, "*"))
		record->type = ANY_TYPE;
	else if (word_is(word, "CNAME"))
		record->type = CNAME;
	else if (zone_type(word.s, word.len, &type))
		record->type = type;
	else
		return false;
	return true;
}

/* read_data - append the bytes of a name or of a character-string to those that were read */
static bool
read_data(struct record *record, struct word word, const char **error)
{
	size_t n;
	char *bytes = text_bytes(word.s, word.len, &n, error);

	if (bytes == NULL)
		return false;
	record->data = xreallocarray(record->data, record->len + n + 1, 1);
	memcpy(record->data + record->len, bytes, n + 1);
	record->len += n;
	free(bytes);
	return true;
}

static bool
read_mx(struct record *record, struct word word, struct word *line, const char **error)
{
	uint64_t preference;

	*error = "MX wants a preference and a name";
	if (!word_number(word, UINT16_MAX, &preference) || !word_next(line, &word))
		return false;
	record->preference = (uint16_t)preference;
	return read_data(record, word, error);
}

/* read_strings - all quoted strings; *line continues after them */
static bool
read_strings(struct record *record, struct word word, struct word *line, const char **error)
{
	struct word before;

	*error = "the strings of a TXT record must be quoted";
	if (!word.quoted)
		return false;
	do {
		if (!read_data(record, word, error))
			return false;
		before = *line;
	} while (word_next(line, &word) && word.quoted);
	*line = before;
	return true;
}

static bool
read_value(struct record *record, struct word word, struct word *line, const char **error)
{
	switch (record->type) {
	case DNS_A:
	case DNS_AAAA:
		*error = "no such address";
		return ipaddr_parse(&record->ip, word.s, word.len);
	case DNS_MX:
		return read_mx(record, word, line, error);
	case DNS_TXT:
		return read_strings(record, word, line, error);
	default:
		return read_data(record, word, error);
	}
}

/* read_kind - the word for something other than a record */
static bool
read_kind(struct record *record, struct word word)
{
	static const char *const kinds[] = { NULL, "none", "error", "bogus", "silent" };
	int i;

	for (i = NONE; i <= SILENT; i++)
		if (word_is(word, kinds[i])) {
			record->kind = (enum kind)i;
			return true;
		}
	return false;
}

/* read_manner - the way in which the answer arrives */
static bool
read_manner(struct record *record, struct word *line, const char **error)
{
	struct word word;

	while (word_next(line, &word)) {
		if (word_is(word, "secure")) {
			record->secure = true;
		} else if (!word_is(word, "after") || !word_next(line, &word) ||
			   !word_duration(word, &record->delay)) {
			*error = "a record may be followed by: after DURATION, secure";
			return false;
		}
	}
	return true;
}

static bool
read_record(struct record *record, struct word *line, const char **error)
{
	struct word name, word;
	uint64_t ttl;
	bool has_ttl;
	size_t n;

	*error = "a record wants NAME, TYPE and a value";
	if (!word_next(line, &name) || !word_next(line, &word))
		return false;
	has_ttl = word_number(word, UINT32_MAX, &ttl);
	if (!has_ttl)
		ttl = DEFAULT_TTL;
	if (has_ttl && !word_next(line, &word))
		return false;
	if (!read_type(record, word) || !word_next(line, &word))
		return false;
	if (!read_kind(record, word) && !read_value(record, word, line, error))
		return false;
	record->ttl = record->kind == NONE && !has_ttl ? 0 : (uint32_t)ttl;
	record->name = text_bytes(name.s, name.len, &n, error);
	return record->name != NULL && read_manner(record, line, error);
}

bool
zone_add(struct zone *zone, const char *line, size_t len, const char **error)
{
	struct record *record = xcalloc(1, sizeof(*record));
	struct word rest = word_of(line, len);

	if (!read_record(record, &rest, error)) {
		record_free(record);
		return false;
	}
	STAILQ_INSERT_TAIL(&zone->records, record, next);
	return true;
}

/* is_named - does a record with this name, or with "*.NAME" above it, apply? */
static bool
is_named(const struct record *record, const char *name)
{
	const char *parent = record->name + 2;

	if (strncmp(record->name, "*.", 2) != 0)
		return strcasecmp(record->name, name) == 0;
	return strcasecmp(parent, name) != 0 &&
	       hostname_is_within(name, strlen(name), parent, strlen(parent));
}

static bool
is_about(const struct record *record, const char *name, unsigned type)
{
	return (record->type == type || (record->type == ANY_TYPE && type != CNAME)) &&
	       is_named(record, name);
}

static const struct record *
find(const struct zone *zone, const char *name, unsigned type)
{
	const struct record *record;

	STAILQ_FOREACH (record, &zone->records, next)
		if (is_about(record, name, type))
			return record;
	return NULL;
}

/* follow - the end of a chain of CNAMEs */
static const char *
follow(const struct zone *zone, const char *name, struct zone_reply *reply, uint32_t *ttl)
{
	const struct record *cname;
	unsigned n;

	for (n = 0; n < CNAMES_MAX && (cname = find(zone, name, CNAME)) != NULL; n++) {
		name = cname->data;
		reply->delay += cname->delay;
		if (cname->ttl < *ttl)
			*ttl = cname->ttl;
	}
	return name;
}

static void
add(struct dns_answer *answer, const struct record *record)
{
	answer->status = DNS_FOUND;
	if (record->ttl < answer->ttl)
		answer->ttl = record->ttl;
	if (record->data == NULL)
		dns_answer_add(answer, &record->ip, 0, NULL, 0);
	else
		dns_answer_add(answer, NULL, record->preference, record->data, record->len);
}

/* begin_answer - the properties that the first record of a name determines */
static struct dns_answer *
begin_answer(const struct record *record, uint32_t ttl)
{
	struct dns_answer *answer;

	if (record == NULL)
		return dns_answer_new(DNS_VOID);
	if (record->kind == SILENT)
		return NULL;
	answer =
	    dns_answer_new(record->kind == NONE || record->kind == RECORD ? DNS_VOID : DNS_ERROR);
	if (answer->status == DNS_ERROR)
		answer->rcode = 2; /* SERVFAIL */
	else
		answer->ttl = record->ttl < ttl ? record->ttl : ttl;
	if (record->kind == BOGUS)
		answer->security = DNS_BOGUS;
	else if (record->secure)
		answer->security = DNS_SECURE;
	return answer;
}

void
zone_ask(const struct zone *zone, const char *name, enum dns_type type, struct zone_reply *reply)
{
	uint32_t ttl = UINT32_MAX;
	const struct record *record;

	memset(reply, 0, sizeof(*reply));
	name = follow(zone, name, reply, &ttl);
	record = find(zone, name, type);
	reply->answer = begin_answer(record, ttl);
	if (record == NULL)
		return;
	reply->delay += record->delay;
	for (; record != NULL && reply->answer != NULL; record = STAILQ_NEXT(record, next))
		if (record->kind == RECORD && is_about(record, name, type))
			add(reply->answer, record);
	if (reply->answer != NULL)
		dns_answer_unique(reply->answer, type);
}
