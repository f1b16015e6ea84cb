/*
 * scan_sarif_rule.c - one vulnerability for those who read SARIF. No state.
 *
 * Data of vulnerabilities have no titles here, so the texts are of what was found. GitHub
 * takes security-severity for the alert's severity, from a rule alone: without one, where
 * only a word is known, it shows the level; Trivy and Grype put a number of their own
 * there. It shows 10 tags, and 1024 characters of a description.
 */
#include "app/scan_sarif_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"
#include "trust/compare_show.h"

#define TEXT_MAX_BYTES (1u << 20)
#define NAMED 4 /* packages, and other names, in a description */
#define NAME_SHOWN 100
#define CELL_SHOWN COMPARE_VALUE_MAX

/* What is known of the whole of it. */
struct summary {
	const struct scan_sarif_entry *const *of;
	size_t n;
	const char *id;
	enum vuln_severity worst;
	int score; /* the highest, times ten; -1: none */
};

const char *scan_sarif_rule_level(enum vuln_severity severity)
{
	switch (severity) {
	case VULN_CRITICAL:
	case VULN_HIGH:
		return "error";
	case VULN_LOW:
	case VULN_NEGLIGIBLE:
		return "note";
	default:
		/* What is not known to be small is not made small. */
		return "warning";
	}
}

static struct summary sum_up(const struct scan_sarif_entry *const *of, size_t n)
{
	struct summary sum = { of, n, of[0]->finding->id, VULN_UNKNOWN, -1 };
	size_t i;

	for (i = 0; i < n; i++) {
		const struct vuln_finding *f = of[i]->finding;

		if (f->severity > sum.worst)
			sum.worst = f->severity;
		if (f->score > sum.score)
			sum.score = f->score;
	}
	return sum;
}

/* Who has a page of every such id, under it. "": nobody that is sure to. */
static void help_uri(const char *id, char out[VULN_ID_MAX + 64])
{
	static const struct {
		const char *prefix, *at;
	} pages[] = {
		{ "CVE-", "https://nvd.nist.gov/vuln/detail/" },
		{ "GHSA-", "https://github.com/advisories/" },
		{ "PYSEC-", "https://osv.dev/vulnerability/" },
		{ "DSA-", "https://security-tracker.debian.org/tracker/" },
		{ "DLA-", "https://security-tracker.debian.org/tracker/" },
		{ "TEMP-", "https://security-tracker.debian.org/tracker/" },
	};
	size_t i;

	out[0] = '\0';
	for (i = 0; i < ARRAY_LEN(pages); i++)
		if (strncmp(id, pages[i].prefix, strlen(pages[i].prefix)) == 0)
			snprintf(out, VULN_ID_MAX + 64, "%s%s", pages[i].at, id);
}

static bool same_package(const struct vuln_unit *a, const struct vuln_unit *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

static bool same_row(const struct vuln_finding *a, const struct vuln_finding *b)
{
	return same_package(a->unit, b->unit) &&
	       strcmp(a->unit->version, b->unit->version) == 0 &&
	       strcmp(a->fixed, b->fixed) == 0;
}

/* "zlib, openssl and 3 more" */
static void add_packages(struct buf *b, const struct summary *sum)
{
	size_t i, k = 0;

	for (i = 0; i < sum->n; i++) {
		const struct vuln_unit *unit = sum->of[i]->finding->unit;

		if (i > 0 && same_package(unit, sum->of[i - 1]->finding->unit))
			continue;
		if (k++ >= NAMED)
			continue;
		if (k > 1)
			buf_adds(b, ", ");
		human_escape(b, unit->name, NAME_SHOWN);
	}
	if (k > NAMED)
		buf_addf(b, " and %zu more", k - NAMED);
}

static void add_severity(struct buf *b, const struct summary *sum)
{
	buf_addf(b, "%s", vuln_severity_word(sum->worst));
	if (sum->worst == VULN_UNKNOWN)
		buf_adds(b, " severity");
	if (sum->score >= 0)
		buf_addf(b, ", CVSS %d.%d", sum->score / 10, sum->score % 10);
}

/* Those of the first finding; every finding has its own among its properties. */
static void add_aliases(struct buf *b, const struct summary *sum)
{
	const struct vuln_finding *f = sum->of[0]->finding;
	size_t i;

	for (i = 0; i < f->naliases && i < NAMED; i++)
		buf_addf(b, "%s%s", i > 0 ? ", " : "", f->alias[i]);
	if (f->naliases > NAMED)
		buf_addf(b, " and %zu more", f->naliases - NAMED);
}

static void add_text(struct jsonout *j, const char *key, const struct buf *text,
		     const struct buf *markdown)
{
	jsonout_open(j, key, '{');
	jsonout_text(j, "text", buf_str(text));
	if (markdown != NULL)
		jsonout_text(j, "markdown", buf_str(markdown));
	jsonout_close(j, '}');
}

static void add_descriptions(const struct summary *sum, struct jsonout *j)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(TEXT_MAX_BYTES);

	buf_addf(&text, "%s in ", sum->id);
	add_packages(&text, sum);
	add_text(j, "shortDescription", &text, NULL);
	buf_clear(&text);
	buf_addf(&text, "The vulnerability %s (", sum->id);
	add_severity(&text, sum);
	if (sum->of[0]->finding->naliases > 0) {
		buf_adds(&text, "; also: ");
		add_aliases(&text, sum);
	}
	buf_adds(&text, ") is in ");
	add_packages(&text, sum);
	buf_adds(&text, ".");
	add_text(j, "fullDescription", &text, NULL);
}

/* Code for a table's cell. What would end it is written as human_escape writes what
 * cannot be shown: SARIF forbids the HTML that could hold it (3.11.4.2). */
static void add_cell(struct buf *b, const char *text)
{
	CLEANUP(buf_done)
	struct buf safe = BUF_INIT(4 * CELL_SHOWN + 1);
	size_t i;

	for (i = 0; text[i] != '\0' && i < CELL_SHOWN + 1; i++)
		if (text[i] == '`' || text[i] == '|' || (i == 0 && text[i] == ' ') ||
		    (text[i] == ' ' && text[i + 1] == '\0'))
			buf_addf(&safe, "\\x%02x", (unsigned)text[i]);
		else
			buf_add(&safe, text + i, 1);
	compare_markdown_code(b, buf_str(&safe));
}

static void add_row(const struct vuln_finding *f, struct buf *text, struct buf *markdown)
{
	human_escape(text, f->unit->name, NAME_SHOWN);
	buf_addf(text, " (%s) ", package_word(f->unit->kind));
	human_escape(text, f->unit->version, NAME_SHOWN);
	if (f->fixed[0] != '\0') {
		buf_adds(text, ": fixed in ");
		human_escape(text, f->fixed, NAME_SHOWN);
	} else {
		buf_adds(text, ": no fixed version is known");
	}
	buf_adds(text, "\n");

	buf_adds(markdown, "| ");
	add_cell(markdown, f->unit->name);
	buf_addf(markdown, " | %s | ", package_word(f->unit->kind));
	add_cell(markdown, f->unit->version);
	buf_adds(markdown, " | ");
	if (f->fixed[0] != '\0')
		add_cell(markdown, f->fixed);
	else
		buf_adds(markdown, "none is known");
	buf_adds(markdown, " |\n");
}

static void add_rows(const struct summary *sum, struct buf *text, struct buf *markdown)
{
	size_t i, k = 0;

	buf_adds(markdown,
		 "| package | type | installed | fixed in |\n|---|---|---|---|\n");
	for (i = 0; i < sum->n; i++) {
		const struct vuln_finding *f = sum->of[i]->finding;

		if (i > 0 && same_row(f, sum->of[i - 1]->finding))
			continue;
		if (k++ < SCAN_SARIF_RULE_ROWS)
			add_row(f, text, markdown);
	}
	if (k > SCAN_SARIF_RULE_ROWS) {
		buf_addf(text, "and %zu more\n", k - SCAN_SARIF_RULE_ROWS);
		buf_addf(markdown, "\nand %zu more\n", k - SCAN_SARIF_RULE_ROWS);
	}
}

static void add_help(const struct summary *sum, const char *uri, struct jsonout *j)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf markdown = BUF_INIT(TEXT_MAX_BYTES);

	buf_addf(&text, "%s: ", sum->id);
	add_severity(&text, sum);
	buf_adds(&text, "\n");
	buf_addf(&markdown, "**%s**: ", sum->id);
	add_severity(&markdown, sum);
	buf_adds(&markdown, "\n\n");
	add_rows(sum, &text, &markdown);
	if (uri[0] != '\0') {
		buf_addf(&text, "%s\n", uri);
		buf_addf(&markdown, "\n<%s>\n", uri);
	}
	add_text(j, "help", &text, &markdown);
}

void scan_sarif_rule(const struct scan_sarif_entry *const *of, size_t n,
		     struct jsonout *j)
{
	const struct summary sum = sum_up(of, n);
	char uri[VULN_ID_MAX + 64], score[16];

	help_uri(sum.id, uri);
	jsonout_open(j, NULL, '{');
	jsonout_text(j, "id", sum.id);
	add_descriptions(&sum, j);
	if (uri[0] != '\0')
		jsonout_text(j, "helpUri", uri);
	add_help(&sum, uri, j);
	jsonout_open(j, "defaultConfiguration", '{');
	jsonout_text(j, "level", scan_sarif_rule_level(sum.worst));
	jsonout_close(j, '}');
	jsonout_open(j, "properties", '{');
	jsonout_open(j, "tags", '[');
	jsonout_text(j, NULL, "security");
	jsonout_text(j, NULL, "vulnerability");
	jsonout_text(j, NULL, vuln_severity_word(sum.worst));
	jsonout_close(j, ']');
	if (sum.score >= 0) {
		snprintf(score, sizeof(score), "%d.%d", sum.score / 10, sum.score % 10);
		jsonout_text(j, "security-severity", score);
	}
	jsonout_close(j, '}');
	jsonout_close(j, '}');
}
