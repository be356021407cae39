// SPDX-License-Identifier: GPL-2.0-or-later
/* Images and generations: looked up against a plain list, shared, and let go of. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/macros.h"
#include "tests/support/build.h"
#include "tests/unit/schedule-fixture.h"

static struct service_attributes attributes_of(const char *scheduler)
{
	struct service_attributes attributes = {.netmask = UINT32_MAX};

	memcpy(attributes.scheduler, scheduler, strlen(scheduler));
	return attributes;
}

static struct service_image *image_of(
	const struct service_key *key, const char *scheduler, uint32_t place, uint32_t count)
{
	static uint16_t weights[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct service_attributes attributes = attributes_of(scheduler);
	struct service_image *image;
	int r = service_image_new(key, &attributes, place, fixture_members(weights, count), count,
		&fixture_slots, NULL, NULL, &image, NULL);

	assert_int_equal(r, 0);
	return image;
}

static void images_are_in_network_order(void **state)
{
	struct service_key key = build_key("udp://[2001:db8::10]:53");
	struct service_attributes attributes = attributes_of("wlc");
	struct service_member *members = fixture_members((uint16_t[]){3, 0, 65535}, 3);
	struct service_image *image;

	(void)state;
	fixture_reset();
	attributes.one_packet = true;
	attributes.persistent = true;
	attributes.persistence_timeout = 300;
	attributes.netmask = 52;
	attributes.scheduler_flags = SCHEDULER_FLAG_2;
	assert_int_equal(service_image_new(&key, &attributes, 77, members, 3, &fixture_slots, NULL,
				 NULL, &image, NULL),
		0);
	assert_memory_equal(image->address, key.address.bytes, 16);
	assert_int_equal(image->port, htons(53));
	assert_int_equal(image->protocol, IPPROTO_UDP);
	assert_int_equal(image->family, AF_INET6);
	assert_int_equal(image->place, 77);
	assert_string_equal(image->scheduler->name, "wlc");
	assert_int_equal(image->scheduler_flags, SCHEDULER_FLAG_2);
	assert_true(image->one_packet && image->persistent);
	assert_int_equal(image->persistence_ticks, 2400);
	assert_memory_equal(image->persistence_mask,
		((uint8_t[16]){0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0}), 16);
	assert_int_equal(image->count, 3);
	assert_int_equal(image->total_weight, 65538);
	assert_ptr_equal(image->members, members);
	assert_int_equal(image->table_size, 0);
	assert_int_equal(image->references, 1);
	service_image_unref(image);
	/* IPv4's mask is in host order, and times have an end. */
	key = build_key("sctp://203.0.113.10:80");
	attributes.netmask = 0xfffff000;
	attributes.persistence_timeout = UINT32_MAX;
	assert_int_equal(service_image_new(&key, &attributes, 0, NULL, 0, &fixture_slots, NULL,
				 NULL, &image, NULL),
		0);
	assert_int_equal(image->protocol, IPPROTO_SCTP);
	assert_memory_equal(image->persistence_mask, ((uint8_t[16]){0xff, 0xff, 0xf0}), 16);
	assert_int_equal(image->persistence_ticks, INT32_MAX / 2);
	service_image_unref(image);
}

static void what_cannot_be_is_said(void **state)
{
	static uint16_t weights[SERVICE_MEMBERS_MOST + 1];
	struct service_key key = build_key("tcp://203.0.113.10:80");
	struct service_key mark = build_key("fwmark://7");
	struct service_attributes attributes = attributes_of("lblc");
	struct service_image *image = NULL;
	_cleanup_error_ struct error error = {};

	(void)state;
	fixture_reset();
	assert_int_equal(service_image_new(&key, &attributes, 0, fixture_members(weights, 2), 2,
				 &fixture_slots, NULL, NULL, &image, &error),
		-EOPNOTSUPP);
	assert_string_equal(error.text, "the data plane has no scheduler \"lblc\"");
	attributes = attributes_of("rr");
	assert_int_equal(service_image_new(&mark, &attributes, 0, fixture_members(weights, 2), 2,
				 &fixture_slots, NULL, NULL, &image, &error),
		-EOPNOTSUPP);
	assert_string_equal(error.text, "the data plane knows no firewall marks");
	assert_int_equal(service_image_new(&key, &attributes, 0,
				 fixture_members(weights, ARRAY_LENGTH(weights)),
				 ARRAY_LENGTH(weights), &fixture_slots, NULL, NULL, &image, &error),
		-E2BIG);
	assert_string_equal(error.text, "65537 destinations; a service can have 65536");
	assert_null(image);
}

/* A listener out of few, so that many are alike but for one part. */
static struct service_key random_key(void)
{
	struct service_key key = {
		.kind = (enum service_kind)random_below(SERVICE_KIND_FWMARK),
		.port = (uint16_t)random_below(12),
		.address.family = random_below(2) ? AF_INET : AF_INET6,
	};

	key.address.bytes[0] = (uint8_t)random_below(3);
	key.address.bytes[3] = (uint8_t)random_below(10);
	if (key.address.family == AF_INET6)
		key.address.bytes[15] = (uint8_t)random_below(3);
	return key;
}

static int compare_images(const void *a, const void *b)
{
	const struct service_image *const *x = a, *const *y = b;

	return service_key_compare(&(*x)->key, &(*y)->key);
}

static const struct service_image *model_find(
	const struct generation *generation, const struct service_key *key, uint16_t port)
{
	struct service_key want = *key;

	want.port = port;
	for (uint32_t i = 0; i < generation->count; i++)
		if (service_key_compare(&generation->images[i]->key, &want) == 0)
			return generation->images[i];
	return NULL;
}

static struct generation *random_generation(uint32_t wanted)
{
	struct service_image **images = memory_resize(NULL, wanted + 1, sizeof(*images));
	uint32_t count = 0;

	for (uint32_t i = 0; i < wanted; i++) {
		struct service_key key = random_key();

		images[count++] = image_of(&key, "wlc", i, 1);
	}
	qsort(images, count, sizeof(*images), compare_images);
	for (uint32_t i = 1; i < count;) {
		if (compare_images(&images[i - 1], &images[i]) != 0) {
			i++;
			continue;
		}
		service_image_unref(images[i]);
		memmove(&images[i], &images[i + 1], (--count - i) * sizeof(*images));
	}
	return generation_new(5, images, count);
}

static void services_are_found(void **state)
{
	uint32_t exact = 0, any = 0, missed = 0;

	(void)state;
	printf("seed 40\n");
	random_seed(40);
	fixture_reset();
	for (unsigned int round = 0; round < 60; round++) {
		struct generation *generation = random_generation(random_below(400));

		assert_int_equal(generation->number, 5);
		for (unsigned int i = 0; i < 500; i++) {
			struct service_key key = random_key();
			const struct service_image *image = generation_find(generation,
				(uint8_t)key.address.family,
				(uint8_t[]){IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP}[key.kind],
				key.address.bytes, htons(key.port));
			const struct service_image *want = model_find(generation, &key, key.port);

			exact += want != NULL;
			if (!want)
				want = model_find(generation, &key, 0);
			any += want != NULL;
			missed += want == NULL;
			assert_ptr_equal(image, want);
		}
		generation_free(generation);
	}
	assert_true(exact > 1000 && any > exact + 1000 && missed > 1000);
}

static void the_empty_one(void **state)
{
	struct generation *generation = generation_new(0, NULL, 0);
	static const uint8_t address[16] = {10};

	(void)state;
	assert_null(generation_find(generation, AF_INET, IPPROTO_TCP, address, htons(80)));
	assert_false(generation->any_port);
	generation_free(generation);
	generation_free(NULL);
}

/* One service of two changes: the other's image is the same, with its table, and outlives the first
 * generation. */
static void images_are_shared(void **state)
{
	struct service_key a = build_key("tcp://203.0.113.10:80"),
			   b = build_key("tcp://203.0.113.10:443");
	struct service_image **first = memory_resize(NULL, 2, sizeof(struct service_image *));
	struct service_image **second = memory_resize(NULL, 2, sizeof(struct service_image *));
	struct generation *one, *two;
	struct service_image *kept = image_of(&a, "mh", 0, 10);

	(void)state;
	fixture_reset();
	first[0] = kept;
	first[1] = image_of(&b, "mh", 1, 10);
	one = generation_new(1, first, 2);
	second[0] = service_image_ref(kept);
	second[1] = image_of(&b, "mh", 1, 9);
	two = generation_new(2, second, 2);
	assert_int_equal(kept->references, 2);
	assert_ptr_equal(
		generation_find(one, AF_INET, IPPROTO_TCP, kept->address, htons(80)), kept);
	generation_free(one);
	assert_int_equal(kept->references, 1);
	assert_ptr_equal(
		generation_find(two, AF_INET, IPPROTO_TCP, kept->address, htons(80)), kept);
	assert_int_equal(kept->table_size, 2039);
	assert_int_equal(
		generation_find(two, AF_INET, IPPROTO_TCP, kept->address, htons(443))->count, 9);
	generation_free(two);
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

#define MANY 10000u

static struct service_image **many_images(const char *scheduler)
{
	struct service_image **images = memory_resize(NULL, MANY, sizeof(*images));

	for (uint32_t i = 0; i < MANY; i++) {
		struct service_key key = {.kind = SERVICE_KIND_TCP,
			.port = (uint16_t)(1 + i % 100),
			.address = {AF_INET, {203, 0, 113, (uint8_t)(i / 100)}}};

		images[i] = image_of(&key, scheduler, i, 10);
	}
	qsort(images, MANY, sizeof(*images), compare_images);
	return images;
}

/* Figures of 10,000 services of 10 destinations, with bounds that hold under the sanitizers. */
static void large_ones_are_fast(void **state)
{
	static const struct {
		const char *scheduler;
		double most;
	} cases[] = {{"wlc", 500}, {"wrr", 500}, {"mh", 20000}};

	(void)state;
	fixture_reset();
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		double begin = milliseconds(), made, ready, gone;
		struct service_image **images = many_images(cases[i].scheduler);
		struct generation *generation;

		made = milliseconds();
		generation = generation_new(1, images, MANY);
		ready = milliseconds();
		for (uint32_t k = 0; k < MANY; k += 97) {
			assert_ptr_equal(generation_find(generation, AF_INET, IPPROTO_TCP,
						 images[k]->address, images[k]->port),
				images[k]);
			assert_int_equal((uintptr_t)images[k] % SERVICE_IMAGE_LINE, 0);
		}
		gone = milliseconds();
		generation_free(generation);
		printf("%s: images %.1f ms, generation_new %.2f ms, generation_free %.2f ms\n",
			cases[i].scheduler, made - begin, ready - made, milliseconds() - gone);
		assert_true(made - begin < cases[i].most);
		assert_true(ready - made < 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_in_network_order),
		cmocka_unit_test(what_cannot_be_is_said),
		cmocka_unit_test(services_are_found),
		cmocka_unit_test(the_empty_one),
		cmocka_unit_test(images_are_shared),
		cmocka_unit_test(large_ones_are_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
