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
#include "conf/config.h"
#include "conf/paths.h"
#include "srsd/ctl/check/ctl_check.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/import/ctl_import.h"

static const struct {
	const char *name;
	ctl_command_fn *run;
	bool reports_config; /* reports an unusable configuration itself */
} commands[] = {
	{ "check", ctl_check, true },
	{ "explain", ctl_explain, false },
	{ "forward", ctl_forward, false },
	{ "import", ctl_import, true },
	{ "policy", ctl_policy, false },
	{ "recent", ctl_recent, false },
	{ "reload", ctl_reload, false },
	{ "reverse", ctl_reverse, false },
	{ "secret", ctl_secret, false },
	{ "spf", ctl_spf, false },
	{ "status", ctl_status, false },
	{ "store", ctl_store, false },
	{ "top", ctl_top, false },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define USAGE                                                                                       \
	"command [argument ...]\n"                                                                  \
	"       srsctl -V\n"                                                                        \
	"commands: check, explain, forward, import, policy, recent, reload, reverse, secret, spf, " \
	"status, store, top"

/*
 * open_ctl_log - spawn(8) connects standard error to the client's socket, where Postfix would take
 * a log line for a reply
 */
static void
open_ctl_log(void)
{
	struct stat in, err;
	int null;

	if (fstat(STDIN_FILENO, &in) == -1 || fstat(STDERR_FILENO, &err) == -1 ||
	    !S_ISSOCK(err.st_mode) || in.st_dev != err.st_dev || in.st_ino != err.st_ino) {
		log_open(LOG_SINK_STDERR, "srsctl");
		return;
	}
	log_open(LOG_SINK_SYSLOG, "srsctl");
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null != -1)
		dup2(null, STDERR_FILENO);
}

/* load_ctl_settings - of the file; NULL: of the usual one, or the defaults if it cannot be read */
static void
load_ctl_settings(
    struct ctl *ctl, const char *file, bool reports_config, char error[CONFIG_ERROR_SIZE])
{
	ctl->config = file == NULL ? PATHS_CONFIG : file;
	ctl->settings = config_load(NULL, ctl->config, NULL, 0, error);
	if (ctl->settings != NULL)
		return;
	ctl->settings = config_defaults();
	ctl->config_error = error;
	if (reports_config)
		return;
	if (file != NULL)
		fatalx("%s", error);
	if (access(PATHS_CONFIG, F_OK) == 0)
		log_warnx("%s; using the defaults", error);
	log_flush();
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

int
main(int argc, char **argv)
{
	const char *file = NULL, *socket = NULL;
	struct ctl ctl = { .settings = NULL };
	char error[CONFIG_ERROR_SIZE];
	int c, status;
	size_t i;

	while ((c = getopt(argc, argv, "+f:s:V")) != -1) {
		switch (c) {
		case 'f':
			file = optarg;
			break;
		case 's':
			socket = optarg;
			break;
		case 'V':
			puts("srsctl " PACKAGE_VERSION);
			return CTL_OK;
		default:
			return ctl_usage(USAGE);
		}
	}
	argc -= optind;
	argv += optind;
	for (i = 0; argc > 0 && i < N_COMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			break;
	if (argc == 0 || i == N_COMMANDS)
		return ctl_usage(USAGE);
	optind = 0; /* glibc: start getopt(3) again, with the options of the command */
	open_ctl_log();
	load_ctl_settings(&ctl, file, commands[i].reports_config, error);
	ctl.socket = find_control_path(socket, ctl.settings);
	status = commands[i].run(&ctl, argc, argv);
	settings_free(&ctl.settings);
	log_close();
	return fflush(stdout) == 0 ? status : CTL_FAILED;
}
