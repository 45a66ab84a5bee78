/* SPDX-License-Identifier: ISC */
/*
 * Records out of pieces of the grammar, some of them damaged, by the thousand and the same ones in
 * every run: both engines come to the same verdict, unless it is one of the differences that
 * test_spf_libspf2.c lists. Under the sanitizers it is the search for what crashes libspf2, too.
 */
#include "tests/unit/fake_engines.h"

#define RECORDS 20000

struct fuzz {
	uint64_t seed;
	char zone[1 << 16];
	size_t n;
	/* Which of the known differences this zone may lead to. */
	bool zero_prefix;
	bool ptr_errors;
	bool strange_ptr;
	bool loopback;
	bool damaged;
};

#define PICK(f, array) array[unit_random(&(f)->seed, COUNT(array))]

static bool
one_in(struct fuzz *f, unsigned n)
{
	return unit_random(&f->seed, n) == 0;
}

static void __attribute__((format(printf, 2, 3))) put(struct fuzz *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	f->n += (size_t)vsnprintf(f->zone + f->n, sizeof(f->zone) - f->n, fmt, ap);
	va_end(ap);
	assert_true(f->n < sizeof(f->zone));
}

static const char *const hosts[] = { "own.test", "h0.test", "h1.test", "h2.test", "a/b.test",
	"x0.alias.invalid", "mx.relay.test" };

static const char *const addresses4[] = { "192.0.2.1", "192.0.2.0", "198.51.100.7", "10.0.0.1" };
static const char *const addresses6[] = { "2001:db8::1", "2001:db8::", "::ffff:192.0.2.1",
	"fe80::1" };

static const char *
pick_name(struct fuzz *f)
{
	static const char *const names[] = { "own.test", "h0.test", "h1.test", "h2.test", "H1.TEST",
		"h0.test.", "a/b.test", "void.test", "gone.test", "sick.test", "_spf.test", "test",
		"..bad.test", "x0.alias.invalid", "x9.alias.invalid", "alias.invalid",
		"%{i}.h.test", "%{ir}.%{v}.h.test", "%{l}.h.test", "%{L}.h.test", "%{s}.h.test",
		"%{o}.h.test", "%{d}", "%{d1}.test", "%{d1r}.test", "%{h}", "%{h2}", "%{p}",
		"%{p}.h.test", "x%%y.test", "x%_y.test", "%-.test", "%{l1r-+}.h.test",
		"%{s255r-._}.h.test" };

	return PICK(f, names);
}

static const char *
pick_included(struct fuzz *f)
{
	static const char *const names[] = { "i0.test", "i1.test", "i2.test", "i3.test", "I0.TEST",
		"own.test", "void.test", "sick.test", "gone.test", "%{l}.i.test",
		"x1.alias.invalid", "i/.test" };

	return PICK(f, names);
}

static const char *
pick_prefix(struct fuzz *f, bool six)
{
	static const char *const four_bits[] = { "", "", "/32", "/24", "/8", "/1" };
	static const char *const six_bits[] = { "", "", "/128", "/64", "/96", "/1" };

	if (f->zero_prefix && one_in(f, 8))
		return "/0";
	return six ? PICK(f, six_bits) : PICK(f, four_bits);
}

static void
put_prefixes(struct fuzz *f)
{
	const char *six = one_in(f, 3) ? pick_prefix(f, true) : "";

	put(f, "%s", pick_prefix(f, false));
	if (six[0] != '\0')
		put(f, "/%s", six);
}

static void
put_modifier(struct fuzz *f)
{
	static const char *const modifiers[] = { "exp=e.test", "exp=%{l}.test", "moo=cow",
		"m=", "moo=%{d}" };

	put(f, "%s", PICK(f, modifiers));
}

static void
put_term(struct fuzz *f)
{
	static const char *const qualifiers[] = { "", "", "", "+", "-", "~", "?" };

	put(f, " ");
	switch (unit_random(&f->seed, 14)) {
	case 0:
		put(f, "redirect=%s", pick_included(f));
		return;
	case 1:
		put_modifier(f);
		return;
	default:
		put(f, "%s", PICK(f, qualifiers));
		break;
	}
	switch (unit_random(&f->seed, 12)) {
	case 0:
		put(f, "all");
		break;
	case 1:
		put(f, "ip4:%s%s", PICK(f, addresses4), pick_prefix(f, false));
		break;
	case 2:
		put(f, "ip6:%s%s", PICK(f, addresses6), pick_prefix(f, true));
		break;
	case 3:
	case 4:
		put(f, "a");
		if (!one_in(f, 3))
			put(f, ":%s", pick_name(f));
		put_prefixes(f);
		break;
	case 5:
	case 6:
		put(f, "mx");
		if (!one_in(f, 3))
			put(f, ":%s", pick_name(f));
		put_prefixes(f);
		break;
	case 7:
		put(f, "ptr");
		if (!one_in(f, 2))
			put(f, ":%s", pick_name(f));
		break;
	case 8:
		put(f, "exists:%s", pick_name(f));
		break;
	default:
		put(f, "include:%s", pick_included(f));
		break;
	}
}

/* damage - one byte of the record that begins there: removed, doubled, or replaced */
static void
damage(struct fuzz *f, size_t begin)
{
	static const char bytes[] = " :/=%{}+-~?.,_0129afdlpr";
	size_t at = begin + unit_random(&f->seed, (unsigned)(f->n - begin));
	char *place = f->zone + at;

	switch (unit_random(&f->seed, 3)) {
	case 0:
		memmove(place, place + 1, f->n - at);
		f->n--;
		break;
	case 1:
		memmove(place + 1, place, f->n - at + 1);
		f->n++;
		break;
	default:
		*place = bytes[unit_random(&f->seed, sizeof(bytes) - 1)];
		break;
	}
}

static void
put_record(struct fuzz *f, const char *name, unsigned most)
{
	unsigned n = unit_random(&f->seed, most + 1);
	size_t begin;

	put(f, "%s TXT v=spf1", name);
	begin = f->n;
	while (n-- > 0)
		put_term(f);
	while (f->damaged && f->n > begin && one_in(f, 2))
		damage(f, begin);
	put(f, "\n");
}

static void
put_addresses(struct fuzz *f, const char *name)
{
	unsigned n;

	for (n = unit_random(&f->seed, 3); n > 0; n--)
		put(f, "%s A %s\n", name, PICK(f, addresses4));
	for (n = unit_random(&f->seed, 3); n > 0; n--)
		put(f, "%s AAAA %s\n", name, PICK(f, addresses6));
}

static void
put_hosts(struct fuzz *f)
{
	static const char *const exchanges[] = { "h0.test", "h1.test", "h2.test", "a/b.test", ".",
		"gone.test", "sick.test", "x0.alias.invalid" };
	size_t i;
	unsigned n;

	for (i = 0; i < COUNT(hosts); i++) {
		put_addresses(f, hosts[i]);
		for (n = unit_random(&f->seed, 3); n > 0 && one_in(f, 2); n--)
			put(f, "%s MX %s\n", hosts[i], PICK(f, exchanges));
	}
	put(f, "sick.test A !\nsick.test AAAA !\nsick.test MX !\nsick.test TXT !\n");
	if (one_in(f, 2))
		put(f, "jane.h.test A 127.0.0.2\nown.test.h.test A 127.0.0.2\n");
	if (one_in(f, 2))
		put(f, "192.0.2.1.h.test A 127.0.0.2\n1.2.0.192.in-addr.h.test A 127.0.0.2\n");
}

static void
put_reverse(struct fuzz *f, const char *reverse)
{
	static const char *const names[] = { "own.test", "h0.test", "h1.test", "mx.relay.test",
		"gone.test", "a.own.test" };
	unsigned n;

	if (f->ptr_errors && one_in(f, 2))
		put(f, "%s PTR !\n", reverse);
	for (n = unit_random(&f->seed, 5); n > 0; n--)
		put(f, "%s PTR %s\n", reverse,
		    f->ptr_errors && one_in(f, 2)    ? "sick.test"
		    : f->strange_ptr && one_in(f, 2) ? "a/b.test"
						     : PICK(f, names));
}

static void
make_zone(struct fuzz *f)
{
	f->zone[f->n = 0] = '\0';
	f->zero_prefix = one_in(f, 8);
	f->ptr_errors = one_in(f, 8);
	f->strange_ptr = one_in(f, 8);
	f->loopback = one_in(f, 32);
	f->damaged = one_in(f, 3);
	put_record(f, "own.test", 6);
	put_record(f, "i0.test", 4);
	put_record(f, "i1.test", 4);
	put_record(f, "i2.test", 4);
	put_record(f, "i3.test", 4);
	put_record(f, "i/.test", 3);
	put_record(f, "jane.i.test", 3);
	put_record(f, "x1.alias.invalid", 3);
	put_hosts(f);
	put_reverse(f, "1.2.0.192.in-addr.arpa");
	put_reverse(f, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

/* is_listed - may they differ so? The reasons in the order of the list. */
static bool
is_listed(const struct fuzz *f, const struct fake_engines *e)
{
	enum spf_result libspf2 = e->libspf2.result;

	if (libspf2 == SPF_PERMERROR && strstr(f->zone, "/0") != NULL)
		return true;
	if (strncmp(e->native.problem, "too many DNS lookups", 20) == 0)
		return true; /* with those that found nothing */
	if (libspf2 == SPF_TEMPERROR && f->ptr_errors)
		return true;
	return (libspf2 == SPF_PASS && f->loopback) || f->strange_ptr;
}

static void
check_zone(struct fuzz *f, unsigned nth, unsigned *differences)
{
	static const char *const clients[] = { "192.0.2.1", "2001:db8::1", "198.51.100.7" };
	static const char *const senders[] = { "jane@own.test", "own.test", "jane@i0.test",
		"a-%{s}+b@own.test", "\303\266@own.test", "jane@x1.alias.invalid" };
	struct spf_request req =
	    fake_request(PICK(f, senders), f->loopback ? "127.0.0.1" : PICK(f, clients));
	struct fake_dns dns = { .zone = f->zone, .order = nth % FAKE_ORDERS, .seed = nth };
	struct fake_engines e = { .req = &req }, again;

	fake_engines_run(&dns, &e);
	if (e.native.result != e.libspf2.result) {
		(*differences)++;
		unit_true(unit_row("record %u: %s, libspf2 %s", nth,
			      spf_result_name(e.native.result), spf_result_name(e.libspf2.result)),
		    "is listed", is_listed(f, &e));
	}
	if (nth % 8 != 0)
		return;
	again = e;
	dns.order = FAKE_MIXED;
	fake_engines_run(&dns, &again);
	unit_int(unit_row("record %u", nth), "libspf2 in another order", again.libspf2.result,
	    e.libspf2.result);
	fake_libspf2_run(&dns, &again);
	unit_int(
	    unit_row("record %u", nth), "libspf2 alone", again.libspf2.result, e.libspf2.result);
}

static void
test_random_records(void **state)
{
	static struct fuzz f = { .seed = 20210314 };
	unsigned nth, differences = 0;

	(void)state;
	for (nth = 0; nth < RECORDS && unit_differences < 20; nth++) {
		make_zone(&f);
		check_zone(&f, nth, &differences);
		if (unit_differences > 0 && unit_differences < 3)
			print_error("%s", f.zone);
	}
	/* Otherwise the rows above would prove nothing. */
	unit_true("all", "verdicts mostly agree", differences < RECORDS / 5);
	unit_true("all", "some differ", differences > RECORDS / 100);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_records),
	};

	return cmocka_run_group_tests_name("spf_libspf2_fuzz", tests, NULL, NULL);
}
