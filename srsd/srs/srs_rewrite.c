/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/day.h"
#include "common/hostname.h"
#include "common/idna.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_domains.h"
#include "srsd/srs/srs_rewrite.h"
#include "srsd/srs/srs_stamp.h"

/* Days to try for a hash without '/' and '+', including today. */
#define STAMP_TRIES 3

static const struct {
	const char *text;
	const char *word;
} verdicts[] = {
	[SRS_REWRITTEN] = { "", "rewritten" },
	[SRS_ALREADY_OURS] = { "already ours", "already-ours" },
	[SRS_LOCAL_DOMAIN] = { "local domain", "local-domain" },
	[SRS_NULL_SENDER] = { "null sender", "null-sender" },
	[SRS_NOT_ADDRESS] = { "not an address", "not-an-address" },
	[SRS_TOO_LONG] = { "too long", "too-long" },
	[SRS_NOT_SRS] = { "not an SRS address", "not-srs" },
	[SRS_BAD_HASH] = { "bad hash", "bad-hash" },
	[SRS_EXPIRED] = { "expired", "expired" },
	[SRS_MALFORMED] = { "malformed", "malformed" },
	[SRS_FOREIGN] = { "not an SRS address", "foreign" },
	[SRS_UNKNOWN_ALIAS] = { "unknown alias", "unknown-alias" },
	[SRS_UNAVAILABLE] = { "no HMAC from libcrypto", "no-hmac" },
	[SRS_NO_STORE] = { "envelope database unavailable", "no-store" },
};

const char *
srs_verdict_text(enum srs_verdict verdict)
{
	return verdicts[verdict].text;
}

bool
srs_verdict_is_temporary(enum srs_verdict verdict)
{
	return verdict == SRS_UNAVAILABLE || verdict == SRS_NO_STORE;
}

const char *
srs_verdict_word(enum srs_verdict verdict)
{
	return verdicts[verdict].word;
}

/* The secret that made a hash, and its form. secret is SRS_KEYS_NONE when no secret did. */
struct signature {
	int secret;
	enum srs_mac_form form;
};

/* Decimal digits of the number of a day. */
#define DATE_LEN 10
#define PARTS_MAX 4

static void
write_date(char date[DATE_LEN], unsigned day)
{
	size_t i;

	for (i = DATE_LEN; i-- > 0; day /= 10)
		date[i] = (char)('0' + day % 10);
}

static struct text
make_part(const char *s, size_t len)
{
	struct text part = { s, len };

	return part;
}

/* list_parts - the texts that the hash of an address covers, in order; date is room for one */
static size_t
list_parts(struct text parts[PARTS_MAX], char date[DATE_LEN], enum srs_mac_form form,
    const struct srs_addr *addr, unsigned stamp, time_t now)
{
	bool srs0 = addr->kind == SRS_ADDR_SRS0;
	size_t n = 0;

	if (form == SRS_MAC_SEPARATED)
		parts[n++] = make_part(srs0 ? "SRS0" : "SRS1", SRS_TAG_LEN);
	if (srs0 && form == SRS_MAC_SEPARATED) {
		write_date(date, srs_stamp_date(stamp, now));
		parts[n++] = make_part(date, DATE_LEN);
	} else if (srs0) {
		parts[n++] = make_part(addr->stamp.s, addr->stamp.len);
	}
	parts[n++] = make_part(addr->host.s, addr->host.len);
	parts[n++] = make_part(addr->user.s, addr->user.len);
	return n;
}

/*
 * verify_form - the secret with which an address verifies in this form, see srs_keys_verify; it is
 * counted, unless the context says otherwise
 */
static int
verify_form(const struct srs_context *context, enum srs_mac_form form, const struct srs_addr *addr,
    unsigned stamp)
{
	struct text parts[PARTS_MAX];
	char date[DATE_LEN];
	size_t n = list_parts(parts, date, form, addr, stamp, context->now);
	int secret;

	secret = srs_keys_verify(context->keys, form, parts, n, addr->hash.s, addr->hash.len);
	if (secret >= 0 && !context->uncounted)
		srs_keys_count_verified(context->keys, (size_t)secret);
	return secret;
}

/* accepts_other_form - may a hash have the form that we do not sign with? */
static bool
accepts_other_form(const struct settings *settings, time_t now)
{
	int last = settings->hash_format == HASH_SEPARATED ? settings->hash_accept_compatible
							   : settings->hash_accept_separated;

	return last != 0 && day_of(now) <= last;
}

static void
verify_hash(const struct srs_context *context, const struct srs_addr *addr, unsigned stamp,
    struct signature *signature)
{
	bool separated = context->settings->hash_format == HASH_SEPARATED;

	signature->form = separated ? SRS_MAC_SEPARATED : SRS_MAC_COMPATIBLE;
	signature->secret = verify_form(context, signature->form, addr, stamp);
	if (signature->secret != SRS_KEYS_NONE ||
	    !accepts_other_form(context->settings, context->now))
		return;
	signature->form = separated ? SRS_MAC_COMPATIBLE : SRS_MAC_SEPARATED;
	signature->secret = verify_form(context, signature->form, addr, stamp);
}

/*
 * verify_srs_addr - is the hash one of ours, and if there is a stamp, is it current?
 *
 * The hash comes first: a client that cannot sign learns nothing about ages.
 */
static enum srs_verdict
verify_srs_addr(
    const struct srs_context *context, const struct srs_addr *addr, struct signature *signature)
{
	const struct settings *settings = context->settings;
	bool srs0 = addr->kind == SRS_ADDR_SRS0;
	unsigned day = 0;

	signature->secret = SRS_KEYS_NONE;
	if (srs0 && !srs_stamp_read(&day, addr->stamp.s, addr->stamp.len))
		return SRS_MALFORMED;
	if (addr->hash.len < (size_t)settings->hash_minimum || addr->hash.len > SRS_MAC_LEN)
		return SRS_BAD_HASH;
	verify_hash(context, addr, day, signature);
	if (signature->secret == SRS_KEYS_FAILED)
		return SRS_UNAVAILABLE;
	if (signature->secret == SRS_KEYS_NONE)
		return SRS_BAD_HASH;
	if (srs0 &&
	    !srs_stamp_is_current(day, srs_stamp_day(context->now), (unsigned)settings->max_age))
		return SRS_EXPIRED;
	return SRS_REWRITTEN;
}

/* A tag, a separator, a whole digest, two parts that are no longer than an address, and the '='. */
#define LOCAL_SIZE (SRS_TAG_LEN + 1 + SRS_MAC_LEN + 8 + 2 * MAILADDR_SIZE)

/* A local part under construction. All its parts are bounded; see LOCAL_SIZE. */
struct srs_local {
	size_t len;
	char text[LOCAL_SIZE];
};

static void
put_srs_bytes(struct srs_local *local, const char *s, size_t len)
{
	memcpy(local->text + local->len, s, len);
	local->len += len;
}

static void
put_srs_char(struct srs_local *local, char c)
{
	local->text[local->len++] = c;
}

/* put_srs_head - the tag, the separator and the hash */
static void
put_srs_head(
    struct srs_local *local, const char *tag, const struct settings *settings, const char *digest)
{
	local->len = 0;
	put_srs_bytes(local, tag, SRS_TAG_LEN);
	put_srs_char(local, (char)settings->separator);
	put_srs_bytes(local, digest, (size_t)settings->hash_length);
	put_srs_char(local, '=');
}

/* format_result - the address of a local part and a domain, unless it is too long */
static void
format_result(struct srs_result *result, const char *local, size_t local_len, const char *domain,
    size_t domain_len)
{
	result->len = mailaddr_format(result->address, local, local_len, domain, domain_len);
	result->verdict = result->len == 0 ? SRS_TOO_LONG : SRS_REWRITTEN;
}

static bool
has_base64_sign(const char *hash, size_t len)
{
	return memchr(hash, '/', len) != NULL || memchr(hash, '+', len) != NULL;
}

static bool
sign_addr(const struct srs_context *context, const struct srs_addr *addr, unsigned stamp,
    char digest[SRS_MAC_LEN + 1])
{
	enum srs_mac_form form = context->settings->hash_format == HASH_SEPARATED
				     ? SRS_MAC_SEPARATED
				     : SRS_MAC_COMPATIBLE;
	struct text parts[PARTS_MAX];
	char date[DATE_LEN];
	size_t n = list_parts(parts, date, form, addr, stamp, context->now);

	return srs_keys_sign(context->keys, form, parts, n, digest);
}

/*
 * sign_srs0 - hash and stamp for an address of today; addr->stamp points to stamp
 *
 * Some sites refuse '/' and '+'. If the hash would have one of them, a stamp of one or two days ago
 * is tried, as long as that leaves a day of validity. Every verifier accepts it. A hash of the
 * separated form never has them.
 */
static bool
sign_srs0(const struct srs_context *context, const struct srs_addr *addr, char stamp[SRS_STAMP_LEN],
    char digest[SRS_MAC_LEN + 1])
{
	const struct settings *settings = context->settings;
	size_t len = (size_t)settings->hash_length;
	unsigned today = srs_stamp_day(context->now), day, back;

	for (back = 0; back < STAMP_TRIES && back < (unsigned)settings->max_age; back++) {
		day = srs_stamp_before(today, back);
		srs_stamp_write(day, stamp);
		if (!sign_addr(context, addr, day, digest))
			return false;
		if (!settings->hash_avoid_slash || !has_base64_sign(digest, len))
			return true;
	}
	srs_stamp_write(today, stamp);
	return sign_addr(context, addr, today, digest);
}

static void
wrap_srs0(struct srs_result *result, const struct srs_context *context, const char *domain,
    struct text host, struct text user)
{
	char digest[SRS_MAC_LEN + 1], stamp[SRS_STAMP_LEN];
	struct srs_addr addr = {
		.kind = SRS_ADDR_SRS0, .stamp = { stamp, SRS_STAMP_LEN }, .host = host, .user = user
	};
	struct srs_local local;

	if (!sign_srs0(context, &addr, stamp, digest)) {
		result->verdict = SRS_UNAVAILABLE;
		return;
	}
	put_srs_head(&local, "SRS0", context->settings, digest);
	put_srs_bytes(&local, stamp, SRS_STAMP_LEN);
	put_srs_char(&local, '=');
	put_srs_bytes(&local, host.s, host.len);
	put_srs_char(&local, '=');
	put_srs_bytes(&local, user.s, user.len);
	format_result(result, local.text, local.len, domain, strlen(domain));
}

static void
wrap_srs1(struct srs_result *result, const struct srs_context *context, const char *domain,
    struct text host, struct text opaque)
{
	struct srs_addr addr = { .kind = SRS_ADDR_SRS1, .host = host, .user = opaque };
	char digest[SRS_MAC_LEN + 1];
	struct srs_local local;

	if (!sign_addr(context, &addr, 0, digest)) {
		result->verdict = SRS_UNAVAILABLE;
		return;
	}
	put_srs_head(&local, "SRS1", context->settings, digest);
	put_srs_bytes(&local, host.s, host.len);
	put_srs_char(&local, '=');
	put_srs_bytes(&local, opaque.s, opaque.len);
	format_result(result, local.text, local.len, domain, strlen(domain));
}

/* use_ascii_host - a host in A-labels; unchanged if these are not a domain for mail */
static struct text
use_ascii_host(char ascii[HOSTNAME_MAX + 1], struct text host)
{
	struct text made = { ascii, 0 };

	if (ascii_only(host.s, host.len))
		return host;
	made.len = idna_to_ascii(ascii, host.s, host.len);
	/* The mapping of a U-label may contain '=', as that of the fullwidth equals sign. */
	return hostname_is_mail_domain(made.s, made.len) ? made : host;
}

/*
 * wrap_sender - make an address in this domain of ours out of another one
 *
 * Another host's SRS0 becomes our SRS1 that leads straight back to that host. Another host's SRS1
 * keeps the host that it leads to, so that an address does not grow with each hop. An address that
 * only looks like SRS1 is wrapped like any other, so that its bounces reach its sender.
 */
static void
wrap_sender(struct srs_result *result, const struct srs_context *context, const char *domain,
    const struct mailaddr *addr)
{
	struct text host = { addr->domain, addr->domain_len };
	struct text user = { addr->local, addr->local_len };
	struct text opaque = { addr->local + SRS_TAG_LEN, addr->local_len - SRS_TAG_LEN };
	char ascii[HOSTNAME_MAX + 1];
	struct srs_addr srs;

	if (srs_addr_tag(addr->local, addr->local_len) == 0)
		wrap_srs1(result, context, domain, use_ascii_host(ascii, host), opaque);
	else if (srs_addr_parse(&srs, addr->local, addr->local_len) == SRS_ADDR_SRS1)
		wrap_srs1(result, context, domain, use_ascii_host(ascii, srs.host), srs.user);
	else
		wrap_srs0(result, context, domain, use_ascii_host(ascii, host), user);
}

/* is_alias_host - the host of an address that has its sender in the envelope store */
static bool
is_alias_host(struct text host)
{
	return text_is(host, SRS_ALIAS_HOST);
}

/*
 * verify_local_part - is it SRS-shaped, and did we sign it?
 *
 * SRS_NOT_SRS, SRS_MALFORMED or a verdict of verify_srs_addr. *srs has the parts of a well-formed
 * address.
 */
static enum srs_verdict
verify_local_part(const struct srs_context *context, struct srs_addr *srs, const char *local,
    size_t len, struct signature *signature)
{
	signature->secret = SRS_KEYS_NONE;
	signature->form = SRS_MAC_COMPATIBLE;
	switch (srs_addr_parse(srs, local, len)) {
	case SRS_ADDR_NONE:
		return SRS_NOT_SRS;
	case SRS_ADDR_MALFORMED:
		return SRS_MALFORMED;
	case SRS_ADDR_SRS0:
	case SRS_ADDR_SRS1:
		break;
	}
	return verify_srs_addr(context, srs, signature);
}

/*
 * judge_own_srs - is this SRS-shaped sender an address of ours, forged or not?
 *
 * Such a sender is never wrapped, and the verdict is the reason. In a candidate domain a malformed
 * address is an ordinary one.
 */
static bool
judge_own_srs(
    struct srs_result *result, const struct srs_context *context, const struct mailaddr *addr)
{
	enum srs_domains_kind kind =
	    srs_domains_kind(context->settings, addr->domain, addr->domain_len);
	struct signature signature;
	struct srs_addr srs;

	if (kind == SRS_DOMAINS_FOREIGN)
		return false;
	result->verdict = SRS_LOCAL_DOMAIN;
	switch (verify_local_part(context, &srs, addr->local, addr->local_len, &signature)) {
	case SRS_REWRITTEN:
		result->verdict = SRS_ALREADY_OURS;
		return true;
	case SRS_MALFORMED:
		return kind == SRS_DOMAINS_OURS;
	default:
		return true;
	}
}

static bool
is_own_srs(
    struct srs_result *result, const struct srs_context *context, const struct mailaddr *addr)
{
	return srs_addr_tag(addr->local, addr->local_len) != -1 &&
	       judge_own_srs(result, context, addr);
}

/* rewrite_sender - sign it under a domain; spare_own: not if it is one of domains */
static void
rewrite_sender(struct srs_result *result, const struct srs_context *context, const char *domain,
    bool spare_own, struct text key)
{
	struct mailaddr addr;

	result->secret = SRS_KEYS_NONE;
	result->len = 0;
	switch (mailaddr_parse_external(&addr, key.s, key.len)) {
	case MAILADDR_NULL:
		result->verdict = SRS_NULL_SENDER;
		return;
	case MAILADDR_INVALID:
		result->verdict = SRS_NOT_ADDRESS;
		return;
	case MAILADDR_TOO_LONG:
		result->verdict = SRS_TOO_LONG;
		return;
	case MAILADDR_OK:
		break;
	}
	if (is_own_srs(result, context, &addr))
		return;
	if (spare_own &&
	    domainset_contains(context->settings->own_domains, addr.domain, addr.domain_len))
		result->verdict = SRS_LOCAL_DOMAIN;
	else if (is_alias_host(make_part(addr.domain, addr.domain_len)))
		result->verdict = SRS_NOT_ADDRESS; /* the reverse map could not restore it */
	else
		wrap_sender(result, context, domain, &addr);
}

/* choose_domain - NULL stands for srs-domain */
static const char *
choose_domain(const struct srs_context *context, const char *domain)
{
	return domain == NULL ? context->settings->srs_domain : domain;
}

void
srs_rewrite_forward(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len)
{
	const struct settings *settings = context->settings;

	rewrite_sender(
	    result, context, settings->srs_domain, !settings->always_rewrite, make_part(key, len));
}

void
srs_rewrite_sign(struct srs_result *result, const struct srs_context *context, const char *domain,
    const char *key, size_t len)
{
	rewrite_sender(result, context, choose_domain(context, domain), false, make_part(key, len));
}

/* is_embedded_well - may a sender stay in its SRS address? */
static bool
is_embedded_well(const struct settings *settings, const struct mailaddr *sender,
    const struct srs_result *embedded)
{
	const char *at;

	if (embedded->verdict != SRS_REWRITTEN)
		return false;
	if (settings->original_envelope == ENVELOPE_DATABASE)
		return srs_addr_tag(sender->local, sender->local_len) != -1;
	at = memrchr(embedded->address, '@', embedded->len);
	return at == NULL || at - embedded->address <= SRS_LOCAL_MAX;
}

int
srs_rewrite_envelope(struct srs_envelope *envelope, const struct srs_context *context,
    const char *key, size_t len, const struct srs_result *embedded)
{
	char ascii[HOSTNAME_MAX + 1];
	struct mailaddr sender;
	struct text host, address;

	if (context->settings->original_envelope == ENVELOPE_EMBEDDED ||
	    (embedded->verdict != SRS_REWRITTEN && embedded->verdict != SRS_TOO_LONG) ||
	    mailaddr_parse_external(&sender, key, len) != MAILADDR_OK ||
	    is_embedded_well(context->settings, &sender, embedded))
		return 0;
	host = use_ascii_host(ascii, make_part(sender.domain, sender.domain_len));
	envelope->len =
	    mailaddr_format(envelope->address, sender.local, sender.local_len, host.s, host.len);
	if (envelope->len == 0)
		return 0;
	address = make_part(envelope->address, envelope->len);
	return srs_alias_make(context->keys, address, envelope->alias) ? 1 : -1;
}

void
srs_rewrite_alias(struct srs_result *result, const struct srs_context *context, const char *domain,
    const char *alias)
{
	result->secret = SRS_KEYS_NONE;
	result->len = 0;
	wrap_srs0(result, context, choose_domain(context, domain),
	    make_part(SRS_ALIAS_HOST, strlen(SRS_ALIAS_HOST)), make_part(alias, SRS_ALIAS_LEN));
}

/* verify_alias - 1 if the alias is that of the address, 0 if not, -1 when libcrypto failed */
static int
verify_alias(const struct srs_context *context, struct text alias, struct text address)
{
	int last = context->settings->envelope_accept_sha1;
	int secret = srs_alias_verify(context->keys, alias, address);

	if (secret == SRS_KEYS_FAILED)
		return -1;
	if (secret != SRS_KEYS_NONE)
		return 1;
	return last != 0 && day_of(context->now) <= last ? srs_alias_verify_sha1(alias, address)
							 : 0;
}

void
srs_rewrite_restore(struct srs_result *result, const struct srs_context *context,
    struct text address, const char **error)
{
	struct mailaddr sender;
	int verified =
	    verify_alias(context, make_part(result->alias, strlen(result->alias)), address);

	result->verdict = verified == -1 ? SRS_UNAVAILABLE : SRS_NO_STORE;
	*error = verified == -1 ? srs_verdict_text(SRS_UNAVAILABLE)
				: "the alias was not made from the address that is stored for it";
	if (verified != 1)
		return;
	*error = "the text that is stored for the alias is not an address";
	if (mailaddr_parse_external(&sender, address.s, address.len) != MAILADDR_OK)
		return;
	format_result(result, sender.local, sender.local_len, sender.domain, sender.domain_len);
}

static void
unwrap_recipient(struct srs_result *result, const struct srs_addr *srs)
{
	struct srs_local local = { .len = 0 };

	if (srs->kind == SRS_ADDR_SRS0) {
		format_result(result, srs->user.s, srs->user.len, srs->host.s, srs->host.len);
		return;
	}
	put_srs_bytes(&local, "SRS0", SRS_TAG_LEN);
	put_srs_bytes(&local, srs->user.s, srs->user.len);
	format_result(result, local.text, local.len, srs->host.s, srs->host.len);
}

void
srs_rewrite_reverse(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len)
{
	enum srs_domains_kind kind;
	struct signature signature;
	struct mailaddr addr;
	struct srs_addr srs;

	result->secret = SRS_KEYS_NONE;
	result->len = 0;
	result->verdict = SRS_NOT_SRS;
	if (mailaddr_parse_external(&addr, key, len) != MAILADDR_OK ||
	    srs_addr_tag(addr.local, addr.local_len) == -1)
		return;
	kind = srs_domains_kind(context->settings, addr.domain, addr.domain_len);
	if (kind == SRS_DOMAINS_FOREIGN) {
		result->verdict = SRS_FOREIGN;
		return;
	}
	result->verdict = verify_local_part(context, &srs, addr.local, addr.local_len, &signature);
	result->secret = signature.secret;
	result->form = signature.form;
	if (result->verdict == SRS_MALFORMED && kind == SRS_DOMAINS_CANDIDATE)
		result->verdict = SRS_NOT_SRS; /* an ordinary mailbox */
	if (result->verdict != SRS_REWRITTEN)
		return;
	if (srs.kind != SRS_ADDR_SRS0 || !is_alias_host(srs.host)) {
		unwrap_recipient(result, &srs);
		return;
	}
	result->verdict = SRS_UNKNOWN_ALIAS;
	if (!srs_alias_parse(srs.host, srs.user, result->alias))
		result->alias[0] = '\0';
}

/* judge_route - of an address that is not itself an SRS address of ours */
static enum srs_fact
judge_route(const struct settings *settings, const struct mailaddr_parts *address)
{
	return srs_domains_are_routed_to(settings, address->local, address->local_len)
		   ? SRS_FACT_FORGED
		   : SRS_FACT_FOREIGN;
}

enum srs_fact
srs_rewrite_fact(const struct srs_context *context, const struct mailaddr_parts *address)
{
	const struct settings *settings = context->settings;
	enum srs_domains_kind kind = SRS_DOMAINS_FOREIGN;
	struct signature signature;
	struct srs_addr srs;

	/* Few addresses have the tag, so that the rest costs nearly nothing for the others. */
	if (srs_addr_tag(address->local, address->local_len) != -1)
		kind = srs_domains_kind_as_written(settings, address->domain, address->domain_len);
	if (kind == SRS_DOMAINS_FOREIGN)
		return judge_route(settings, address);
	if (address->local_len > MAILADDR_MAX)
		return SRS_FACT_FORGED;
	switch (verify_local_part(context, &srs, address->local, address->local_len, &signature)) {
	case SRS_REWRITTEN:
		return SRS_FACT_VALID;
	case SRS_EXPIRED:
		return SRS_FACT_EXPIRED;
	case SRS_UNAVAILABLE:
		return SRS_FACT_UNKNOWN;
	case SRS_MALFORMED:
		return kind == SRS_DOMAINS_OURS ? SRS_FACT_FORGED : judge_route(settings, address);
	default:
		return SRS_FACT_FORGED;
	}
}
