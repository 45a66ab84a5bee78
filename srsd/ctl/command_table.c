/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <string.h>

#include "srsd/ctl/command_table.h"

#define TIMEOUT_MAX 3600
#define LINES_MAX 100000
#define INTERVAL_MAX 3600

/* Rows of several commands. */
#define FORCE(meaning)                                                 \
	{                                                              \
		.name = "force", .type = COMMAND_FLAG, .text = meaning \
	}
#define JSON                                                               \
	{                                                                  \
		.name = "json", .type = COMMAND_FLAG, .text = "print JSON" \
	}
#define TIMEOUT                                                                          \
	{                                                                                \
		.name = "timeout", .type = COMMAND_NUMBER, .value = "SECONDS", .min = 1, \
		.max = TIMEOUT_MAX, .text = "time to wait for an answer, default 120",   \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

const struct command_option command_globals[] = {
	{ "config", 'f', COMMAND_FILE, "FILE", 0, 0, "configuration of the daemon" },
	{ "help", 'h', COMMAND_FLAG, NULL, 0, 0, "print help, or the help of a command" },
	{ "socket", 's', COMMAND_FILE, "PATH", 0, 0, "control socket of the daemon" },
	{ "version", 'V', COMMAND_FLAG, NULL, 0, 0, "print the version" },
	END,
};

static const struct command_option asking_options[] = { JSON, TIMEOUT, END };
static const struct command_option no_options[] = { END };

static const struct command_option check_options[] = {
	{ "address", '\0', COMMAND_IP, "IP", 0, 0, "address of this host as other hosts see it" },
	JSON,
	{ "postfix", '\0', COMMAND_DIRECTORY, "DIRECTORY", 0, 0, "directory of main.cf" },
	{ "print-domains", '\0', COMMAND_FLAG, NULL, 0, 0, "print only the line for domains" },
	{ "quiet", 'q', COMMAND_FLAG, NULL, 0, 0, "omit the lines that start with ok" },
	{ "send", '\0', COMMAND_TEXT, "ADDRESS", 0, 0,
	    "send a test message to a forwarded address" },
	{ "strict", '\0', COMMAND_FLAG, NULL, 0, 0, "exit with status 1 if there is a warning" },
	TIMEOUT,
	END,
};

static const struct command_option explain_options[] = {
	{ "client", '\0', COMMAND_TEXT, "IP", 0, 0, "SMTP client of the milter" },
	JSON,
	{ "message", '\0', COMMAND_FILE, "FILE", 0, 0, "the message; - is standard input" },
	{ "orcpt", '\0', COMMAND_TEXT, "ADDRESS", 0, 0, "original recipient, before aliases" },
	{ "recipient", '\0', COMMAND_TEXT, "ADDRESS", 0, 0, "RCPT TO, after aliases" },
	{ "sender", '\0', COMMAND_TEXT, "ADDRESS", 0, 0, "MAIL FROM" },
	TIMEOUT,
	END,
};

static const struct command_option import_options[] = {
	{ "as", '\0', COMMAND_CHOICE, "postsrsd|postsrsd2|policyd-spf", 0, 0,
	    "program that the files belong to" },
	{ "check", '\0', COMMAND_FLAG, NULL, 0, 0, "print the differences from srsd.conf" },
	{ "choose", '\0', COMMAND_CHOICE, "said|did", 0, 0,
	    "use the values in the files, or the old behaviour" },
	JSON,
	{ "postfix", '\0', COMMAND_DIRECTORY, "DIRECTORY", 0, 0, "directory of main.cf" },
	{ "short", '\0', COMMAND_FLAG, NULL, 0, 0, "print only what differs from the defaults" },
	END,
};

static const struct command_option policy_options[] = {
	{ "to", '\0', COMMAND_TEXT, "ENDPOINT", 0, 0, "policy service to ask" },
	END,
};

static const struct command_option recent_options[] = {
	{ "address", '\0', COMMAND_TEXT, "ADDRESS", 0, 0, "decisions with this address" },
	{ "client", '\0', COMMAND_TEXT, "IP", 0, 0, "decisions about this SMTP client" },
	{ "domain", '\0', COMMAND_TEXT, "DOMAIN", 0, 0, "decisions with an address in it" },
	{ "follow", 'f', COMMAND_FLAG, NULL, 0, 0, "continue with new decisions" },
	{ "json", '\0', COMMAND_FLAG, NULL, 0, 0, "print each decision as a line of JSON" },
	{ "lines", 'n', COMMAND_NUMBER, "NUMBER", 0, LINES_MAX,
	    "past decisions to print first, default 100" },
	{ "queue", '\0', COMMAND_TEXT, "ID", 0, 0, "decisions about the message with this ID" },
	{ "result", '\0', COMMAND_TEXT, "WORD", 0, 0,
	    "decisions with this result, action or reason" },
	TIMEOUT,
	END,
};

static const struct command_option secret_new_options[] = {
	JSON,
	{ "last", '\0', COMMAND_FLAG, NULL, 0, 0, "add it at the end, where it only verifies" },
	TIMEOUT,
	END,
};

static const struct command_option secret_promote_options[] = {
	{ "dry-run", '\0', COMMAND_FLAG, NULL, 0, 0, "ask the siblings, but change nothing" },
	FORCE("do not ask the siblings"),
	JSON,
	TIMEOUT,
	END,
};

static const struct command_option secret_retire_options[] = {
	FORCE("remove it even if bounces may still arrive"),
	JSON,
	TIMEOUT,
	END,
};

static const struct command_option backup_options[] = { JSON, END };

static const struct command_option spf_options[] = {
	{ "engine", '\0', COMMAND_CHOICE, "native|libspf2|both", 0, 0, "SPF engine" },
	{ "for", '\0', COMMAND_TEXT, "DOMAIN", 0, 0, "check mail forwarded under an SRS domain" },
	JSON,
	{ "offline", '\0', COMMAND_FLAG, NULL, 0, 0, "query the DNS without the daemon" },
	{ "record", '\0', COMMAND_TEXT, "TEXT", 0, 0, "try a record before it is published" },
	TIMEOUT,
	END,
};

static const struct command_option store_purge_options[] = {
	{ "all", '\0', COMMAND_FLAG, NULL, 0, 0, "delete all rows, not only expired ones" },
	JSON,
	TIMEOUT,
	{ "yes", '\0', COMMAND_FLAG, NULL, 0, 0, "confirm --all" },
	END,
};

static const struct command_option top_options[] = {
	{ "interval", '\0', COMMAND_NUMBER, "SECONDS", 1, INTERVAL_MAX,
	    "time between tables, default 2" },
	{ "json", '\0', COMMAND_FLAG, NULL, 0, 0, "print JSON, once" },
	{ "once", '\0', COMMAND_FLAG, NULL, 0, 0, "print one table" },
	TIMEOUT,
	END,
};

const struct command command_table[] = {
	{ "check", "verify the whole installation", { "" }, 0, 0, COMMAND_TEXT, check_options },
	{ "explain", "explain a decision of the policy service or the milter",
	    { "CLIENT SENDER RECIPIENT [HELO]", "--message FILE" }, 0, 4, COMMAND_TEXT,
	    explain_options },
	{ "forward", "ask the forward map about a sender", { "ADDRESS", "-" }, 1, 1, COMMAND_TEXT,
	    asking_options },
	{ COMMAND_HELP, "print help for all commands or for one", { "[COMMAND]" }, 0, 2,
	    COMMAND_TEXT, no_options },
	{ "import", "convert the configuration of postsrsd and policyd-spf", { "[FILE ...]" }, 0,
	    UINT_MAX, COMMAND_FILE, import_options },
	{ "policy", "provide the policy service on standard input, for spawn(8)", { "" }, 0, 0,
	    COMMAND_TEXT, policy_options },
	{ "recent", "print the last decisions, and follow new ones", { "" }, 0, 0, COMMAND_TEXT,
	    recent_options },
	{ "reload", "make the daemon read its files again", { "" }, 0, 0, COMMAND_TEXT,
	    asking_options },
	{ "reverse", "ask the reverse map about an SRS address", { "ADDRESS", "-" }, 1, 1,
	    COMMAND_TEXT, asking_options },
	{ "secret list", "list the secrets by their fingerprints", { "" }, 0, 0, COMMAND_TEXT,
	    asking_options },
	{ "secret new", "generate a secret", { "" }, 0, 0, COMMAND_TEXT, secret_new_options },
	{ "secret promote", "make a secret sign new addresses", { "FINGERPRINT" }, 1, 1,
	    COMMAND_TEXT, secret_promote_options },
	{ "secret retire", "remove a secret", { "FINGERPRINT" }, 1, 1, COMMAND_TEXT,
	    secret_retire_options },
	{ "spf", "check SPF, and explain the result",
	    { "CLIENT SENDER [HELO]", "-", "--for DOMAIN" }, 0, 3, COMMAND_TEXT, spf_options },
	{ "status", "print the state of the daemon", { "" }, 0, 0, COMMAND_TEXT, asking_options },
	{ "store backup", "copy the envelope database to a new file", { "FILE" }, 1, 1,
	    COMMAND_FILE, backup_options },
	{ "store get", "print the sender of an alias", { "ALIAS" }, 1, 1, COMMAND_TEXT,
	    asking_options },
	{ "store import", "copy the rows of postsrsd 2, or of a backup", { "FILE" }, 1, 1,
	    COMMAND_FILE, asking_options },
	{ "store purge", "delete the expired rows of the envelope database", { "" }, 0, 0,
	    COMMAND_TEXT, store_purge_options },
	{ "store status", "print the state of the envelope database", { "" }, 0, 0, COMMAND_TEXT,
	    asking_options },
	{ "top", "print rates, and the domains with the most decisions", { "" }, 0, 0, COMMAND_TEXT,
	    top_options },
};

const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

bool
command_begins_with(const struct command *command, const char *words)
{
	size_t len = strlen(words);

	return len == 0 || (strncmp(command->name, words, len) == 0 &&
			       (command->name[len] == '\0' || command->name[len] == ' '));
}

const struct command_option *
command_option_named(const struct command_option *options, const char *name)
{
	for (; options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

const struct command_option *
command_option_lettered(const struct command_option *options, char letter)
{
	for (; letter != '\0' && options->name != NULL; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}
