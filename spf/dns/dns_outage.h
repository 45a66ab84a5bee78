/* SPDX-License-Identifier: ISC */
/*
 * dns_outage - decides from the results of DNS queries whether the nameserver has failed.
 *
 * The servers of a single domain can be slow or broken for hours while the nameserver works and
 * answers other queries. So an outage begins when no query has had a usable answer for 20 seconds,
 * and these queries were about at least three organizational domains. Queries about one or two
 * domains are enough if they go on for a minute and get no answer at all, not even an error.
 *
 * A usable answer ends an outage. For ten minutes after that another outage begins only after a
 * minute, so that a nameserver that loses most packets does not fill the log.
 *
 * Pure. now is in milliseconds, > 0, and never goes back.
 */
#ifndef SPF_DNS_DNS_OUTAGE_H
#define SPF_DNS_DNS_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#define DNS_OUTAGE_MS 20000
#define DNS_OUTAGE_DOMAINS 3

/* The time for fewer domains, or for another outage that begins soon after one; and that period. */
#define DNS_OUTAGE_LONG_MS 60000
#define DNS_OUTAGE_SOON_MS 600000

/*
 * The owner zeroes it before the first call, and only reads it later. Times are those of now; 0:
 * never. series and last are valid while domains > 0.
 */
struct dns_outage {
	bool on;
	uint64_t since;   /* the start of the first query after the last usable answer */
	uint64_t heard;   /* the last reply, an error included */
	bool errors;      /* some queries since then got an error, not only silence */
	uint64_t series;  /* start of the queries that followed one another within a minute */
	uint64_t last;    /* the last query without a usable answer */
	uint64_t ended;   /* the last outage */
	unsigned domains; /* domains of these queries, up to DNS_OUTAGE_DOMAINS */
	uint32_t domain[DNS_OUTAGE_DOMAINS]; /* hashes of their names */
};

enum dns_outage_change {
	DNS_OUTAGE_SAME,
	DNS_OUTAGE_BEGINS,
	DNS_OUTAGE_ENDS,
};

/*
 * Notes a usable answer, which may be "no such name". When an outage ends, since keeps the start of
 * the outage until the next call.
 */
enum dns_outage_change dns_outage_note_answer(struct dns_outage *outage, uint64_t now);

/*
 * Notes a query without a usable answer, which was sent at the time sent: the nameserver reported
 * an error, or was silent. domain is the hash of the organizational domain of the name.
 */
enum dns_outage_change dns_outage_note_error(
    struct dns_outage *outage, uint32_t domain, uint64_t sent, uint64_t now);
enum dns_outage_change dns_outage_note_silence(
    struct dns_outage *outage, uint32_t domain, uint64_t sent, uint64_t now);

#endif
