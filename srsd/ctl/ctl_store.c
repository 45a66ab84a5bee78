/* SPDX-License-Identifier: ISC */
/*
 * srsctl store - the senders in the envelope database: its state, and the row of an alias.
 */
#include <stdio.h>
#include <string.h>

#include "srsd/ctl/ctl_store.h"
#include "srsd/srs/srs_alias.h"

bool
ctl_store_identity(const struct ctl *ctl, struct identity *id)
{
	const char *user = ctl->settings->unprivileged_user, *instead, *why;

	if (privdrop_daemon(id, user, &instead, &why))
		return true;
	fprintf(stderr, "srsctl: unprivileged-user '%s': %s\n", user, why);
	return false;
}

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
show_store_status(const struct ctl *ctl, const struct command_line *line)
{
	bool as_json = command_line_has(line, "json");
	json_t *reply, *store;
	int status;

	if (ctl_ask_for(ctl, "status", NULL, as_json ? CTL_AS_JSON : CTL_SHOWN, &reply) != CTL_OK)
		return CTL_UNKNOWN;
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
		printf("%s  %s  not made from this address: the maps do not believe it\n",
		    ctl_text(reply, "alias"), ctl_text(reply, "address"));
	return is_found ? CTL_OK : CTL_FAILED;
}

static int
show_row(json_t *reply, bool as_json)
{
	if (!as_json)
		return print_row(reply);
	ctl_print_json(reply);
	return json_object_get(reply, "address") != NULL ? CTL_OK : CTL_FAILED;
}

static int
run_store_get(const struct ctl *ctl, const struct command_line *line)
{
	const char *alias = command_line_argument(line, 0);
	json_t *request = json_pack("{s:s, s:s}", "command", "store-get", "alias", alias), *reply;
	bool as_json = command_line_has(line, "json");
	char error[CTL_ERROR_SIZE], key[SRS_ALIAS_KEY_SIZE];
	int status = CTL_UNKNOWN;

	if (!srs_alias_find(alias, strlen(alias), key)) {
		json_decref(request);
		return ctl_usage(line, "'%s' is not an alias: " SRS_ALIAS_FORMS, alias);
	}
	reply = ctl_ask(ctl, request, as_json ? CTL_AS_JSON : CTL_SHOWN, error);
	json_decref(request);
	if (reply == NULL)
		ctl_print_error(error);
	else if (!ctl_print_reply_error(reply))
		status = show_row(reply, as_json);
	json_decref(reply);
	return status;
}

static const struct {
	const char *name;
	ctl_command_fn *run;
} subcommands[] = {
	{ "store backup", ctl_store_backup },
	{ "store get", run_store_get },
	{ "store import", ctl_store_import },
	{ "store purge", ctl_store_purge },
	{ "store status", show_store_status },
};

int
ctl_store(const struct ctl *ctl, const struct command_line *line)
{
	size_t i = 0;

	while (strcmp(subcommands[i].name, line->command->name) != 0)
		i++;
	return subcommands[i].run(ctl, line);
}
