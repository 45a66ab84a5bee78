/* SPDX-License-Identifier: ISC */
/*
 * srsctl - talk to a running srsd, or do without one what can be done without.
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
	bool without; /* it tells itself of a configuration that cannot be used */
} commands[] = {
	{ "check", ctl_check, true },
	{ "forward", ctl_forward, false },
	{ "import", ctl_import, true },
	{ "policy", ctl_policy, false },
	{ "reload", ctl_reload, false },
	{ "reverse", ctl_reverse, false },
	{ "secret", ctl_secret, false },
	{ "spf", ctl_spf, false },
	{ "status", ctl_status, false },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define USAGE "command ...; commands: check forward import policy reload reverse secret spf status"

/*
 * open_ctl_log - spawn(8) makes the client's socket our standard error, too; what we have to say
 * would be a reply there
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

/* load_ctl_settings - the settings of a file that was named, or of the usual one as far as we can read it */
static void
load_ctl_settings(struct ctl *ctl, const char *file, bool without, char error[CONFIG_ERROR_SIZE])
{
	ctl->config = file == NULL ? PATHS_CONFIG : file;
	ctl->settings = config_load(NULL, ctl->config, NULL, 0, error);
	if (ctl->settings != NULL)
		return;
	ctl->settings = config_defaults();
	ctl->config_error = error;
	if (without)
		return;
	if (file != NULL)
		fatalx("%s", error);
	if (access(PATHS_CONFIG, F_OK) == 0)
		log_warnx("%s; going on with the defaults", error);
	log_flush();
}

/* find_control_path - of the control socket: what was given, or what the settings say; NULL: none */
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
	optind = 0; /* getopt(3) of glibc: begin anew, with other options */
	open_ctl_log();
	load_ctl_settings(&ctl, file, commands[i].without, error);
	ctl.socket = find_control_path(socket, ctl.settings);
	status = commands[i].run(&ctl, argc, argv);
	settings_free(&ctl.settings);
	log_close();
	return fflush(stdout) == 0 ? status : CTL_FAILED;
}
