/*
 * setting_help.c - the table as text and as a page of documentation.
 */
#include "settings/setting_help.h"

#include <stdio.h>
#include <string.h>

#include "settings/setting_env.h"
#include "settings/setting_table.h"

#define COLUMNS 90

const char *setting_help_type(enum setting_type type)
{
	static const char *const words[] = {
		[SETTING_BOOL] = "true or false",
		[SETTING_NOT] = "true or false",
		[SETTING_TEXT] = "text",
		[SETTING_SECRET] = "secret",
		[SETTING_COUNT] = "number",
		[SETTING_DURATION] = "duration",
		[SETTING_BYTES] = "bytes",
		[SETTING_AGE] = "age",
		[SETTING_LEVEL] = "word",
		[SETTING_FORMAT] = "word",
		[SETTING_ADDR] = "address",
		[SETTING_URL] = "URL",
		[SETTING_HOST] = "host",
		[SETTING_HEADER] = "list of texts",
		[SETTING_PATTERNS] = "list of patterns",
		[SETTING_LIST] = "list of texts",
		[SETTING_ACCESS] = "list of rules",
		[SETTING_SIZE] = "size",
		[SETTING_TAGS] = "map of pattern to age",
		[SETTING_KEEP] = "map of pattern to rules",
		[SETTING_CREDENTIALS] = "secret",
		[SETTING_VERSION] = "0.1",
		[SETTING_TCP] = "word",
	};

	return words[type];
}

/* Words of text in lines of COLUMNS, each after indent spaces. */
static int add_wrapped(struct buf *out, int indent, const char *text)
{
	size_t room = COLUMNS - (size_t)indent;

	while (*text) {
		size_t n = strlen(text);

		if (n > room)
			for (n = room; n > 0 && text[n] != ' '; n--)
				;
		if (n == 0)
			n = strcspn(text, " ");
		if (buf_addf(out, "%*s%.*s\n", indent, "", (int)n, text) != 0)
			return -1;
		text += n;
		text += *text == ' ';
	}
	return 0;
}

const char *setting_help_fallback(const struct setting_row *row)
{
	static __thread char words[80];
	const char *p = row->fallback;

	snprintf(words, sizeof(words), "%s", *p == '(' ? p + 1 : p);
	if (*p == '(')
		words[strlen(words) - 1] = '\0';
	return words;
}

bool setting_help_is_registrys(const struct setting_row *row)
{
	return row->type >= SETTING_SILENT;
}

/* What help calls the value of a row that has a flag. */
static const char *value_word(enum setting_type type)
{
	switch (type) {
	case SETTING_BOOL:
		return NULL;
	case SETTING_TEXT:
		return "PATH"; /* all that have a flag are */
	case SETTING_COUNT:
		return "N";
	case SETTING_DURATION:
		return "DURATION";
	case SETTING_BYTES:
		return "BYTES";
	case SETTING_AGE:
		return "AGE";
	case SETTING_SIZE:
		return "SIZE";
	case SETTING_ADDR:
		return "ADDRESS";
	case SETTING_LEVEL:
		return "debug|info|warn|error";
	case SETTING_FORMAT:
		return "text|json";
	default:
		return "VALUE";
	}
}

bool setting_help_flag(size_t i, struct setting_flag *out)
{
	for (size_t k = 0; k < setting_table_len; k++) {
		const struct setting_row *row = &setting_table_rows[k];

		if (row->flag == NULL || i-- > 0)
			continue;
		*out = (struct setting_flag){
			.name = row->flag,
			.value = value_word(row->type),
			.what = row->what,
			.fallback = row->fallback != NULL ? setting_help_fallback(row)
							  : NULL,
		};
		return true;
	}
	*out = (struct setting_flag){
		.name = "print-settings",
		.what = "Print what all sources come to, without secrets, and end.",
	};
	return i == 0;
}

static int add_text_row(struct buf *out, const struct setting_row *row)
{
	char variable[160], form[64] = "";

	setting_env_variable(row, variable, sizeof(variable));
	if (row->flag)
		snprintf(form, sizeof(form), "--%s", row->flag);
	if (buf_addf(out, "%s\n    %s", row->key, setting_help_type(row->type)) != 0)
		return -1;
	if (row->fallback &&
	    buf_addf(out, ", default %s", setting_help_fallback(row)) != 0)
		return -1;
	if (*form && buf_addf(out, ", %s", form) != 0)
		return -1;
	if (*variable && buf_addf(out, ", %s", variable) != 0)
		return -1;
	if (buf_adds(out, "\n") != 0)
		return -1;
	return add_wrapped(out, 4, row->what);
}

static int add_registrys(struct buf *out, bool markdown)
{
	for (size_t i = 0; i < setting_table_len; i++) {
		const struct setting_row *row = &setting_table_rows[i];
		const char *how = row->type == SETTING_SILENT  ? "accepted"
				  : row->type == SETTING_NOTED ? "no effect"
							       : "larder does not start";
		int rc;

		if (!setting_help_is_registrys(row))
			continue;
		if (markdown)
			rc = buf_addf(out, "| `%s` | %s | %s |\n", row->key, how,
				      row->what ? row->what : "");
		else
			rc = buf_addf(out, "  %s: %s%s%s\n", row->key, how,
				      row->what ? ": " : "", row->what ? row->what : "");
		if (rc != 0)
			return -1;
	}
	return 0;
}

int setting_help_text(struct buf *out)
{
	for (size_t i = 0; i < setting_table_len; i++)
		if (!setting_help_is_registrys(&setting_table_rows[i]) &&
		    add_text_row(out, &setting_table_rows[i]) != 0)
			return -1;
	if (buf_adds(out, "\nOf registry:2's other settings:\n") != 0)
		return -1;
	return add_registrys(out, false);
}

static const char intro[] =
	"# Settings\n"
	"\n"
	"<!-- Made by scripts/gen-docs.sh from the table in "
	"src/settings/setting_table.c. "
	"-->\n"
	"\n"
	"A flag beats the environment, the environment beats the file, the file beats "
	"the\n"
	"default. `larder serve --print-settings` shows what all of them come to, "
	"without\n"
	"secrets. `kill -HUP` makes a running larder read everything again; settings "
	"that are\n"
	"wrong then leave the old ones in force.\n"
	"\n"
	"- **File**: registry:2's `config.yml`, given as `larder serve FILE`, or named "
	"by\n"
	"  `LARDER_CONFIG` or `REGISTRY_CONFIGURATION_PATH`. It says `version: 0.1`. "
	"larder's own\n"
	"  settings are under `larder:`.\n"
	"- **`REGISTRY_A_B`** is the key `a.b`, its value YAML, as registry:2 has it. "
	"Where both a\n"
	"  `REGISTRY_` and a `LARDER_` variable set the same thing, the latter counts.\n"
	"- **`LARDER_...`** are the names in the table. Lists are separated by commas, "
	"or are YAML\n"
	"  when they begin with `[` or `{`. All other values are taken as they stand. "
	"`<HOST>` is\n"
	"  the registry's host in capitals, with `_` for a dot, `__` for a hyphen and "
	"`___` for a\n"
	"  colon: `LARDER_UPSTREAMS_REGISTRY_MY__SITE_EXAMPLE___5000_URL` is\n"
	"  `larder.upstreams.registry.my-site.example:5000.url`.\n"
	"\n"
	"An unknown key under `larder:`, an unknown `LARDER_` variable and an unknown "
	"flag are\n"
	"errors that name the nearest known one. Unknown keys elsewhere are warnings.\n"
	"\n"
	"Types: a *duration* is written `500ms`, `2s`, `10m`, `1h30m` or `7d`; `0` needs "
	"no unit. An\n"
	"*age* is a duration or `always`. A *size* is bytes, `500MB` or `2.5TB` (powers "
	"of "
	"1000),\n"
	"`50GiB` (of 1024), or per cent: `80%`. A *pattern* is matched against whole "
	"names: "
	"`*` is any run\n"
	"of characters without `/`, `**` any run, `?` one character that is not `/`. In\n"
	"`larder.tags` it stands for `host/name:tag`; without a `:tag` part it means "
	"every tag.\n"
	"\n"
	"```yaml\n"
	"version: 0.1\n"
	"http:\n"
	"  addr: :5000\n"
	"larder:\n"
	"  mirror: true\n"
	"  freshness: 1h\n"
	"  tags:\n"
	"    - docker.io/library/*:latest: 1m\n"
	"    - docker.io/library/debian:bookworm-2024*: pinned\n"
	"  local:\n"
	"    - myteam/**\n"
	"  upstreams:\n"
	"    docker.io:\n"
	"      credentials:\n"
	"        username: me\n"
	"        password-file: /run/secrets/hub-token\n"
	"    registry.example.com:5000:\n"
	"      url: http://registry.example.com:5000\n"
	"```\n"
	"\n";

static int add_markdown_row(struct buf *out, const struct setting_row *row)
{
	char variable[160];

	setting_env_variable(row, variable, sizeof(variable));
	if (buf_addf(out, "### `%s`\n\n%s\n\n- Type: %s\n", row->key, row->what,
		     setting_help_type(row->type)) != 0)
		return -1;
	if (row->fallback &&
	    buf_addf(out, "- Default: `%s`\n", setting_help_fallback(row)) != 0)
		return -1;
	if (row->flag && buf_addf(out, "- Flag: `--%s`\n", row->flag) != 0)
		return -1;
	if (*variable && buf_addf(out, "- Variable: `%s`\n", variable) != 0)
		return -1;
	return buf_adds(out, "\n");
}

int setting_help_markdown(struct buf *out)
{
	if (buf_adds(out, intro) != 0 || buf_adds(out, "## All settings\n\n") != 0)
		return -1;
	for (size_t i = 0; i < setting_table_len; i++)
		if (!setting_help_is_registrys(&setting_table_rows[i]) &&
		    add_markdown_row(out, &setting_table_rows[i]) != 0)
			return -1;
	if (buf_adds(out, "## registry:2's other settings\n"
			  "\n"
			  "For each key, and all below it.\n"
			  "\n"
			  "| key | larder | why |\n"
			  "|---|---|---|\n") != 0)
		return -1;
	return add_registrys(out, true);
}
