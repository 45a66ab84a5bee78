/* SPDX-License-Identifier: ISC */
/*
 * libspf2 with a hostile DNS (zone_case.h). Input that spf/spf_libspf2.c accepts neither crashes
 * nor hangs the library, and no order of the answers changes the verdict.
 */
#include "tests/fuzz/zone_case.h"
#include "tests/unit/fake_engines.h"

static void
check_verdict(const struct spf_verdict *v)
{
	bool error = v->result == SPF_TEMPERROR || v->result == SPF_PERMERROR;

	fuzz_must((unsigned)v->result < SPF_RESULTS);
	fuzz_must(error == (v->problem[0] != '\0'));
	fuzz_must(v->explanation[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone_case c;
	struct fake_dns dns = { .zone = c.zone, .seed = 7208 };
	struct fake_engines e = { .req = &c.req }, again = { .req = &c.req };

	if (!zone_case_read(&c, data, size))
		return 0;
	c.req.explain = false;
	fake_engines_run(&dns, &e);
	check_verdict(&e.libspf2);
	dns.order = FAKE_MIXED;
	fake_engines_run(&dns, &again);
	fuzz_must(again.libspf2.result == e.libspf2.result);
	fuzz_must(again.native.result == e.native.result);
	fake_libspf2_run(&dns, &again);
	fuzz_must(again.libspf2.result == e.libspf2.result);
	fuzz_say(
	    "%s, native %s", spf_result_name(e.libspf2.result), spf_result_name(e.native.result));
	return 0;
}
