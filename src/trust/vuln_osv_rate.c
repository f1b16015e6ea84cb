/*
 * vuln_osv_rate.c - vectors, words, and what distributions write before a colon.
 */
#include "trust/vuln_osv_rate.h"

#include <stdio.h>
#include <string.h>

#include "trust/cvss.h"

static void better(struct vuln_rating *best, enum vuln_grade grade,
		   enum vuln_severity severity, int score)
{
	if (severity == VULN_UNKNOWN || grade < best->grade)
		return;
	if (grade > best->grade || severity > best->severity ||
	    (severity == best->severity && score > best->score))
		*best = (struct vuln_rating){ grade, severity, score };
}

/* By the version that the vector itself says. */
static void rate_vector(const char *vector, struct vuln_rating *best)
{
	int score = cvss_score(vector);
	bool v4 = strncmp(vector, "CVSS:4", 6) == 0;
	bool v2 = strncmp(vector, "CVSS:", 5) != 0;

	better(best,
	       v4   ? GRADE_CVSS4
	       : v2 ? GRADE_CVSS2
		    : GRADE_CVSS3,
	       vuln_severity_of_score(score, v2), score);
}

static void rate_list(const struct json *list, struct vuln_rating *best)
{
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		const char *type = json_get_str(json_at(list, i), "type");
		const char *text = json_get_str(json_at(list, i), "score");

		if (type == NULL || text == NULL)
			continue;
		if (strcmp(type, "Ubuntu") == 0)
			better(best, GRADE_OWN, vuln_severity_of(text), -1);
		else if (strncmp(type, "CVSS_", 5) == 0)
			rate_vector(text, best);
	}
}

static void rate_words(const struct json *about, struct vuln_rating *best)
{
	const char *word = json_get_str(about, "severity");
	const char *urgency = json_get_str(about, "urgency");

	if (urgency != NULL && strncmp(urgency, "unimportant", 11) == 0)
		better(best, GRADE_OWN, VULN_NEGLIGIBLE, -1);
	if (word != NULL)
		better(best, GRADE_WORD, vuln_severity_of(word), -1);
	if (urgency != NULL)
		better(best, GRADE_URGENCY, vuln_severity_of(urgency), -1);
}

/* "Important: kernel security update", as AlmaLinux and Rocky Linux have it. Red Hat's
 * own have vectors instead. */
static void rate_summary(const char *summary, struct vuln_rating *best)
{
	char word[16];
	size_t n = strcspn(summary, ": ");

	if (summary[n] != ':' || n >= sizeof(word))
		return;
	snprintf(word, sizeof(word), "%.*s", (int)n, summary);
	better(best, GRADE_WORD, vuln_severity_of(word), -1);
}

struct vuln_rating vuln_osv_rate(const struct json *doc, const struct json *affected,
				 enum package_kind kind)
{
	const char *summary = json_get_str(doc, "summary");
	struct vuln_rating best = { .score = -1 };

	rate_list(json_get(affected, "severity"), &best);
	if (best.grade == GRADE_NONE) /* what is said of this package goes before */
		rate_list(json_get(doc, "severity"), &best);
	rate_words(json_get(affected, "ecosystem_specific"), &best);
	rate_words(json_get(affected, "database_specific"), &best);
	rate_words(json_get(doc, "database_specific"), &best);
	if (kind == PACKAGE_RPM && summary != NULL)
		rate_summary(summary, &best);
	return best;
}
