/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/line.h"
#include "common/log.h"

/* Prefix, line, newline. The prefix is far shorter than 448 bytes, and all is below PIPE_BUF. */
#define LINE_MAX_BYTES (LINE_SIZE + 448)
#define BUFFER_BYTES (256 * 1024)
#define FLUSH_AT (32 * 1024) /* half of what a pipe holds */
#define CLOSE_WAIT_MS 2000
#define LIMIT_SECONDS 60
#define LIMIT_HOURLY_SECONDS 3600
#define SYSLOG_PATH "/dev/log"

/* How to write to the sink without waiting. */
enum medium {
	MEDIUM_FILE,   /* regular file, /dev/null: write(2) does not wait for a reader */
	MEDIUM_PIPE,   /* pipe, terminal: write(2) with O_NONBLOCK, at most PIPE_BUF bytes */
	MEDIUM_SLOW,   /* the same without O_NONBLOCK: poll(2) before */
	MEDIUM_STREAM, /* journald's stream socket: send(2) with MSG_DONTWAIT */
	MEDIUM_SYSLOG, /* one datagram per line */
};

static struct {
	const char *ident;
	enum medium medium;
	int fd;
	int verbose;
	int fatal_status;
	bool connected; /* for MEDIUM_SYSLOG */
	bool open;
	bool journal; /* standard error is the journal; set by detect_journal() */
	bool watched; /* standard error is a terminal; set by open_stderr() */
	size_t len;
	size_t full_len; /* when it last accepted less than there was; 0: it accepted all */
	unsigned long dropped;
	time_t stamp_time;
	char stamp[32];
	char buffer[BUFFER_BYTES];
} sink = { .ident = "srsd", .fd = STDERR_FILENO, .fatal_status = 1 };

/*
 * name_abstractly - give a unix socket an abstract name that the kernel chooses
 *
 * A hostile engine cannot bind(2) it to a path then.
 */
static void
name_abstractly(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNIX };

	(void)bind(fd, &none, sizeof(none.sa_family));
}

/*
 * detect_journal - find out if standard error is a stream to the journal
 *
 * systemd names that socket in JOURNAL_STREAM as DEVICE:INODE (systemd.exec(5)). A program with
 * redirected standard error inherits the variable too, hence the comparison.
 */
static void
detect_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	sink.journal = stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/*
 * open_stderr - find out the type of standard error
 *
 * A pipe or a terminal is opened again, because O_NONBLOCK would otherwise apply to the process
 * that started this one as well.
 */
static void
open_stderr(void)
{
	struct stat st;

	sink.fd = STDERR_FILENO;
	sink.medium = MEDIUM_FILE;
	sink.watched = isatty(STDERR_FILENO) == 1;
	if (fstat(STDERR_FILENO, &st) == -1 || S_ISREG(st.st_mode))
		return;
	if (S_ISSOCK(st.st_mode)) {
		sink.medium = MEDIUM_STREAM;
		name_abstractly(STDERR_FILENO);
	} else if (S_ISFIFO(st.st_mode) || sink.watched) {
		sink.medium = MEDIUM_PIPE;
		sink.fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (sink.fd == -1) {
			sink.medium = MEDIUM_SLOW;
			sink.fd = STDERR_FILENO;
		}
	}
}

/*
 * connect_syslog - connect the socket, or connect it again after a restart of syslog
 *
 * It is the same socket, because the sandbox refuses to create another one.
 */
static bool
connect_syslog(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = SYSLOG_PATH };

	if (sink.connected)
		return true;
	if (sink.fd == -1) {
		sink.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (sink.fd == -1)
			return false;
		name_abstractly(sink.fd);
	}
	sink.connected = connect(sink.fd, (struct sockaddr *)&sun, sizeof(sun)) == 0;
	return sink.connected;
}

void
log_open(enum log_sink kind, const char *ident)
{
	log_flush();
	sink.ident = ident;
	sink.open = true;
	detect_journal();
	if (kind == LOG_SINK_SYSLOG) {
		sink.medium = MEDIUM_SYSLOG;
		sink.watched = false;
		sink.fd = -1;
		connect_syslog();
	} else {
		open_stderr();
	}
}

void
log_verbose(int level)
{
	sink.verbose = level;
}

bool
log_debugging(void)
{
	return sink.verbose > 0;
}

const char *
log_place(void)
{
	if (sink.medium == MEDIUM_SYSLOG)
		return "syslog";
	return sink.journal ? "the journal" : "standard error";
}

/* write_to_sink - one write; returns the number of bytes written, 0 if the sink is not ready */
static size_t
write_to_sink(const char *data, size_t len)
{
	struct pollfd pfd = { .fd = sink.fd, .events = POLLOUT };
	ssize_t n;

	switch (sink.medium) {
	case MEDIUM_STREAM:
	case MEDIUM_SYSLOG:
		n = send(sink.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case MEDIUM_SLOW:
		if (poll(&pfd, 1, 0) != 1 || !(pfd.revents & POLLOUT))
			return 0;
		n = write(sink.fd, data, len);
		break;
	default:
		n = write(sink.fd, data, len);
		break;
	}
	return n > 0 ? (size_t)n : 0;
}

/* send_syslog_line - send one line as a datagram; connects again if syslog was restarted */
static size_t
send_syslog_line(const char *data, size_t len)
{
	const char *nl = memchr(data, '\n', len);
	size_t n = nl == NULL ? len : (size_t)(nl - data);

	if (!connect_syslog())
		return 0;
	if (write_to_sink(data, n) > 0)
		return n + 1;
	if (errno != EAGAIN && errno != ENOBUFS) {
		sink.connected = false;
		if (connect_syslog() && write_to_sink(data, n) > 0)
			return n + 1;
	}
	return 0;
}

/* measure_whole_lines - the length of the lines that fit in PIPE_BUF bytes; one always does */
static size_t
measure_whole_lines(const char *data, size_t len)
{
	const char *nl;

	if (len <= PIPE_BUF)
		return len;
	nl = memrchr(data, '\n', PIPE_BUF);
	return nl == NULL ? PIPE_BUF : (size_t)(nl + 1 - data);
}

/*
 * write_log_lines - write some lines, so that a pipe accepts all of their bytes or none
 *
 * The monitor and the engine write to the same pipe. A line of the one could otherwise appear in
 * the middle of a line of the other.
 */
static size_t
write_log_lines(const char *data, size_t len)
{
	switch (sink.medium) {
	case MEDIUM_SYSLOG:
		return send_syslog_line(data, len);
	case MEDIUM_FILE:
		return write_to_sink(data, len);
	default:
		return write_to_sink(data, measure_whole_lines(data, len));
	}
}

/* drain_log_buffer - write as much as the sink accepts now */
static void
drain_log_buffer(void)
{
	size_t done = 0, n;

	while (done < sink.len) {
		n = write_log_lines(sink.buffer + done, sink.len - done);
		if (n == 0)
			break;
		done += n;
	}
	sink.len -= done;
	sink.full_len = sink.len;
	memmove(sink.buffer, sink.buffer + done, sink.len);
}

static void
append_log_line(const char *line, size_t len)
{
	if (sink.len + len > sizeof(sink.buffer)) {
		sink.dropped++;
		return;
	}
	memcpy(sink.buffer + sink.len, line, len);
	sink.len += len;
}

/* format_log_time - the timestamp of RFC 3164, formatted once per second */
static const char *
format_log_time(void)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now != sink.stamp_time) {
		localtime_r(&now, &tm);
		strftime(sink.stamp, sizeof(sink.stamp), "%b %e %H:%M:%S", &tm);
		sink.stamp_time = now;
	}
	return sink.stamp;
}

/* mask_control_bytes - so that no text begins a second line or controls a terminal */
static void
mask_control_bytes(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
}

/* join_log_prefix - printf(3) would cost more than the rest of the line */
static size_t
join_log_prefix(char *line, size_t size, const char *name, const char *mark, const char *label)
{
	size_t name_len = strlen(name), mark_len = strlen(mark), label_len = strlen(label);

	if (name_len + mark_len + label_len >= size)
		return strlcpy(line, label, size);
	memcpy(line, name, name_len);
	memcpy(line + name_len, mark, mark_len);
	memcpy(line + name_len + mark_len, label, label_len + 1);
	return name_len + mark_len + label_len;
}

/*
 * format_log_prefix - write the name of the program; for syslog, the priority and time as well
 *
 * The journal removes the priority from a line, and gets the name from systemd.
 */
static size_t
format_log_prefix(char *line, size_t size, int priority, const char *label)
{
	char level[] = "<0>";

	if (sink.medium == MEDIUM_SYSLOG) {
		snprintf(line, size, "<%d>%s %s[%d]: ", LOG_MAIL | priority, format_log_time(),
		    sink.ident, (int)getpid());
		return strlcat(line, label, size);
	}
	level[1] = (char)('0' + priority);
	if (sink.journal)
		return join_log_prefix(line, size, level, "", label);
	return join_log_prefix(line, size, sink.ident, ": ", label);
}

/*
 * is_flush_due - a sink that was full is tried again after some more lines, or by log_flush(): not
 * with each line, which would cost each request a system call
 */
static bool
is_flush_due(void)
{
	if (!sink.open || sink.watched || sink.len + LINE_MAX_BYTES > sizeof(sink.buffer))
		return true;
	return sink.len >= FLUSH_AT && sink.len >= sink.full_len + PIPE_BUF;
}

/* end_log_line - append a line and its newline to the buffer */
static void
end_log_line(char *line, size_t len)
{
	line[len++] = '\n';
	append_log_line(line, len);
	if (is_flush_due())
		drain_log_buffer();
}

PRINTF_LIKE(4, 0)
static void
emit_log_message(int priority, const char *label, int error, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line) - 1, len;
	int n;

	if (!sink.open)
		detect_journal();
	len = format_log_prefix(line, room, priority, label);
	n = vsnprintf(line + len, room - len, fmt, ap);
	len += n < 0 ? 0 : (size_t)n;
	if (len >= room)
		len = room - 1;
	if (error != 0) {
		n = snprintf(line + len, room - len, ": %s", strerror(error));
		len += n < 0 ? 0 : (size_t)n;
		if (len >= room)
			len = room - 1;
	}
	mask_control_bytes(line, len);
	end_log_line(line, len);
}

void
log_line(const struct line *text)
{
	char line[LINE_MAX_BYTES];
	size_t len = format_log_prefix(line, sizeof(line), LOG_INFO, "");

	memcpy(line + len, text->text, text->len);
	/* The pieces of a struct line are printable already. Make sure that it is one line. */
	if (memchr(text->text, '\n', text->len) != NULL)
		mask_control_bytes(line + len, text->len);
	end_log_line(line, len + text->len);
}

static void
report_dropped_lines(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_log_message(LOG_WARNING, "warning: ", 0, fmt, ap);
	va_end(ap);
}

void
log_forget(void)
{
	sink.len = 0;
	sink.full_len = 0;
	sink.dropped = 0;
}

/*
 * reopen_stderr - open standard error again for this process alone
 *
 * A regular file without O_APPEND is not opened again: its writers share one file position.
 */
static void
reopen_stderr(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL), fd;

	if (sink.medium == MEDIUM_STREAM || (sink.medium == MEDIUM_FILE && !(flags & O_APPEND)))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (sink.fd != STDERR_FILENO)
		close(sink.fd);
	sink.fd = STDERR_FILENO;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

void
log_reopen(void)
{
	if (!sink.open)
		return;
	if (sink.medium != MEDIUM_SYSLOG) {
		reopen_stderr();
		return;
	}
	if (sink.fd != -1)
		close(sink.fd);
	sink.fd = -1;
	sink.connected = false;
	connect_syslog();
}

bool
log_pending(void)
{
	return sink.len > 0;
}

void
log_flush(void)
{
	unsigned long dropped = sink.dropped;

	if (sink.len > 0)
		drain_log_buffer();
	if (dropped > 0 && sink.len < FLUSH_AT) {
		sink.dropped = 0;
		report_dropped_lines("log: %lu lines lost, because the sink was too slow", dropped);
	}
}

void
log_close(void)
{
	struct pollfd pfd = { .events = POLLOUT };
	struct timespec now, end;
	long left = CLOSE_WAIT_MS;
	size_t before;

	clock_gettime(CLOCK_MONOTONIC, &end);
	for (;;) {
		before = sink.len;
		log_flush();
		/* The sink is ready, but accepts nothing: a full disk, for example. */
		if (sink.len == 0 || left <= 0 || (pfd.revents != 0 && sink.len == before))
			break;
		if (sink.medium == MEDIUM_SYSLOG && !sink.connected)
			break;
		pfd.fd = sink.fd;
		/* On an error, the pipe no longer has a reader. */
		if (poll(&pfd, 1, (int)left) <= 0 || (pfd.revents & (POLLERR | POLLNVAL)))
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = CLOSE_WAIT_MS - (now.tv_sec - end.tv_sec) * 1000 -
		       (now.tv_nsec - end.tv_nsec) / 1000000;
	}
	sink.len = 0;
}

static bool
has_interval_passed(struct log_limit *limit, time_t seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (limit->used && now.tv_sec - limit->last < seconds)
		return false;
	limit->used = true;
	limit->last = now.tv_sec;
	return true;
}

bool
log_allows(struct log_limit *limit)
{
	return has_interval_passed(limit, LIMIT_SECONDS);
}

bool
log_allows_hourly(struct log_limit *limit)
{
	return has_interval_passed(limit, LIMIT_HOURLY_SECONDS);
}

#define EMIT(priority, label, error)                                                 \
	do {                                                                         \
		int saved = errno;                                                   \
		va_list ap;                                                          \
		va_start(ap, fmt);                                                   \
		emit_log_message((priority), (label), (error) ? saved : 0, fmt, ap); \
		va_end(ap);                                                          \
		errno = saved;                                                       \
	} while (0)

void
log_debug(const char *fmt, ...)
{
	if (sink.verbose > 0)
		EMIT(LOG_DEBUG, "debug: ", 0);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LOG_INFO, "", 0);
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LOG_WARNING, "warning: ", 1);
}

void
log_warnx(const char *fmt, ...)
{
	EMIT(LOG_WARNING, "warning: ", 0);
}

void
log_fatal_status(int status)
{
	sink.fatal_status = status;
}

/* exit_with_message - also on standard error, because a daemon is started from a terminal */
NORETURN PRINTF_LIKE(2, 0) static void exit_with_message(int error, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	emit_log_message(LOG_CRIT, "fatal: ", error, fmt, ap);
	log_close();
	if (sink.medium == MEDIUM_SYSLOG) {
		sink.medium = MEDIUM_FILE;
		sink.fd = STDERR_FILENO;
		emit_log_message(LOG_CRIT, "fatal: ", error, fmt, again);
		drain_log_buffer();
	}
	va_end(again);
	exit(error == ENOMEM ? EXIT_FAILURE : sink.fatal_status);
}

void
fatal(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	exit_with_message(error, fmt, ap);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	exit_with_message(0, fmt, ap);
}
