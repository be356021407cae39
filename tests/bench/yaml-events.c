// SPDX-License-Identifier: GPL-2.0-or-later
/* The yardstick of `poise validate`: a bare loop over libyaml's events of a file, which does
 * nothing with them. Prints their number. */
#include <stdio.h>
#include <yaml.h>

/* -1 when the text is no YAML. */
static long yaml_events_count(FILE *file)
{
	yaml_parser_t parser;
	yaml_event_type_t type = YAML_NO_EVENT;
	long count = 0;

	if (!yaml_parser_initialize(&parser))
		return -1;
	yaml_parser_set_input_file(&parser, file);
	while (count >= 0 && type != YAML_STREAM_END_EVENT) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			count = -1;
			break;
		}
		type = event.type;
		yaml_event_delete(&event);
		count++;
	}
	yaml_parser_delete(&parser);
	return count;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!file) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	long count = yaml_events_count(file);
	fclose(file);
	if (count < 0) {
		fprintf(stderr, "%s: not YAML\n", argv[1]);
		return 1;
	}
	printf("%ld\n", count);
	return 0;
}
