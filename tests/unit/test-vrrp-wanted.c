// SPDX-License-Identifier: GPL-2.0-or-later
/* What virtual routers want in the kernel: order, cancellation, what others take away, what is left, and a random run against a
 * kernel of a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "tests/support/random.h"
#include "vrrp/wanted.h"

#define SECOND 1000000000ull
#define NOW    (1000 * SECOND)
#define IF     7
#define PAUSE  VRRP_WANTED_PAUSE_NS
#define SAID   65536

/* What was told, as text. */
static char said[SAID];

/* It comes with each request that adds something: most tests do without. */
static bool telling_of_came;

static void tell(void *data, enum vrrp_wanted_news news, uint64_t router,
	const struct vrrp_wanted_item *item)
{
	static const char *const names[] = {"done", "came", "lost", "fought", "failed", "found"};
	size_t length = strlen(said);

	(void)data;
	if (news == VRRP_WANTED_CAME && !telling_of_came)
		return;
	snprintf(said + length, sizeof(said) - length, "%s %lld%s%s;", names[news],
		(long long)router, item ? " " : "",
		item ? (char[4]){(char)('a' + item->object.address.bytes[3])} : "");
}

static struct vrrp_wanted *wanted_new(void)
{
	said[0] = '\0';
	return vrrp_wanted_new(tell, NULL);
}

static void assert_said(const char *expected)
{
	assert_string_equal(said, expected);
	said[0] = '\0';
}

/* By a letter. */
static struct vrrp_object object_of(char letter)
{
	return (struct vrrp_object){.kind = VRRP_OBJECT_ADDRESS,
		.ifindex = IF,
		.address = {AF_INET, {10, 0, 0, (uint8_t)(letter - 'a')}},
		.prefix = 32};
}

static void set(struct vrrp_wanted *wanted, uint64_t router, const char *letters)
{
	struct vrrp_object objects[32];
	size_t count = strlen(letters);

	for (size_t i = 0; i < count; i++)
		objects[i] = object_of(letters[i]);
	vrrp_wanted_set(wanted, router, objects, count);
}

static void seen(struct vrrp_wanted *wanted, char letter, bool present, bool marked, uint64_t now)
{
	struct vrrp_object_seen what = {object_of(letter), present, marked, 0};

	vrrp_wanted_seen(wanted, &what, now);
}

/* Carries out everything, each with `code`: what it was, as "+a-b". */
static const char *carry_out(struct vrrp_wanted *wanted, int code, uint64_t now)
{
	static char done[256];
	struct vrrp_wanted_item *item;
	size_t length = 0;

	while ((item = vrrp_wanted_next(wanted))) {
		assert_true(length + 3 < sizeof(done));
		done[length++] = item->op == VRRP_WANTED_ADD ? '+' : '-';
		done[length++] = (char)('a' + item->object.address.bytes[3]);
		vrrp_wanted_done(wanted, item, code, now);
	}
	done[length] = '\0';
	return done;
}

static const struct vrrp_wanted_item *find(struct vrrp_wanted *wanted, char letter)
{
	struct vrrp_object object = object_of(letter);

	return vrrp_wanted_find(wanted, &object);
}

static void test_order(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();

	(void)state;
	telling_of_came = true;
	set(wanted, 1, "cab");
	assert_string_equal(carry_out(wanted, 0, NOW), "+c+a+b");
	assert_said("came 1 c;came 1 a;came 1 b;done 1;");
	telling_of_came = false;
	/* New ones first, then what goes, the last first; what stays is not touched. */
	set(wanted, 1, "ad");
	assert_string_equal(carry_out(wanted, 0, NOW), "+d-b-c");
	assert_said("done 1;");
	/* In the order of the last list, not of the coming. */
	set(wanted, 1, "da");
	assert_said("done 1;");
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "-a-d");
	assert_said("done 1;");
	assert_int_equal(vrrp_wanted_count(wanted), 0);
	vrrp_wanted_free(wanted);
}

static void test_turns(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();

	(void)state;
	set(wanted, 1, "abcd");
	set(wanted, 2, "xy");
	set(wanted, 3, "z");
	assert_string_equal(carry_out(wanted, 0, NOW), "+a+x+z+b+y+c+d");
	assert_said("done 3;done 2;done 1;");
	vrrp_wanted_free(wanted);
}

static void test_cancel(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();

	(void)state;
	set(wanted, 1, "abc");
	set(wanted, 1, "b");
	assert_string_equal(carry_out(wanted, 0, NOW), "+b");
	set(wanted, 1, "");
	set(wanted, 1, "b");
	assert_true(vrrp_wanted_is_idle(wanted));
	assert_said("done 1;done 1;");
	set(wanted, 1, "bcd");
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "-b");
	assert_said("done 1;");
	assert_int_equal(vrrp_wanted_count(wanted), 0);
	vrrp_wanted_free(wanted);
}

/* It is let go while its request is under way, and wanted again while that is. */
static void test_in_flight(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_wanted_item *item;

	(void)state;
	set(wanted, 1, "a");
	item = vrrp_wanted_next(wanted);
	set(wanted, 1, "");
	assert_null(vrrp_wanted_next(wanted));
	vrrp_wanted_done(wanted, item, 0, NOW);
	assert_said("");
	item = vrrp_wanted_next(wanted);
	assert_int_equal(item->op, VRRP_WANTED_REMOVE);
	set(wanted, 1, "a");
	vrrp_wanted_done(wanted, item, 0, NOW);
	assert_string_equal(carry_out(wanted, 0, NOW), "+a");
	assert_said("done 1;");
	vrrp_wanted_free(wanted);
}

static void test_moves(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_wanted_item *item;

	(void)state;
	set(wanted, 1, "ab");
	item = vrrp_wanted_next(wanted);
	/* One queued and one under way are another's from now on, and the first has nothing more. */
	set(wanted, 2, "ab");
	assert_said("done 1;");
	set(wanted, 1, "");
	assert_said("done 1;");
	vrrp_wanted_done(wanted, item, 0, NOW);
	assert_string_equal(carry_out(wanted, 0, NOW), "+b");
	assert_said("done 2;");
	vrrp_wanted_free(wanted);
}

static void test_answers(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_wanted_item *item;

	(void)state;
	/* There already, and not ours: it serves, and stays. */
	set(wanted, 1, "a");
	assert_string_equal(carry_out(wanted, -EEXIST, NOW), "+a");
	assert_said("found 1 a;done 1;");
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "");
	assert_int_equal(vrrp_wanted_count(wanted), 0);
	/* There already, and seen to be ours. */
	set(wanted, 1, "a");
	item = vrrp_wanted_next(wanted);
	seen(wanted, 'a', true, true, NOW);
	vrrp_wanted_done(wanted, item, -EEXIST, NOW);
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, -EADDRNOTAVAIL, NOW), "-a");
	/* Made and taken away again before its answer was read. */
	set(wanted, 1, "a");
	item = vrrp_wanted_next(wanted);
	seen(wanted, 'a', true, true, NOW);
	seen(wanted, 'a', false, true, NOW);
	vrrp_wanted_done(wanted, item, 0, NOW);
	assert_string_equal(carry_out(wanted, 0, NOW), "+a");
	vrrp_wanted_free(wanted);
}

static void test_unmarked(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_wanted_item *item;

	(void)state;
	/* A kernel that keeps no mark: what we made is ours all the same. */
	set(wanted, 1, "a");
	item = vrrp_wanted_next(wanted);
	seen(wanted, 'a', true, false, NOW);
	vrrp_wanted_done(wanted, item, 0, NOW);
	assert_int_equal(find(wanted, 'a')->presence, VRRP_WANTED_OURS);
	seen(wanted, 'a', true, false, NOW);
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "-a");
	/* Gone meanwhile, and there again by somebody else: not ours. */
	set(wanted, 1, "a");
	carry_out(wanted, 0, NOW);
	seen(wanted, 'a', false, false, NOW);
	seen(wanted, 'a', true, false, NOW);
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "");
	vrrp_wanted_free(wanted);
}

static void test_lost(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	uint64_t now = NOW;

	(void)state;
	set(wanted, 1, "a");
	carry_out(wanted, 0, now);
	assert_said("done 1;");
	for (unsigned int i = 0; i < VRRP_WANTED_AT_ONCE; i++) {
		seen(wanted, 'a', false, true, now);
		assert_string_equal(carry_out(wanted, 0, now), "+a");
		assert_said("lost 1 a;done 1;");
	}
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t pause = PAUSE << MIN(i, VRRP_WANTED_PAUSES);

		seen(wanted, 'a', false, true, now);
		assert_said("fought 1 a;done 1;");
		assert_string_equal(carry_out(wanted, 0, now), "");
		assert_int_equal(vrrp_wanted_next_wake(wanted), now + pause);
		now += pause;
		vrrp_wanted_wake(wanted, now - 1);
		assert_string_equal(carry_out(wanted, 0, now), "");
		vrrp_wanted_wake(wanted, now);
		assert_string_equal(carry_out(wanted, 0, now), "+a");
		said[0] = '\0';
	}
	/* After a quiet time it is at once again: the pauses before were none. */
	now += VRRP_WANTED_QUIET_NS;
	seen(wanted, 'a', false, true, now);
	assert_string_equal(carry_out(wanted, 0, now), "+a");
	/* Somebody else puts it back in its pause: nothing is left to do. */
	for (unsigned int i = 0; i < VRRP_WANTED_AT_ONCE; i++) {
		carry_out(wanted, 0, now);
		seen(wanted, 'a', false, true, now);
	}
	assert_int_equal(vrrp_wanted_paused(wanted), 1);
	seen(wanted, 'a', true, false, now);
	assert_int_equal(vrrp_wanted_paused(wanted), 0);
	assert_int_equal(vrrp_wanted_next_wake(wanted), HEAP_NEVER);
	vrrp_wanted_free(wanted);
}

/* Whoever takes it away now and then is not fought with, however often that was. */
static void test_lost_slowly(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	uint64_t now = NOW;

	(void)state;
	set(wanted, 1, "a");
	carry_out(wanted, 0, now);
	assert_said("done 1;");
	for (unsigned int i = 0; i < 4 * VRRP_WANTED_AT_ONCE; i++) {
		now += VRRP_WANTED_QUIET_NS;
		seen(wanted, 'a', false, true, now);
		assert_string_equal(carry_out(wanted, 0, now), "+a");
		assert_said("lost 1 a;done 1;");
	}
	/* A little faster it is a fight. */
	for (unsigned int i = 1; i < VRRP_WANTED_AT_ONCE; i++) {
		now += VRRP_WANTED_QUIET_NS - 1;
		seen(wanted, 'a', false, true, now);
		assert_string_equal(carry_out(wanted, 0, now), "+a");
		assert_said("lost 1 a;done 1;");
	}
	now += VRRP_WANTED_QUIET_NS - 1;
	seen(wanted, 'a', false, true, now);
	assert_said("fought 1 a;done 1;");
	vrrp_wanted_free(wanted);
}

static void test_failure(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	uint64_t now = NOW;

	(void)state;
	set(wanted, 1, "ab");
	assert_string_equal(carry_out(wanted, -ENODEV, now), "+a+b");
	assert_said("failed 1 a;failed 1 b;done 1;");
	for (unsigned int i = 0; i < 8; i++) {
		now = vrrp_wanted_next_wake(wanted);
		vrrp_wanted_wake(wanted, now);
		assert_string_equal(carry_out(wanted, -ENODEV, now), "+a+b");
		assert_int_equal(vrrp_wanted_next_wake(wanted),
			now + (PAUSE << MIN(i + 1, VRRP_WANTED_PAUSES)));
	}
	/* Told once, and once more when it is for another reason. */
	assert_said("");
	now = vrrp_wanted_next_wake(wanted);
	vrrp_wanted_wake(wanted, now);
	carry_out(wanted, -EPERM, now);
	assert_said("failed 1 a;failed 1 b;");
	/* What is let go does not wait, nor is it removed. */
	set(wanted, 1, "");
	assert_true(vrrp_wanted_is_idle(wanted));
	assert_int_equal(vrrp_wanted_paused(wanted), 0);
	assert_int_equal(vrrp_wanted_count(wanted), 0);
	/* A removal that fails is tried again too; to want it again ends that. */
	set(wanted, 1, "a");
	carry_out(wanted, 0, now);
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, -EBUSY, now), "-a");
	assert_int_equal(vrrp_wanted_paused(wanted), 1);
	set(wanted, 1, "a");
	assert_int_equal(vrrp_wanted_paused(wanted), 0);
	assert_true(vrrp_wanted_is_idle(wanted));
	vrrp_wanted_free(wanted);
}

static void test_looks(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();

	(void)state;
	set(wanted, 1, "abc");
	carry_out(wanted, 0, NOW);
	said[0] = '\0';
	vrrp_wanted_look(wanted);
	seen(wanted, 'a', true, true, NOW);
	seen(wanted, 'c', true, true, NOW);
	seen(wanted, 'x', true, false, NOW);
	vrrp_wanted_looked(wanted, NOW);
	assert_said("lost 1 b;");
	assert_string_equal(carry_out(wanted, 0, NOW), "+b");
	assert_null(find(wanted, 'x'));
	/* What is not ours may not be shown by a look: it is tried, and nobody is told that it was lost. */
	set(wanted, 2, "f");
	carry_out(wanted, -EEXIST, NOW);
	said[0] = '\0';
	vrrp_wanted_look(wanted);
	seen(wanted, 'a', true, true, NOW);
	seen(wanted, 'b', true, true, NOW);
	seen(wanted, 'c', true, true, NOW);
	vrrp_wanted_looked(wanted, NOW);
	assert_said("");
	assert_string_equal(carry_out(wanted, -EEXIST, NOW), "+f");
	vrrp_wanted_free(wanted);
}

static void test_leftovers(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_object left = object_of('l'), never = object_of('n');

	(void)state;
	vrrp_wanted_left(wanted, &left);
	vrrp_wanted_left(wanted, &never);
	vrrp_wanted_look(wanted);
	seen(wanted, 'a', true, true, NOW);
	seen(wanted, 'b', true, true, NOW);
	seen(wanted, 'x', true, false, NOW);
	seen(wanted, 'l', true, false, NOW);
	vrrp_wanted_looked(wanted, NOW);
	assert_true(vrrp_wanted_is_idle(wanted));
	/* One is taken over as it is; one was only looked for. */
	set(wanted, 1, "a");
	assert_true(vrrp_wanted_is_idle(wanted));
	vrrp_wanted_settle(wanted);
	assert_string_equal(carry_out(wanted, 0, NOW), "-b-l");
	assert_int_equal(vrrp_wanted_count(wanted), 1);
	/* Later ones go at once. */
	seen(wanted, 'c', true, true, NOW);
	assert_string_equal(carry_out(wanted, 0, NOW), "-c");
	assert_said("done 1;");
	vrrp_wanted_free(wanted);
}

/* Backup after a crash: what an earlier process left goes though nobody ever wanted it here. */
static void test_let_go_before_settling(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();

	(void)state;
	seen(wanted, 'a', true, true, NOW);
	set(wanted, 1, "a");
	set(wanted, 1, "");
	assert_string_equal(carry_out(wanted, 0, NOW), "-a");
	vrrp_wanted_free(wanted);
}

static void test_replaced(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_object route = {.kind = VRRP_OBJECT_ROUTE,
		.ifindex = IF,
		.address = {AF_INET, {10, 9, 0, 0}},
		.prefix = 16,
		.gateway = {AF_INET, {10, 0, 0, 1}}};
	struct vrrp_object_seen other = {.object = route, .present = true, .marked = true};

	(void)state;
	vrrp_wanted_set(wanted, 1, &route, 1);
	assert_string_equal(carry_out(wanted, 0, NOW), "+a");
	/* However the kernel writes it: it was made as it is wanted. */
	other.object.scope = 99;
	vrrp_wanted_seen(wanted, &other, NOW);
	assert_true(vrrp_wanted_is_idle(wanted));
	/* The same key by another way. */
	route.gateway.bytes[3] = 2;
	vrrp_wanted_set(wanted, 1, &route, 1);
	assert_string_equal(carry_out(wanted, 0, NOW), "-a+a");
	/* Left by an earlier process, by another way than the one that is wanted. */
	vrrp_wanted_free(wanted);
	wanted = wanted_new();
	vrrp_wanted_seen(wanted, &other, NOW);
	vrrp_wanted_set(wanted, 1, &route, 1);
	assert_string_equal(carry_out(wanted, 0, NOW), "-a+a");
	vrrp_wanted_free(wanted);
}

static void test_again(void **state)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct vrrp_object a = object_of('a'), b = object_of('b'), x = object_of('x');

	(void)state;
	set(wanted, 1, "a");
	carry_out(wanted, 0, NOW);
	assert_said("done 1;");
	assert_true(vrrp_wanted_again(wanted, &a));
	assert_false(vrrp_wanted_again(wanted, &a));
	assert_string_equal(carry_out(wanted, 0, NOW), "-a+a");
	assert_true(vrrp_wanted_is_idle(wanted));
	/* Not what is foreign, or nobody's. */
	set(wanted, 2, "b");
	carry_out(wanted, -EEXIST, NOW);
	assert_false(vrrp_wanted_again(wanted, &b));
	assert_false(vrrp_wanted_again(wanted, &x));
	assert_true(vrrp_wanted_is_idle(wanted));
	vrrp_wanted_free(wanted);
}

/* A kernel: which letters are there, and whose they are. */
struct kernel {
	enum vrrp_wanted_presence letters[26];
	bool doubtful[26]; /* the last word of it was lost */
};

static int kernel_do(struct kernel *kernel, struct vrrp_wanted *wanted,
	const struct vrrp_wanted_item *item, uint64_t now)
{
	uint8_t letter = item->object.address.bytes[3];
	bool add = item->op == VRRP_WANTED_ADD;
	bool there = kernel->letters[letter] != VRRP_WANTED_ABSENT;

	if (add == there)
		return add ? -EEXIST : -EADDRNOTAVAIL;
	assert_true(add || kernel->letters[letter] == VRRP_WANTED_OURS || kernel->doubtful[letter]);
	kernel->letters[letter] = add ? VRRP_WANTED_OURS : VRRP_WANTED_ABSENT;
	seen(wanted, (char)('a' + letter), add, true, now);
	return 0;
}

static void kernel_look(struct kernel *kernel, struct vrrp_wanted *wanted, uint64_t now)
{
	vrrp_wanted_look(wanted);
	for (char i = 0; i < 26; i++)
		if (kernel->letters[(int)i])
			seen(wanted, (char)('a' + i), true,
				kernel->letters[(int)i] == VRRP_WANTED_OURS, now);
	vrrp_wanted_looked(wanted, now);
	memset(kernel->doubtful, 0, sizeof(kernel->doubtful));
}

/* Somebody else's doing, of which the word may be lost. */
static void random_meddle(struct kernel *kernel, struct vrrp_wanted *wanted, uint64_t now)
{
	size_t letter = random_below(26);

	kernel->letters[letter] =
		kernel->letters[letter] ? VRRP_WANTED_ABSENT : VRRP_WANTED_FOREIGN;
	kernel->doubtful[letter] = !random_below(4);
	if (!kernel->doubtful[letter])
		seen(wanted, (char)('a' + letter), kernel->letters[letter], false, now);
}

static void random_set(struct vrrp_wanted *wanted, char lists[4][27], size_t router)
{
	size_t length = 0;

	/* Each router has letters of its own. */
	for (char letter = (char)('a' + router); letter <= 'z'; letter = (char)(letter + 4))
		if (random_below(2))
			lists[router][length++] = letter;
	lists[router][length] = '\0';
	set(wanted, router, lists[router]);
}

/* Some requests, whose answers may come late, or be lost: then a look follows. */
static void random_carry(struct kernel *kernel, struct vrrp_wanted *wanted, uint64_t now)
{
	struct vrrp_wanted_item *flying[8];
	int codes[8];
	size_t count = 0, most = random_below(ARRAY_LENGTH(flying) + 1);

	while (count < most && (flying[count] = vrrp_wanted_next(wanted))) {
		codes[count] =
			random_below(20) ? kernel_do(kernel, wanted, flying[count], now) : -ENOMEM;
		count++;
	}
	if (!random_below(4))
		random_meddle(kernel, wanted, now);
	for (size_t i = 0; i < count; i++)
		vrrp_wanted_done(wanted, flying[i], codes[i], now);
}

static void assert_converged(const struct kernel *kernel, char lists[4][27], const char *seed)
{
	for (size_t i = 0; i < 26; i++) {
		char letter = (char)('a' + i);
		bool wished = strchr(lists[i % 4], letter);

		if (wished != (kernel->letters[i] != VRRP_WANTED_ABSENT) &&
			kernel->letters[i] != VRRP_WANTED_FOREIGN)
			fail_msg("%c: wanted %d, there %d; SEED=%s", letter, wished,
				kernel->letters[i], seed);
	}
}

static void run_random(uint64_t seed)
{
	struct vrrp_wanted *wanted = wanted_new();
	struct kernel kernel = {};
	char lists[4][27] = {}, text[32];
	uint64_t now = NOW;

	random_seed(seed);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)seed);
	for (size_t i = 0; i < 26; i++)
		kernel.letters[i] = (enum vrrp_wanted_presence)random_below(3);
	kernel_look(&kernel, wanted, now);
	for (size_t step = 0; step < 200; step++) {
		now += random_below(3) * SECOND;
		switch (random_below(5)) {
		case 0:
			random_set(wanted, lists, random_below(4));
			break;
		case 1:
			random_meddle(&kernel, wanted, now);
			break;
		case 2:
			vrrp_wanted_wake(wanted, now);
			break;
		default:
			random_carry(&kernel, wanted, now);
		}
		said[0] = '\0';
	}
	vrrp_wanted_settle(wanted);
	kernel_look(&kernel, wanted, now);
	for (size_t step = 0; step < 200; step++) {
		struct vrrp_wanted_item *item;

		while ((item = vrrp_wanted_next(wanted)))
			vrrp_wanted_done(wanted, item, kernel_do(&kernel, wanted, item, now), now);
		now += SECOND;
		vrrp_wanted_wake(wanted, now);
	}
	assert_converged(&kernel, lists, text);
	assert_int_equal(vrrp_wanted_paused(wanted), 0);
	vrrp_wanted_free(wanted);
}

static void test_random(void **state)
{
	const char *seed = getenv("SEED");

	(void)state;
	if (seed) {
		run_random(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= 2000; i++)
		run_random(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_unmarked),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_slowly),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_let_go_before_settling),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
