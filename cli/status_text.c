// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of `poise status`: one word on how it goes, what runs from which files, and then what a person should
 * know or do, each with the command for it. */
#include "cli/status_text.h"

#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/layout.h"

/* Where the values of the head begin. */
#define LABEL_COLUMNS 12
#define LABEL_INDENT  "  "

/* Of lists in the head, unless all is asked for. */
#define LINES_MOST 12

struct head {
	const json_t *status;
	const struct cli_status_view *view;
	struct strbuf *text;
};

static void plural(struct strbuf *text, uint64_t count, const char *word)
{
	strbuf_printf(text, "%ju %s%s", (uintmax_t)count, word, count == 1 ? "" : "s");
}

static void add_time(const struct head *head, struct strbuf *text, uint64_t seconds)
{
	cli_layout_time(text, (time_t)seconds, head->view->now);
}

/* "label  value", wrapped. */
static void add_row(const struct head *head, const char *label, const char *value)
{
	_cleanup_free_ char *padded = memory_printf("%-*s", LABEL_COLUMNS - 2, label);

	strbuf_add(head->text, LABEL_INDENT);
	cli_layout_paint(head->text, head->view->color, CLI_LAYOUT_DIM, padded);
	cli_layout_wrap(head->text, LABEL_COLUMNS, LABEL_COLUMNS, value, head->view->width);
}

/* "! text", wrapped. */
static void add_mark(const struct head *head, const char *color, const char *value)
{
	cli_layout_paint(head->text, head->view->color, color, "!");
	strbuf_add_char(head->text, ' ');
	cli_layout_wrap(head->text, 2, 2, value, head->view->width);
}

/* A line below a mark. */
static void add_below(const struct head *head, const char *value)
{
	cli_layout_pad(head->text, 2);
	cli_layout_wrap(head->text, 2, 2, value, head->view->width);
}

/* A text of many lines below a mark: messages are wrapped, quoted lines of a file (which are indented, with a caret
 * below) keep their place and are cut. */
static void add_lines(const struct head *head, const char *lines)
{
	size_t shown = 0, left = 0;

	while (*lines) {
		size_t length = strcspn(lines, "\n");
		_cleanup_free_ char *line = memory_copy_bytes(lines, length);

		lines += length + (lines[length] == '\n');
		if (shown++ >= LINES_MOST && !head->view->all) {
			left++;
			continue;
		}
		cli_layout_pad(head->text, 4);
		if (*line == ' ') {
			cli_layout_cut(head->text, line, head->view->width - 4);
			strbuf_add_char(head->text, '\n');
		} else {
			cli_layout_wrap(head->text, 4, 6, line, head->view->width);
		}
	}
	if (left) {
		_cleanup_free_ char *more =
			memory_printf("… and %zu more lines: `-v` shows all", left);
		add_below(head, more);
	}
}

static void add_health(const struct head *head)
{
	const char *health = cli_field_text(head->status, "health");
	bool well = health && strcmp(health, "well") == 0;
	bool running = cli_field_is_set(head->status, "pid");
	_cleanup_free_ char *line = memory_printf("%s %s", running ? "●" : "○",
		well     ? "all is well"
		: health ? health
			 : "unknown");

	cli_layout_paint(head->text, head->view->color, well ? "1;32" : "1;31", line);
	if (cli_field_is_set(head->status, "suspended"))
		cli_layout_paint(head->text, head->view->color, "1;33", ", suspended");
	strbuf_add_char(head->text, '\n');
}

static void add_running(const struct head *head)
{
	const char *version = cli_field_text(head->status, "version");
	uint64_t started = cli_field_number(head->status, "started");
	const char *backend = cli_field_text(json_object_get(head->status, "backend"), "name");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_is_set(head->status, "pid")) {
		add_row(head, "poised",
			"does not run: this is what the record and the backend say");
		return;
	}
	strbuf_printf(&text, "%s, pid %ju, since ", version ? version : "?",
		(uintmax_t)cli_field_number(head->status, "pid"));
	add_time(head, &text, started);
	if ((uint64_t)head->view->now > started) {
		strbuf_add(&text, " (");
		cli_layout_span(&text, ((uint64_t)head->view->now - started) * 1000);
		strbuf_add_char(&text, ')');
	}
	if (backend)
		strbuf_printf(&text, ", on %s", backend);
	add_row(head, "poised", text.text);
}

static void add_files(const struct head *head)
{
	const json_t *files = json_object_get(head->status, "files");
	const char *revision = cli_field_text(files, "revision");
	const char *commit = cli_field_text(files, "commit");
	uint64_t read_at = cli_field_number(files, "read_at");
	_cleanup_strbuf_ struct strbuf text = {};
	const json_t *path;
	size_t i;

	json_array_foreach(json_object_get(files, "paths"), i, path)
		strbuf_printf(&text, "%s%s", i ? ", " : "", json_string_value(path) ?: "?");
	strbuf_printf(
		&text, "%srevision %.12s", text.length ? ", " : "", revision ? revision : "none");
	if (commit)
		strbuf_printf(&text, ", commit %.12s", commit);
	if (read_at) {
		strbuf_add(&text, ", read ");
		add_time(head, &text, read_at);
	}
	add_row(head, "files", text.text);
}

static void add_pass(const struct head *head)
{
	const json_t *pass = json_object_get(head->status, "reconcile");
	uint64_t at = cli_field_number(pass, "at_ms");
	const char *reason = cli_field_text(pass, "reason");
	uint64_t drift = cli_field_number(json_object_get(head->status, "counters"), "drift");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_is_set(head->status, "pid"))
		return;
	if (at) {
		add_time(head, &text, at / 1000);
		strbuf_printf(&text, " for %s, took %.2f ms", reason ? reason : "?",
			json_number_value(json_object_get(pass, "duration_ms")));
	} else {
		strbuf_add(&text, "none yet");
	}
	if (drift)
		strbuf_printf(&text, "; %ju object%s had drifted since the start", (uintmax_t)drift,
			drift == 1 ? "" : "s");
	add_row(head, "last pass", text.text);
}

static void add_totals(const struct head *head)
{
	static const struct {
		const char *name, *words;
	} parts[] = {{"draining", "draining"}, {"failed", "failed"}};
	const json_t *totals = json_object_get(head->status, "totals");
	uint64_t unmanaged = cli_field_number(totals, "unmanaged");
	_cleanup_strbuf_ struct strbuf text = {};

	plural(&text, cli_field_number(totals, "services"), "service");
	strbuf_add(&text, ", ");
	plural(&text, cli_field_number(totals, "destinations"), "destination");
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		uint64_t count = cli_field_number(totals, parts[i].name);

		if (count)
			strbuf_printf(&text, ", %ju %s", (uintmax_t)count, parts[i].words);
	}
	if (unmanaged) {
		strbuf_add(&text, "; ");
		plural(&text, unmanaged, "service");
		strbuf_add(&text, " of others");
	}
	add_row(head, "holds", text.text);
}

/* "; 2 destinations out, 1 down and still in, 1 kept, 1 climbing, 1 spare and down" */
static void add_unhealthy(struct strbuf *text, const json_t *checks)
{
	static const struct {
		const char *name, *words;
	} parts[] = {{"failed_destinations", "out"}, {"failed_and_in", "down and still in"},
		{"kept", "kept"}, {"climbing", "climbing"}, {"spares_down", "spare and down"}};
	uint64_t in = cli_field_number(checks, "failed_and_in");
	bool begun = false;

	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		uint64_t count = cli_field_number(checks, parts[i].name);

		/* The first are those that are down; not all of them need be out. */
		count -= i ? 0 : MIN(in, count);
		if (!count)
			continue;
		strbuf_add(text, begun ? ", " : "; ");
		if (begun)
			strbuf_add_number(text, count);
		else
			plural(text, count, "destination");
		strbuf_printf(text, " %s", parts[i].words);
		begun = true;
	}
}

/* Of the probes first, then of what follows from them. */
static void add_checks(const struct head *head)
{
	const json_t *checks = json_object_get(head->status, "checks");
	uint64_t probes = cli_field_number(checks, "probes");
	uint64_t failing = cli_field_number(checks, "failing");
	uint64_t untried = cli_field_number(checks, "untried");
	uint64_t quorums = cli_field_number(checks, "quorums_lost");
	_cleanup_strbuf_ struct strbuf text = {};

	if (probes) {
		strbuf_printf(&text, "%ju of ", (uintmax_t)cli_field_number(checks, "down"));
		plural(&text, probes, "probe");
		strbuf_add(&text, " down");
	}
	if (failing)
		strbuf_printf(&text, ", %ju failing", (uintmax_t)failing);
	if (untried)
		strbuf_printf(&text, ", %ju not tried", (uintmax_t)untried);
	add_unhealthy(&text, checks);
	if (quorums) {
		strbuf_add(&text, text.length ? "; " : "");
		plural(&text, quorums, "service");
		strbuf_add(&text, " without quorum");
	}
	if (text.length)
		add_row(head, "health", text.text);
}

/* They run one after the other: "11 wait behind slow.sh, running for 29s". */
static void add_waiting(const json_t *notify, struct strbuf *text)
{
	uint64_t waiting = cli_field_number(notify, "waiting");
	const char *program = cli_field_text(notify, "waiting_for");

	if (!waiting)
		return;
	strbuf_printf(text, "%s%ju wait%s", text->length ? "; " : "", (uintmax_t)waiting,
		waiting == 1 ? "s" : "");
	if (!program)
		return;
	strbuf_printf(text, " behind %s, running for ", program);
	cli_layout_span(text, cli_field_number(notify, "began_ms_ago"));
}

/* Of the commands of `notify`, when some of them told nobody yet. */
static void add_notify(const struct head *head)
{
	const json_t *notify = json_object_get(head->status, "notify");
	uint64_t failed = cli_field_number(notify, "failed");
	uint64_t dropped = cli_field_number(notify, "dropped");
	_cleanup_strbuf_ struct strbuf text = {};

	if (failed || dropped) {
		plural(&text, failed, "command");
		strbuf_printf(&text, " of %ju failed", (uintmax_t)cli_field_number(notify, "run"));
	}
	if (dropped)
		strbuf_printf(&text, ", %ju dropped: too many waited", (uintmax_t)dropped);
	add_waiting(notify, &text);
	if (!text.length)
		return;
	add_row(head, "notify", text.text);
}

/* What every check says at once may be about the checks. */
static void add_doubted(const struct head *head)
{
	uint64_t doubted = cli_field_number(json_object_get(head->status, "checks"), "doubted");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!doubted)
		return;
	strbuf_add(&text, "of ");
	plural(&text, doubted, "service");
	strbuf_add(&text, " all servers are down, or their checks are wrong: what min-healthy "
			  "keeps in serves unchecked");
	add_mark(head, CLI_LAYOUT_RED, text.text);
}

/* They begin later than the files say. */
static void add_behind(const struct head *head, const json_t *probing)
{
	uint64_t behind = cli_field_number(probing, "behind_ms");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!behind)
		return;
	strbuf_add(&text, "checks are late, by up to ");
	cli_layout_span(&text, behind);
	if (cli_field_is_set(probing, "full"))
		strbuf_printf(&text,
			": no more than %ju run at once for want of descriptors, raise LimitNOFILE",
			(uintmax_t)cli_field_number(probing, "places"));
	add_mark(head, CLI_LAYOUT_YELLOW, text.text);
}

/* Nothing of what the checks say is news while they do not run. */
static void add_probing(const struct head *head)
{
	const json_t *checks = json_object_get(head->status, "checks");
	const json_t *probing = json_object_get(checks, "probing");
	uint64_t silent = cli_field_number(probing, "silent_ms");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_number(checks, "probes"))
		return;
	if (cli_field_is_set(probing, "there") && !silent) {
		add_behind(head, probing);
		return;
	}
	strbuf_add(&text, "the checks do not run now");
	if (silent) {
		strbuf_add(&text, " (the health process says nothing for ");
		cli_layout_span(&text, silent);
		strbuf_add(&text, ")");
	}
	strbuf_add(&text, ": every server counts as it did last");
	add_mark(head, CLI_LAYOUT_YELLOW, text.text);
}

/* A move from one backend to another, which is not over. */
static void add_leaving(const struct head *head, const json_t *backend)
{
	const json_t *leaving = json_object_get(backend, "leaving");
	const char *from = cli_field_text(leaving, "name"), *to = cli_field_text(backend, "name");
	const char *error = cli_field_text(leaving, "error");
	uint64_t services = cli_field_number(leaving, "services");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!from)
		return;
	strbuf_printf(&text, "moving from %s to %s: %ju service%s still in %s", from,
		to ? to : "another backend", (uintmax_t)services, services == 1 ? " is" : "s are",
		from);
	if (error)
		strbuf_printf(&text, ", and cannot be withdrawn: %s", error);
	else if (cli_field_is_set(head->status, "confirm"))
		strbuf_add(&text, " until the apply is confirmed");
	else
		strbuf_printf(&text, ", and drain%s (destinations: %ju)", services == 1 ? "s" : "",
			(uintmax_t)cli_field_number(leaving, "draining"));
	add_mark(head, error ? CLI_LAYOUT_RED : CLI_LAYOUT_YELLOW, text.text);
}

static void add_backend(const struct head *head)
{
	const json_t *backend = json_object_get(head->status, "backend");
	const json_t *pass = json_object_get(head->status, "reconcile");
	const char *name = cli_field_text(backend, "name");
	const char *error = cli_field_text(backend, "error");
	_cleanup_free_ char *line = NULL;

	if (backend && !cli_field_is_set(backend, "connected")) {
		line = memory_printf("%s cannot be reached: %s", name ? name : "the backend",
			error ? error : "not tried yet");
		add_mark(head, CLI_LAYOUT_RED, line);
		return;
	}
	add_leaving(head, backend);
	error = cli_field_text(pass, "error");
	if (!error)
		return;
	line = memory_printf("the last pass failed: %s", error);
	add_mark(head, CLI_LAYOUT_RED, line);
}

/* What is wrong with poised itself. */
static void add_troubles(const struct head *head)
{
	const json_t *trouble;
	size_t i;

	json_array_foreach(json_object_get(head->status, "troubles"), i, trouble)
	{
		const char *text = json_string_value(trouble);

		if (text)
			add_mark(head, CLI_LAYOUT_RED, text);
	}
}

/* When what waits for a confirmation is undone, in seconds since the epoch; 0: nothing waits. */
static uint64_t undone_at(const struct head *head)
{
	return cli_field_number(json_object_get(head->status, "confirm"), "deadline");
}

static void add_suspended(const struct head *head)
{
	const json_t *suspended = json_object_get(head->status, "suspended");
	const char *by = cli_field_text(suspended, "by"), *why = cli_field_text(suspended, "why");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_is_set(head->status, "suspended"))
		return;
	strbuf_add(&text, "suspended since ");
	add_time(head, &text, cli_field_number(suspended, "since"));
	if (by)
		strbuf_printf(&text, " by %s", by);
	if (why)
		strbuf_printf(&text, ": %s", why);
	add_mark(head, CLI_LAYOUT_YELLOW, text.text);
	add_below(head, cli_field_is_set(suspended, "resuming")
				? "it ends as soon as what is needed to undo the change is on disk"
			: undone_at(head)
				? "poised changes nothing until `poise resume`, but undoes the "
				  "last change as said above"
				: "poised changes nothing until `poise resume`");
}

static void add_confirm(const struct head *head)
{
	uint64_t deadline = undone_at(head);
	uint64_t now = (uint64_t)head->view->now;
	_cleanup_strbuf_ struct strbuf text = {};

	if (!deadline)
		return;
	strbuf_add(&text, "the last change is undone at ");
	add_time(head, &text, deadline);
	if (deadline > now) {
		strbuf_add(&text, ", in ");
		cli_layout_span(&text, (deadline - now) * 1000);
	}
	strbuf_add(&text, ", unless it is confirmed");
	add_mark(head, CLI_LAYOUT_YELLOW, text.text);
	add_below(head, "`poise confirm` keeps it, `poise rollback` undoes it now");
}

static void add_rejected(const struct head *head)
{
	const json_t *files = json_object_get(head->status, "files");
	const json_t *rejected = json_object_get(files, "rejected");
	const char *problems = cli_field_text(rejected, "problems");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_is_set(files, "rejected"))
		return;
	strbuf_add(&text, "rejected: the files as read ");
	add_time(head, &text, cli_field_number(rejected, "read_at"));
	strbuf_add(&text, cli_field_is_set(files, "revision")
				  ? " are no good, and what was good before stays in force"
				  : " are no good, and no files are in force");
	add_mark(head, CLI_LAYOUT_RED, text.text);
	if (problems)
		add_lines(head, problems);
	add_below(head, "poised reads them again when they change");
}

static void add_held(const struct head *head)
{
	const json_t *files = json_object_get(head->status, "files");
	const json_t *held = json_object_get(files, "held");
	const char *why = cli_field_text(held, "why"), *revision = cli_field_text(held, "revision");
	_cleanup_strbuf_ struct strbuf text = {};

	if (!cli_field_is_set(files, "held"))
		return;
	strbuf_printf(&text, "held: the files as read ");
	add_time(head, &text, cli_field_number(held, "read_at"));
	if (revision)
		strbuf_printf(&text, " (revision %.12s)", revision);
	strbuf_add(&text, cli_field_is_set(held, "routers")
				  ? " are not put in force, but for their virtual routers"
				  : " are not put in force");
	add_mark(head, CLI_LAYOUT_RED, text.text);
	if (why)
		add_lines(head, why);
}

static void add_warnings(const struct head *head)
{
	const json_t *files = json_object_get(head->status, "files");
	const char *warnings = cli_field_text(files, "warnings");

	if (cli_field_is_set(files, "last_good"))
		add_mark(head, CLI_LAYOUT_YELLOW,
			undone_at(head)
				? "in force is what waits for its confirmation, kept in the state "
				  "directory, and not the files"
				: "in force is the last good state, kept in the state directory, "
				  "and not the files");
	if (!warnings || !*warnings)
		return;
	add_mark(head, CLI_LAYOUT_YELLOW, "warnings of the files:");
	add_lines(head, warnings);
}

static void add_drain(const struct head *head, const json_t *drain)
{
	const char *destination = cli_field_text(drain, "destination");
	const char *service = cli_field_text(drain, "service"), *by = cli_field_text(drain, "by");
	uint64_t until = cli_field_number(drain, "until");
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, "%s %s%s, since ", destination ? destination : "?",
		service ? "of " : "everywhere", service ? service : "");
	add_time(head, &text, cli_field_number(drain, "since"));
	strbuf_add(&text, until ? ", until " : ", until `poise undrain`");
	if (until)
		add_time(head, &text, until);
	if (by)
		strbuf_printf(&text, ", by %s", by);
	cli_layout_pad(head->text, 4);
	cli_layout_wrap(head->text, 4, 6, text.text, head->view->width);
}

static void add_notify_failure(const struct head *head, const json_t *failure)
{
	const char *program = cli_field_text(failure, "program");
	const char *event = cli_field_text(failure, "event");
	const char *service = cli_field_text(failure, "service");
	const char *router = cli_field_text(failure, "router");
	const char *reason = cli_field_text(failure, "reason");
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, "%s %s", program ? program : "?", reason ? reason : "failed");
	if (event && (service || router))
		strbuf_printf(&text, " (%s of %s %s)", event,
			service ? "service" : "virtual router", service ? service : router);
	strbuf_add(&text, ", ");
	add_time(head, &text, cli_field_number(failure, "at_ms") / 1000);
	cli_layout_pad(head->text, 4);
	cli_layout_wrap(head->text, 4, 6, text.text, head->view->width);
}

static void add_problem(const struct head *head, const json_t *problem)
{
	const char *object = cli_field_text(problem, "object"),
		   *why = cli_field_text(problem, "error");
	uint64_t attempts = cli_field_number(problem, "attempts");
	_cleanup_strbuf_ struct strbuf text = {};

	strbuf_printf(&text, "%s: %s (", object ? object : "?", why ? why : "it failed");
	plural(&text, attempts, "attempt");
	strbuf_add(&text, ", again in ");
	cli_layout_span(&text, cli_field_number(problem, "next_ms"));
	strbuf_add_char(&text, ')');
	cli_layout_pad(head->text, 4);
	cli_layout_wrap(head->text, 4, 6, text.text, head->view->width);
}

/* A list under a mark, of which not more is shown than fits a screen. */
static void add_list(const struct head *head, const json_t *list, const char *color,
	const char *title, void (*add)(const struct head *head, const json_t *item))
{
	size_t count = json_array_size(list);
	size_t most = head->view->all ? count : LINES_MOST;

	if (!count)
		return;
	add_mark(head, color, title);
	for (size_t i = 0; i < MIN(count, most); i++)
		add(head, json_array_get(list, i));
	if (count > most) {
		_cleanup_free_ char *more =
			memory_printf("  … and %zu more: `-v` shows all", count - most);
		add_below(head, more);
	}
}

void cli_status_format(
	const json_t *status, const struct cli_status_view *view, struct strbuf *text)
{
	const struct head head = {.status = status, .view = view, .text = text};

	add_health(&head);
	add_running(&head);
	add_files(&head);
	add_pass(&head);
	add_totals(&head);
	add_checks(&head);
	add_notify(&head);
	add_backend(&head);
	add_troubles(&head);
	add_probing(&head);
	add_doubted(&head);
	add_rejected(&head);
	add_held(&head);
	add_list(&head, json_object_get(json_object_get(status, "notify"), "failing"),
		CLI_LAYOUT_YELLOW,
		"commands of notify that failed when they ran last:", add_notify_failure);
	add_list(&head, json_object_get(status, "problems"), CLI_LAYOUT_RED,
		"failed, and tried again by itself:", add_problem);
	add_confirm(&head);
	add_suspended(&head);
	add_list(&head, json_object_get(status, "drains"), CLI_LAYOUT_YELLOW,
		"drained by the operator:", add_drain);
	add_warnings(&head);
	if (view->machine)
		cli_status_format_dataplane(status, view, text);
	cli_status_format_routers(status, view, text);
	cli_status_format_services(status, view, text);
}
