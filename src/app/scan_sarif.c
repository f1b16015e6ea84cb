/*
 * scan_sarif.c - a SARIF log: what was looked for, what was found where, what is not
 * known. No state.
 */
#include "app/scan_sarif.h"

#include <stdio.h>

#include "app/scan.h"
#include "app/scan_doubts.h"
#include "app/scan_json.h"
#include "app/scan_output.h"
#include "app/scan_sarif_list.h"
#include "app/scan_sarif_result.h"
#include "app/scan_sarif_rule.h"
#include "base/mem.h"
#include "trust/sbom.h"

#define SCHEMA                                                                           \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"            \
	"sarif-schema-2.1.0.json"
#define MESSAGE_MAX_BYTES 65536

struct sarif {
	struct scan *s;
	struct jsonout *j;
	struct scan_sarif_list list;
};

/* --- what is not known --- */

/* "error" where results are missing, "warning" where they may be (3.58.6). */
static const struct {
	const char *id, *level, *what;
} doubts[] = {
	[SCAN_DOUBT_FAILED] = { "image-failed", "error", "An image could not be had." },
	[SCAN_DOUBT_NO_DATA] = { "no-data", "error",
				 "There are no data of some of what is in an image." },
	[SCAN_DOUBT_NOT_READ] = { "not-read", "error",
				  "A part of an image could not be read." },
	[SCAN_DOUBT_EMPTY] = { "no-packages", "warning",
			       "An image has no packages that are known of." },
	[SCAN_DOUBT_FILE] = { "data-damaged", "error",
			      "A file of data could not be read to its end." },
	[SCAN_DOUBT_ENTRIES] = { "data-unusable", "warning",
				 "Entries of a file of data could not be used." },
	[SCAN_DOUBT_AGE] = { "data-old", "warning",
			     "The data are old, or do not say how old they are." },
};

struct notifying {
	struct jsonout *j;
	const struct scan_target *target; /* NULL: it is about none */
};

static void add_notification(void *arg, enum scan_doubt kind, const char *text)
{
	const struct notifying *to = arg;
	struct jsonout *j = to->j;
	CLEANUP(buf_done)
	struct buf said = BUF_INIT(MESSAGE_MAX_BYTES);

	if (to->target != NULL) {
		scan_sarif_result_image(&said, to->target);
		buf_adds(&said, ": ");
	}
	scan_sarif_result_plain(&said, text, 8000);
	jsonout_open(j, NULL, '{');
	jsonout_open(j, "descriptor", '{');
	jsonout_text(j, "id", doubts[kind].id);
	jsonout_number(j, "index", kind);
	jsonout_close(j, '}');
	jsonout_text(j, "level", doubts[kind].level);
	scan_sarif_result_message(j, &said);
	/* A line of a list that names no image has no platform. */
	if (to->target != NULL && to->target->platform.os[0] != '\0') {
		jsonout_open(j, "locations", '[');
		jsonout_open(j, NULL, '{');
		scan_sarif_result_place(to->target, false, j);
		jsonout_close(j, '}');
		jsonout_close(j, ']');
	}
	jsonout_close(j, '}');
}

static void add_invocation(struct sarif *r)
{
	struct jsonout *j = r->j;
	struct notifying to = { .j = j };
	char time[32];
	size_t i;

	scan_time(sbom_when(r->s->envp) * 1000, time);
	jsonout_open(j, "invocations", '[');
	jsonout_open(j, NULL, '{');
	jsonout_bool(j, "executionSuccessful", scan_is_whole(r->s));
	jsonout_number(j, "exitCode", scan_status(r->s));
	if (time[0] != '\0')
		jsonout_text(j, "endTimeUtc", time);
	jsonout_open(j, "toolExecutionNotifications", '[');
	scan_doubts_files(r->s, add_notification, &to);
	scan_doubts_age(r->s, add_notification, &to);
	for (i = 0; i < r->s->n; i++) {
		to.target = &r->s->target[i];
		scan_doubts_image(r->s, to.target, add_notification, &to);
	}
	jsonout_close(j, ']');
	jsonout_close(j, '}');
	jsonout_close(j, ']');
}

/* --- the log --- */

/* GitHub wants all three of each descriptor. */
static const char *const described[] = { "shortDescription", "fullDescription", "help" };

static void add_doubts(struct jsonout *j)
{
	size_t i, k;

	jsonout_open(j, "notifications", '[');
	for (i = 0; i < ARRAY_LEN(doubts); i++) {
		jsonout_open(j, NULL, '{');
		jsonout_text(j, "id", doubts[i].id);
		for (k = 0; k < ARRAY_LEN(described); k++) {
			jsonout_open(j, described[k], '{');
			jsonout_text(j, "text", doubts[i].what);
			jsonout_close(j, '}');
		}
		jsonout_open(j, "defaultConfiguration", '{');
		jsonout_text(j, "level", doubts[i].level);
		jsonout_close(j, '}');
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
}

static void add_tool(struct sarif *r)
{
	const struct scan_sarif_list *l = &r->list;
	struct jsonout *j = r->j;
	size_t i, from = 0;

	jsonout_open(j, "tool", '{');
	jsonout_open(j, "driver", '{');
	jsonout_text(j, "name", "larder");
	jsonout_text(j, "semanticVersion", LARDER_VERSION);
	jsonout_open(j, "rules", '[');
	for (i = 1; i <= l->shown; i++)
		if (i == l->shown || l->sorted[i]->rule != l->sorted[from]->rule) {
			scan_sarif_rule(l->sorted + from, i - from, j);
			from = i;
		}
	jsonout_close(j, ']');
	add_doubts(j);
	jsonout_close(j, '}');
	jsonout_close(j, '}');
}

/* What --json prints, but for the findings: images without any are in no result. */
static void add_properties(struct sarif *r)
{
	struct jsonout *j = r->j;
	size_t i;

	jsonout_open(j, "properties", '{');
	jsonout_open(j, "images", '[');
	for (i = 0; i < r->s->n; i++) {
		jsonout_open(j, NULL, '{');
		scan_json_image(r->s, &r->s->target[i], j);
		jsonout_close(j, '}');
	}
	jsonout_close(j, ']');
	jsonout_open(j, "summary", '{');
	scan_json_all(r->s, j);
	jsonout_close(j, '}');
	jsonout_close(j, '}');
}

static void add_log(struct sarif *r)
{
	const struct scan_sarif_list *l = &r->list;
	struct jsonout *j = r->j;
	size_t i;

	jsonout_open(j, NULL, '{');
	jsonout_text(j, "$schema", SCHEMA);
	jsonout_text(j, "version", "2.1.0");
	jsonout_open(j, "runs", '[');
	jsonout_open(j, NULL, '{');
	add_tool(r);
	add_invocation(r);
	jsonout_open(j, "results", '[');
	for (i = 0; i < l->n; i++)
		if (l->entry[i].shown)
			scan_sarif_result(r->s, &l->entry[i], l->has_exceptions, j);
	jsonout_close(j, ']');
	add_properties(r);
	jsonout_close(j, '}');
	jsonout_close(j, ']');
	jsonout_close(j, '}');
}

static void warn(const struct sarif *r)
{
	const char *mend = "--severity, --fixable or fewer images make them fewer";

	if (r->list.shown > SCAN_SARIF_GITHUB_MAX)
		fprintf(stderr,
			"larder scan: warning: GitHub refuses logs of more than %u "
			"results, and this one has %zu: %s\n",
			SCAN_SARIF_GITHUB_MAX, r->list.shown, mend);
	else if (r->list.shown > SCAN_SARIF_GITHUB_SHOWN)
		fprintf(stderr,
			"larder scan: warning: GitHub shows %u results of a log, and "
			"this one has %zu: %s\n",
			SCAN_SARIF_GITHUB_SHOWN, r->list.shown, mend);
}

int scan_sarif(struct scan *s, struct err *e)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(SCAN_SARIF_MAX_BYTES);
	struct jsonout j = { .to = &out };
	struct sarif r = { .s = s, .j = &j };
	bool fits;

	scan_sarif_list_make(s, &r.list);
	add_log(&r);
	warn(&r);
	scan_sarif_list_done(&r.list);
	fits = jsonout_end(&j) == 0 && buf_adds(&out, "\n") == 0;
	if (!fits)
		return err_set(e, ERR_LIMIT,
			       "the SARIF log would have more than %u bytes: --severity, "
			       "--fixable or fewer images make it smaller",
			       SCAN_SARIF_MAX_BYTES);
	return scan_output(s, &out, e);
}
