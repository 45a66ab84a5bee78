/* SPDX-License-Identifier: ISC */
/*
 * A macro-string: the first line of the input. The lines that follow are the values: local part,
 * sender's domain, current domain, HELO name.
 */
#include "tests/fuzz/fuzz.h"

#include "spf/spf_macro.h"

static void
read_values(struct spf_macro_values *v, char **rest)
{
	v->local = text_of(fuzz_line(rest));
	v->sender_domain = text_of(fuzz_line(rest));
	v->domain = text_of(fuzz_line(rest));
	v->helo = text_of(fuzz_line(rest));
}

static void
check_name(struct text spec, const struct spf_macro_values *v, const struct spf_macro_values *w)
{
	char name[HOSTNAME_MAX + 1], other[HOSTNAME_MAX + 1];
	size_t n = spf_macro_expand_name(spec, v, name), m;

	fuzz_must(n <= HOSTNAME_MAX && name[n] == '\0');
	if (!spf_macro_uses(spec, "slodiphvcrt")) {
		m = spf_macro_expand_name(spec, w, other);
		fuzz_must(fuzz_same(name, n, other, m));
	}
	fuzz_say("name ");
	fuzz_say_bytes(name, n);
}

static void
check_text(struct text spec, const struct spf_macro_values *v)
{
	char text[SPF_EXPLANATION_MAX + 1];
	size_t n = spf_macro_expand_text(spec, v, text);

	fuzz_must(n <= SPF_EXPLANATION_MAX && text[n] == '\0');
	fuzz_say(" text ");
	fuzz_say_bytes(text, n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipaddr ip4, ip6;
	struct spf_macro_values v = { .ip = &ip4, .receiver = "mx.test", .now = 1700000000 };
	struct spf_macro_values w = { .ip = &ip6, .receiver = "", .now = 1 };
	char *text = fuzz_text(data, size), *rest = text;
	struct text spec = text_of(fuzz_line(&rest));
	const char *error = "";
	bool spec_ok, text_ok;

	ipaddr_parse(&ip4, "192.0.2.1", 9);
	ipaddr_parse(&ip6, "2001:db8::1", 11);
	v.validated = "unknown";
	w.validated = "a.test";
	read_values(&v, &rest);
	read_values(&w, &rest);
	spec_ok = spf_macro_is_domain_spec(spec, &error);
	if (spec_ok) {
		fuzz_must(spf_macro_is_valid(spec, false, &error));
		check_name(spec, &v, &w);
	}
	text_ok = spf_macro_is_valid(spec, true, &error);
	fuzz_must(text_ok || !spec_ok);
	if (text_ok)
		check_text(spec, &v);
	else
		fuzz_say("%s", error);
	free(text);
	return 0;
}
