/* SPDX-License-Identifier: ISC */
/*
 * An Authentication-Results field. All texts are parts of the value, in its order, and a result that
 * was parsed is written again and parsed as the same.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/forwarding/authres.h"
#include "srsd/forwarding/header_lexer.h"

struct written {
	size_t len;
	char text[8192];
};

static void
write_bytes(struct written *w, const char *s, size_t len)
{
	fuzz_must(w->len + len <= sizeof(w->text));
	memcpy(w->text + w->len, s, len);
	w->len += len;
}

static void
write_sign(struct written *w, const char *sign)
{
	write_bytes(w, sign, strlen(sign));
}

/* take_text - write a text that must be in the value, after the one before it */
static void
take_text(struct written *w, const char **at, const char *end, struct text text)
{
	fuzz_must(text.len > 0 && text.s >= *at && text.s + text.len <= end);
	*at = text.s + text.len;
	write_bytes(w, text.s, text.len);
}

static void
write_result(struct written *w, const char **at, const char *end, const struct authres_result *r)
{
	size_t i;

	write_sign(w, ";");
	take_text(w, at, end, r->method);
	write_sign(w, "=");
	take_text(w, at, end, r->result);
	if (r->reason.len > 0) {
		fuzz_must(r->has_remark);
		write_sign(w, " reason=");
		take_text(w, at, end, r->reason);
	}
	for (i = 0; i < r->n; i++) {
		write_sign(w, " ");
		take_text(w, at, end, r->property[i].type);
		write_sign(w, ".");
		take_text(w, at, end, r->property[i].name);
		write_sign(w, "=");
		take_text(w, at, end, r->property[i].value);
	}
}

static void
write_authres(struct written *w, const char *value, size_t len, const struct authres *authres)
{
	const char *at = value, *end = value + len;
	size_t i;

	w->len = 0;
	take_text(w, &at, end, authres->authserv_id);
	fuzz_must(authres->n <= AUTHRES_RESULTS_MAX);
	for (i = 0; i < authres->n; i++) {
		fuzz_must(authres->result[i].n <= AUTHRES_PROPERTIES_MAX);
		fuzz_must(
		    i == 0 || authres->result[i].has_remark || !authres->result[i - 1].has_remark);
		write_result(w, &at, end, &authres->result[i]);
	}
	if (authres->n == 0)
		write_sign(w, ";none");
}

/* check_again - what was written is the same field */
static void
check_again(const struct written *w)
{
	char *copy = fuzz_copy(w->text, w->len);
	struct text text = { copy, w->len };
	struct written again;
	struct authres authres;

	fuzz_must(authres_parse(&authres, text));
	write_authres(&again, copy, w->len, &authres);
	fuzz_must(fuzz_same(again.text, again.len, w->text, w->len));
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size), id[100];
	struct text value = { copy, size };
	struct written w;
	struct authres authres;

	if (size <= sizeof(w.text) / 2 && authres_parse(&authres, value)) {
		fuzz_must(memchr(copy, '\0', size) == NULL);
		write_authres(&w, copy, size, &authres);
		fuzz_say_bytes(w.text, w.len);
		check_again(&w);
		if (header_lexer_unquote(id, sizeof(id), authres.authserv_id))
			fuzz_must(strlen(id) <= authres.authserv_id.len);
	} else {
		fuzz_say("invalid");
	}
	free(copy);
	return 0;
}
