// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* More CPUs than any machine has. */
#define UNITS_CPU_LIMIT 65535

struct unit {
	const char *name;
	uint64_t factor;
};

/* Larger units first: the order in which they stand in a duration. */
static const struct unit units_of_time[] = {
	{"d", UNITS_DAY},
	{"h", UNITS_HOUR},
	{"m", UNITS_MINUTE},
	{"s", UNITS_SECOND},
	{"ms", UNITS_MILLISECOND},
};
static const struct unit units_of_size[] = {
	{"GiB", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"B", 1},
};

/* Digits from *text on, which it moves behind them. */
static int units_parse_digits(const char **text, uint64_t *ret)
{
	const char *digits = *text;
	uint64_t value = 0;

	if (*digits < '0' || *digits > '9' ||
		(digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
		return -EINVAL;
	for (; *digits >= '0' && *digits <= '9'; digits++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*digits - '0'), &value))
			return -ERANGE;
	*text = digits;
	*ret = value;
	return 0;
}

int units_parse_number(const char *text, uint64_t *ret)
{
	uint64_t value;
	int r = units_parse_digits(&text, &value);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	*ret = value;
	return 0;
}

/* The unit whose name ends at the next digit or at the end of the text. */
static const struct unit *units_find(const struct unit *units, size_t count, const char *name)
{
	size_t length = strcspn(name, "0123456789");

	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
			return &units[i];
	return NULL;
}

/* Number and unit, again and again while the units get smaller. */
static int units_parse(const struct unit *units, size_t count, const char *text, uint64_t *ret)
{
	const struct unit *end = units + count;
	uint64_t total = 0, value;

	do {
		int r = units_parse_digits(&text, &value);

		if (r < 0)
			return r;
		if (!*text)
			return total ? -EINVAL : -ENODATA;
		const struct unit *unit = units_find(units, (size_t)(end - units), text);
		if (!unit)
			return -EINVAL;
		if (__builtin_mul_overflow(value, unit->factor, &value) ||
			__builtin_add_overflow(total, value, &total))
			return -ERANGE;
		text += strlen(unit->name);
		units = unit + 1;
	} while (*text);
	*ret = total;
	return 0;
}

int units_parse_duration(const char *text, uint64_t *ret)
{
	return units_parse(units_of_time, ARRAY_LENGTH(units_of_time), text, ret);
}

int units_parse_size(const char *text, uint64_t *ret)
{
	return units_parse(units_of_size, ARRAY_LENGTH(units_of_size), text, ret);
}

int units_parse_percent(const char *text, uint64_t *ret)
{
	uint64_t value;
	int r = units_parse_digits(&text, &value);

	if (r < 0)
		return r;
	if (!*text)
		return -ENODATA;
	if (strcmp(text, "%") != 0)
		return -EINVAL;
	if (value > 100)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Digits without a leading zero, which the kernel would take for octal, and not above `limit`. Their
 * number, or 0. */
static size_t units_number(const char *text, uint64_t limit, uint64_t *ret)
{
	size_t count = 0;
	uint64_t value = 0;

	for (; text[count] >= '0' && text[count] <= '9'; count++) {
		value = value * 10 + (uint64_t)(text[count] - '0');
		if (value > limit || (count && text[0] == '0'))
			return 0;
	}
	*ret = value;
	return count;
}

/* The length of an int as the kernel prints it, 0 when there is none. */
static size_t units_integer(const char *text)
{
	uint64_t value;
	size_t sign = *text == '-';
	size_t digits = units_number(text + sign, (uint64_t)INT32_MAX + sign, &value);

	return digits && (value || !sign) ? sign + digits : 0;
}

/* The same of a list of CPUs, "0-3,5": as the kernel prints it, in order and with ranges as long as
 * they can be. */
static size_t units_cpus(const char *text)
{
	uint64_t first, last, next = 0;
	size_t length = 0;

	for (;;) {
		size_t digits = units_number(text + length, UNITS_CPU_LIMIT, &first);

		if (!digits || first < next)
			return 0;
		length += digits;
		last = first;
		if (text[length] == '-') {
			digits = units_number(text + length + 1, UNITS_CPU_LIMIT, &last);
			if (!digits || last <= first)
				return 0;
			length += 1 + digits;
		}
		if (text[length] != ',')
			return length;
		length++;
		next = last + 2;
	}
}

int units_parse_sysctl(const char *text, char ret[static SYSCTL_VALUE_SIZE])
{
	char value[SYSCTL_VALUE_SIZE];
	size_t length = 0, words = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t integer = units_integer(text), cpus = words ? 0 : units_cpus(text);
		size_t size = MAX(integer, cpus);

		if (!size || (text[size] && text[size] != ' ') || words == 2)
			return -EINVAL;
		/* A list of CPUs stands alone. */
		if (cpus > integer && text[size + strspn(text + size, " ")])
			return -EINVAL;
		if (length + (words > 0) + size >= sizeof(value))
			return -EINVAL;
		if (words++)
			value[length++] = ' ';
		memcpy(value + length, text, size);
		length += size;
		text += size;
	}
	if (!words)
		return -EINVAL;
	value[length] = '\0';
	memcpy(ret, value, length + 1);
	return 0;
}

void units_format_duration(uint64_t nanoseconds, struct strbuf *text)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_LENGTH(units_of_time); i++) {
		uint64_t value = nanoseconds / units_of_time[i].factor;

		if (!value)
			continue;
		strbuf_printf(text, "%" PRIu64 "%s", value, units_of_time[i].name);
		nanoseconds %= units_of_time[i].factor;
		any = true;
	}
	if (!any)
		strbuf_add(text, "0s");
}

void units_format_size(uint64_t bytes, struct strbuf *text)
{
	for (size_t i = 0; i < ARRAY_LENGTH(units_of_size); i++) {
		if (bytes % units_of_size[i].factor && units_of_size[i].factor > 1)
			continue;
		if (!bytes && units_of_size[i].factor > 1)
			continue;
		strbuf_printf(text, "%" PRIu64 "%s", bytes / units_of_size[i].factor,
			units_of_size[i].name);
		return;
	}
}
