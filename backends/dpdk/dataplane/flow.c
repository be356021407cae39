// SPDX-License-Identifier: GPL-2.0-or-later
/* Where flows come into the table and leave it; finding them is in the header.
 *
 * There are 1.25 heads for each flow of the limit. When a table is filled to its limit and nothing has
 * ended yet, 31 % of the flows are chained (balls thrown into 1.25 times as many boxes: all but the first
 * of each). When flows come and go it is more, for a head that is emptied stays so until the next flow of
 * its own comes, while its chain lives on. Each head is then a line that is taken or not, whatever the
 * lifetimes are distributed like, and Erlang's formula for one line has load / (1 + load) = 44 % of the
 * heads taken, so 44 % of the flows chained. The standard deviation of that share, for n flows, is below
 * 0.4 / sqrt(n). Chained lines are 56 % of the limit, 9 such deviations off for 1,024 flows and more for
 * more; a small table has FLOW_CHAINED_LEAST, or one for each flow. Whoever chooses lifetimes does not
 * know which flows share a head. The most that it can do is to fill the heads, open what stays, and
 * end what filled them: that leaves 47 % of the flows chained at the limit. So an insertion below the
 * limit is never refused for want of a line.
 *
 * A flow costs 1.81 lines, 232 bytes for the two of a connection; with the wheel's it is 241.
 *
 * A removal walks the chain from its head for what stands before; a chain is short, as the hash says. */
#include "backends/dpdk/dataplane/flow.h"

#include <errno.h>
#include <sys/random.h>

#include "backends/dpdk/dataplane/pages.h"
#include "backends/dpdk/dataplane/transport.h"
#include "base/macros.h"

/* Chained lines of a small table. */
#define FLOW_CHAINED_LEAST 512

static uint64_t flow_chained_lines(uint32_t flows)
{
	uint64_t share = (uint64_t)flows * 9 / 16;

	return MIN(MAX(share, (uint64_t)FLOW_CHAINED_LEAST), (uint64_t)flows);
}

static uint64_t flow_heads(uint32_t flows)
{
	return MAX((uint64_t)flows * 5 / 4, (uint64_t)1);
}

size_t flow_table_size(uint32_t flows)
{
	return (flow_heads(flows) + flow_chained_lines(flows)) * sizeof(struct flow);
}

/* Every chained line on the list of the free ones, in their order. */
static void flow_chain_lines(struct flow_table *table)
{
	table->free = table->heads < table->line_count ? table->heads : FLOW_NONE;
	for (uint32_t i = 0; i < table->heads; i++)
		table->lines[i].next = FLOW_NONE;
	for (uint32_t i = table->heads; i < table->line_count; i++)
		table->lines[i].next = i + 1 < table->line_count ? i + 1 : FLOW_NONE;
}

int flow_table_init(struct flow_table *table, uint32_t flows, struct error *error)
{
	uint64_t lines = flow_heads(flows) + flow_chained_lines(flows);
	void *pages;
	int r;

	if (lines >= FLOW_NONE)
		return error_set(error, -ENOMEM, "a worker has room for %u flows at most",
			FLOW_NONE / 29 * 16);
	if (getrandom(table->hash_keys, sizeof(table->hash_keys), 0) !=
		(ssize_t)sizeof(table->hash_keys))
		return error_set(error, -EIO, "no random numbers for the table of connections");
	r = pages_reserve(flow_table_size(flows), "the table of connections", &pages, error);
	if (r < 0)
		return r;
	table->lines = pages;
	table->heads = (uint32_t)flow_heads(flows);
	table->line_count = (uint32_t)lines;
	table->used = 0;
	table->limit = flows;
	flow_chain_lines(table);
	return 0;
}

void flow_table_clear(struct flow_table *table)
{
	pages_release(table->lines, (size_t)table->line_count * sizeof(struct flow));
	*table = (struct flow_table){};
}

/* A line for a flow of this head, in its chain: the head itself, or a chained one behind it. */
static uint32_t flow_take_line(struct flow_table *table, uint32_t head_index)
{
	struct flow *head = flow_at(table, head_index);
	uint32_t index = table->free;

	if (head->kind == FLOW_KIND_FREE)
		return head_index;
	if (index == FLOW_NONE)
		return FLOW_NONE;
	struct flow *line = flow_at(table, index);
	table->free = line->next;
	/* The next connection's. */
	if (table->free != FLOW_NONE)
		__builtin_prefetch(flow_at(table, table->free), 1);
	line->next = head->next;
	head->next = index;
	return index;
}

uint32_t flow_insert(
	struct flow_table *table, const struct flow_key *key, uint32_t hash, enum flow_kind kind)
{
	uint32_t index;

	if (table->used >= table->limit)
		return FLOW_NONE;
	index = flow_take_line(table, flow_head(table, hash));
	if (index == FLOW_NONE)
		return FLOW_NONE;
	struct flow *line = flow_at(table, index);
	*line = (struct flow){
		.key = *key,
		.next = line->next,
		.peer = FLOW_NONE,
		.kind = kind,
	};
	table->used++;
	return index;
}

/* Out of the chain of its head, onto the list of free ones. */
static void flow_unchain(struct flow_table *table, uint32_t head, uint32_t index)
{
	struct flow *line = flow_at(table, index);
	uint32_t before = head;

	while (flow_at(table, before)->next != index)
		before = flow_at(table, before)->next;
	flow_at(table, before)->next = line->next;
	line->next = table->free;
	table->free = index;
}

void flow_remove(struct flow_table *table, uint32_t index)
{
	struct flow *line = flow_at(table, index);
	uint32_t head = flow_head(table, flow_hash(table, &line->key));

	if (index != head)
		flow_unchain(table, head, index);
	*line = (struct flow){.next = line->next};
	table->used--;
}

static bool flow_is_half_open(const struct flow *flow)
{
	return flow->kind == FLOW_KIND_REQUEST &&
	       transport_is_half_open((enum transport_state)flow->state);
}

uint32_t flow_find_half_open(const struct flow_table *table, uint32_t hash)
{
	uint32_t head = flow_head(table, hash), at = head, found = FLOW_NONE;

	for (unsigned int i = 0; i < FLOW_LOOK; i++) {
		const struct flow *flow = flow_at(table, at);

		if (flow_is_half_open(flow) &&
			(found == FLOW_NONE ||
				(int32_t)(flow->request.expires -
					  flow_at(table, found)->request.expires) < 0))
			found = at;
		at = flow->next;
		if (at == FLOW_NONE) {
			head = head + 1 < table->heads ? head + 1 : 0;
			at = head;
		}
	}
	return found;
}
