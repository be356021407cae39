// SPDX-License-Identifier: GPL-2.0-or-later
/* The small files of STATE-DIR beside the record (operator.json, confirm.json, health.json): read whole, or not there; written whole,
 * with the folder. What the text means is for the file's own module. */
#pragma once

#include "base/error.h"

/* 1 with the file's text (the caller's, with a NUL behind the *size bytes); 0 when there is none; -errno with
 * words: more than `limit` bytes are -EFBIG. */
int state_file_read(const char *path, size_t limit, char **text, size_t *size, struct error *error);

/* Puts the text at `path`, in `directory`, which is made when it is missing. For the only writer of the file: what
 * another was about to write would go. -errno with words. */
int state_file_write(
	const char *directory, const char *path, const char *text, struct error *error);

/* The same without waiting for the disk: a crash of the machine may leave the file of before. */
int state_file_write_unsynced(
	const char *directory, const char *path, const char *text, struct error *error);
