/*
 * vuln_impl.h - what the readers of data use of vuln.h: which units a name means, and
 * what is said of one. For the files vuln*.c only.
 */
#ifndef LARDER_TRUST_VULN_IMPL_H
#define LARDER_TRUST_VULN_IMPL_H

#include "base/map.h"
#include "trust/vuln.h"

/* The packages that data call by one name. */
struct vuln_named {
	size_t *unit; /* indexes of vuln.unit */
	size_t n;
};

enum verdict_state {
	VERDICT_SILENT, /* says how bad it is, not whether it is there */
	VERDICT_CLEAR,	/* it is not there */
	VERDICT_AFFECTED,
	VERDICT_UNDETERMINED,
};

/* How much a severity is worth: the best of those who speak counts; of two that are worth
 * the same, the worse severity. */
enum vuln_grade {
	GRADE_NONE,
	GRADE_URGENCY, /* of Debian */
	GRADE_WORD,    /* of a database or an erratum */
	GRADE_CVSS2,
	GRADE_CVSS3,
	GRADE_CVSS4,
	GRADE_OWN, /* of a distribution that knows its own package: Debian's unimportant,
		      Ubuntu's priority */
};

struct vuln_rating {
	enum vuln_grade grade;
	enum vuln_severity severity;
	int score; /* of a vector, times ten; else -1 */
};

/* What one source says of one unit and one vulnerability. Texts are copied. */
struct vuln_verdict {
	size_t unit;
	enum vuln_source source;
	enum verdict_state state;
	struct vuln_rating rating;
	const char *fixed, *note; /* "" where there is none */
	/* The first nsame are names of the same thing; the others of advisories. */
	const char **id;
	size_t nids, nsame;
};

struct vuln_text; /* a piece of memory for texts */

struct vuln_of_image {
	struct vuln_image out;
	char codename[64]; /* of Debian: "bookworm" */
};

struct vuln {
	struct vuln_unit *unit;
	size_t nunits;
	struct map *named; /* "deb openssl" to struct vuln_named */
	struct map *known; /* image, kind, name and version to index of unit + 1 */
	struct vuln_of_image *image;
	size_t nimages;
	struct vuln_verdict *verdict;
	size_t nverdicts, room;
	struct vuln_text *text;
	size_t text_bytes; /* what that has taken, unused room counted */
	struct map *seen;  /* ecosystems */
	struct map *found; /* "image name id", vuln_merge.h */
};

/* NULL: no image has it. */
const struct vuln_named *vuln_lookup(const struct vuln *v, enum package_kind kind,
				     const char *name);
/* Copies of texts that live as long as v. */
const char *vuln_keep(struct vuln *v, const char *s);
void *vuln_keep_room(struct vuln *v, size_t n); /* for pointers; not zeroed */
/* ERR_LIMIT over VULN_MAX_VERDICTS or VULN_MAX_TEXT. */
int vuln_say(struct vuln *v, const struct vuln_verdict *what, struct err *e);
/* There are data of this ecosystem ("Debian:12", "PyPI"). */
void vuln_saw(struct vuln *v, const char *ecosystem);
/* An id as data have it: of letters, digits and -._: */
bool vuln_id_ok(struct view id);
/* "high", "MODERATE", "unimportant", "low**", "not yet assigned". */
enum vuln_severity vuln_severity_of(const char *word);
enum vuln_severity vuln_severity_of_score(int score, bool v2);

#endif
