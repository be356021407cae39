// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

struct sources_names {
	VECTOR_OF(char *);
};

static int sources_fail(struct strbuf *problems, const char *path, int r, const char *advice)
{
	strbuf_printf(problems, "%s: %s%s%s\n", path,
		r == -EMEDIUMTYPE ? "it is no regular file" : strerror(-r), advice ? ": " : "",
		advice ? advice : "");
	return r;
}

/* Root may read all only with its capabilities; poised has given them up. */
static const char *sources_access_advice(void)
{
	return geteuid() == 0 ? "let root read it as its owner or by its mode: `chown root`, or "
				"`chmod o+r` (a directory: `o+rx`)"
			      : "run as a user who may read it";
}

static const char *sources_advice(int r)
{
	switch (r) {
	case -ENOENT:
		return "name the file or directory of the configuration";
	case -EACCES:
	case -EPERM:
		return sources_access_advice();
	case -EFBIG:
		return "all files together may have at most 256 MiB";
	case -EMEDIUMTYPE:
		return "name a file, which can be read again when it changes";
	default:
		return NULL;
	}
}

static int sources_read_text(
	const struct sources *sources, const char *path, char **text, size_t *size)
{
	size_t limit = SOURCES_LIMIT - sources->size;

	if (strcmp(path, "-") == 0)
		return file_read_fd(STDIN_FILENO, limit, text, size);
	return sources->regular ? file_read_regular(AT_FDCWD, path, limit, text, size)
				: file_read(AT_FDCWD, path, limit, text, size);
}

/* One file or standard input; *name is taken over. */
static int sources_add(struct sources *sources, char *name, struct strbuf *problems)
{
	_cleanup_free_ char *path = name;
	char *text = NULL;
	size_t size = 0;
	bool standard_input = strcmp(path, "-") == 0;
	int r = sources_read_text(sources, path, &text, &size);

	if (r < 0)
		return sources_fail(
			problems, standard_input ? "standard input" : path, r, sources_advice(r));
	struct document *document = vector_append(sources);
	document->name = standard_input ? memory_copy_string("<stdin>") : STEAL(path);
	document->text = text;
	document->size = size;
	sources->size += size;
	return 0;
}

/* A file that was found in a directory, not named by the user: to open a pipe or a device could take for ever. */
static int sources_add_found(struct sources *sources, char *name, struct strbuf *problems)
{
	_cleanup_free_ char *path = name;
	struct stat status;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return sources_fail(problems, path, -EINVAL, "it is no file: take it away");
	return sources_add(sources, STEAL(path), problems);
}

static int sources_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool sources_ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), rest = strlen(end);

	return length > rest && strcmp(name + length - rest, end) == 0;
}

static bool sources_is_plain(const char *name)
{
	return name[0] != '.' && name[0] != '#';
}

bool sources_takes(const char *name)
{
	return sources_is_plain(name) && sources_ends_with(name, ".yaml");
}

/* What may have been meant as one. */
static bool sources_is_other(const char *name)
{
	return sources_is_plain(name) &&
	       (sources_ends_with(name, ".yml") || sources_ends_with(name, ".YAML") ||
		       sources_ends_with(name, ".YML"));
}

bool sources_minds(const char *name)
{
	return sources_takes(name) || sources_is_other(name);
}

/* What a directory has, each in lexical order. */
struct sources_listing {
	struct sources_names yaml, other;
};

static void sources_listing_clear(struct sources_listing *listing)
{
	vector_foreach(&listing->yaml, name)
		free(*name);
	vector_foreach(&listing->other, name)
		free(*name);
	vector_clear(&listing->yaml);
	vector_clear(&listing->other);
}

/* Those that are directories are left out. */
static int sources_list(const char *directory, struct sources_listing *listing)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream)
		return -errno;
	while (errno = 0, (entry = readdir(stream))) {
		struct stat status;
		bool yaml = sources_takes(entry->d_name), other = sources_is_other(entry->d_name);

		if (!yaml && !other)
			continue;
		/* One that cannot be looked at is listed: reading it will say why. */
		if (fstatat(dirfd(stream), entry->d_name, &status, 0) == 0 &&
			S_ISDIR(status.st_mode))
			continue;
		vector_push(
			yaml ? &listing->yaml : &listing->other, memory_copy_string(entry->d_name));
	}
	int r = -errno;
	closedir(stream);
	vector_sort(&listing->yaml, sources_compare_names);
	vector_sort(&listing->other, sources_compare_names);
	return r;
}

static void sources_warn(struct sources *sources, const char *directory,
	const struct sources_names *names, const char *advice)
{
	vector_foreach(names, name) {
		if (strcmp(*name, "poise.yaml") != 0)
			strbuf_printf(&sources->warnings, "%s/%s is not read: %s\n", directory,
				*name, advice);
	}
}

#define SOURCES_OTHER_ADVICE "only names that end in .yaml are"

/* Reads all *.yaml of a directory. The number of them, or -errno. */
static int sources_add_listed(
	struct sources *sources, const char *directory, struct strbuf *problems)
{
	struct sources_listing listing = {};
	int r = sources_list(directory, &listing), result = (int)listing.yaml.count;

	if (r < 0)
		result = sources_fail(problems, directory, r, sources_advice(r));
	vector_foreach(&listing.yaml, name) {
		r = sources_add_found(sources, memory_printf("%s/%s", directory, *name), problems);
		if (r < 0 && result >= 0)
			result = r;
	}
	sources_warn(sources, directory, &listing.other, SOURCES_OTHER_ADVICE);
	sources_listing_clear(&listing);
	return result;
}

/* What lies beside poise.yaml or conf.d, where it is not looked for. A directory that cannot be
 * listed is no error: its files may be read by name. */
static void sources_warn_beside(struct sources *sources, const char *directory, bool has_main)
{
	struct sources_listing listing = {};

	sources_list(directory, &listing);
	sources_warn(sources, directory, &listing.yaml,
		has_main ? "beside poise.yaml only conf.d/ is: move it there"
			 : "where there is a conf.d/, only poise.yaml and conf.d/ are: move it "
			   "there");
	sources_warn(sources, directory, &listing.other, SOURCES_OTHER_ADVICE);
	sources_listing_clear(&listing);
}

/* Whether something of this name is there; what cannot be looked at is there too, so that reading
 * it says why. */
static bool sources_exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int sources_add_directory(
	struct sources *sources, const char *directory, struct strbuf *problems)
{
	_cleanup_free_ char *main = memory_printf("%s/poise.yaml", directory);
	_cleanup_free_ char *more = memory_printf("%s/conf.d", directory);
	bool has_main = sources_exists(main), has_more = sources_exists(more);
	int found = 0, r = 0;

	if (has_main) {
		r = sources_add_found(sources, STEAL(main), problems);
		found = 1;
	}
	if (has_more || !has_main) {
		int listed = sources_add_listed(sources, has_more ? more : directory, problems);

		if (listed < 0)
			return r < 0 ? r : listed;
		found += listed;
	}
	if (has_main || has_more)
		sources_warn_beside(sources, directory, has_main);
	if (found)
		return r;
	strbuf_printf(problems, "%s: there is nothing to read: %s\n", directory,
		has_more ? "no poise.yaml is in this directory, and no *.yaml in its conf.d"
			 : "neither poise.yaml nor another *.yaml is in this directory");
	return -ENOENT;
}

static int sources_add_path(struct sources *sources, const char *path, struct strbuf *problems)
{
	struct stat status;

	if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return sources_add_directory(sources, path, problems);
	return sources_add(sources, memory_copy_string(path), problems);
}

/* All that a file declares would stand there a second time, at the place where it stands. */
static int sources_check_twice(const char *const *paths, size_t count, struct strbuf *problems)
{
	struct {
		VECTOR_OF(const char *);
	} sorted = {};
	size_t before = problems->length;

	for (size_t i = 0; i < count; i++)
		vector_push(&sorted, paths[i]);
	vector_sort(&sorted, sources_compare_names);
	for (size_t i = 1; i < count; i++) {
		const char *path = sorted.items[i];

		if (strcmp(sorted.items[i - 1], path) != 0 ||
			(i > 1 && strcmp(sorted.items[i - 2], path) == 0))
			continue;
		if (strcmp(path, "-") == 0)
			strbuf_add(problems,
				"standard input is named twice (`-`), and can be read only once\n");
		else
			strbuf_printf(problems, "%s is named twice\n", path);
	}
	vector_clear(&sorted);
	return problems->length > before ? -EINVAL : 0;
}

int sources_read(
	const char *const *paths, size_t count, struct sources *ret, struct strbuf *problems)
{
	static const char *const standard[] = {SOURCES_DEFAULT_PATH};

	if (!count) {
		paths = standard;
		count = 1;
	}
	int result = sources_check_twice(paths, count, problems);
	if (result < 0)
		return result;
	for (size_t i = 0; i < count; i++) {
		int r = sources_add_path(ret, paths[i], problems);

		if (result == 0)
			result = r;
	}
	return result;
}

void sources_clear(struct sources *sources)
{
	vector_foreach(sources, document) {
		free((char *)document->name);
		free((char *)document->text);
	}
	vector_clear(sources);
	sources->size = 0;
	strbuf_clear(&sources->warnings);
}
