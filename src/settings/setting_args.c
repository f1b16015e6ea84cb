/*
 * setting_args.c - flags to keys.  Owns nothing.
 */
#include "settings/setting_args.h"

#include <stdio.h>
#include <string.h>

#include "settings/setting_apply.h"
#include "settings/setting_path.h"
#include "settings/setting_table.h"
#include "base/buf.h"
#include "base/mem.h"

static const struct setting_row *flag_row(struct view name)
{
	for (size_t i = 0; i < setting_table_len; i++)
		if (setting_table_rows[i].flag &&
		    view_is(name, setting_table_rows[i].flag))
			return &setting_table_rows[i];
	return NULL;
}

bool setting_args_known(struct view name, bool *wants_value)
{
	const struct setting_row *row = flag_row(name);

	*wants_value = row != NULL && row->type != SETTING_BOOL;
	return row != NULL || view_is(name, "print-settings");
}

const char *setting_args_nearest(const char *name, size_t *distance)
{
	const char *nearest = "print-settings";

	*distance = setting_path_distance(name, nearest);
	for (size_t i = 0; i < setting_table_len; i++) {
		const char *flag = setting_table_rows[i].flag;
		size_t n = flag ? setting_path_distance(name, flag) : SIZE_MAX;

		if (n < *distance) {
			*distance = n;
			nearest = flag;
		}
	}
	return nearest;
}

static int unknown(const char *arg, struct err *e)
{
	char name[64];
	size_t distance;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	return err_set(e, ERR_INVALID, "unknown flag --%s; did you mean --%s?", name,
		       setting_args_nearest(name, &distance));
}

static int apply(struct setting_draft *d, const struct setting_row *row,
		 const char *value, struct err *e)
{
	CLEANUP(mem_freep)
	char *key = mem_dup(row->key);
	struct yaml node = { .kind = YAML_SCALAR };
	struct setting_path path = { .n = 0 };
	char flag[64], *rest = key, *part;

	while ((part = strsep(&rest, ".")) != NULL)
		path.part[path.n++] = part;
	snprintf(flag, sizeof(flag), "--%s", row->flag);
	node.text = (char *)value;
	return setting_apply(d, flag, false, &path, &node, e);
}

/* One flag at argv[*i]; *i ends at its last word. */
static int take_flag(struct setting_draft *d, int argc, char **argv, int *i,
		     struct err *e)
{
	const char *arg = argv[*i], *equals = strchr(arg, '=');
	struct view name = { arg + 2, strcspn(arg + 2, "=") };
	const struct setting_row *row = flag_row(name);
	const char *value;

	if (view_is(name, "print-settings") && equals == NULL) {
		if (d)
			d->s.print = true;
		return 0;
	}
	if (row == NULL)
		return unknown(arg, e);
	if (equals)
		value = equals + 1;
	else if (row->type == SETTING_BOOL)
		value = "true";
	else if (*i + 1 < argc)
		value = argv[++*i];
	else
		return err_set(e, ERR_INVALID, "%s needs a value", arg);
	if (*value == '\0')
		return err_set(e, ERR_INVALID, "--%s needs a value", row->flag);
	return d ? apply(d, row, value, e) : 0;
}

int setting_args_apply(struct setting_draft *d, int argc, char **argv, const char **file,
		       struct err *e)
{
	const char *found = NULL;
	bool flags = true;

	for (int i = 1; i < argc; i++) {
		if (flags && strcmp(argv[i], "--") == 0) {
			flags = false;
		} else if (flags && argv[i][0] == '-' && argv[i][1] == '-') {
			if (take_flag(d, argc, argv, &i, e) != 0)
				return -1;
		} else if (flags && argv[i][0] == '-') {
			return err_set(e, ERR_INVALID, "unknown flag %.60s", argv[i]);
		} else if (found) {
			return err_set(
				e, ERR_INVALID,
				"one configuration file only: \"%.60s\" is one too many",
				argv[i]);
		} else {
			found = argv[i];
		}
	}
	*file = found;
	return 0;
}
