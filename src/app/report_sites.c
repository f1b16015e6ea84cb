/*
 * report_sites.c - a line for each upstream, and one for each of its accounts. No state.
 */
#include "app/report_sites.h"

#include <stdio.h>
#include <string.h>

#include "base/human.h"

/* Of what another says: few enough to be added up, and counted in ms. */
#define NUMBER_MOST ((int64_t)1 << 40)

int64_t report_sites_number(const struct json *doc, const char *key)
{
	int64_t n;

	if (!json_get_int(doc, key, &n) || n < 0)
		return 0;
	return n < NUMBER_MOST ? n : NUMBER_MOST;
}

int report_sites_word(struct buf *out, const char *s)
{
	int rc = 0;

	for (; s != NULL && *s != '\0' && rc == 0; s++)
		rc = buf_addf(out, "%c", *s < ' ' || *s > '~' ? '?' : *s);
	return rc;
}

int report_sites_count(struct buf *out, int64_t n, const char *what)
{
	return buf_addf(out, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s");
}

static int64_t number(const struct json *doc, const char *key)
{
	return report_sites_number(doc, key);
}

static bool was_said(const struct json *doc, const char *key)
{
	int64_t n;

	return json_get_int(doc, key, &n) && n >= 0;
}

static int add_span(struct buf *out, int64_t seconds)
{
	char text[HUMAN_MAX];

	human_ms(seconds * 1000, text);
	return buf_adds(out, text);
}

static int add_whose(struct buf *out, const struct json *a)
{
	const char *user = json_get_str(a, "account"),
		   *source = json_get_str(a, "source");
	int rc = buf_adds(out, "             ");

	if (user != NULL && *user != '\0') {
		rc |= buf_adds(out, "user ");
		return rc | report_sites_word(out, user);
	}
	rc |= buf_adds(out, "this address");
	if (source == NULL || *source == '\0')
		return rc;
	rc |= buf_adds(out, " (");
	rc |= report_sites_word(out, source);
	return rc | buf_adds(out, ")");
}

/* As the upstream last said; of a window that has passed meanwhile it tells nothing. */
static int add_left(struct buf *out, const struct json *a)
{
	int64_t window_s = number(a, "windowSeconds"),
		ago_s = number(a, "seenSecondsAgo");
	int rc;

	if (json_is_true(json_get(a, "usedUp"))) {
		rc = buf_adds(out, ": the pull quota is used up");
		if (was_said(a, "limit") && number(a, "limit") > 0)
			rc |= buf_addf(out, " (%lld pulls)",
				       (long long)number(a, "limit"));
		rc |= buf_adds(out, "; a pull is there again in ");
		return rc | add_span(out, number(a, "backInSeconds"));
	}
	if (!was_said(a, "remaining"))
		return buf_adds(out, ": no limit was said");
	if (window_s > 0 && ago_s > window_s)
		return buf_adds(out, ": pulls left not known, not asked lately");
	rc = buf_addf(out, ": %lld", (long long)number(a, "remaining"));
	if (was_said(a, "limit"))
		rc |= buf_addf(out, " of %lld", (long long)number(a, "limit"));
	rc |= buf_adds(out, " pulls left, as it said ");
	rc |= add_span(out, ago_s);
	return rc | buf_adds(out, " ago");
}

static int account_text(struct buf *out, const struct json *a)
{
	int64_t window_s = number(a, "windowSeconds");
	int rc = add_whose(out, a);

	rc |= add_left(out, a);
	rc |= buf_addf(out, "; %lld spent here", (long long)number(a, "spent"));
	if (number(a, "others") > 0)
		rc |= buf_addf(out, ", %lld by others", (long long)number(a, "others"));
	if (window_s > 0) {
		rc |= buf_adds(out, " in the last ");
		rc |= add_span(out, window_s);
	}
	return rc | buf_adds(out, "\n");
}

static int state_text(struct buf *out, const struct json *site)
{
	const char *state = json_get_str(site, "state");
	const char *repository = json_get_str(site, "repository");
	int rc;

	if (state == NULL || strcmp(state, "ok") == 0)
		return buf_adds(out, json_is_true(json_get(site, "trouble"))
					     ? "in trouble"
					     : "well");
	rc = buf_adds(out, "in trouble since ");
	rc |= report_sites_word(out, json_get_str(site, "since"));
	rc |= buf_adds(out, " (");
	if (repository != NULL) {
		rc |= report_sites_word(out, repository);
		rc |= buf_adds(out, ": ");
	}
	rc |= report_sites_word(out, json_get_str(site, "cause"));
	if (number(site, "retryInSeconds") == 0)
		return rc | buf_adds(out, "), tried again with the next request");
	rc |= buf_adds(out, "), tried again in ");
	return rc | add_span(out, number(site, "retryInSeconds"));
}

static int site_text(struct buf *out, const struct json *site, bool first)
{
	const struct json *accounts = json_get(site, "accounts");
	int rc = buf_adds(out, first ? "upstreams  " : "           ");
	size_t i;

	rc |= report_sites_word(out, json_get_str(site, "host"));
	rc |= buf_adds(out, ": ");
	rc |= state_text(out, site);
	rc |= buf_adds(out, ", ");
	rc |= report_sites_count(out, number(site, "requests"), "request");
	rc |= buf_adds(out, "\n");
	for (i = 0; i < json_len(accounts); i++)
		rc |= account_text(out, json_at(accounts, i));
	return rc;
}

int report_sites_text(struct buf *out, const struct json *sites, bool always)
{
	bool first = true;
	int rc = 0;
	size_t i;

	for (i = 0; i < json_len(sites); i++) {
		const struct json *site = json_at(sites, i);

		if (!always && json_len(json_get(site, "accounts")) == 0)
			continue;
		rc |= site_text(out, site, first);
		first = false;
	}
	return rc;
}
