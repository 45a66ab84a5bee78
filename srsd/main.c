/* SPDX-License-Identifier: ISC */
/*
 * srsd - SRS maps and SPF policy service for Postfix
 *
 * main reads the command line and the files, binds the sockets, gives up its privileges, and
 * hands all of it to the engine.
 */
#include <sys/resource.h>
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

#include "common/endpoint.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/privdrop.h"
#include "conf/config.h"
#include "srsd/engine.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define OVERRIDES_MAX 64

/* Descriptors besides the clients': log, listeners, 1,536 for the DNS, epoll and the like. */
#define DESCRIPTORS_SPARE 1792

struct options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t n_overrides;
	bool daemonize;
	bool check_only;
	int verbose;
};

static void __attribute__((noreturn)) usage(void)
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

static struct settings *
load_settings(const struct options *opts)
{
	char error[CONFIG_ERROR_SIZE];
	struct settings *settings;

	settings = config_load(opts->config, opts->overrides, opts->n_overrides, error);
	if (settings == NULL)
		fatalx("%s", error);
	return settings;
}

/* The user that a package makes for us, and who stands in where nobody has made it. */
#define DEFAULT_USER "srsd"
#define FALLBACK_USER "nobody"

static struct identity
choose_identity(const struct settings *settings)
{
	const char *user = settings->unprivileged_user, *error;
	struct identity id;

	if (privdrop_identity(&id, user, &error))
		return id;
	if (strcmp(user, DEFAULT_USER) == 0 && privdrop_identity(&id, FALLBACK_USER, &error)) {
		log_warnx("unprivileged-user '%s': no such user, becoming '%s'; a user of our own "
			  "is better: useradd -r %s",
		    user, FALLBACK_USER, user);
		return id;
	}
	fatalx("unprivileged-user '%s': %s", user, error);
}

static struct srs_keys *
load_keys(const struct settings *settings, const struct identity *id)
{
	char error[CONFIG_ERROR_SIZE];
	struct srs_keys *keys;

	keys = srs_keys_load(settings->secrets_file, id->gid, error, sizeof(error));
	if (keys == NULL)
		fatalx("%s", error);
	if (srs_keys_are_weak(keys))
		log_warnx("secrets-file %s: a secret of less than 16 bytes can be guessed",
		    settings->secrets_file);
	return keys;
}

/* raise_descriptors - room for all clients; what we cannot have limits the connections instead */
static void
raise_descriptors(struct settings *settings)
{
	rlim_t limit = (rlim_t)settings->connection_limit * ENGINE_SERVICES, clients;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur >= limit + DESCRIPTORS_SPARE)
		return;
	rl.rlim_cur = limit + DESCRIPTORS_SPARE;
	if (rl.rlim_cur > rl.rlim_max && geteuid() == 0)
		rl.rlim_max = rl.rlim_cur;
	if (rl.rlim_cur > rl.rlim_max)
		rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur >= limit + DESCRIPTORS_SPARE)
		return;
	clients =
	    rl.rlim_cur > DESCRIPTORS_SPARE ? rl.rlim_cur - DESCRIPTORS_SPARE : rl.rlim_cur / 2;
	log_warnx("connection-limit: %d, for %d services, needs more than the %llu descriptors "
		  "that we may have; taking %llu",
	    settings->connection_limit, ENGINE_SERVICES, (unsigned long long)rl.rlim_cur,
	    (unsigned long long)clients / ENGINE_SERVICES);
	settings->connection_limit = (int)(clients / ENGINE_SERVICES);
}

static void
listen_on(struct engine *engine, enum engine_service service, const struct text_list *endpoints)
{
	struct endpoint ep;
	const char *error;
	size_t i, j;
	int fd;

	for (i = 0; i < endpoints->n; i++) {
		if (!endpoint_parse(&ep, endpoints->text[i], &error))
			fatalx(
			    "%s: %s: %s", engine_service_names[service], endpoints->text[i], error);
		for (j = 0; j < ep.n; j++) {
			fd = endpoint_listen(&ep.addr[j]);
			if (fd == -1)
				fatal("%s: %s", engine_service_names[service], endpoints->text[i]);
			engine_listen(engine, service, fd);
		}
	}
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
 * sees its exit status when it does not come up.
 */
static int
go_background(void)
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
	if (setsid() == -1 || chdir("/") == -1)
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

static struct engine *
make_engine(struct settings *settings, struct srs_keys *keys)
{
	char error[CONFIG_ERROR_SIZE];
	struct engine *engine = engine_new(settings, keys, error, sizeof(error));

	if (engine == NULL)
		fatalx("%s", error);
	return engine;
}

/* serve - from here on nothing but the engine runs */
static void
serve(const struct options *opts, struct settings *settings, struct srs_keys *keys,
    const struct identity *id)
{
	bool to_syslog = settings->syslog || opts->daemonize;
	int parent = opts->daemonize ? go_background() : -1;
	struct pidfh *pid_file = open_pid_file(settings->pid_file);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct engine *engine;

	if (null == -1)
		fatal("/dev/null");
	raise_descriptors(settings);
	engine = make_engine(settings, keys);
	listen_on(engine, ENGINE_FORWARD, &settings->forward);
	listen_on(engine, ENGINE_REVERSE, &settings->reverse);
	listen_on(engine, ENGINE_POLICY, &settings->policy);
	notify_open();
	if (pid_file != NULL)
		pidfile_write(pid_file);
	log_open(to_syslog ? LOG_SINK_SYSLOG : LOG_SINK_STDERR, "srsd");
	if (!privdrop_chroot(settings->chroot_dir))
		fatal("chroot-dir %s", settings->chroot_dir);
	if (!privdrop_become(id))
		fatal("privileges cannot be dropped");
	if (opts->daemonize)
		detach_standard_files(null);
	say_started(settings, srs_keys_count(keys));
	tell_parent(parent);
	notify_send("READY=1");
	if (!engine_run(engine))
		fatal("event loop");
	engine_free(&engine);
	remove_pid_file(pid_file);
	notify_close();
	log_info("stopped");
	log_close();
}

int
main(int argc, char **argv)
{
	struct options opts = { .config = SYSCONFDIR "/srsd/srsd.conf" };
	struct settings *settings;
	struct engine *engine;
	struct srs_keys *keys;
	struct identity id;

	parse_options(&opts, argc, argv);
	log_verbose(opts.verbose);
	settings = load_settings(&opts);
	if (opts.check_only && opts.verbose > 0)
		config_print(settings, stdout);
	id = choose_identity(settings);
	keys = load_keys(settings, &id);
	if (opts.check_only) {
		engine = make_engine(settings, keys);
		engine_free(&engine);
		return 0;
	}
	serve(&opts, settings, keys, &id);
	return 0;
}
