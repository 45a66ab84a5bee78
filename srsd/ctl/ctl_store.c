/* SPDX-License-Identifier: ISC */
/*
 * srsctl store - the senders in the envelope database: its state, and the row of an alias.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "srsd/ctl/ctl_store.h"

#define USAGE "store status [--json] | get alias | backup file | import file | purge [--all --yes]"

/* print_answers - "puts  done 12, full 0, failed 0" */
static void
print_answers(const char *title, json_t *answers)
{
	const char *name, *separator = "";
	json_t *value;

	printf("%-12s", title);
	json_object_foreach (answers, name, value) {
		printf("%s%s %lld", separator, name, (long long)json_integer_value(value));
		separator = ", ";
	}
	putchar('\n');
}

static void
print_rows(const json_t *store)
{
	const json_t *rows = json_object_get(store, "rows");

	printf("%-12s", "rows");
	if (json_is_integer(rows))
		printf("%lld of %lld", ctl_number(store, "rows"), ctl_number(store, "limit"));
	else
		printf("not known");
	putchar('\n');
}

static void
print_store_status(const json_t *store)
{
	const json_t *problem = json_object_get(store, "problem");

	printf("%-12s%s\n", "database", ctl_text(store, "database"));
	printf("%-12s%s%s%s\n", "state",
	    json_is_true(json_object_get(store, "connected")) ? "connected" : "not connected",
	    json_is_string(problem) ? ": " : "", ctl_string(problem));
	print_rows(store);
	print_answers("puts", json_object_get(store, "put"));
	print_answers("gets", json_object_get(store, "get"));
	printf("%-12s%lld\n", "errors", ctl_number(store, "errors"));
	printf("%-12s%lld without a write, because the sender was known\n", "known",
	    ctl_number(store, "known"));
	printf("%-12s%lld waiting, %lld connections lost\n", "questions", ctl_number(store, "open"),
	    ctl_number(store, "lost"));
}

/* judge_store - CTL_FAILED: it cannot be used */
static int
judge_store(const json_t *store)
{
	return json_is_true(json_object_get(store, "connected")) &&
		       !json_is_string(json_object_get(store, "problem"))
		   ? CTL_OK
		   : CTL_FAILED;
}

static int
show_store_status(const struct ctl *ctl, bool as_json)
{
	json_t *reply, *store;
	int status;

	if (ctl_ask_for(ctl, "status", NULL, as_json ? CTL_AS_JSON : CTL_SHOWN, &reply) != CTL_OK)
		return CTL_USAGE;
	store = json_object_get(reply, "store");
	status = judge_store(store);
	if (as_json)
		ctl_print_json(store == NULL ? reply : store);
	else if (json_is_object(store))
		print_store_status(store);
	else
		ctl_print_error("no envelope-database is set");
	json_decref(reply);
	return status;
}

static int
run_store_status(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	bool as_json = false;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c != 'j')
			return ctl_usage(USAGE);
		as_json = true;
	}
	return optind == argc ? show_store_status(ctl, as_json) : ctl_usage(USAGE);
}

/* print_row - an alias that no secret has made is not believed by the maps */
static int
print_row(const json_t *reply)
{
	const char *maker = ctl_text(reply, "made_by");
	bool is_found = json_object_get(reply, "address") != NULL;

	if (!is_found)
		printf("%s: %s\n", ctl_text(reply, "alias"), ctl_text(reply, "reason"));
	else if (maker[0] != '\0')
		printf("%s  %s  made by %s\n", ctl_text(reply, "alias"), ctl_text(reply, "address"),
		    maker);
	else
		printf("%s  %s  not made of this address: the maps do not believe it\n",
		    ctl_text(reply, "alias"), ctl_text(reply, "address"));
	return is_found ? CTL_OK : CTL_FAILED;
}

static int
run_store_get(const struct ctl *ctl, int argc, char **argv)
{
	char error[CTL_ERROR_SIZE];
	json_t *request, *reply;
	int status = CTL_USAGE;

	if (argc != 2)
		return ctl_usage(USAGE);
	request = json_pack("{s:s, s:s}", "command", "store-get", "alias", argv[1]);
	if (request == NULL) {
		ctl_print_error("the alias is not UTF-8");
		return CTL_USAGE;
	}
	reply = ctl_ask(ctl, request, CTL_SHOWN, error);
	json_decref(request);
	if (reply == NULL)
		ctl_print_error(error);
	else if (!ctl_print_reply_error(reply))
		status = print_row(reply);
	json_decref(reply);
	return status;
}

static const struct {
	const char *name;
	ctl_command_fn *run;
} subcommands[] = {
	{ "backup", ctl_store_backup },
	{ "get", run_store_get },
	{ "import", ctl_store_import },
	{ "purge", ctl_store_purge },
	{ "status", run_store_status },
};

int
ctl_store(const struct ctl *ctl, int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommands[i].run(ctl, argc - 1, argv + 1);
	return ctl_usage(USAGE);
}
