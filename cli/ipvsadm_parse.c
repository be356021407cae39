// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm_parse.h"

#include <libgen.h>

#include "cli/ipvsadm_statement.h"

struct statements {
	VECTOR_OF(struct ipvsadm_statement);
};

/* Statements of one service, borrowed, on their way into its destinations. */
struct reference {
	const struct ipvsadm_statement *statement;
};

struct references {
	VECTOR_OF(struct reference);
};

struct reading {
	struct statements statements; /* of services and destinations, since the last -C */
	struct state *state;
	struct ipvsadm_losses *losses;
};

void ipvsadm_lose(struct ipvsadm_losses *losses, unsigned int line, const char *format, ...)
{
	va_list arguments;

	if (losses->total++ >= IPVSADM_LOSSES_KEPT)
		return;
	va_start(arguments, format);
	*vector_append(losses) =
		(struct ipvsadm_loss){.line = line, .text = memory_vprintf(format, arguments)};
	va_end(arguments);
}

void ipvsadm_losses_clear(struct ipvsadm_losses *losses)
{
	vector_foreach(losses, loss)
		free(loss->text);
	vector_clear(losses);
	losses->total = 0;
}

static int loss_compare(const void *a, const void *b)
{
	const struct ipvsadm_loss *left = a, *right = b;

	return COMPARE(left->line, right->line);
}

static bool is_space(char character)
{
	return character == ' ' || (character >= '\t' && character <= '\r');
}

/* Takes the next word out of *text, in place: quotes and backslashes go. NULL at the end of the
 * line, or at a comment. */
static char *word_take(char **text)
{
	char *from = *text, *to, *word, quote = 0;

	while (is_space(*from))
		from++;
	if (!*from || *from == '#')
		return NULL;
	for (word = to = from; *from && (quote || !is_space(*from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'') {
			quote = quote ? 0 : *from;
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1])
			from++;
		*to++ = *from;
	}
	*text = from + (*from != '\0');
	*to = '\0';
	return word;
}

static bool sync_find(const struct state *state, enum sync_role role, size_t *index)
{
	for (*index = 0; *index < state->sync.count; ++*index)
		if (state->sync.items[*index].role == role)
			return true;
	return false;
}

static void take_timeouts(struct timeouts *to, const struct timeouts *from)
{
	if (from->tcp_set)
		to->tcp = from->tcp;
	if (from->tcp_fin_set)
		to->tcp_fin = from->tcp_fin;
	if (from->udp_set)
		to->udp = from->udp;
	to->tcp_set |= from->tcp_set;
	to->tcp_fin_set |= from->tcp_fin_set;
	to->udp_set |= from->udp_set;
}

/* What is about the whole backend takes effect at once; the rest is sorted first. */
static void statement_take(struct reading *reading, const struct ipvsadm_statement *statement)
{
	struct state *state = reading->state;
	size_t index;

	switch (statement->verb) {
	case IPVSADM_VERB_CLEAR:
		reading->statements.count = 0;
		break;
	case IPVSADM_VERB_SET_TIMEOUTS:
		take_timeouts(&state->timeouts, &statement->timeouts);
		break;
	case IPVSADM_VERB_START_DAEMON:
		if (sync_find(state, statement->sync.role, &index))
			ipvsadm_lose(reading->losses, statement->line,
				"a sync daemon of this role runs already: line left out");
		else
			vector_push(&state->sync, statement->sync);
		break;
	case IPVSADM_VERB_STOP_DAEMON:
		if (sync_find(state, statement->sync.role, &index))
			state->sync.items[index] = state->sync.items[--state->sync.count];
		else
			ipvsadm_lose(reading->losses, statement->line,
				"no sync daemon of this role runs: line left out");
		break;
	default:
		vector_push(&reading->statements, *statement);
	}
}

static void line_take(struct reading *reading, unsigned int line, char *text)
{
	_cleanup_strbuf_ struct strbuf why = {}, remark = {};
	char *words[IPVSADM_LINE_WORDS + 1], *word;
	struct ipvsadm_statement statement;
	size_t count = 0;

	while (count < ARRAY_LENGTH(words) && (word = word_take(&text)))
		words[count++] = word;
	if (count > IPVSADM_LINE_WORDS) {
		ipvsadm_lose(reading->losses, line, "more than %d words: line left out",
			IPVSADM_LINE_WORDS);
		return;
	}
	size_t first = count && strcmp(basename(words[0]), "ipvsadm") == 0;
	if (first == count)
		return;
	if (ipvsadm_statement_parse(words + first, count - first, &statement, &why, &remark) < 0) {
		ipvsadm_lose(reading->losses, line, "%s: line left out", why.text);
		return;
	}
	if (remark.length)
		ipvsadm_lose(reading->losses, line, "%s", remark.text);
	statement.line = line;
	statement_take(reading, &statement);
}

static void lines_take(struct reading *reading, const char *text, size_t size)
{
	char buffer[IPVSADM_LINE_LENGTH + 1];
	const char *end = text + size, *next;
	unsigned int line = 1;

	for (; text < end; text = next, line++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((stop ? stop : end) - text);

		next = text + length + 1;
		if (length > IPVSADM_LINE_LENGTH) {
			ipvsadm_lose(reading->losses, line, "more than %d bytes: line left out",
				IPVSADM_LINE_LENGTH);
			continue;
		}
		if (memchr(text, '\0', length)) {
			ipvsadm_lose(reading->losses, line, "a NUL byte: line left out");
			continue;
		}
		memcpy(buffer, text, length);
		buffer[length] = '\0';
		line_take(reading, line, buffer);
	}
}

static int statement_compare(const void *a, const void *b)
{
	const struct ipvsadm_statement *left = a, *right = b;
	int order = service_key_compare(&left->service, &right->service);

	return order ? order : COMPARE(left->line, right->line);
}

static int reference_compare(const void *a, const void *b)
{
	const struct ipvsadm_statement *left = ((const struct reference *)a)->statement;
	const struct ipvsadm_statement *right = ((const struct reference *)b)->statement;
	int order = destination_key_compare(&left->destination.key, &right->destination.key);

	return order ? order : COMPARE(left->line, right->line);
}

/* Carries out what the lines say of one destination. */
static void destination_take(struct reading *reading, struct service *service,
	const struct reference *references, size_t count)
{
	const struct ipvsadm_statement *current = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct ipvsadm_statement *statement = references[i].statement;
		bool add = statement->verb == IPVSADM_VERB_ADD_DESTINATION;

		if (add == (current != NULL))
			ipvsadm_lose(reading->losses, statement->line,
				add ? "the real server is there already: line left out"
				    : "there is no such real server: line left out");
		else if (statement->verb == IPVSADM_VERB_DELETE_DESTINATION)
			current = NULL;
		else
			current = statement;
	}
	if (current)
		*vector_append(&service->destinations) =
			(struct destination){.key = current->destination.key,
				.attributes = current->destination.attributes};
}

static void destinations_take(
	struct reading *reading, struct service *service, struct references *references)
{
	size_t end;

	vector_sort(references, reference_compare);
	for (size_t i = 0; i < references->count; i = end) {
		const struct destination_key *key =
			&references->items[i].statement->destination.key;

		for (end = i + 1; end < references->count; end++)
			if (destination_key_compare(
				    &references->items[end].statement->destination.key, key))
				break;
		destination_take(reading, service, references->items + i, end - i);
	}
}

/* Carries out what the lines say of one service, and of its destinations. */
static void service_take(
	struct reading *reading, const struct ipvsadm_statement *statements, size_t count)
{
	const struct ipvsadm_statement *current = NULL;
	struct references references = {};

	for (size_t i = 0; i < count; i++) {
		const struct ipvsadm_statement *statement = statements + i;
		bool add = statement->verb == IPVSADM_VERB_ADD_SERVICE;

		if (add == (current != NULL)) {
			ipvsadm_lose(reading->losses, statement->line,
				add ? "the service is there already: line left out"
				    : "there is no such service at this line: line left out");
		} else if (statement->verb == IPVSADM_VERB_DELETE_SERVICE) {
			current = NULL;
			references.count = 0;
		} else if (add || statement->verb == IPVSADM_VERB_EDIT_SERVICE) {
			current = statement;
		} else {
			vector_append(&references)->statement = statement;
		}
	}
	if (current) {
		struct service *service = vector_append(&reading->state->services);

		service->key = current->service;
		service->attributes = current->attributes;
		destinations_take(reading, service, &references);
	}
	vector_clear(&references);
}

void ipvsadm_parse(const char *text, size_t size, struct state *ret, struct ipvsadm_losses *losses)
{
	struct reading reading = {.state = ret, .losses = losses};
	size_t end;

	lines_take(&reading, text, size);
	vector_sort(&reading.statements, statement_compare);
	for (size_t i = 0; i < reading.statements.count; i = end) {
		const struct ipvsadm_statement *first = reading.statements.items + i;

		for (end = i + 1; end < reading.statements.count; end++)
			if (service_key_compare(
				    &reading.statements.items[end].service, &first->service))
				break;
		service_take(&reading, first, end - i);
	}
	vector_clear(&reading.statements);
	ret->sync_managed = ret->sync.count != 0;
	state_sort(ret);
	vector_sort(losses, loss_compare);
}
