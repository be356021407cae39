// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of health: what a service says of checks must have some to go by, and be possible at all. */
#include <inttypes.h>
#include <stdio.h>

#include "model/listen.h"
#include "model/probe.h"
#include "model/validate.h"

/* What means nothing where nothing is checked. */
static const struct {
	enum config_service_key key;
	const char *name;
} validate_by_checks[] = {
	{CONFIG_SERVICE_ON_FAILURE, "on-failure"},
	{CONFIG_SERVICE_QUORUM, "quorum"},
	{CONFIG_SERVICE_QUORUM_HYSTERESIS, "quorum-hysteresis"},
	{CONFIG_SERVICE_MIN_HEALTHY, "min-healthy"},
	{CONFIG_SERVICE_SLOW_START, "slow-start"},
	{CONFIG_SERVICE_FALLBACK, "fallback"},
};

/* What all destinations of a service are together. */
struct validate_sums {
	bool checked;        /* one has a check */
	bool measured;       /* the check of one may say what its weight is */
	uint32_t heaviest;   /* the most that one weighs, whether it drains or not */
	uint64_t weights[2]; /* of those that serve, by family: IPv4, IPv6 */
};

static bool validate_sets_weight(const struct config *config, const struct config_name_list *names)
{
	vector_foreach(names, name) {
		const struct config_check *check = config_find_check(config, name->text);

		if (check &&
			(config_has(&check->object, CONFIG_CHECK_FILE) || check->exec.sets_weight))
			return true;
	}
	return false;
}

static void validate_add_up(const struct validate *validate, const struct config_service *service,
	struct validate_sums *sums)
{
	const struct config_pool *pool;
	const struct config_destination_list *destinations =
		config_destinations(validate->config, service, &pool);

	vector_foreach(destinations, destination) {
		struct config_rules rules = listen_rules(service, pool, destination);
		bool six = validate_is_six(&destination->address.address);

		sums->checked |= rules.check.count > 0;
		sums->measured |= validate_sets_weight(validate->config, &rules.check);
		sums->heaviest = MAX(sums->heaviest, rules.weight);
		if (destination->state == CONFIG_DESTINATION_STATE_DRAIN)
			continue;
		sums->weights[six] += rules.weight;
		if (destination->cross_family)
			sums->weights[!six] += rules.weight;
	}
}

static void validate_unchecked(struct validate *validate, const struct config_service *service,
	const struct validate_sums *sums)
{
	if (sums->checked)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(validate_by_checks); i++) {
		enum config_service_key key = validate_by_checks[i].key;

		/* A fallback also serves while nothing else is to. */
		if (!config_has(&service->object, key) ||
			(key == CONFIG_SERVICE_FALLBACK && !sums->weights[0] && !sums->weights[1]))
			continue;
		validate_warning(validate, &schema_service, &service->object, key, NULL,
			"`%s` goes by checks, and no destination of this service has one",
			validate_by_checks[i].name);
	}
}

/* Whether something was said. */
static bool validate_quorum_of(struct validate *validate, const struct config_service *service,
	const struct config_listener *listener, uint64_t weights)
{
	uint64_t back = (uint64_t)service->quorum + service->quorum_hysteresis;
	char text[SERVICE_KEY_TEXT_SIZE];

	service_key_format(&listener->key, text);
	if (config_has(&service->object, CONFIG_SERVICE_QUORUM) && service->quorum > weights)
		validate_warning(validate, &schema_service, &service->object, CONFIG_SERVICE_QUORUM,
			NULL,
			"the quorum is always lost: all weights of %s are %" PRIu64 " together",
			text, weights);
	else if (service->quorum_hysteresis && back > weights)
		validate_warning(validate, &schema_service, &service->object,
			CONFIG_SERVICE_QUORUM_HYSTERESIS, NULL,
			"a quorum that is lost comes back at %" PRIu64
			", and all weights of %s are %" PRIu64 " together",
			back, text, weights);
	else
		return false;
	return true;
}

static void validate_quorum(struct validate *validate, const struct config_service *service,
	const struct validate_sums *sums)
{
	if (!sums->checked || sums->measured)
		return;
	vector_foreach(&service->listen, listener) {
		if (validate_quorum_of(validate, service, listener,
			    sums->weights[validate_is_six(&listener->key.address)]))
			return;
	}
}

/* Weight 1 is the least that one can have who serves at all. */
static void validate_slow_start(struct validate *validate, const struct config_service *service,
	const struct validate_sums *sums)
{
	if (!service->slow_start || !sums->checked || sums->measured || sums->heaviest > 1)
		return;
	validate_warning(validate, &schema_service, &service->object, CONFIG_SERVICE_SLOW_START,
		"`weight: 10` for each destination gives it ten steps",
		"`slow-start` does nothing: no destination of this service has a weight above 1 "
		"to climb to");
}

/* Each of these takes all that have a weight as equals. */
static void validate_slow_scheduler(struct validate *validate, const struct config_service *service)
{
	static const char *const deaf[] = {"rr", "lc", "dh"};

	for (size_t i = 0; service->slow_start && service->scheduler && i < ARRAY_LENGTH(deaf); i++)
		if (strcmp(service->scheduler, deaf[i]) == 0)
			validate_warning(validate, &schema_service, &service->object,
				CONFIG_SERVICE_SLOW_START, NULL,
				"`slow-start` does nothing: `scheduler: %s` looks at no weights",
				deaf[i]);
}

static void validate_weight_zero(struct validate *validate, const struct config_service *service)
{
	struct service_attributes attributes = {};
	const char *hint = NULL;

	if (!service->scheduler || service->on_failure != CONFIG_ON_FAILURE_WEIGHT_ZERO)
		return;
	snprintf(attributes.scheduler, sizeof(attributes.scheduler), "%s", service->scheduler);
	attributes.scheduler_flags = listen_scheduler_flags(service);
	if (scheduler_honours_weight_zero(&attributes))
		return;
	if (strcmp(service->scheduler, "sh") == 0)
		hint = "add sh-fallback to `scheduler-flags`";
	else if (strcmp(service->scheduler, "mh") == 0)
		hint = "add mh-fallback to `scheduler-flags`";
	validate_warning(validate, &schema_service, &service->object, CONFIG_SERVICE_ON_FAILURE,
		hint,
		"what fails is removed all the same: as it is, `scheduler: %s` refuses the clients "
		"of a destination of weight 0",
		service->scheduler);
}

static bool validate_has_fallback(
	const struct config_service *service, const struct config_listener *listener)
{
	vector_foreach(&service->fallback, destination) {
		if (listen_takes(listener, destination))
			return true;
	}
	return false;
}

static void validate_fallback(struct validate *validate, const struct config_service *service)
{
	if (!service->fallback.count)
		return;
	vector_foreach(&service->listen, listener) {
		char text[SERVICE_KEY_TEXT_SIZE];

		if (validate_has_fallback(service, listener))
			continue;
		validate_warning(validate, &schema_service, &service->object,
			CONFIG_SERVICE_FALLBACK, NULL, "no fallback is %s, for %s",
			validate_is_six(&listener->key.address) ? "IPv6" : "IPv4",
			service_key_format(&listener->key, text));
		break;
	}
	vector_foreach(&service->fallback, destination) {
		if (destination->state == CONFIG_DESTINATION_STATE_DRAIN)
			validate_warning(validate, &schema_destination, &destination->object,
				CONFIG_DESTINATION_STATE, NULL,
				"a fallback that drains serves nobody");
		if (config_has(&destination->object, CONFIG_DESTINATION_WEIGHT) &&
			!destination->rules.weight)
			validate_warning(validate, &schema_destination, &destination->object,
				CONFIG_DESTINATION_WEIGHT, NULL,
				"a fallback of weight 0 serves nobody");
	}
}

void validate_health(struct validate *validate, const struct config_service *service)
{
	struct validate_sums sums = {};

	validate_add_up(validate, service, &sums);
	validate_unchecked(validate, service, &sums);
	validate_quorum(validate, service, &sums);
	validate_slow_start(validate, service, &sums);
	validate_slow_scheduler(validate, service);
	validate_weight_zero(validate, service);
	validate_fallback(validate, service);
}

static void validate_use(
	const struct config *config, const struct config_name_list *names, bool *used)
{
	vector_foreach(names, name) {
		const struct config_check *check = config_find_check(config, name->text);

		if (check)
			used[check - config->checks.items] = true;
	}
}

static void validate_uses(
	const struct config *config, const struct config_destination_list *destinations, bool *used)
{
	vector_foreach(destinations, destination)
		validate_use(config, &destination->rules.check, used);
}

void validate_unused_checks(struct validate *validate)
{
	const struct config *config = validate->config;
	_cleanup_free_ bool *used = memory_new(config->checks.count);

	if (validate->decode->report->diagnostics->errors)
		return;
	vector_foreach(&config->pools, pool) {
		validate_use(config, &pool->rules.check, used);
		validate_uses(config, &pool->destinations, used);
	}
	vector_foreach(&config->services, service) {
		validate_use(config, &service->check, used);
		validate_uses(config, &service->destinations, used);
		validate_uses(config, &service->fallback, used);
	}
	vector_foreach(&config->checks, check)
		if (!used[check - config->checks.items])
			report_warning(validate->decode->report,
				decode_place(validate->decode, check->name.mark), NULL,
				"nothing uses the check `%s`", check->name.text);
}

static void validate_probe_port(struct validate *validate,
	const struct config_destination *destination, const struct destination_key *key,
	const struct config_check *check)
{
	char text[ADDRESS_ENDPOINT_LENGTH];

	if (key->port || probe_target(check, key).port ||
		!(check->object.set & (1u << CONFIG_CHECK_TCP | 1u << CONFIG_CHECK_UDP)) ||
		!validate_say_once(validate, destination))
		return;
	validate_error(validate, &schema_destination, &destination->object,
		CONFIG_DESTINATION_ADDRESS,
		"write it behind the address, or as `port` of the check",
		"the check `%s` needs a port, and %s has none", check->name.text,
		destination_key_format(key, text));
}

/* Where a check asks from is of one family, and so is all that it can ask. */
static void validate_probe_source(struct validate *validate,
	const struct config_destination *destination, const struct destination_key *key,
	const struct config_check *check)
{
	char source[ADDRESS_LENGTH], text[ADDRESS_ENDPOINT_LENGTH];
	const struct destination_key target = probe_target(check, key);

	if (!config_has(&check->object, CONFIG_CHECK_SOURCE) ||
		check->object.set & (1u << CONFIG_CHECK_EXEC | 1u << CONFIG_CHECK_FILE) ||
		check->source.family == target.address.family ||
		!validate_say_once(validate, destination))
		return;
	validate_error(validate, &schema_destination, &destination->object,
		CONFIG_DESTINATION_ADDRESS,
		"make two checks of it, each with a `source` of its own family",
		"the check `%s` asks from %s, which is of another address family than %s",
		check->name.text, address_format(&check->source, source),
		destination_key_format(check->address.family ? &target : key, text));
}

void validate_probes(struct validate *validate, const struct config_listener *listener,
	const struct config_destination *destination, const struct config_name_list *names)
{
	const struct destination_key key = listen_key(listener, destination);

	vector_foreach(names, name) {
		const struct config_check *check = config_find_check(validate->config, name->text);

		if (!check || check->object.set & CONFIG_OBJECT_BROKEN)
			continue;
		validate_probe_port(validate, destination, &key, check);
		validate_probe_source(validate, destination, &key, check);
	}
}
