/*
 * options.c - reading the command line of a subcommand. No state.
 */
#include "app/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/setting_args.h"
#include "app/setting_help.h"
#include "app/setting_path.h"
#include "base/mem.h"

#define HELP_MAX_BYTES (64u << 10)

static const struct option *by_name(const struct options *o, struct view name)
{
	const struct option *r;

	for (r = o->row; r->name != NULL; r++)
		if (view_is(name, r->name))
			return r;
	return NULL;
}

static const struct option *by_letter(const struct options *o, char letter)
{
	const struct option *r;

	for (r = o->row; r->name != NULL; r++)
		if (r->letter != '\0' && r->letter == letter)
			return r;
	return NULL;
}

static int unknown(const struct options *o, const char *arg, struct err *e)
{
	size_t least = SIZE_MAX;
	const struct option *r;
	const char *nearest;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	nearest = o->has_settings ? setting_args_nearest(name, &least) : "help";
	for (r = o->row; r->name != NULL; r++) {
		size_t distance = setting_path_distance(name, r->name);

		if (distance < least) {
			least = distance;
			nearest = r->name;
		}
	}
	return err_set(e, ERR_INVALID, "unknown option --%s; did you mean --%s?", name,
		       nearest);
}

static int set_count(const struct option *r, const char *value, struct err *e)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 ||
	    n < r->least || n > r->most)
		return err_set(e, ERR_INVALID,
			       "--%s: \"%.40s\" is no number from %u to %u", r->name,
			       value, r->least, r->most);
	*(unsigned *)r->to = (unsigned)n;
	return 0;
}

static int set(const struct option *r, const char *value, struct err *e)
{
	struct option_values *many = r->to;

	switch (r->kind) {
	case OPTION_FLAG:
		*(bool *)r->to = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)r->to = value;
		return 0;
	case OPTION_COUNT:
		return set_count(r, value, e);
	default:
		if (many->n == OPTION_MAX_VALUES)
			return err_set(e, ERR_INVALID, "--%s: given more than %d times",
				       r->name, OPTION_MAX_VALUES);
		many->v[many->n++] = value;
		return 0;
	}
}

/* One of the command's own, at argv[*i]; *i ends at its last word. */
static int take(const struct option *r, int argc, char **argv, int *i, const char *value,
		struct err *e)
{
	if (r->kind == OPTION_FLAG) {
		if (value != NULL)
			return err_set(e, ERR_INVALID, "--%s takes no value", r->name);
		return set(r, NULL, e);
	}
	if (value == NULL && *i + 1 < argc)
		value = argv[++*i];
	if (value == NULL || *value == '\0')
		return err_set(e, ERR_INVALID, "--%s needs a value: %s", r->name,
			       r->value);
	return set(r, value, e);
}

static int take_long(struct options *o, int argc, char **argv, int *i, struct err *e)
{
	char *arg = argv[*i], *equals = strchr(arg, '=');
	struct view name = { arg + 2, strcspn(arg + 2, "=") };
	const struct option *r = by_name(o, name);
	bool wants_value;

	if (r != NULL)
		return take(r, argc, argv, i, equals != NULL ? equals + 1 : NULL, e);
	if (view_is(name, "help")) {
		o->help = true;
		return 0;
	}
	if (!o->has_settings)
		return unknown(o, arg, e);
	if (view_is(name, "config")) {
		if (equals == NULL && *i + 1 == argc)
			return err_set(e, ERR_INVALID,
				       "--config needs a value: a configuration file");
		o->setting[o->n_settings++] = equals != NULL ? equals + 1 : argv[++*i];
		return 0;
	}
	if (!setting_args_known(name, &wants_value))
		return unknown(o, arg, e);
	o->setting[o->n_settings++] = arg;
	if (wants_value && equals == NULL && *i + 1 < argc)
		o->setting[o->n_settings++] = argv[++*i];
	return 0;
}

static int take_short(struct options *o, int argc, char **argv, int *i, struct err *e)
{
	const char *arg = argv[*i];
	const struct option *r = by_letter(o, arg[1]);

	if (arg[1] == 'h' && arg[2] == '\0' && r == NULL) {
		o->help = true;
		return 0;
	}
	if (r == NULL || (r->kind == OPTION_FLAG && arg[2] != '\0'))
		return err_set(e, ERR_INVALID, "unknown option %.40s", arg);
	return take(r, argc, argv, i, arg[2] != '\0' ? arg + 2 : NULL, e);
}

int options_read(struct options *o, int argc, char **argv, struct err *e)
{
	bool over = false; /* "--" has come */
	int i, rc = 0;

	o->operand = mem_alloc(((size_t)argc + 1) * sizeof(*o->operand));
	o->setting = mem_alloc(((size_t)argc + 1) * sizeof(*o->setting));
	o->setting[o->n_settings++] = argv[0];
	for (i = 1; i < argc && rc == 0; i++) {
		if (!over && strcmp(argv[i], "--") == 0)
			over = true;
		else if (!over && strncmp(argv[i], "--", 2) == 0)
			rc = take_long(o, argc, argv, &i, e);
		else if (!over && argv[i][0] == '-' && argv[i][1] != '\0')
			rc = take_short(o, argc, argv, &i, e);
		else
			o->operand[o->n_operands++] = argv[i];
	}
	return rc;
}

void options_done(struct options *o)
{
	free(o->operand);
	free(o->setting);
	o->operand = o->setting = NULL;
}

static void print_row(const char *left, const char *what)
{
	const size_t column = 26, width = 58;
	size_t n = strlen(left);
	const char *p = what;

	printf("  %s", left);
	if (n + 2 >= column) {
		putchar('\n');
		n = 0;
	} else {
		n += 2;
	}
	while (*p != '\0') {
		size_t cut = strlen(p);

		if (cut > width)
			for (cut = width; cut > 0 && p[cut] != ' ';)
				cut--;
		printf("%*s%.*s\n", (int)(column - n), "", (int)cut, p);
		p += cut + (p[cut] == ' ');
		n = 0;
	}
}

void options_print_help(const struct options *o)
{
	CLEANUP(buf_done)
	struct buf flags = BUF_INIT(HELP_MAX_BYTES);
	const struct option *r;
	char left[80];

	printf("usage: %s\n\n%s\n", o->usage, o->about);
	for (r = o->row; r->name != NULL; r++) {
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", r->letter ? '-' : ' ',
			 r->letter ? r->letter : ' ', r->letter ? ", " : "  ", r->name,
			 r->value != NULL ? " " : "", r->value != NULL ? r->value : "");
		print_row(left, r->what);
	}
	if (!o->has_settings || setting_help_flags(&flags) != 0)
		return;
	print_row("    --config FILE", "Configuration file, in registry:2's form.");
	printf("\nSettings, which can stand in variables and in a file, too (larder help "
	       "settings):\n\n%s",
	       buf_str(&flags));
}

static int load(const struct options *o, char **envp, struct settings **s, struct err *e)
{
	CLEANUP(setting_login_done)
	struct setting_login login = { 0 };
	int said = o->login != NULL ? login_read(o->login, envp, &login, e) : 0;

	if (said < 0)
		return -1;
	return settings_load_command(o->n_settings, o->setting, envp,
				     said > 0 ? &login : NULL, s, e);
}

bool options_begin(struct options *o, int argc, char **argv, char **envp,
		   struct settings **s, int *status)
{
	struct err e;

	*status = EXIT_DONE;
	if (options_read(o, argc, argv, &e) != 0) {
		fprintf(stderr, "larder %s: %s\n", argv[0], e.msg);
		*status = EXIT_WRONG_USE;
		return false;
	}
	if (o->help) {
		options_print_help(o);
		return false;
	}
	if (!o->has_settings || load(o, envp, s, &e) == 0)
		return true;
	fprintf(stderr, "larder %s: %s\n", argv[0], e.msg);
	*status = e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
	return false;
}
