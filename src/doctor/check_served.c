/*
 * check_served.c - what the larder that serves knows of its upstreams: trouble, and
 * quotas that are used up. One that lists nothing for strangers is not asked for more.
 */
#include "doctor/checks.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"
#include "codec/json.h"
#include "upstream/plain.h"

#define ASK_MS 4000

/* What a larder says is shown to people: as visible ASCII, and no longer than that. */
static void copy_text(const struct json *doc, const char *key, char out[161])
{
	const char *s = json_get_str(doc, key);
	size_t i;

	snprintf(out, 161, "%.160s", s != NULL ? s : "");
	for (i = 0; out[i] != '\0'; i++)
		if (out[i] < ' ' || out[i] > '~')
			out[i] = '?';
}

static void copy_span(const struct json *doc, const char *key, char out[HUMAN_MAX])
{
	int64_t s = 0;

	if (!json_get_int(doc, key, &s) || s < 0)
		s = 0;
	human_ms((s < INT32_MAX ? s : INT32_MAX) * 1000, out);
}

static void say_state(struct group *g, const char *name, const struct json *site)
{
	char state[161], since[161], cause[161], wait[HUMAN_MAX];

	copy_text(site, "state", state);
	if (strcmp(state, "open") != 0 && strcmp(state, "busy") != 0)
		return;
	copy_text(site, "since", since);
	copy_text(site, "cause", cause);
	copy_span(site, "retryInSeconds", wait);
	finding_say(g, name, FINDING_WARN,
		    "the larder has trouble with it since %s (%s), and asks again in %s",
		    since, cause, wait);
	finding_remedy(g, "%s",
		       strcmp(state, "busy") == 0
			       ? "wait: the registry wants fewer requests of all kinds; "
				 "see who else sends some from this address"
			       : "see the finding on this upstream below; what is cached "
				 "pulls meanwhile");
}

static void say_account(struct group *g, const char *name, const struct json *a)
{
	char user[161], wait[HUMAN_MAX];

	if (!json_is_true(json_get(a, "usedUp")))
		return;
	copy_text(a, "account", user);
	copy_span(a, "backInSeconds", wait);
	finding_say(g, name, FINDING_WARN,
		    "the larder's pull quota %s%s is used up; a pull is there again in "
		    "%s",
		    user[0] != '\0' ? "of user " : "of its address", user, wait);
	finding_remedy(g, "%s until then only what is cached pulls; see larder status",
		       user[0] != '\0' ? "an account that may pull more;"
				       : "log in for more (larder.upstreams.docker.io."
					 "credentials);");
}

void check_served(struct group *g)
{
	CLEANUP(json_freep)
	struct json *doc = NULL;
	const struct json *sites, *accounts;
	struct plain page = { 0 };
	char name[80], host[161];
	size_t i, k;

	if (plain_get(g->d->mirror, "/larder/v1/status", clock_mono_ms() + ASK_MS, &page,
		      NULL) != 0)
		return;
	doc = json_parse(buf_view(&page.body), NULL);
	sites = json_get(doc, "upstreams");
	for (i = 0; i < json_len(sites) && i < 64; i++) {
		copy_text(json_at(sites, i), "host", host);
		snprintf(name, sizeof(name), "served %.60s", host);
		say_state(g, name, json_at(sites, i));
		accounts = json_get(json_at(sites, i), "accounts");
		for (k = 0; k < json_len(accounts) && k < 64; k++)
			say_account(g, name, json_at(accounts, k));
	}
	plain_done(&page);
}
