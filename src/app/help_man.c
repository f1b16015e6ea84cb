/*
 * help_man.c - manual pages from the tables. No state.
 */
#include "app/help_man.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/help.h"
#include "settings/setting_env.h"
#include "settings/setting_help.h"
#include "settings/setting_table.h"

/* --- roff --- */

/* Characters that roff takes for something else, or shows as something else. */
static const char *escape(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '`':
		return "\\(ga";
	case '\'':
		return "\\(aq";
	case '"':
		return "\\(dq";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

static bool ends_sentence(const char *p)
{
	return p[0] == '.' && p[1] == ' ' && isupper((unsigned char)p[2]);
}

/* A sentence a line, as roff wants it; paragraphs where text has lines. */
static void put(const char *text)
{
	bool start = true;

	for (const char *p = text; *p != '\0'; p++) {
		const char *escaped = escape(*p);

		if (*p == '\n') {
			printf("\n.PP\n");
		} else if (ends_sentence(p)) {
			printf(".\n");
			p++;
		} else if (escaped != NULL) {
			printf("%s", escaped);
		} else {
			printf("%s%c", start && *p == '.' ? "\\&" : "", *p);
		}
		start = *p == '\n' || (*p == ' ' && p > text && p[-1] == '.');
	}
}

static void put_line(const char *text)
{
	put(text);
	putchar('\n');
}

static void section(const char *name)
{
	printf(".SH %s\n", name);
}

/* name: after "larder-"; NULL: larder itself. */
static void begin(const char *name, int number, const char *what)
{
	char title[64];

	snprintf(title, sizeof(title), "larder%s%s", name != NULL ? "-" : "",
		 name != NULL ? name : "");
	printf(".\\\" Made by larder help --man.\n.TH ");
	for (const char *p = title; *p != '\0'; p++)
		printf("%s%c", *p == '-' ? "\\" : "", toupper((unsigned char)*p));
	printf(" %d \"\" \"larder %s\"\n", number, LARDER_VERSION);
	section("NAME");
	put(title);
	printf(" \\- ");
	put_line(what);
}

static void put_option(const struct help_row *row)
{
	printf(".TP\n");
	if (row->letter != 0)
		printf("\\fB\\-%c\\fR, ", row->letter);
	printf("\\fB\\-\\-");
	put(row->name);
	printf("\\fR");
	if (row->value != NULL) {
		printf(" \\fI");
		put(row->value);
		printf("\\fR");
	}
	putchar('\n');
	put_line(row->what);
	if (row->fallback != NULL) {
		printf("Default: ");
		put(row->fallback);
		printf(".\n");
	}
}

static void put_exit(int status, const char *what)
{
	printf(".TP\n\\fB%d\\fR\n", status);
	put_line(what);
}

/* --- pages --- */

static void put_options(const struct options *o)
{
	bool settings = false;
	struct help_row row;

	section("OPTIONS");
	for (size_t i = 0; help_row(o, i, &row); i++) {
		if (row.is_setting && !settings) {
			section("SETTINGS");
			put_line("These can stand in variables and in a file, too: see "
				 "larder-settings(5).");
		}
		settings = row.is_setting;
		put_option(&row);
	}
}

static void put_page(void *arg, const struct options *o)
{
	const struct command *c = arg;
	char usage[HELP_USAGE_MAX];
	struct help_exit ends;

	begin(c->name, 1, c->what);
	section("SYNOPSIS");
	help_usage(o, usage);
	put_line(usage);
	section("DESCRIPTION");
	put_line(o->about);
	put_options(o);
	section("EXIT STATUS");
	for (size_t i = 0; help_exit(o, i, &ends); i++)
		put_exit(ends.status, ends.what);
	section("SEE ALSO");
	printf("\\fBlarder\\fR(1)%s\n",
	       o->has_settings ? ", \\fBlarder\\-settings\\fR(5)" : "");
}

void help_man_command(const struct command *c)
{
	command_show(c, put_page, (void *)c);
}

void help_man_larder(void)
{
	const struct command *c;

	begin(NULL, 1, "pull-through cache and registry for container images");
	section("SYNOPSIS");
	printf("\\fBlarder\\fR \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.PP\n"
	       "\\fBlarder\\fR \\fIFILE\\fR.yml\n");
	section("DESCRIPTION");
	put_line(
		"larder keeps container images close. It mirrors Docker Hub and other "
		"registries, is a registry for images of one's own, and stands in for "
		"registry:2 as either. A file alone, whose name ends with .yml or .yaml, "
		"is served as by larder serve.\n"
		"Begin with larder serve --mirror, a mirror of Docker Hub and other "
		"public "
		"registries on 127.0.0.1:5000.");
	section("COMMANDS");
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++) {
		printf(".TP\n\\fB%s\\fR\n", c->name);
		put_line(c->what);
	}
	section("EXIT STATUS");
	put_exit(EXIT_DONE, "done");
	put_exit(EXIT_FAILED, "failed");
	put_exit(EXIT_PARTLY, "partly done");
	put_exit(EXIT_WRONG_USE, "wrong use");
	section("SEE ALSO");
	for (size_t i = 0; (c = command_nth(i)) != NULL; i++)
		printf("\\fBlarder\\-%s\\fR(1),\n", c->name);
	printf("\\fBlarder\\-settings\\fR(5)\n");
}

static void put_setting(const struct setting_row *row)
{
	char variable[160];

	setting_env_variable(row, variable, sizeof(variable));
	printf(".TP\n\\fB");
	put(row->key);
	printf("\\fR\n");
	put_line(row->what);
	printf(".IP\nType: ");
	put(setting_help_type(row->type));
	printf(".\n");
	if (row->fallback != NULL) {
		printf("Default: ");
		put(setting_help_fallback(row));
		printf(".\n");
	}
	if (row->flag != NULL) {
		printf("Flag: \\fB\\-\\-");
		put(row->flag);
		printf("\\fR.\n");
	}
	if (variable[0] != '\0') {
		printf("Variable: \\fB");
		put(variable);
		printf("\\fR.\n");
	}
}

void help_man_settings(void)
{
	begin("settings", 5, "settings of larder");
	section("DESCRIPTION");
	put_line(
		"A flag beats the environment, the environment beats the file, the file "
		"beats the default. larder serve --print-settings shows what all of them "
		"come to, without secrets. A running larder reads everything again at "
		"SIGHUP; settings that are wrong then leave the old ones in force.\n"
		"The file is registry:2's config.yml, given to larder serve, or named by "
		"--config, LARDER_CONFIG or REGISTRY_CONFIGURATION_PATH. A dot in a name "
		"below is a level of it. REGISTRY_A_B is the key a.b, its value YAML. In "
		"LARDER_ variables lists are separated by commas, or are YAML when they "
		"begin with [ or {; <HOST> is the registry's host in capitals, with _ "
		"for "
		"a dot, __ for a hyphen and ___ for a colon.\n"
		"A duration is written 500ms, 2s, 10m, 1h30m or 7d; an age is a duration "
		"or always. In a pattern, * is any run of characters without /, ** any "
		"run, ? one character that is not /.");
	section("SETTINGS");
	for (size_t i = 0; i < setting_table_len; i++)
		if (!setting_help_is_registrys(&setting_table_rows[i]))
			put_setting(&setting_table_rows[i]);
	section("SEE ALSO");
	printf("\\fBlarder\\fR(1), \\fBlarder\\-serve\\fR(1)\n");
}
