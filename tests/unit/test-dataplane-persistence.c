// SPDX-License-Identifier: GPL-2.0-or-later
/* Templates against a plain list of them; full, expired, void; and asked by several at once. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>

#include "backends/dpdk/dataplane/expiry.h"
#include "backends/dpdk/dataplane/persistence.h"
#include "base/macros.h"
#include "tests/unit/schedule-fixture.h"

#define SERVICES     3
#define DESTINATIONS 12
#define CLIENTS      60
#define LEAST        (EXPIRY_SPAN + EXPIRY_TICKS_PER_SECOND)

static struct persistence *templates_of(uint32_t limit)
{
	struct persistence *persistence;

	assert_int_equal(persistence_new(limit, FIXTURE_SLOTS, &persistence, NULL), 0);
	return persistence;
}

/* A persistent image of these members. `prefix` of the client's address counts. */
static struct service_image *image_of(uint32_t place, const char *scheduler, uint32_t ticks,
	unsigned int prefix, struct service_member *members, uint32_t count)
{
	struct service_image *image = fixture_image_after(NULL, scheduler, 0, members, count);
	uint32_t mask = htonl(service_netmask(AF_INET, prefix));

	image->place = place;
	image->persistent = true;
	image->persistence_ticks = ticks;
	memset(image->persistence_mask, 0, sizeof(image->persistence_mask));
	memcpy(image->persistence_mask, &mask, sizeof(mask));
	return image;
}

static struct service_image *plain_image(const char *scheduler, uint32_t count)
{
	static const uint16_t weights[DESTINATIONS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

	return image_of(0, scheduler, 8000, 32, fixture_members(weights, count), count);
}

static struct scheduler_turn turns[SERVICES];

static uint32_t choose(struct persistence *persistence, const struct service_image *image,
	uint32_t client, uint32_t now)
{
	struct flow_key key = fixture_client(htonl(client), (uint16_t)now);

	return persistence_choose(
		persistence, image, &turns[image->place], &fixture_view, &key, now);
}

static uint32_t used(struct persistence *persistence)
{
	struct persistence_counts counts;

	persistence_count(persistence, &counts);
	return counts.used;
}

/* The model: a template of each service and client, and the destinations as they are now. */
struct model_template {
	bool there;
	uint32_t slot, expires;
	uint16_t incarnation;
};

struct model_service {
	uint32_t ticks;
	unsigned int prefix;
	struct service_member members[DESTINATIONS];
	uint32_t count;
	struct model_template templates[CLIENTS];
};

static struct service_image *model_image(const struct model_service *service, uint32_t place)
{
	struct service_member *members = memory_resize(NULL, service->count, sizeof(*members));

	memcpy(members, service->members, service->count * sizeof(*members));
	return image_of(place, "fo", service->ticks, service->prefix, members, service->count);
}

static uint32_t model_member(
	const struct model_service *service, const struct model_template *template)
{
	for (uint32_t i = 0; i < service->count; i++)
		if (service->members[i].slot == template->slot &&
			service->members[i].incarnation == template->incarnation &&
			service->members[i].weight)
			return i;
	return SCHEDULER_NONE;
}

static uint32_t model_heaviest(const struct model_service *service)
{
	uint32_t best = SCHEDULER_NONE, heaviest = 0;

	for (uint32_t i = 0; i < service->count; i++)
		if (service->members[i].weight > heaviest) {
			best = i;
			heaviest = service->members[i].weight;
		}
	return best;
}

static uint32_t model_until(const struct model_service *service, uint32_t now)
{
	return now + MAX(service->ticks, (uint32_t)LEAST);
}

/* Clients are 10.0.0.0 to .59; with a prefix of 30, four of them are one. */
static struct model_template *model_template(struct model_service *service, uint32_t client)
{
	return &service->templates[client & service_netmask(AF_INET, service->prefix)];
}

static uint32_t model_choose(struct model_service *service, uint32_t client, uint32_t now)
{
	struct model_template *template = model_template(service, client);
	uint32_t place = SCHEDULER_NONE;

	if (template->there && expiry_is_past(template->expires, now))
		template->there = false;
	if (template->there) {
		template->expires = model_until(service, now);
		place = model_member(service, template);
	}
	if (place != SCHEDULER_NONE)
		return place;
	place = model_heaviest(service);
	if (place == SCHEDULER_NONE)
		return place;
	*template = (struct model_template){true, service->members[place].slot,
		model_until(service, now), service->members[place].incarnation};
	return place;
}

/* Comes, goes, changes its weight, its incarnation, or its place. */
static void model_change(struct model_service *service)
{
	uint32_t which = random_below(DESTINATIONS), slot = random_below(FIXTURE_SLOTS);

	if (which >= service->count) {
		for (uint32_t i = 0; i < service->count; i++)
			if (service->members[i].slot == slot)
				return;
		service->members[service->count++] = (struct service_member){
			.slot = slot,
			.incarnation = (uint16_t)(1 + random_below(3)),
			.weight = (uint16_t)(1 + random_below(1000)),
		};
		return;
	}
	switch (random_below(4)) {
	case 0:
		service->members[which] = service->members[--service->count];
		break;
	case 1:
		service->members[which].incarnation++;
		break;
	case 2:
		service->members[which].weight = 0;
		break;
	default:
		service->members[which].weight = (uint16_t)(1 + random_below(1000));
	}
}

static void extend(struct persistence *persistence, struct model_service *service,
	const struct service_image *image, uint32_t client, uint32_t now)
{
	struct model_template *template = model_template(service, client);
	struct flow_key key = fixture_client(htonl(0x0a000000 + client), 1);
	bool own = random_below(4);

	persistence_extend(persistence, image, &key, template->slot,
		own ? template->incarnation : template->incarnation + 1, now);
	if (template->there && expiry_is_past(template->expires, now))
		template->there = false;
	if (own && template->there && (int32_t)(now + LEAST - template->expires) > 0)
		template->expires = now + LEAST;
}

static uint32_t model_used(const struct model_service *services, uint32_t now)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < SERVICES; i++)
		for (uint32_t k = 0; k < CLIENTS; k++)
			count += services[i].templates[k].there &&
				 !expiry_is_past(services[i].templates[k].expires, now);
	return count;
}

static void templates_are_the_models(void **state)
{
	static struct model_service services[SERVICES] = {{.ticks = 2000, .prefix = 32},
		{.ticks = 700, .prefix = 30}, {.ticks = 1, .prefix = 32}};
	struct persistence *persistence = templates_of(5000);
	uint32_t now = UINT32_MAX - 20000, kept = 0, chosen = 0; /* it wraps */

	(void)state;
	printf("seed 60\n");
	random_seed(60);
	fixture_reset();
	for (unsigned int i = 0; i < 60000; i++) {
		uint32_t which = random_below(SERVICES), client = random_below(CLIENTS), is, want;
		struct model_service *service = &services[which];
		struct service_image *image;

		if (random_below(20) == 0)
			model_change(service);
		image = model_image(service, which);
		now += random_below(4);
		if (random_below(200) == 0)
			now += random_below(1000);
		if (random_below(50) == 0)
			persistence_sweep(persistence, now, random_below(300));
		if (random_below(5) == 0) {
			extend(persistence, service, image, client, now);
		} else {
			is = choose(persistence, image, 0x0a000000 + client, now);
			want = model_choose(service, client, now);
			assert_int_equal(is, want);
			chosen += is != SCHEDULER_NONE;
			kept += is != SCHEDULER_NONE && is != model_heaviest(service);
		}
		assert_true(used(persistence) >= model_used(services, now));
		if (i % 100 == 0) {
			persistence_sweep(persistence, now, UINT32_MAX);
			assert_int_equal(used(persistence), model_used(services, now));
		}
		service_image_unref(image);
	}
	assert_true(chosen > 20000 && kept > 5000);
	persistence_free(persistence);
}

static void a_client_stays(void **state)
{
	struct persistence *persistence = templates_of(1000);
	struct service_image *image = plain_image("rr", 10);
	uint32_t first[100];

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 100; i++)
		first[i] = choose(persistence, image, i, 100);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(first[i + 10], (first[i] + 10) % 10);
	for (uint32_t now = 100; now < 100000; now += 7999) /* each begins its time anew */
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(choose(persistence, image, i, now), first[i]);
	assert_int_equal(used(persistence), 100);
	service_image_unref(image);
	persistence_free(persistence);
}

static void families_and_services_are_apart(void **state)
{
	struct persistence *persistence = templates_of(1000);
	struct service_image *image = plain_image("rr", 10);

	(void)state;
	fixture_reset();
	turns[0] = turns[1] = (struct scheduler_turn){};
	assert_int_equal(choose(persistence, image, 5, 0), 0);
	image->family = AF_INET6;
	assert_int_equal(choose(persistence, image, 5, 0), 1);
	image->place = 1;
	turns[1].position = 7;
	assert_int_equal(choose(persistence, image, 5, 0), 7);
	image->place = 0;
	assert_int_equal(choose(persistence, image, 5, 0), 1);
	image->family = AF_INET;
	assert_int_equal(choose(persistence, image, 5, 0), 0);
	assert_int_equal(used(persistence), 3);
	service_image_unref(image);
	persistence_free(persistence);
}

static void prefixes_of_ipv6(void **state)
{
	struct persistence *persistence = templates_of(1000);
	struct service_image *image = plain_image("rr", 10);
	struct flow_key a = {.family = AF_INET6, .source = {0x20, 1, [7] = 1, [8] = 1}},
			b = {.family = AF_INET6, .source = {0x20, 1, [7] = 1, [15] = 9}},
			c = {.family = AF_INET6, .source = {0x20, 1, [7] = 2}};
	struct scheduler_turn turn = {};

	(void)state;
	fixture_reset();
	image->family = AF_INET6;
	memset(image->persistence_mask, 0xff, 8); /* /64 */
	assert_int_equal(persistence_choose(persistence, image, &turn, &fixture_view, &a, 0), 0);
	assert_int_equal(persistence_choose(persistence, image, &turn, &fixture_view, &c, 0), 1);
	assert_int_equal(persistence_choose(persistence, image, &turn, &fixture_view, &b, 0), 0);
	service_image_unref(image);
	persistence_free(persistence);
}

/* What finds no room is scheduled, and counted; room comes with time. */
static void the_table_is_bounded(void **state)
{
	struct persistence *persistence = templates_of(100);
	struct service_image *image = plain_image("rr", 10);
	struct persistence_counts counts;

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 150; i++)
		assert_true(choose(persistence, image, i, 0) < 10);
	persistence_count(persistence, &counts);
	assert_int_equal(counts.limit, 100);
	assert_int_equal(counts.used, 100);
	assert_int_equal(counts.refused, 50);
	/* Not yet; then one goes, for each that comes when all could. */
	assert_int_equal(persistence_sweep(persistence, 7999, 1000), 0);
	for (uint32_t now = 8000; now < 8020; now++) {
		assert_true(choose(persistence, image, now, now) < 10);
		assert_int_equal(choose(persistence, image, now, now + 1),
			choose(persistence, image, now, now + 2));
	}
	persistence_count(persistence, &counts);
	assert_int_equal(counts.refused, 50);
	assert_int_equal(persistence_sweep(persistence, 8020, 1000) + 20, counts.used);
	assert_int_equal(used(persistence), 20);
	/* Portions of a sweep come around. */
	for (unsigned int i = 0; i < 100; i++)
		persistence_sweep(persistence, 17000, 1);
	assert_int_equal(used(persistence), 0);
	service_image_unref(image);
	persistence_free(persistence);
}

/* The room of what has expired is found by whoever needs it first, wherever it is. */
static void room_is_found(void **state)
{
	struct service_image *image = plain_image("rr", 10);

	(void)state;
	fixture_reset();
	for (unsigned int round = 0; round < 20; round++) {
		struct persistence *persistence = templates_of(100);
		struct persistence_counts counts;

		for (uint32_t i = 0; i < 100; i++)
			choose(persistence, image, i, 0);
		choose(persistence, image, 1000, 8000);
		persistence_count(persistence, &counts);
		assert_int_equal(counts.refused, 0);
		assert_in_range(counts.used, 1, 100);
		persistence_free(persistence);
	}
	service_image_unref(image);
}

static void many_find_room(void **state)
{
	struct persistence *persistence = templates_of(100000);
	struct service_image *image = plain_image("rr", 10);
	struct persistence_counts counts;

	(void)state;
	fixture_reset();
	for (uint32_t i = 0; i < 97000; i++)
		choose(persistence, image, i * 2654435761u, 0);
	persistence_count(persistence, &counts);
	assert_in_range(counts.limit, 99900, 100000);
	assert_int_equal(counts.refused, 0);
	assert_int_equal(counts.used, 97000);
	service_image_unref(image);
	persistence_free(persistence);
	persistence_free(NULL);
}

/* A template to a full destination holds, as with IPVS; a new client goes elsewhere. */
static void thresholds_are_for_new_clients(void **state)
{
	struct persistence *persistence = templates_of(100);
	struct service_image *image = plain_image("rr", 2);
	uint32_t place = choose(persistence, image, 5, 0);

	(void)state;
	fixture_reset();
	image->members[place].upper_threshold = 1;
	fixture_set_counts(&image->members[place], 0, 1, 0);
	assert_int_equal(choose(persistence, image, 5, 1), place);
	for (uint32_t i = 6; i < 12; i++)
		assert_int_equal(choose(persistence, image, i, 1), 1 - place);
	service_image_unref(image);
	persistence_free(persistence);
}

/* Two workers, each with a scheduler's turn of its own, take the same clients at the same time. */
struct worker_of_two {
	struct persistence *persistence;
	const struct service_image *image;
	pthread_barrier_t *barrier;
	uint32_t first;
	uint8_t places[20000];
};

static void *work(void *data)
{
	struct worker_of_two *worker = data;
	struct scheduler_turn turn = {.position = worker->first};

	pthread_barrier_wait(worker->barrier);
	for (uint32_t i = 0; i < ARRAY_LENGTH(worker->places); i++) {
		struct flow_key key = fixture_client(i, (uint16_t)worker->first);

		worker->places[i] = (uint8_t)persistence_choose(
			worker->persistence, worker->image, &turn, &fixture_view, &key, 5);
	}
	return NULL;
}

static void workers_agree(void **state)
{
	static struct worker_of_two workers[2];
	struct service_image *image = plain_image("rr", 10);
	pthread_barrier_t barrier;
	pthread_t threads[2];

	(void)state;
	fixture_reset();
	for (unsigned int round = 0; round < 5; round++) {
		struct persistence *persistence = templates_of(50000);

		pthread_barrier_init(&barrier, NULL, 2);
		for (uint32_t i = 0; i < 2; i++) {
			workers[i].persistence = persistence;
			workers[i].image = image;
			workers[i].barrier = &barrier;
			workers[i].first = 3 * i;
			pthread_create(&threads[i], NULL, work, &workers[i]);
		}
		for (unsigned int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
		assert_memory_equal(
			workers[0].places, workers[1].places, sizeof(workers[0].places));
		assert_int_equal(used(persistence), ARRAY_LENGTH(workers[0].places));
		persistence_free(persistence);
	}
	service_image_unref(image);
}

/* How many persist to each destination, of the members' own incarnations. */
static uint32_t named(const struct persistence *persistence, const struct service_image *image)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < image->count; i++)
		sum += persistence_count_slot(
			persistence, image->members[i].slot, image->members[i].incarnation);
	return sum;
}

static void destinations_are_counted(void **state)
{
	struct persistence *persistence = templates_of(1000);
	struct service_image *image = plain_image("rr", 3);
	struct service_member *first = (struct service_member *)&image->members[0];

	(void)state;
	fixture_reset();
	for (uint32_t client = 0; client < 30; client++)
		choose(persistence, image, client, 1);
	for (uint32_t i = 0; i < image->count; i++)
		assert_int_equal(persistence_count_slot(persistence, image->members[i].slot,
					 image->members[i].incarnation),
			10);
	/* Once more is no other one. */
	choose(persistence, image, 7, 2);
	assert_int_equal(named(persistence, image), 30);
	/* Another destination in the place of one: who was there before is scheduled anew. */
	first->incarnation++;
	assert_int_equal(named(persistence, image), 20);
	for (uint32_t client = 0; client < 30; client++)
		choose(persistence, image, client, 3);
	assert_int_equal(named(persistence, image), 30);
	/* All expire. */
	assert_int_equal(persistence_sweep(persistence, 3 + 8000, 1000), 30);
	assert_int_equal(named(persistence, image), 0);
	assert_int_equal(persistence_count_slot(persistence, FIXTURE_SLOTS, 1), 0);
	service_image_unref(image);
	persistence_free(persistence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_are_the_models),
		cmocka_unit_test(a_client_stays),
		cmocka_unit_test(families_and_services_are_apart),
		cmocka_unit_test(prefixes_of_ipv6),
		cmocka_unit_test(the_table_is_bounded),
		cmocka_unit_test(room_is_found),
		cmocka_unit_test(many_find_room),
		cmocka_unit_test(thresholds_are_for_new_clients),
		cmocka_unit_test(workers_agree),
		cmocka_unit_test(destinations_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
