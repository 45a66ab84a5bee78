/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/xmalloc.h"
#include "srsd/service/recent.h"

/* A decision has the slot of its number modulo size. */
struct recent {
	size_t size;
	uint64_t oldest, next; /* numbers */
	struct recent_decision *slot;
	void (*added)(void *arg);
	void *arg;
};

static struct recent_decision *
get_recent_slot(const struct recent *recent, uint64_t number)
{
	return &recent->slot[number % recent->size];
}

static bool
is_decision_outdated(const struct recent_decision *d, time_t now)
{
	return now - d->at > RECENT_SECONDS;
}

struct recent *
recent_new(size_t n)
{
	struct recent *recent = xcalloc(1, sizeof(*recent));

	recent->oldest = recent->next = 1;
	recent_resize(recent, n);
	return recent;
}

void
recent_free(struct recent **recent)
{
	if (*recent == NULL)
		return;
	free((*recent)->slot);
	free(*recent);
	*recent = NULL;
}

void
recent_resize(struct recent *recent, size_t n)
{
	struct recent resized = *recent;
	uint64_t number;

	if (n == recent->size)
		return;
	resized.size = n;
	resized.slot = n == 0 ? NULL : xcalloc(n, sizeof(resized.slot[0]));
	if (resized.next - resized.oldest > n)
		resized.oldest = resized.next - n;
	for (number = resized.oldest; number < resized.next; number++)
		*get_recent_slot(&resized, number) = *get_recent_slot(recent, number);
	free(recent->slot);
	*recent = resized;
}

size_t
recent_size(const struct recent *recent)
{
	return recent->size;
}

struct recent_decision *
recent_begin(struct recent *recent, enum recent_service service, time_t now)
{
	struct recent_decision *d;

	if (recent == NULL || recent->size == 0)
		return NULL;
	if (recent->oldest < recent->next &&
	    is_decision_outdated(get_recent_slot(recent, recent->oldest), now))
		recent_expire(recent, now);
	if (recent->next - recent->oldest == recent->size)
		recent->oldest++;
	d = get_recent_slot(recent, recent->next);
	memset(d, 0, offsetof(struct recent_decision, texts));
	d->at = now;
	d->service = (uint8_t)service;
	return d;
}

void
recent_end(struct recent *recent)
{
	recent->next++;
	if (recent->added != NULL)
		recent->added(recent->arg);
}

void
recent_watch(struct recent *recent, void (*added)(void *arg), void *arg)
{
	recent->added = added;
	recent->arg = arg;
}

void
recent_expire(struct recent *recent, time_t now)
{
	struct recent_decision *d;

	for (; recent->oldest < recent->next; recent->oldest++) {
		d = get_recent_slot(recent, recent->oldest);
		if (!is_decision_outdated(d, now))
			break;
		memset(d, 0, sizeof(*d));
	}
}

uint64_t
recent_oldest(const struct recent *recent)
{
	return recent->oldest;
}

uint64_t
recent_next(const struct recent *recent)
{
	return recent->next;
}

const struct recent_decision *
recent_get(const struct recent *recent, uint64_t number)
{
	if (number < recent->oldest || number >= recent->next)
		return NULL;
	return get_recent_slot(recent, number);
}

struct text
recent_text(const struct recent_decision *d, enum recent_text which)
{
	struct text text = { d->texts, d->len[which] };
	int i;

	for (i = 0; i < (int)which; i++)
		text.s += d->len[i];
	return text;
}

const char *
recent_service_name(enum recent_service service)
{
	static const char *const names[RECENT_SERVICES] = {
		[RECENT_FORWARD] = "forward",
		[RECENT_REVERSE] = "reverse",
		[RECENT_POLICY] = "policy",
		[RECENT_MILTER] = "milter",
	};

	return names[service];
}

const char *
recent_text_name(enum recent_text which)
{
	static const char *const names[RECENT_TEXTS] = {
		[RECENT_QUEUE] = "queue",
		[RECENT_CLIENT] = "client",
		[RECENT_HELO] = "helo",
		[RECENT_SENDER] = "sender",
		[RECENT_RECIPIENT] = "recipient",
		[RECENT_ORIGINAL] = "orcpt",
		[RECENT_TO] = "to",
		[RECENT_MECHANISM] = "mechanism",
	};

	return names[which];
}

static bool
equals_text(struct text a, struct text b)
{
	return a.len == b.len && strncasecmp(a.s, b.s, a.len) == 0;
}

/* equals_word - word may be NULL */
static bool
equals_word(struct text wanted, const char *word)
{
	return word != NULL && strlen(word) == wanted.len &&
	       strncasecmp(word, wanted.s, wanted.len) == 0;
}

/* get_address_domain - of a text that is whole; otherwise it is empty */
static struct text
get_address_domain(const struct recent_decision *d, enum recent_text which)
{
	struct text address = recent_text(d, which), domain = { address.s, 0 };
	const char *at;

	if ((d->cut >> which & 1) != 0 || address.len == 0)
		return domain;
	at = memrchr(address.s, '@', address.len);
	if (at == NULL)
		return domain;
	domain.s = at + 1;
	domain.len = address.len - (size_t)(at + 1 - address.s);
	return domain;
}

/* has_address - is it this text, as far as the record has it? */
static bool
has_address(const struct recent_decision *d, enum recent_text which, struct text wanted)
{
	struct text address = recent_text(d, which);

	if ((d->cut >> which & 1) == 0)
		return equals_text(address, wanted);
	return address.len > 0 && wanted.len > address.len &&
	       strncasecmp(address.s, wanted.s, address.len) == 0;
}

static bool
has_any_address(const struct recent_decision *d, struct text wanted)
{
	int i;

	for (i = RECENT_SENDER; i <= RECENT_TO; i++)
		if (has_address(d, (enum recent_text)i, wanted))
			return true;
	return false;
}

/* is_wanted_domain - wanted is not empty */
static bool
is_wanted_domain(struct text domain, struct text wanted)
{
	if (wanted.s[0] == '.' && domain.len > wanted.len) {
		domain.s += domain.len - wanted.len;
		domain.len = wanted.len;
	}
	return equals_text(domain, wanted);
}

static bool
has_any_domain(const struct recent_decision *d, struct text wanted)
{
	int i;

	for (i = RECENT_SENDER; i <= RECENT_TO; i++)
		if (is_wanted_domain(get_address_domain(d, (enum recent_text)i), wanted))
			return true;
	return false;
}

static bool
has_result_word(const struct recent_decision *d, struct text wanted)
{
	return equals_word(wanted, d->result) || equals_word(wanted, d->action) ||
	       equals_word(wanted, d->reason) || equals_word(wanted, d->would) ||
	       equals_word(wanted, recent_service_name((enum recent_service)d->service));
}

bool
recent_matches(const struct recent_decision *d, const struct recent_filter *filter)
{
	if (filter->queue.len > 0 && !equals_text(recent_text(d, RECENT_QUEUE), filter->queue))
		return false;
	if (filter->client.len > 0 && !equals_text(recent_text(d, RECENT_CLIENT), filter->client))
		return false;
	if (filter->address.len > 0 && !has_any_address(d, filter->address))
		return false;
	if (filter->domain.len > 0 && !has_any_domain(d, filter->domain))
		return false;
	return filter->result.len == 0 || has_result_word(d, filter->result);
}

uint64_t
recent_seek(const struct recent *recent, const struct recent_filter *filter, size_t n)
{
	uint64_t number = recent->next, found = recent->next;

	while (n > 0 && number > recent->oldest) {
		number--;
		if (!recent_matches(get_recent_slot(recent, number), filter))
			continue;
		found = number;
		n--;
	}
	return found;
}

/* A decision of recent_busiest. */
struct sender_event {
	struct text domain;
	bool refused;
};

static int
compare_sender_domains(const void *a, const void *b)
{
	const struct sender_event *x = a, *y = b;
	size_t len = x->domain.len < y->domain.len ? x->domain.len : y->domain.len;
	int order = strncasecmp(x->domain.s, y->domain.s, len);

	if (order != 0)
		return order;
	return (x->domain.len > y->domain.len) - (x->domain.len < y->domain.len);
}

static size_t
list_sender_events(const struct recent *recent, uint64_t from, struct sender_event *events)
{
	uint64_t number = from < recent->oldest ? recent->oldest : from;
	const struct recent_decision *d;
	struct text domain;
	size_t n = 0;

	for (; number < recent->next; number++) {
		d = get_recent_slot(recent, number);
		domain = get_address_domain(d, RECENT_SENDER);
		if (d->service != RECENT_REVERSE && domain.len > 0)
			events[n++] = (struct sender_event){ domain, d->refused };
	}
	return n;
}

static unsigned
get_count_weight(const struct recent_count *count, enum recent_order order)
{
	return order == RECENT_BY_REFUSED ? count->refused : count->decisions;
}

/* insert_count - into the sorted list of at most max; returns its new length */
static size_t
insert_count(struct recent_count *counts, size_t n, size_t max, enum recent_order order,
    const struct recent_count *count)
{
	unsigned weight = get_count_weight(count, order);
	size_t place = n;

	if (weight == 0)
		return n;
	while (place > 0 && get_count_weight(&counts[place - 1], order) < weight)
		place--;
	if (place == max)
		return n;
	if (n == max)
		n--;
	memmove(&counts[place + 1], &counts[place], (n - place) * sizeof(counts[0]));
	counts[place] = *count;
	return n + 1;
}

/* count_first_domain - of n sorted events; returns the number of its events */
static size_t
count_first_domain(const struct sender_event *events, size_t n, struct recent_count *count)
{
	size_t i;

	memset(count, 0, sizeof(*count));
	memcpy(count->domain, events[0].domain.s, events[0].domain.len);
	hostname_lower(count->domain, events[0].domain.len);
	for (i = 0; i < n && compare_sender_domains(&events[0], &events[i]) == 0; i++)
		count->refused += events[i].refused;
	count->decisions = (unsigned)i;
	return i;
}

size_t
recent_busiest(const struct recent *recent, uint64_t from, enum recent_order order,
    struct recent_count *counts, size_t max)
{
	struct sender_event *events;
	struct recent_count count;
	size_t n, i, found = 0;

	if (max == 0 || recent->next == recent->oldest)
		return 0;
	events = xcalloc((size_t)(recent->next - recent->oldest), sizeof(events[0]));
	n = list_sender_events(recent, from, events);
	qsort(events, n, sizeof(events[0]), compare_sender_domains);
	for (i = 0; i < n;) {
		i += count_first_domain(events + i, n - i, &count);
		found = insert_count(counts, found, max, order, &count);
	}
	free(events);
	return found;
}
