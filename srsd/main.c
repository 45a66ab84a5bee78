/* SPDX-License-Identifier: ISC */
/*
 * srsd - SRS maps and SPF policy service for Postfix
 *
 * main reads the command line and the files, opens the sockets, and runs the monitor with them.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libutil.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/pathowner.h"
#include "common/printable.h"
#include "common/privdrop.h"
#include "common/standard_files.h"
#include "conf/config.h"
#include "conf/paths.h"
#include "srsd/descriptors.h"
#include "srsd/engine.h"
#include "srsd/listeners.h"
#include "srsd/monitor.h"
#include "srsd/srs/secret_access.h"

#define OVERRIDES_MAX 64

/* EX_CONFIG of sysexits(3): the same start would fail again. */
#define STATUS_OPERATOR 78

#define STATUS_USAGE 2

struct srsd_options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t n_overrides;
	bool daemonize;
	bool check_only;
	int verbose;
};

static const char help[] =
    "usage: srsd [OPTION ...]\n"
    "\n"
    "srsd - SRS maps and SPF policy service for Postfix\n"
    "\n"
    "options:\n"
    "  -D                run in the background, and log to syslog\n"
    "  -f FILE           read this configuration file\n"
    "  -h, --help        print this help\n"
    "  -n                check the configuration and the secrets\n"
    "  -nv               also print the effective configuration\n"
    "  -o NAME=VALUE     override an option of the file\n"
    "  -v                log more, such as addresses that the maps leave alone\n"
    "  -V, --version     print the version\n"
    "\n"
    "see srsd(8)\n";

NORETURN PRINTF_LIKE(1, 2) static void refuse_command_line(const char *fmt, ...)
{
	char error[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, sizeof(error), fmt, ap);
	va_end(ap);
	fprintf(stderr, "srsd: %s; see srsd --help\n", printable_line(error));
	exit(STATUS_USAGE);
}

/* refuse_srsd_option - that getopt_long(3) has reported with c */
NORETURN static void
refuse_srsd_option(int c, const char *word)
{
	if (c == ':')
		refuse_command_line("option '-%c' needs a value", optopt);
	if (strncmp(word, "--", 2) == 0)
		refuse_command_line("unknown option '%s'", word);
	refuse_command_line("unknown option '-%c'", optopt);
}

/* end_output - exit if some of the output could not be written */
static void
end_output(void)
{
	const char *error;

	if (!standard_files_end_output(&error))
		fatalx("cannot write standard output: %s", error);
}

static void
parse_srsd_options(struct srsd_options *opts, int argc, char **argv)
{
	static const struct option names[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":Df:hno:vV", names, NULL)) != -1) {
		switch (c) {
		case 'D':
			opts->daemonize = true;
			break;
		case 'f':
			opts->config = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			end_output();
			exit(0);
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
			end_output();
			exit(0);
		default:
			refuse_srsd_option(c, argv[optind - 1]);
		}
	}
	if (optind != argc)
		refuse_command_line("unexpected argument '%s'", argv[optind]);
}

static struct identity
choose_identity(const struct settings *settings)
{
	/* It is never NULL. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	const char *user = settings->unprivileged_user, *instead, *error;
	struct identity id;

	if (!privdrop_daemon(&id, user, &instead, &error))
		fatalx("unprivileged-user '%s': %s", user, error);
	if (instead != NULL)
		log_warnx("unprivileged-user '%s': no such user, using '%s' instead; create a "
			  "dedicated user: useradd -r %s",
		    user, instead, user);
	return id;
}

/* read_start - read all files and choose the engine's identity; exit on an error */
static void
read_start(const struct srsd_options *opts, struct monitor_start *start)
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

/*
 * expect_operator - let errors that only an operator can correct end with STATUS_OPERATOR
 *
 * srsd.service does not start the daemon again then, so that the unit is shown as failed. If
 * systemd holds the sockets, it would: each connection that waits starts the service, at once and
 * without end, until systemd closes the sockets. Such a start fails with status 1, and is repeated
 * after a pause.
 */
static void
expect_operator(bool sockets_handed_over)
{
	if (!sockets_handed_over)
		log_fatal_status(STATUS_OPERATOR);
}

/* warn_of_secret_access - as root, of a secret that srsd.service could not read */
static void
warn_of_secret_access(const struct settings *settings)
{
	const struct passwd *user = geteuid() == 0 ? secret_access_unit_user(settings) : NULL;
	char remedy[CONFIG_ERROR_SIZE];
	int e;

	if (user == NULL || (e = secret_access_try(user, settings->secrets_file)) == 0)
		return;
	log_warnx("secrets-file %s: srsd.service runs as %s, which cannot read it: %s; %s",
	    settings->secrets_file, user->pw_name, strerror(e),
	    secret_access_remedy(user, settings->secrets_file, remedy, sizeof(remedy)));
}

/* check_chroot_dir - the engine of a root enters it at the start */
static void
check_chroot_dir(const char *dir)
{
	struct stat st;

	if (dir[0] == '\0' || geteuid() != 0)
		return;
	if (stat(dir, &st) == -1)
		fatal("chroot-dir %s", dir);
	if (!S_ISDIR(st.st_mode))
		fatalx("chroot-dir %s: %s", dir, strerror(ENOTDIR));
}

/*
 * warn_of_missing_directory - of a file that the start creates
 *
 * It may be created before the start, by a unit or a script. The directory of the control socket is
 * created by srsd.
 */
static void
warn_of_missing_directory(const struct settings *settings, const char *option, const char *path)
{
	const char *slash = strrchr(path, '/'), *control = settings->control + strlen("unix:");
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	char dir[PATH_MAX];

	if (len == 0 || len >= sizeof(dir) ||
	    (strcmp(settings->control, "none") != 0 && strncmp(path, control, len + 1) == 0))
		return;
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (access(dir, F_OK) == -1 && errno == ENOENT)
		log_warnx(
		    "%s: the directory %s does not exist; create it before the start", option, dir);
}

static void
warn_of_socket_directories(
    const struct settings *settings, const char *service, const struct text_list *endpoints)
{
	size_t i;

	for (i = 0; i < endpoints->n; i++)
		if (strncmp(endpoints->text[i], "unix:", 5) == 0)
			warn_of_missing_directory(settings, service, endpoints->text[i] + 5);
}

/* check_places - what a start needs in the file system, besides the files that it reads */
static void
check_places(const struct settings *settings)
{
	check_chroot_dir(settings->chroot_dir);
	warn_of_missing_directory(settings, "pid-file", settings->pid_file);
	warn_of_socket_directories(settings, "forward", &settings->forward);
	warn_of_socket_directories(settings, "reverse", &settings->reverse);
	warn_of_socket_directories(settings, "policy", &settings->policy);
	warn_of_socket_directories(settings, "socketmap", &settings->socketmap);
	warn_of_socket_directories(settings, "milter", &settings->milter);
}

static struct listeners *
open_listeners(const struct settings *settings, const struct identity *id)
{
	bool is_handed = listeners_are_handed_over(), in_use;
	struct listeners *handed = listeners_handed_over(), *all;
	char error[CONFIG_ERROR_SIZE];

	all = listeners_plan(handed, settings, id, &in_use, error, sizeof(error));
	if (all == NULL && in_use)
		expect_operator(is_handed);
	if (all == NULL)
		fatalx("%s", error);
	listeners_free(&handed, all);
	return all;
}

/* check_pid_file - root must not follow a link that another user can create there */
static void
check_pid_file(const char *path, uid_t daemon)
{
	uid_t owner = path[0] != '\0' && geteuid() == 0 ? pathowner(path, daemon) : 0;

	if (owner != 0)
		fatalx(
		    "pid-file %s: user %u may write to its directory; choose a directory that only "
		    "root may write to, such as /run",
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
		fatalx("pid-file %s: srsd is already running as pid %d", path, (int)other);
	if (pf == NULL)
		fatal("pid-file %s", path);
	return pf;
}

/*
 * enter_background - fork, and return in the child the descriptor for notify_parent()
 *
 * The parent exits once the daemon serves, so that its caller can connect immediately, or with
 * status 1 if the daemon fails to start. If the name of the configuration file is relative, the
 * directory does not change, so that a reload reads the same file.
 */
static int
enter_background(const char *config)
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

/* detach_standard_files - null is /dev/null, opened early because a chroot may not contain it */
static void
detach_standard_files(int null)
{
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

/* remove_pid_file - empty it first, because removing it may need privileges that were dropped */
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
notify_parent(int fd)
{
	if (fd == -1)
		return;
	if (write(fd, "", 1) == -1)
		log_warn("starting process");
	close(fd);
}

static void
log_started(const struct settings *settings, size_t secrets)
{
	log_info("srsd " PACKAGE_VERSION " started srs-domain=%s domains=%zu secrets=%zu",
	    settings->srs_domain, domainset_size(settings->own_domains), secrets);
}

/* Needed when the daemon is ready. */
struct launch {
	const struct settings *settings;
	size_t secrets;
	struct pidfh *pid_file;
	bool background;
	int parent; /* for notify_parent(), or -1 */
	int null;   /* /dev/null, or -1 if it cannot be opened */
};

static void
on_daemon_ready(void *arg)
{
	struct launch *launch = arg;

	if (launch->pid_file != NULL)
		pidfile_write(launch->pid_file);
	log_started(launch->settings, launch->secrets);
	notify_parent(launch->parent);
	launch->parent = -1;
	if (launch->background)
		detach_standard_files(launch->null);
}

/*
 * on_engine_forked - close the pid file and the standard files, except standard error if it is the
 * log
 *
 * In the background the log goes to syslog, and standard error may be a pipe that the caller of
 * `srsd -D` reads until it is closed.
 */
static void
on_engine_forked(void *arg)
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

/* run_daemon - open everything and run the monitor; returns the exit status */
static int
run_daemon(const struct srsd_options *opts, struct monitor_start *start)
{
	struct settings *settings = settings_ref(start->inputs.settings);
	bool to_syslog = settings->syslog || opts->daemonize;
	struct launch launch = {
		.settings = settings,
		.secrets = srs_keys_count(start->inputs.keys),
		.background = opts->daemonize,
		.parent = opts->daemonize ? enter_background(opts->config) : -1,
	};
	int status;

	launch.pid_file = open_pid_file(settings->pid_file);
	launch.null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (launch.null == -1 && launch.background)
		fatal("/dev/null");
	descriptors_raise(settings->connection_limit);
	start->listeners = open_listeners(settings, &start->id);
	start->ready = on_daemon_ready;
	start->forked = on_engine_forked;
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
	struct srsd_options opts = { .config = PATHS_CONFIG };
	char error[CONFIG_ERROR_SIZE];
	struct monitor_start start = { .listeners = NULL };

	if (!standard_files_open())
		fatal("/dev/null");
	parse_srsd_options(&opts, argc, argv);
	log_verbose(opts.verbose);
	if (!opts.check_only)
		expect_operator(listeners_are_handed_over());
	read_start(&opts, &start);
	check_pid_file(start.inputs.settings->pid_file, start.id.uid);
	if (!opts.check_only) {
		log_fatal_status(EXIT_FAILURE);
		listeners_close_others();
		return run_daemon(&opts, &start);
	}
	warn_of_secret_access(start.inputs.settings);
	check_places(start.inputs.settings);
	if (!engine_try(&start.inputs, error, sizeof(error)))
		fatalx("%s", error);
	inputs_free(&start.inputs);
	end_output();
	return 0;
}
