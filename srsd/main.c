/* SPDX-License-Identifier: ISC */
/*
 * srsd - SRS maps and SPF policy service for Postfix
 *
 * main reads the command line and the files, binds the sockets, and hands all of it to the
 * monitor.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libutil.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/pathowner.h"
#include "common/privdrop.h"
#include "conf/config.h"
#include "conf/paths.h"
#include "srsd/descriptors.h"
#include "srsd/engine.h"
#include "srsd/listeners.h"
#include "srsd/monitor.h"

#define OVERRIDES_MAX 64

struct options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t n_overrides;
	bool daemonize;
	bool check_only;
	int verbose;
};

NORETURN static void
usage(void)
{
	fputs("usage: srsd [-DnvV] [-f file] [-o name=value]...\n", stderr);
	exit(1);
}

static void
parse_options(struct options *opts, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "Df:no:vV")) != -1) {
		switch (c) {
		case 'D':
			opts->daemonize = true;
			break;
		case 'f':
			opts->config = optarg;
			break;
		case 'n':
			opts->check_only = true;
			break;
		case 'o':
			if (opts->n_overrides == OVERRIDES_MAX)
				fatalx("-o: given more than %d times", OVERRIDES_MAX);
			opts->overrides[opts->n_overrides++] = optarg;
			break;
		case 'v':
			opts->verbose++;
			break;
		case 'V':
			puts("srsd " PACKAGE_VERSION);
			exit(0);
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
}

static struct identity
choose_identity(const struct settings *settings)
{
	/* They have been read. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	const char *user = settings->unprivileged_user, *instead, *error;
	struct identity id;

	if (!privdrop_daemon(&id, user, &instead, &error))
		fatalx("unprivileged-user '%s': %s", user, error);
	if (instead != NULL)
		log_warnx("unprivileged-user '%s': no such user, becoming '%s'; a user of our own "
			  "is better: useradd -r %s",
		    user, instead, user);
	return id;
}

/* read_inputs - all files, and who the engine is to be; errors end the start */
static void
read_inputs(const struct options *opts, struct monitor_start *start)
{
	char error[CONFIG_ERROR_SIZE];

	start->source.config = opts->config;
	start->source.overrides = opts->overrides;
	start->source.n_overrides = opts->n_overrides;
	if (!inputs_read_settings(&start->inputs, filebox_new(), &start->source, error))
		fatalx("%s", error);
	if (opts->check_only && opts->verbose > 0)
		config_print(start->inputs.settings, stdout);
	start->id = choose_identity(start->inputs.settings);
	if (!inputs_read_rest(&start->inputs, &start->id, error))
		fatalx("%s", error);
	filebox_free(&start->inputs.box);
}

static struct listeners *
open_listeners(const struct settings *settings, const struct identity *id)
{
	struct listeners *handed = listeners_handed_over(), *all;
	char error[CONFIG_ERROR_SIZE];

	all = listeners_plan(handed, settings, id, error, sizeof(error));
	if (all == NULL)
		fatalx("%s", error);
	listeners_free(&handed, all);
	return all;
}

/* check_pid_file - root follows no link that another user may put there */
static void
check_pid_file(const char *path, uid_t daemon)
{
	uid_t owner = path[0] != '\0' && geteuid() == 0 ? pathowner(path, daemon) : 0;

	if (owner != 0)
		fatalx("pid-file %s: user %u may write to its directory; choose one that only root "
		       "may write to, such as /run",
		    path, (unsigned)owner);
}

static struct pidfh *
open_pid_file(const char *path)
{
	struct pidfh *pf;
	pid_t other;

	if (path[0] == '\0')
		return NULL;
	pf = pidfile_open(path, 0644, &other);
	if (pf == NULL && errno == EEXIST)
		fatalx("pid-file %s: process %d runs already", path, (int)other);
	if (pf == NULL)
		fatal("pid-file %s", path);
	return pf;
}

/*
 * go_background - leave the terminal once everything is set up
 *
 * The parent waits until the daemon serves, so that whoever started it can connect at once, and
 * sees its exit status when it does not come up. A name that is relative keeps us in our folder: a
 * reload reads the same file.
 */
static int
go_background(const char *config)
{
	char ready;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) == -1)
		fatal("pipe");
	pid = fork();
	if (pid == -1)
		fatal("fork");
	if (pid != 0) {
		close(fd[1]);
		_exit(read(fd[0], &ready, 1) == 1 ? 0 : 1);
	}
	close(fd[0]);
	if (setsid() == -1 || (config[0] == '/' && chdir("/") == -1))
		fatal("setsid");
	return fd[1];
}

/* detach_standard_files - from the terminal; null is /dev/null, which a chroot may not have */
static void
detach_standard_files(int null)
{
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

/* remove_pid_file - emptied first, for the folder may be one that we cannot change any more */
static void
remove_pid_file(struct pidfh *pf)
{
	if (pf == NULL)
		return;
	if (ftruncate(pidfile_fileno(pf), 0) == -1)
		log_warn("pid-file");
	pidfile_remove(pf);
}

static void
tell_parent(int fd)
{
	if (fd == -1)
		return;
	if (write(fd, "", 1) == -1)
		log_warn("starting process");
	close(fd);
}

static void
say_started(const struct settings *settings, size_t secrets)
{
	log_info("srsd " PACKAGE_VERSION " started srs-domain=%s domains=%zu secrets=%zu",
	    settings->srs_domain, domainset_size(settings->own_domains), secrets);
}

/* What there is to do when the daemon serves. */
struct launch {
	const struct settings *settings;
	size_t secrets;
	struct pidfh *pid_file;
	bool background;
	int parent; /* that waits, or -1 */
	int null;   /* /dev/null, or -1 where it cannot be opened */
};

static void
on_ready(void *arg)
{
	struct launch *launch = arg;

	if (launch->pid_file != NULL)
		pidfile_write(launch->pid_file);
	say_started(launch->settings, launch->secrets);
	tell_parent(launch->parent);
	launch->parent = -1;
	if (launch->background)
		detach_standard_files(launch->null);
}

/*
 * on_forked - close what the engine does not use: the pid file, and the standard files but for the
 * log
 *
 * In the background the log is in syslog already, and standard error may be a pipe that the caller
 * of `srsd -D` reads to its end.
 */
static void
on_forked(void *arg)
{
	struct launch *launch = arg;

	if (launch->pid_file != NULL)
		pidfile_close(launch->pid_file);
	if (launch->parent != -1)
		close(launch->parent);
	if (launch->null == -1)
		return;
	dup2(launch->null, STDIN_FILENO);
	dup2(launch->null, STDOUT_FILENO);
	if (launch->background)
		dup2(launch->null, STDERR_FILENO);
	if (launch->null > STDERR_FILENO)
		close(launch->null);
}

/* serve - from here on nothing but the monitor and its engine runs; returns the exit status */
static int
serve(const struct options *opts, struct monitor_start *start)
{
	struct settings *settings = settings_ref(start->inputs.settings);
	bool to_syslog = settings->syslog || opts->daemonize;
	struct launch launch = {
		.settings = settings,
		.secrets = srs_keys_count(start->inputs.keys),
		.background = opts->daemonize,
		.parent = opts->daemonize ? go_background(opts->config) : -1,
	};
	int status;

	launch.pid_file = open_pid_file(settings->pid_file);
	launch.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (launch.null == -1 && launch.background)
		fatal("/dev/null");
	descriptors_raise(settings->connection_limit);
	start->listeners = open_listeners(settings, &start->id);
	start->ready = on_ready;
	start->forked = on_forked;
	start->arg = &launch;
	notify_open();
	log_open(to_syslog ? LOG_SINK_SYSLOG : LOG_SINK_STDERR, "srsd");
	status = monitor_run(start);
	settings_free(&settings);
	remove_pid_file(launch.pid_file);
	notify_close();
	if (status == 0)
		log_info("stopped");
	log_close();
	return status;
}

int
main(int argc, char **argv)
{
	struct options opts = { .config = PATHS_CONFIG };
	char error[CONFIG_ERROR_SIZE];
	struct monitor_start start = { .listeners = NULL };

	parse_options(&opts, argc, argv);
	log_verbose(opts.verbose);
	read_inputs(&opts, &start);
	check_pid_file(start.inputs.settings->pid_file, start.id.uid);
	if (!opts.check_only) {
		listeners_close_others();
		return serve(&opts, &start);
	}
	if (!engine_try(&start.inputs, error, sizeof(error)))
		fatalx("%s", error);
	inputs_free(&start.inputs);
	return 0;
}
