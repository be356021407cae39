// SPDX-License-Identifier: GPL-2.0-or-later
/* A list of what virtual routers track, and what it tells, for tests of it and of who looks. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "daemon/track.h"
#include "model/load.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)

static struct track_list list;
static struct strbuf told;

static void on_changed(void *data, const struct track_change *change)
{
	assert_ptr_equal(data, &list);
	strbuf_printf(&told, "%s %s %s->%s %lld->%lld\n", track_kind_name(change->item->kind),
		change->item->name, track_state_name(change->before),
		track_state_name(change->item->state), (long long)change->number,
		(long long)change->item->number);
}

static void on_forget(void *data, struct track_item *item)
{
	assert_ptr_equal(data, &list);
	strbuf_printf(&told, "forget %s %s\n", track_kind_name(item->kind), item->name);
}

static int setup(void **state)
{
	(void)state;
	list = (struct track_list){.forget = on_forget, .changed = on_changed, .data = &list};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	track_list_clear(&list);
	strbuf_clear(&told);
	return 0;
}

/* A router for each of `tracks`, NULL ends them. */
static void want(const char *const *tracks)
{
	_cleanup_strbuf_ struct strbuf text = {};
	_cleanup_diagnostics_ struct diagnostics diagnostics = {};
	struct config config = {};

	strbuf_add(&text, "poise: 1\nvrrp:\n");
	for (unsigned int i = 0; tracks[i]; i++)
		strbuf_printf(&text,
			"  r%u: {interface: eth0, vrid: %u, addresses: [10.0.%u.1/24], track: "
			"%s}\n",
			i, i + 1, i, tracks[i]);
	strbuf_add(
		&text, "services:\n  web: {listen: tcp://10.0.0.1:80, destinations: [10.1.0.1]}\n");
	const struct document document = {
		.name = "test.yaml", .text = text.text, .size = text.length};
	int r = config_load(&document, 1, &config, &diagnostics);
	if (r < 0)
		print_error("%s", text.text);
	assert_int_equal(r, 0);
	track_list_want(&list, &config);
	config_clear(&config);
}
#define WANT(...) want((const char *const[]){__VA_ARGS__, NULL})

static struct track_item *item_at(enum track_kind kind, size_t place)
{
	size_t first, count = track_list_of(&list, kind, &first);

	assert_true(place < count);
	return list.items.items[first + place].item;
}

static struct routing_fact sum(size_t router)
{
	struct routing_fact fact = {};

	track_list_sum(&list, router, &fact);
	return fact;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
