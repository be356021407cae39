// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <time.h>

#include "base/file.h"
#include "model/canonical.h"
#include "model/load.h"

#define FILES_LAST_GOOD_LIMIT (512u << 20)
#define FILES_HOPS_MOST       40
#define FILES_SWAPS_MOST      8

static void files_take_diagnostics(
	struct files *files, const struct diagnostics *diagnostics, struct strbuf *text)
{
	diagnostics_format_errors_first(diagnostics, text);
	if (diagnostics->errors || files->problems)
		return;
	if (files->sources.warnings.text)
		strbuf_add(text, files->sources.warnings.text);
	if (text->length)
		files->warnings = strbuf_take(text);
}

/* Parses what was read; `trees` may be NULL. `failed`: not all of it could be read; the rest is checked all the same, so that one look
 * tells everything. */
static void files_load(
	struct files *files, struct load_trees *trees, bool failed, struct strbuf *problems)
{
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	int r = 0;

	if (files->sources.count && trees)
		r = config_reload(trees, files->sources.items, files->sources.count, &files->config,
			&diagnostics);
	else if (files->sources.count)
		r = config_load(
			files->sources.items, files->sources.count, &files->config, &diagnostics);
	if (failed || r < 0) {
		diagnostics_format_errors_first(&diagnostics, problems);
		files->problems = strbuf_take(problems);
		return;
	}
	declared_from_config(&files->config, &files->declared);
	files_take_diagnostics(files, &diagnostics, problems);
}

static bool files_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* All of one version: between two files a link may be swapped that both lie behind. */
static int files_read_sources(
	struct files *files, const char *const *paths, size_t count, struct strbuf *problems)
{
	for (unsigned int i = 0; i < FILES_SWAPS_MOST; i++) {
		_cleanup_free_ char *after = NULL;

		sources_clear(&files->sources);
		strbuf_clear(problems);
		free(files->commit);
		files->commit = files_commit(paths, count);
		int r = sources_read(paths, count, &files->sources, problems);
		after = files_commit(paths, count);
		if (files_same_text(files->commit, after))
			return r;
	}
	strbuf_printf(problems,
		"%s: it is swapped for another version faster than it can be read\n", paths[0]);
	return -EAGAIN;
}

struct files *files_read(const char *const *paths, size_t count, struct load_trees *trees)
{
	struct files *files = memory_new(sizeof(*files));
	_cleanup_strbuf_ struct strbuf problems = {};

	files->sources.regular = true;
	files->read_at = (uint64_t)time(NULL);
	int r = files_read_sources(files, paths, count, &problems);
	files_load(files, trees, r < 0, &problems);
	return files;
}

struct files *files_of_canonical(const char *path, char *text, size_t size)
{
	struct files *files = memory_new(sizeof(*files));
	_cleanup_strbuf_ struct strbuf problems = {};

	*vector_append(&files->sources) =
		(struct document){.name = memory_copy_string(path), .text = text, .size = size};
	files->last_good = true;
	files->read_at = (uint64_t)time(NULL);
	files_load(files, NULL, false, &problems);
	return files->problems ? files_free(files) : files;
}

struct files *files_read_last_good(const char *state_dir)
{
	_cleanup_free_ char *path = memory_printf("%s/" RECORD_CONFIRMED_FILE, state_dir);
	char *text;
	size_t size;

	if (file_read_regular(AT_FDCWD, path, FILES_LAST_GOOD_LIMIT, &text, &size) < 0)
		return NULL;
	return files_of_canonical(path, text, size);
}

char *files_canonical(struct files *files)
{
	struct strbuf text = {};

	if (files->canonical)
		return STEAL(files->canonical);
	config_format_yaml(&files->config, &text);
	return strbuf_take(&text);
}

const char *files_revision(struct files *files)
{
	if (!files->revision[0]) {
		files->canonical = files_canonical(files);
		record_revision(files->canonical, files->revision);
	}
	return files->revision;
}

bool files_same(const struct files *a, const struct files *b)
{
	if (a->sources.count != b->sources.count || !files_same_text(a->commit, b->commit))
		return false;
	for (size_t i = 0; i < a->sources.count; i++) {
		const struct document *x = &a->sources.items[i], *y = &b->sources.items[i];

		if (x->size != y->size || strcmp(x->name, y->name) != 0 ||
			memcmp(x->text, y->text, x->size) != 0)
			return false;
	}
	/* What cannot be read has no bytes: its words stand for it. */
	return files_same_text(a->problems, b->problems);
}

/* A component that says which version it is: a commit, or what Kubernetes calls ..2026_11_21_10_00_00.123. */
static bool files_is_version(const char *word, size_t length)
{
	bool swapped = length > 2 && strncmp(word, "..", 2) == 0 && isdigit((unsigned char)word[2]);

	if (!swapped && length != 40 && length != 64)
		return false;
	/* It is shown, and written down as JSON. */
	for (size_t i = 0; i < length; i++)
		if (!(swapped ? isalnum((unsigned char)word[i]) || strchr("._-", word[i])
			      : isxdigit((unsigned char)word[i])))
			return false;
	return true;
}

/* The last component of a link's target that is a version. */
static char *files_version_in(const char *target)
{
	char *found = NULL;

	for (const char *word = target; *word;) {
		size_t length = strcspn(word, "/");

		if (files_is_version(word, length)) {
			free(found);
			found = memory_copy_bytes(word, length);
		}
		word += length + (word[length] == '/');
	}
	return found;
}

/* Looks at each prefix of `path` that is a link, then at the same of where it leads. */
static char *files_commit_of(const char *path, unsigned int hops)
{
	char target[PATH_MAX];

	for (size_t end = 1; hops && path[end - 1]; end++) {
		if (path[end] && path[end] != '/')
			continue;
		_cleanup_free_ char *prefix = memory_copy_bytes(path, end);
		ssize_t length = readlink(prefix, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		char *found = files_version_in(target);
		if (found)
			return found;
		char *slash = strrchr(prefix, '/');
		size_t parent = slash ? (size_t)(slash - prefix) + 1 : 0;
		_cleanup_free_ char *next = target[0] == '/'
						    ? memory_printf("%s%s", target, path + end)
						    : memory_printf("%.*s%s%s", (int)parent, prefix,
							      target, path + end);
		return files_commit_of(next, hops - 1);
	}
	return NULL;
}

char *files_commit(const char *const *paths, size_t count)
{
	/* Kubernetes links the files of a mounted directory, not the directory. */
	static const char *const below[] = {
		"", "/poise.yaml", "/conf.d", "/..data", "/conf.d/..data"};

	for (size_t i = 0; i < count; i++)
		for (size_t b = 0; b < ARRAY_LENGTH(below); b++) {
			_cleanup_free_ char *path = memory_printf("%s%s", paths[i], below[b]);
			char *found = files_commit_of(path, FILES_HOPS_MOST);

			if (found)
				return found;
		}
	return NULL;
}

struct files *files_free(struct files *files)
{
	if (!files)
		return NULL;
	declared_clear(&files->declared);
	config_clear(&files->config);
	sources_clear(&files->sources);
	free(files->canonical);
	free(files->commit);
	free(files->problems);
	free(files->warnings);
	free(files);
	return NULL;
}
