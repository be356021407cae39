// SPDX-License-Identifier: GPL-2.0-or-later
#include "reconciler/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/file.h"

struct sources_names {
	VECTOR_OF(char *);
};

static int sources_fail(struct strbuf *problems, const char *path, int r, const char *advice)
{
	strbuf_printf(problems, "%s: %s%s%s\n", path, strerror(-r), advice ? ": " : "",
		advice ? advice : "");
	return r;
}

static const char *sources_advice(int r)
{
	switch (r) {
	case -ENOENT:
		return "name the file or directory of the configuration";
	case -EACCES:
	case -EPERM:
		return "run as a user who may read it";
	case -EFBIG:
		return "a file may have at most 256 MiB";
	default:
		return NULL;
	}
}

/* One file or standard input; *name is taken over. */
static int sources_add(struct sources *sources, char *name, struct strbuf *problems)
{
	_cleanup_free_ char *path = name;
	char *text = NULL;
	size_t size = 0;
	bool standard_input = strcmp(path, "-") == 0;
	int r = standard_input ? file_read_fd(STDIN_FILENO, SOURCES_FILE_LIMIT, &text, &size)
			       : file_read(AT_FDCWD, path, SOURCES_FILE_LIMIT, &text, &size);

	if (r < 0)
		return sources_fail(
			problems, standard_input ? "standard input" : path, r, sources_advice(r));
	struct document *document = vector_append(sources);
	document->name = standard_input ? memory_copy_string("<stdin>") : STEAL(path);
	document->text = text;
	document->size = size;
	return 0;
}

static int sources_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* *.yaml, but not the hidden files and backups that editors leave. */
static bool sources_is_yaml(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && name[0] != '#' && length > 5 &&
	       strcmp(name + length - 5, ".yaml") == 0;
}

/* The *.yaml files of a directory in lexical order; those that are directories are left out. */
static int sources_list(const char *directory, struct sources_names *names)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream)
		return -errno;
	while (errno = 0, (entry = readdir(stream))) {
		struct stat status;

		if (!sources_is_yaml(entry->d_name))
			continue;
		/* One that cannot be looked at is listed: reading it will say why. */
		if (fstatat(dirfd(stream), entry->d_name, &status, 0) == 0 &&
			S_ISDIR(status.st_mode))
			continue;
		vector_push(names, memory_copy_string(entry->d_name));
	}
	int r = -errno;
	closedir(stream);
	vector_sort(names, sources_compare_names);
	return r;
}

/* Reads all *.yaml of a directory. The number of them, or -errno. */
static int sources_add_listed(
	struct sources *sources, const char *directory, struct strbuf *problems)
{
	struct sources_names names = {};
	int r = sources_list(directory, &names), result = (int)names.count;

	if (r < 0)
		result = sources_fail(problems, directory, r, sources_advice(r));
	vector_foreach(&names, name) {
		r = sources_add(sources, memory_printf("%s/%s", directory, *name), problems);
		if (r < 0 && result >= 0)
			result = r;
		free(*name);
	}
	vector_clear(&names);
	return result;
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
		r = sources_add(sources, STEAL(main), problems);
		found = 1;
	}
	if (has_more || !has_main) {
		int listed = sources_add_listed(sources, has_more ? more : directory, problems);

		if (listed < 0)
			return r < 0 ? r : listed;
		found += listed;
	}
	if (found)
		return r;
	return sources_fail(problems, directory, -ENOENT,
		"neither poise.yaml nor another *.yaml is in this directory");
}

static int sources_add_path(struct sources *sources, const char *path, struct strbuf *problems)
{
	struct stat status;

	if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return sources_add_directory(sources, path, problems);
	return sources_add(sources, memory_copy_string(path), problems);
}

int sources_read(
	const char *const *paths, size_t count, struct sources *ret, struct strbuf *problems)
{
	static const char *const standard[] = {SOURCES_DEFAULT_PATH};
	int result = 0;

	if (!count) {
		paths = standard;
		count = 1;
	}
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
}
