/* SPDX-License-Identifier: ISC */
/*
 * Values of main.cf, one per line, and lines of master.cf. The words of a list cover all of it, and
 * a search through restriction classes that name each other ends.
 */
#include "tests/fuzz/fuzz.h"

#include <strings.h>

#include "srsd/ctl/check/postfix_restriction.h"
#include "srsd/ctl/postfix_text.h"

static const char *lists[8];
static size_t n_lists;
static unsigned asked;

/* check_words - they cover the list, and none is empty; returns their number */
static unsigned
check_words(const char *list)
{
	char word[POSTFIX_WORD_SIZE], endpoint[POSTFIX_WORD_SIZE];
	const char *s = list, *before = list;
	unsigned n = 0;

	for (; postfix_word(&s, word); n++) {
		fuzz_must(s > before && s <= list + strlen(list));
		before = s;
		fuzz_must(word[0] != '\0' && strlen(word) < POSTFIX_WORD_SIZE);
		fuzz_must(word[0] == '{' || strpbrk(word, ", \t\r\n") == NULL ||
			  strchr(word, '{') != NULL);
		fuzz_must(postfix_list_has(list, word));
		postfix_policy_endpoint(word, endpoint);
		fuzz_must(strlen(endpoint) <= strlen(word));
		if (postfix_word_option(word, "protocol", endpoint))
			fuzz_must(strlen(endpoint) + strlen("protocol=") < strlen(word));
		fuzz_must(postfix_seconds(word) >= -1);
	}
	return n;
}

static bool
is_ours(void *arg, const char *endpoint)
{
	(void)arg;
	asked++;
	return strcmp(endpoint, "inet:127.0.0.1:10003") == 0;
}

/* class_of - a word in capitals is a class: its last letter gives the number of its list */
static const char *
class_of(void *arg, const char *name)
{
	size_t len = strlen(name);

	(void)arg;
	if (len == 0 || name[0] < 'A' || name[0] > 'Z')
		return NULL;
	return lists[(unsigned char)name[len - 1] % n_lists];
}

static int
look_up(void *arg, const char *table, const char *key)
{
	(void)arg;
	fuzz_must(table[0] != '\0' && key[0] != '\0');
	return table[0] == 'h' ? 0 : table[0] == 't' ? 1 : -1;
}

static void
check_service(const char *line)
{
	struct postfix_service service;

	if (!postfix_service_parse(&service, line))
		return;
	fuzz_must(strlen(service.name) < sizeof(service.name) && service.name[0] != '\0');
	fuzz_must(strlen(service.type) < sizeof(service.type));
	fuzz_must(strlen(service.chroot) < sizeof(service.chroot));
	fuzz_must(strlen(service.command) < sizeof(service.command));
	fuzz_must(service.arguments >= line && service.arguments <= line + strlen(line));
	fuzz_must(strchr(postfix_service_port(&service), ':') == NULL);
	fuzz_must(!postfix_is_hop(&service) || strcmp(service.type, "inet") == 0);
	fuzz_say("%s/%s ", service.name, service.type);
}

/* check_restrictions - the lists as smtpd(8) evaluates them; returns the fault */
static int
check_restrictions(void)
{
	const struct postfix_lists all = { lists, n_lists, class_of, NULL };
	char word[POSTFIX_WORD_SIZE] = "";
	size_t number;
	enum postfix_fault fault = postfix_lists_fault(&all, word, &number);

	fuzz_must(fault <= POSTFIX_BAD_TRANSPORT);
	fuzz_must(fault == POSTFIX_SOUND || (word[0] != '\0' && number < n_lists));
	fuzz_must(!postfix_lists_have(&all, "reject") || postfix_lists_guard(&all));
	return (int)fault;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	unsigned words = 0;
	enum postfix_place place;
	size_t i;
	int in;

	n_lists = asked = 0;
	do {
		lists[n_lists] = fuzz_line(&rest);
		words += check_words(lists[n_lists++]);
	} while (*rest != '\0' && n_lists < 8);
	for (i = 0; i < n_lists; i++)
		check_service(lists[i]);
	place = postfix_policy_place(lists, n_lists, is_ours, class_of, NULL);
	fuzz_must(place <= POSTFIX_RIGHT);
	fuzz_must(place == POSTFIX_NOWHERE || asked > 0);
	in = postfix_domain_in(lists[0], "mail.own.test", POSTFIX_MATCH_SUBDOMAIN, look_up, NULL);
	fuzz_must(in >= -1 && in <= 1);
	fuzz_say("%zu lists, %u words, place %d, in %d, fault %d", n_lists, words, (int)place, in,
	    check_restrictions());
	free(text);
	return 0;
}
