// SPDX-License-Identifier: GPL-2.0-or-later
/* What the words of other programs' files lead to: keys that are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/other_words.h"

static void each_leads_to_a_key(void **state)
{
	size_t count;
	const struct other_word *words = other_words_all(&count);

	(void)state;
	assert_true(count);
	for (size_t i = 0; i < count; i++) {
		const struct other_word *word = &words[i];

		if (schema_find(word->mapping, word->word))
			fail_msg("`%s` is a key of `%s`", word->word, word->mapping->name);
		if (word->key && !schema_find(word->mapping, word->key))
			fail_msg("`%s` has no key `%s`", word->mapping->name, word->key);
		assert_true(word->key || word->hint);
		assert_ptr_equal(other_words_find(word->mapping, word->word), word);
	}
	assert_null(other_words_find(&schema_service, "colour"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_leads_to_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
