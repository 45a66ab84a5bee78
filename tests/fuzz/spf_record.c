/* SPDX-License-Identifier: ISC */
/*
 * A TXT record. A record that is parsed, and written again from its terms, is parsed to the same
 * terms. For any other, the error points at a place inside of it.
 */
#include "tests/fuzz/fuzz.h"

#include "spf/spf_record.h"

#define SIZE_MAX_BYTES 4096

struct writer {
	size_t n;
	char text[4 * SIZE_MAX_BYTES];
};

static void
put(struct writer *w, const char *before, struct text text)
{
	size_t n = strlen(before);

	fuzz_must(w->n + n + text.len < sizeof(w->text));
	memcpy(w->text + w->n, before, n);
	if (text.len > 0)
		memcpy(w->text + w->n + n, text.s, text.len);
	w->n += n + text.len;
}

static bool
is_within(struct text part, const char *s, size_t len)
{
	return part.len == 0 || (part.s >= s && part.s + part.len <= s + len);
}

static void
check_term(const struct spf_term *t, const char *s, size_t len)
{
	fuzz_must(t->mechanism <= SPF_MECH_EXISTS);
	fuzz_must(t->qualifier != '\0' && strchr("+-?~", t->qualifier) != NULL);
	fuzz_must(t->text.len > 0 && is_within(t->text, s, len));
	fuzz_must(is_within(t->domain, t->text.s, t->text.len));
	fuzz_must(memchr(t->text.s, ' ', t->text.len) == NULL);
	fuzz_must(t->prefix4 <= 32 && t->prefix6 <= 128);
	fuzz_must(t->net.prefix <= 8 * ipaddr_size(&t->net.addr) || t->net.addr.family == 0);
	if (t->mechanism == SPF_MECH_INCLUDE || t->mechanism == SPF_MECH_EXISTS)
		fuzz_must(t->domain.len > 0);
	if (t->domain.len > 0)
		fuzz_must(spf_macro_is_domain_spec(t->domain, &(const char *){ NULL }));
}

static void
write_anew(struct writer *w, const struct spf_record *r)
{
	size_t i;

	w->n = 0;
	put(w, "v=SPF1 ", (struct text){ "", 0 });
	if (r->exp.s != NULL)
		put(w, " eXp=", r->exp);
	for (i = 0; i < r->n; i++)
		put(w, "  ", r->terms[i].text);
	if (r->redirect.s != NULL)
		put(w, " redirect=", r->redirect);
	put(w, "  ", (struct text){ "", 0 });
}

static bool
same_text(struct text a, struct text b)
{
	return (a.s == NULL) == (b.s == NULL) && fuzz_same(a.s, a.len, b.s, b.len);
}

static void
must_be_same(const struct spf_record *a, const struct spf_record *b)
{
	const struct spf_term *s, *t;
	size_t i;

	fuzz_must(a->n == b->n);
	fuzz_must(same_text(a->redirect, b->redirect) && same_text(a->exp, b->exp));
	for (i = 0; i < a->n; i++) {
		s = &a->terms[i];
		t = &b->terms[i];
		fuzz_must(s->mechanism == t->mechanism && s->qualifier == t->qualifier);
		fuzz_must(fuzz_same(s->domain.s, s->domain.len, t->domain.s, t->domain.len));
		fuzz_must(s->prefix4 == t->prefix4 && s->prefix6 == t->prefix6);
		fuzz_must(s->net.prefix == t->net.prefix);
		fuzz_must(s->net.addr.family == t->net.addr.family);
		fuzz_must(ipaddr_agree(&s->net.addr, &t->net.addr, s->net.prefix) ||
			  s->net.addr.family == 0);
	}
}

static void
check_record(const struct spf_record *r, const char *text, size_t len)
{
	static struct writer w;
	struct spf_record again;
	struct text at;
	const char *error;
	size_t i;

	fuzz_must(r->n <= SPF_RECORD_TERMS_MAX);
	fuzz_must(is_within(r->redirect, text, len) && is_within(r->exp, text, len));
	for (i = 0; i < r->n; i++)
		check_term(&r->terms[i], text, len);
	write_anew(&w, r);
	fuzz_must(spf_record_is_spf(w.text, w.n));
	fuzz_must(spf_record_parse(&again, w.text, w.n, &error, &at));
	must_be_same(r, &again);
	spf_record_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct spf_record record;
	struct text at = { NULL, 0 };
	const char *error;

	if (size > SIZE_MAX_BYTES || !spf_record_is_spf(text, size)) {
		fuzz_say("no SPF record");
	} else if (spf_record_parse(&record, text, size, &error, &at)) {
		check_record(&record, text, size);
		fuzz_say("%zu terms%s%s", record.n, record.redirect.s == NULL ? "" : ", redirect",
		    record.exp.s == NULL ? "" : ", exp");
		spf_record_free(&record);
	} else {
		fuzz_must(error != NULL && error[0] != '\0' && is_within(at, text, size));
		fuzz_say("%s: ", error);
		fuzz_say_bytes(at.s, at.len);
	}
	free(text);
	return 0;
}
