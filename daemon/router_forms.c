// SPDX-License-Identifier: GPL-2.0-or-later
/* routers.json is one object, with a line for each virtual router:
 *
 *	{"poise":1,"forms":[
 *	{"interface":"eth0","vrid":51,"checksum":"rfc5798"}
 *	]}
 *
 * An interface may have any name that the kernel takes; one that cannot stand in the file (nobody names an interface so) is left
 * out of it. */
#include "daemon/router_forms.h"

#include <errno.h>
#include <stdio.h>

#include "reconciler/json_form.h"
#include "reconciler/state_file.h"

#define FORMS_FILE       "routers.json"
#define FORMS_FORMAT     1
#define FORMS_FILE_LIMIT (16u << 20)
/* So many are kept: as many lines as fit into the limit, however long they are. */
#define FORMS_MOST (128u << 10)

static const char *forms_name(int checksum)
{
	static const char *const names[] = {
		[VRRP_CHECKSUM_AUTO] = "auto",
		[VRRP_CHECKSUM_RFC9568] = "rfc9568",
		[VRRP_CHECKSUM_RFC5798] = "rfc5798",
	};

	return names[checksum];
}

static const struct json_form_words forms_words = {forms_name, VRRP_CHECKSUM_RFC5798 + 1};

static int forms_compare(const void *a, const void *b)
{
	const struct router_form *left = a, *right = b;
	int order = strcmp(left->interface, right->interface);

	return order ? order : COMPARE(left->vrid, right->vrid);
}

static bool forms_is_interface(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

#define LINE struct router_form

static const struct json_form_member line_members[] = {
	{"interface", &json_form_text, JSON_FORM_FIELD(LINE, interface), .required = true,
		.accepts = forms_is_interface},
	{"vrid", &json_form_number, JSON_FORM_FIELD(LINE, vrid), .required = true,
		.maximum = UINT8_MAX},
	{"checksum", &json_form_word, JSON_FORM_FIELD(LINE, checksum), .required = true,
		.words = &forms_words},
};
static const struct json_form line_form = JSON_FORM(line_members);
static const struct json_form_member line_item = JSON_FORM_ITEM(&line_form);
JSON_FORM_LIST(line_list, struct router_forms, &line_item, forms_compare);

struct forms_document {
	struct router_forms forms;
};

static const struct json_form_member document_members[] = {
	{"poise", &json_form_version, .maximum = FORMS_FORMAT, .required = true},
	{"forms", &line_list, JSON_FORM_FIELD(struct forms_document, forms), .required = true},
};
static const struct json_form document_form = JSON_FORM(document_members);

static struct router_form forms_key(const char *interface, uint8_t vrid)
{
	struct router_form key = {.vrid = vrid};

	snprintf(key.interface, sizeof(key.interface), "%s", interface);
	return key;
}

const struct router_form *router_forms_find(
	const struct router_forms *forms, const char *interface, uint8_t vrid)
{
	const struct router_form key = forms_key(interface, vrid);

	return vector_find(forms, &key, forms_compare);
}

bool router_forms_put(struct router_forms *forms, const char *interface, uint8_t vrid,
	enum vrrp_checksum checksum)
{
	struct router_form key = forms_key(interface, vrid);
	size_t after = vector_after(forms, &key, forms_compare);

	key.checksum = checksum;
	if (after && forms_compare(&forms->items[after - 1], &key) == 0) {
		bool same = forms->items[after - 1].checksum == checksum;

		forms->items[after - 1].checksum = checksum;
		return !same;
	}
	vector_append(forms);
	memmove(&forms->items[after + 1], &forms->items[after],
		(forms->count - 1 - after) * sizeof(*forms->items));
	forms->items[after] = key;
	return true;
}

int router_forms_parse(const char *text, size_t size, struct router_forms *ret, struct error *error)
{
	struct forms_document document = {};
	int r = json_form_parse(text, size, &document_form, &document, error);

	if (r == 0 && document.forms.count > FORMS_MOST)
		r = error_set(error, -EFBIG, "forms: more than %u", FORMS_MOST);
	for (size_t i = 0; r == 0 && i < document.forms.count; i++)
		if (document.forms.items[i].checksum == VRRP_CHECKSUM_AUTO)
			r = error_set(error, -EINVAL, "forms[%zu].checksum: no form", i);
	if (r < 0)
		router_forms_clear(&document.forms);
	*ret = document.forms;
	return r;
}

char *router_forms_format(const struct router_forms *forms)
{
	struct strbuf text = {};
	size_t count = 0;

	strbuf_printf(&text, "{\"poise\":%d,\"forms\":[", FORMS_FORMAT);
	vector_foreach(forms, form) {
		if (count == FORMS_MOST)
			break;
		if (!forms_is_interface(form->interface))
			continue;
		strbuf_printf(&text, "%s{\"interface\":\"%s\",\"vrid\":%u,\"checksum\":\"%s\"}",
			count++ ? ",\n" : "\n", form->interface, form->vrid,
			forms_name((int)form->checksum));
	}
	strbuf_add(&text, "\n]}\n");
	return strbuf_take(&text);
}

int router_forms_load(const char *directory, struct router_forms *ret, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" FORMS_FILE, directory);
	_cleanup_free_ char *text = NULL;
	size_t size;

	int r = state_file_read(path, FORMS_FILE_LIMIT, &text, &size, error);
	if (r <= 0)
		return r;
	r = router_forms_parse(text, size, ret, error);
	return r < 0 ? error_prefix(error, r, "%s is damaged", path) : 0;
}

int router_forms_save(const char *directory, const struct router_forms *forms, struct error *error)
{
	_cleanup_free_ char *path = memory_printf("%s/" FORMS_FILE, directory);
	_cleanup_free_ char *text = router_forms_format(forms);

	return state_file_write(directory, path, text, error);
}

void router_forms_clear(struct router_forms *forms)
{
	vector_clear(forms);
}
