/* SPDX-License-Identifier: ISC */
/*
 * srsctl - query a running srsd and manage its installation.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/standard_files.h"
#include "conf/config.h"
#include "conf/paths.h"
#include "srsd/ctl/check/ctl_check.h"
#include "srsd/ctl/command_completion.h"
#include "srsd/ctl/command_help.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/import/ctl_import.h"

/* When a configuration that cannot be used is reported here. */
enum config_report {
	CONFIG_REPORTED,          /* always */
	CONFIG_REPORTED_IF_NAMED, /* only if -f names it */
	CONFIG_LEFT_TO_COMMAND,   /* never: ctl->config_error has the reason */
};

/* A command with a name of two words is listed by the first one. */
static const struct {
	const char *name;
	ctl_command_fn *run;
	enum config_report report;
} commands[] = {
	{ "check", ctl_check, CONFIG_LEFT_TO_COMMAND },
	{ "explain", ctl_explain, CONFIG_REPORTED },
	{ "forward", ctl_forward, CONFIG_REPORTED },
	{ "import", ctl_import, CONFIG_LEFT_TO_COMMAND },
	{ "policy", ctl_policy, CONFIG_REPORTED },
	{ "recent", ctl_recent, CONFIG_REPORTED },
	{ "reload", ctl_reload, CONFIG_REPORTED_IF_NAMED },
	{ "reverse", ctl_reverse, CONFIG_REPORTED },
	{ "secret", ctl_secret, CONFIG_REPORTED },
	{ "spf", ctl_spf, CONFIG_REPORTED },
	{ "status", ctl_status, CONFIG_REPORTED },
	{ "store", ctl_store, CONFIG_REPORTED },
	{ "top", ctl_top, CONFIG_REPORTED },
};

/*
 * open_ctl_log - spawn(8) connects standard error to the client's socket, where Postfix would take
 * a log line for a reply
 *
 * Returns false if standard error leads nowhere.
 */
static bool
open_ctl_log(void)
{
	struct stat in, err;
	int null;

	if (fstat(STDIN_FILENO, &in) == -1 || fstat(STDERR_FILENO, &err) == -1 ||
	    !S_ISSOCK(err.st_mode) || in.st_dev != err.st_dev || in.st_ino != err.st_ino) {
		log_open(LOG_SINK_STDERR, "srsctl");
		return true;
	}
	log_open(LOG_SINK_SYSLOG, "srsctl");
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1)
		dup2(null, STDERR_FILENO);
	return false;
}

/*
 * load_ctl_settings - of the file; NULL: of the usual one, or the defaults if it cannot be read
 *
 * False: a file was named and cannot be used, which was reported.
 */
static bool
load_ctl_settings(
    struct ctl *ctl, const char *file, enum config_report report, char error[CONFIG_ERROR_SIZE])
{
	ctl->config = file == NULL ? PATHS_CONFIG : file;
	ctl->settings = config_load(NULL, ctl->config, NULL, 0, error);
	if (ctl->settings != NULL)
		return true;
	ctl->settings = config_defaults();
	ctl->config_error = error;
	if (report == CONFIG_LEFT_TO_COMMAND)
		return true;
	if (file != NULL) {
		ctl_print_error(error);
		return false;
	}
	if (report == CONFIG_REPORTED && access(PATHS_CONFIG, F_OK) == 0)
		log_warnx("%s; using the defaults", error);
	log_flush();
	return true;
}

/* find_control_path - the option -s or the setting; NULL: the control socket is disabled */
static const char *
find_control_path(const char *given, const struct settings *settings)
{
	if (given != NULL)
		return given;
	if (strcmp(settings->control, "none") == 0)
		return NULL;
	return settings->control + strlen("unix:");
}

static size_t
find_command_row(const struct command *command)
{
	size_t i = 0, len = strcspn(command->name, " ");

	while (strncmp(commands[i].name, command->name, len) != 0 || commands[i].name[len] != '\0')
		i++;
	return i;
}

static int
run_command(const struct command_line *line)
{
	size_t row = find_command_row(line->command);
	char error[CONFIG_ERROR_SIZE];
	struct ctl ctl = { .settings = NULL };
	int status = CTL_UNKNOWN;

	if (command_option_named(line->command->options, "timeout") != NULL)
		ctl.timeout = (unsigned)command_line_number(line, "timeout", 0);
	if (load_ctl_settings(
		&ctl, command_line_text(line, "config"), commands[row].report, error)) {
		ctl.socket = find_control_path(command_line_text(line, "socket"), ctl.settings);
		status = commands[row].run(&ctl, line);
	}
	settings_free(&ctl.settings);
	return status;
}

static int
run_line(const struct command_line *line)
{
	if (line->version) {
		puts("srsctl " PACKAGE_VERSION);
		return CTL_OK;
	}
	if (line->help) {
		command_help_print(stdout, line->named);
		return CTL_OK;
	}
	return run_command(line);
}

/* report_output_error - the status of the command, unless some of its output could not be written */
static int
report_output_error(int status)
{
	char text[128];
	const char *error;

	if (standard_files_end_output(&error))
		return status;
	snprintf(text, sizeof(text), "cannot write standard output: %s", error);
	ctl_print_error(text);
	return CTL_UNKNOWN;
}

int
main(int argc, char **argv)
{
	char error[COMMAND_LINE_ERROR_SIZE];
	bool is_open = standard_files_open(), is_seen = open_ctl_log();
	struct command_line line;
	int status = CTL_USAGE;

	if (!is_open)
		fatal("/dev/null");
	if (argc > 1 && strcmp(argv[1], COMMAND_COMPLETE) == 0) {
		command_completion_print(stdout, argc - 2, argv + 2);
		return CTL_OK;
	}
	if (command_line_parse(&line, argc, argv, error))
		status = run_line(&line);
	else if (is_seen)
		ctl_print_error(error);
	else
		log_warnx("%s", error);
	command_line_free(&line);
	log_close();
	return report_output_error(status);
}
