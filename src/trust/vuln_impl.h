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

/* How much a severity is worth: the best of those who speak counts. */
enum vuln_grade { GRADE_NONE, GRADE_URGENCY, GRADE_WORD, GRADE_SCORE, GRADE_FINAL };

struct vuln_rating {
	enum vuln_grade grade;
	enum vuln_severity severity;
	int score; /* with GRADE_SCORE, times ten; else -1 */
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
