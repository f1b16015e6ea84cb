/*
 * options.c - reading the command line of a subcommand.
 *
 * The only state is who wants to see the options of a command that is asked for help.
 */
#include "app/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/help.h"
#include "settings/setting_args.h"
#include "settings/setting_path.h"
#include "base/mem.h"

#define SETTINGS_MAX_BYTES (1u << 20)

static void (*help_show)(void *arg, const struct options *o);
static void *help_arg;

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

/* An argument that is no option: the configuration file of serve, or an operand. */
static int take_operand(struct options *o, char *arg, struct err *e)
{
	if (o->operands == NULL)
		return err_set(e, ERR_INVALID, "takes no arguments: \"%.60s\"", arg);
	if (o->serves)
		o->setting[o->n_settings++] = arg;
	else
		o->operand[o->n_operands++] = arg;
	return 0;
}

int options_read(struct options *o, int argc, char **argv, struct err *e)
{
	bool over = false; /* "--" has come */
	int i, rc = 0;

	o->operand = mem_alloc(((size_t)argc + 1) * sizeof(*o->operand));
	o->setting = mem_alloc(((size_t)argc + 1) * sizeof(*o->setting));
	o->setting[o->n_settings++] = argv[0];
	for (i = 1; i < argc && rc == 0; i++) {
		if (!over && strcmp(argv[i], "--") == 0) {
			over = true;
			if (o->serves)
				o->setting[o->n_settings++] = argv[i];
		} else if (!over && strncmp(argv[i], "--", 2) == 0) {
			rc = take_long(o, argc, argv, &i, e);
		} else if (!over && argv[i][0] == '-' && argv[i][1] != '\0') {
			rc = take_short(o, argc, argv, &i, e);
		} else {
			rc = take_operand(o, argv[i], e);
		}
	}
	return rc;
}

void options_done(struct options *o)
{
	free(o->operand);
	free(o->setting);
	o->operand = o->setting = NULL;
}

void options_on_help(void (*show)(void *arg, const struct options *o), void *arg)
{
	help_show = show;
	help_arg = arg;
}

static int load(const struct options *o, char **envp, struct settings **s, struct err *e)
{
	CLEANUP(setting_login_done)
	struct setting_login login = { 0 };
	int said = o->login != NULL ? login_read(o->login, envp, &login, e) : 0;

	if (said < 0)
		return -1;
	if (o->serves)
		return settings_load(o->n_settings, o->setting, envp, s, e);
	return settings_load_command(o->n_settings, o->setting, envp,
				     said > 0 ? &login : NULL, s, e);
}

static int print_settings(const struct options *o, const struct settings *s)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(SETTINGS_MAX_BYTES);

	for (size_t i = 0; i < s->n_warnings; i++)
		fprintf(stderr, "larder %s: warning: %s\n", o->name, s->warnings[i]);
	if (settings_print(s, &b) != 0) {
		fprintf(stderr, "larder %s: the settings are too long to print\n",
			o->name);
		return EXIT_FAILED;
	}
	fwrite(b.p, 1, b.n, stdout);
	return help_end(o->name);
}

bool options_begin(struct options *o, int argc, char **argv, char **envp,
		   struct settings **s, int *status)
{
	struct err e;

	*status = EXIT_DONE;
	if (options_read(o, argc, argv, &e) != 0) {
		fprintf(stderr, "larder %s: %s\n", o->name, e.msg);
		*status = EXIT_WRONG_USE;
		return false;
	}
	if (o->help && help_show != NULL) {
		help_show(help_arg, o);
		return false;
	}
	if (o->help) {
		help_print(o);
		*status = help_end(o->name);
		return false;
	}
	if (!o->has_settings)
		return true;
	if (load(o, envp, s, &e) != 0) {
		fprintf(stderr, "larder %s: %s\n", o->name, e.msg);
		*status = e.kind == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
		return false;
	}
	if ((*s)->print)
		*status = print_settings(o, *s);
	return !(*s)->print;
}
