/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"
#include "tests/unit/unit_fds.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <signal.h>

#include "common/filebox.h"

#define MAX (2 * 1024 * 1024)

/* check_reads - a box has just these bytes under a path */
static void
check_reads(struct filebox *box, const char *path, const char *data, size_t len)
{
	const char *error = "none";
	struct file file;

	if (!filebox_read(box, &file, path, MAX, &error)) {
		unit_text(path, "error", error, "none");
		return;
	}
	unit_bytes(path, "bytes", file.data, file.len, data, len);
	unit_int(path, "NUL after it", file.data[file.len], '\0');
	unit_int(path, "st_size", file.st.st_size, (long long)len);
	file_free(&file);
}

static void
check_fails(struct filebox *box, const char *path, const char *want)
{
	const char *error = "none";
	struct file file;

	memset(&file, 'x', sizeof(file));
	unit_true(path, "fails", !filebox_read(box, &file, path, MAX, &error));
	unit_text(path, "why", error, want);
	unit_true(path, "no bytes", file.data == NULL && file.len == 0);
	file_free(&file);
}

/* moved - the box on the other side; the first one is freed */
static struct filebox *
moved(struct filebox **box)
{
	int fd = filebox_store(*box);
	struct filebox *other;

	assert_int_not_equal(fd, -1);
	filebox_free(box);
	assert_null(*box);
	other = filebox_load(fd);
	assert_non_null(other);
	close(fd);
	return other;
}

static void
test_no_box(void **state)
{
	(void)state;
	check_reads(NULL, unit_write("file", BYTES("text"), 0600), BYTES("text"));
	check_reads(NULL, unit_write("file", BYTES("other"), 0600), BYTES("other"));
	check_fails(NULL, unit_path("none"), strerror(ENOENT));
	unit_end();
}

/* The first result of a path is kept, whatever happens to the file; so are errors. */
static void
test_open_box_keeps(void **state)
{
	struct filebox *box = filebox_new();

	(void)state;
	check_reads(box, unit_write("file", BYTES("first"), 0600), BYTES("first"));
	check_fails(box, unit_path("late"), strerror(ENOENT));
	unit_write("file", BYTES("a longer second"), 0600);
	unit_write("late", BYTES("here now"), 0600);
	check_reads(box, unit_path("file"), BYTES("first"));
	check_fails(box, unit_path("late"), strerror(ENOENT));
	unlink(unit_path("file"));
	check_reads(box, unit_path("file"), BYTES("first"));
	check_reads(box, unit_write("other", BYTES("x"), 0600), BYTES("x"));
	filebox_free(&box);
	assert_null(box);
	filebox_free(&box);
	unit_end();
}

static void
test_size_limit_is_kept(void **state)
{
	const char *path = unit_write("file", BYTES("12345"), 0600), *error;
	struct filebox *box = filebox_new();
	struct file file;

	(void)state;
	assert_false(filebox_read(box, &file, path, 4, &error));
	assert_string_equal(error, "too large");
	check_fails(box, path, "too large");
	filebox_free(&box);
	unit_end();
}

/* The caller wipes and frees what it got; the box has its own. */
static void
test_copies(void **state)
{
	const char *path = unit_write("file", BYTES("text"), 0600), *error;
	struct filebox *box = filebox_new();
	struct file one, two;

	(void)state;
	assert_true(filebox_read(box, &one, path, MAX, &error));
	assert_true(filebox_read(box, &two, path, MAX, &error));
	assert_ptr_not_equal(one.data, two.data);
	memset(one.data, 'x', one.len);
	file_free(&one);
	filebox_free(&box);
	assert_memory_equal(two.data, "text", 5);
	file_free(&two);
}

static void
test_moves(void **state)
{
	struct filebox *box = filebox_new();
	char *large = unit_fill('\n', 1024 * 1024), kept[300];
	const char *path;
	size_t i;

	(void)state;
	for (i = 0; i < 1024 * 1024; i += 61)
		large[i] = (char)i;
	check_reads(box, unit_write("text", BYTES("one\ntwo\n"), 0600), BYTES("one\ntwo\n"));
	check_reads(box, unit_write("empty", BYTES(""), 0600), BYTES(""));
	check_reads(box, unit_write("nuls", BYTES("a\0b\0\0"), 0600), BYTES("a\0b\0\0"));
	check_reads(box, unit_write("large", large, 1024 * 1024, 0600), large, 1024 * 1024);
	check_fails(box, unit_path("none"), strerror(ENOENT));
	check_fails(box, unit_dir, "not a regular file");
	check_fails(box, "", strerror(ENOENT));
	box = moved(&box);
	unlink(unit_path("text"));
	unit_write("none", BYTES("here now"), 0600);
	check_reads(box, unit_path("text"), BYTES("one\ntwo\n"));
	check_reads(box, unit_path("empty"), BYTES(""));
	check_reads(box, unit_path("nuls"), BYTES("a\0b\0\0"));
	check_reads(box, unit_path("large"), large, 1024 * 1024);
	check_fails(box, unit_path("none"), strerror(ENOENT));
	check_fails(box, unit_dir, "not a regular file");
	check_fails(box, "", strerror(ENOENT));
	/* It is closed: what the first box was not asked for is not there, on the disk or not. */
	path = unit_write("more", BYTES("x"), 0600);
	snprintf(kept, sizeof(kept), "%s", path);
	check_fails(box, kept, "not among the files that the monitor read");
	kept[strlen(kept) - 1] = '\0';
	check_fails(box, kept, "not among the files that the monitor read");
	/* And once more. */
	box = moved(&box);
	check_reads(box, unit_path("large"), large, 1024 * 1024);
	check_fails(box, unit_path("none"), strerror(ENOENT));
	check_fails(box, kept, "not among the files that the monitor read");
	filebox_free(&box);
	free(large);
	unit_end();
}

/* The owner and mode of a file come from the box as well (srs_keys_load needs them). */
static void
test_status_moves(void **state)
{
	const char *path = unit_write("file", BYTES("x"), 0640), *error;
	struct filebox *box = filebox_new();
	struct file file;

	(void)state;
	check_reads(box, path, BYTES("x"));
	box = moved(&box);
	assert_true(filebox_read(box, &file, path, MAX, &error));
	assert_int_equal(file.st.st_mode & 07777, 0640);
	assert_int_equal(file.st.st_uid, geteuid());
	assert_int_equal(file.st.st_gid, getegid());
	file_free(&file);
	filebox_free(&box);
	unit_end();
}

static void
test_empty_box_moves(void **state)
{
	struct filebox *box = filebox_new();
	const char *path = unit_write("file", BYTES("x"), 0600);

	(void)state;
	box = moved(&box);
	check_fails(box, path, "not among the files that the monitor read");
	filebox_free(&box);
	unit_end();
}

/* No process can change it on the way. */
static void
test_memory_file_is_sealed(void **state)
{
	struct filebox *box = filebox_new();
	int fd;

	(void)state;
	check_reads(box, unit_write("file", BYTES("secret"), 0600), BYTES("secret"));
	fd = filebox_store(box);
	assert_int_not_equal(fd, -1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_true(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	close(fd);
	filebox_free(&box);
	unit_end();
}

/* stored - the bytes of a memory file with several kinds of entries; the caller frees them */
static char *
stored(size_t *len)
{
	struct filebox *box = filebox_new();
	const char *error;
	struct file file;
	struct stat st;
	char *bytes;
	int fd;

	assert_true(
	    filebox_read(box, &file, unit_write("a", BYTES("some text\n"), 0600), MAX, &error));
	file_free(&file);
	assert_true(filebox_read(box, &file, unit_write("b", BYTES(""), 0600), MAX, &error));
	file_free(&file);
	assert_false(filebox_read(box, &file, unit_path("c"), MAX, &error));
	fd = filebox_store(box);
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, *len, 0), *len);
	close(fd);
	filebox_free(&box);
	return bytes;
}

/* load_bytes - what filebox_load makes of a memory file */
static struct filebox *
load_bytes(const char *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct filebox *box;

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	errno = 0;
	box = filebox_load(fd);
	close(fd);
	return box;
}

/* Every beginning of a memory file but the ones that end with an entry. */
static void
test_truncated(void **state)
{
	size_t len, n, whole = 0;
	char *bytes = stored(&len);
	struct filebox *box;

	(void)state;
	for (n = 0; n <= len; n++) {
		box = load_bytes(bytes, n);
		if (box == NULL) {
			unit_int(unit_row("%zu bytes", n), "errno", errno, EBADMSG);
			continue;
		}
		whole++;
		filebox_free(&box);
	}
	assert_int_equal(whole, 4); /* with none, one, two and three of its files */
	free(bytes);
	unit_end();
}

/* Bytes that are wrong: an error, or a box that can be used; never a byte beyond the end. */
static void
test_garbage(void **state)
{
	size_t len, i, at, refused = 0;
	char *bytes = stored(&len), *copy;
	struct filebox *box;
	uint64_t seed = 11;
	const char *error;
	struct file file;

	(void)state;
	for (i = 0; i < 2000; i++) {
		copy = unit_copy(bytes, len);
		for (at = 1 + unit_random(&seed, 4); at > 0; at--)
			copy[unit_random(&seed, (unsigned)len)] = (char)unit_random(&seed, 256);
		box = load_bytes(copy, len);
		free(copy);
		refused += box == NULL;
		if (box == NULL) {
			unit_int(unit_row("%zu", i), "errno", errno, EBADMSG);
			continue;
		}
		if (filebox_read(box, &file, unit_path("a"), MAX, &error))
			file_free(&file);
		filebox_free(&box);
	}
	assert_in_range(refused, 1, 1999);
	copy = unit_fill('\xff', len);
	assert_null(load_bytes(copy, len));
	assert_int_equal(errno, EBADMSG);
	free(copy);
	free(bytes);
	unit_end();
}

static void
test_no_memory_file(void **state)
{
	unsigned before = unit_fds();

	(void)state;
	assert_null(filebox_load(-1));
	assert_int_equal(errno, EBADF);
	assert_int_equal(unit_fds(), before);
}

/* test_no_room - an error of write(2) ends it, and no part of a box is passed on */
static void
test_no_room(void **state)
{
	static char large[1024 * 1024];
	struct filebox *box = filebox_new();
	struct rlimit before, limit;
	unsigned descriptors;
	int fd, error;

	(void)state;
	check_reads(box, unit_write("large", large, sizeof(large), 0600), large, sizeof(large));
	descriptors = unit_fds();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = sizeof(large) / 2;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fd = filebox_store(box);
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(fd, -1);
	assert_int_equal(error, EFBIG);
	assert_int_equal(unit_fds(), descriptors);
	filebox_free(&box);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_no_box),
		UNIT_DIR_TEST(test_open_box_keeps),
		UNIT_DIR_TEST(test_size_limit_is_kept),
		UNIT_DIR_TEST(test_copies),
		UNIT_DIR_TEST(test_moves),
		UNIT_DIR_TEST(test_status_moves),
		UNIT_DIR_TEST(test_empty_box_moves),
		UNIT_DIR_TEST(test_memory_file_is_sealed),
		UNIT_DIR_TEST(test_truncated),
		UNIT_DIR_TEST(test_garbage),
		UNIT_DIR_TEST(test_no_memory_file),
		UNIT_DIR_TEST(test_no_room),
	};

	return cmocka_run_group_tests_name("filebox", tests, NULL, NULL);
}
