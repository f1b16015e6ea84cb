/*
 * report_lock.c - a line for the lock, and one for each image that has drifted. No state.
 */
#include "app/report_lock.h"

#include <stdio.h>

#include "app/report_sites.h"

#define DIGEST_SHOWN 19 /* "sha256:" and twelve digits */

static int add_digest(struct buf *out, const char *digest)
{
	char text[DIGEST_SHOWN + 1];

	if (digest == NULL)
		return buf_adds(out, "no such tag");
	snprintf(text, sizeof(text), "%s", digest);
	return report_sites_word(out, text);
}

static int drift_text(struct buf *out, const struct json *x)
{
	int rc = buf_adds(out, "             ");

	rc |= report_sites_word(out, json_get_str(x, "image"));
	rc |= buf_adds(out, ": locked to ");
	rc |= add_digest(out, json_get_str(x, "locked"));
	rc |= buf_adds(out, ", upstream ");
	rc |= add_digest(out, json_get_str(x, "upstream"));
	rc |= buf_adds(out, " since ");
	rc |= report_sites_word(out, json_get_str(x, "since"));
	return rc | buf_adds(out, "\n");
}

int report_lock_text(struct buf *out, const struct json *lock)
{
	const struct json *drift = json_get(lock, "drift");
	int64_t entries, drifted = report_sites_number(lock, "drifted");
	int rc;
	size_t i;

	if (!json_get_int(lock, "entries", &entries))
		return 0;
	rc = buf_addf(out, "lock       %lld tag%s", (long long)entries,
		      entries == 1 ? "" : "s");
	rc |= drifted == 0 ? buf_adds(out, ", none known to have moved upstream\n")
			   : buf_addf(out, ", %lld moved upstream (not served)\n",
				      (long long)drifted);
	for (i = 0; i < json_len(drift); i++)
		rc |= drift_text(out, json_at(drift, i));
	if ((int64_t)json_len(drift) < drifted)
		rc |= buf_addf(out, "             and %lld more\n",
			       (long long)(drifted - (int64_t)json_len(drift)));
	return rc;
}
