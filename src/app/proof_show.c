/*
 * proof_show.c - a row for each signature, each column as wide as its widest text.
 */
#include "app/proof_show.h"

#include <stdlib.h>
#include <string.h>

#include "app/proof_json.h"
#include "base/human.h"
#include "base/mem.h"
#include "codec/httpdate.h"

enum { IMAGE, DIGEST, COPY, LOCK, UPSTREAM, VERDICT, KIND, WHEN, PROOF, SIGNER, COLUMNS };

static const char *const titles[COLUMNS] = { "IMAGE",	 "DIGEST",  "COPY", "LOCK",
					     "UPSTREAM", "VERDICT", "KIND", "WHEN",
					     "PROOF",	 "SIGNER" };

#define SHORT_DIGEST 12
#define ROWS_MAX 200000

struct row {
	char *cell[COLUMNS]; /* NULL: empty */
};

struct proof_show {
	bool json, digests;
	struct row *row;
	size_t n, room;
	struct buf notes; /* lines for below the table */
	size_t images, good, failed;
};

struct proof_show *proof_show_new(bool json, bool digests)
{
	struct proof_show *s = mem_alloc(sizeof(*s));

	s->json = json;
	s->digests = digests;
	buf_init(&s->notes, 64u << 20);
	return s;
}

void proof_show_free(struct proof_show *s)
{
	size_t i, c;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		for (c = 0; c < COLUMNS; c++)
			free(s->row[i].cell[c]);
	free(s->row);
	buf_done(&s->notes);
	free(s);
}

static struct row *new_row(struct proof_show *s)
{
	if (s->n == ROWS_MAX)
		return NULL;
	if (s->n == s->room) {
		s->room = s->room * 2 + 16;
		s->row = mem_grow(s->row, s->room * sizeof(*s->row));
	}
	memset(&s->row[s->n], 0, sizeof(*s->row));
	return &s->row[s->n++];
}

static void name_of(const struct proof *p, char out[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2])
{
	snprintf(out, ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2, "%s%s%s", p->shown,
		 p->tag[0] != '\0' ? ":" : "", p->tag);
}

/* "unproved" where nothing is known of it, since that is not the signature's fault. */
static const char *proof_word(enum verify_verdict v)
{
	return v == VERIFY_GOOD ? "good" : v == VERIFY_OTHER ? "other" : "unproved";
}

static char *when_text(const struct verify_signature *sig)
{
	char text[24];

	if (sig->when_ms == 0)
		return mem_dup("-");
	httpdate_format_iso(sig->when_ms / 1000, text);
	return mem_fmt("%s%s", sig->when_proved ? "" : "says ", text);
}

static void fill_signature(struct row *r, const struct verify_signature *sig)
{
	const char *slash = strrchr(sig->key, '/');
	const char *file = slash != NULL ? slash + 1 : sig->key;

	r->cell[KIND] = mem_dup(evidence_word(sig->kind));
	r->cell[WHEN] = when_text(sig);
	r->cell[PROOF] =
		mem_fmt("%s%s", proof_word(sig->verdict), sig->logged ? ", logged" : "");
	if (file[0] != '\0')
		r->cell[SIGNER] = mem_fmt("%.23s... (%s)", sig->signer, file);
	else if (sig->issuer[0] != '\0' && strcmp(sig->issuer, sig->signer) != 0)
		r->cell[SIGNER] = mem_fmt("%s by %s", sig->signer, sig->issuer);
	else
		r->cell[SIGNER] = mem_dup(sig->signer[0] != '\0' ? sig->signer : "?");
}

static void fill_image(const struct proof_show *s, struct row *r, const struct proof *p)
{
	char name[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2], text[DIGEST_TEXT_MAX];

	name_of(p, name);
	digest_text(&p->digest, text);
	if (!s->digests)
		text[strcspn(text, ":") + 1 + SHORT_DIGEST] = '\0';
	r->cell[IMAGE] = mem_dup(name);
	r->cell[DIGEST] = mem_dup(text);
	r->cell[COPY] = mem_dup(proof_copy_word(p->copy));
	r->cell[LOCK] = mem_dup(proof_lock_word(p->lock));
	r->cell[UPSTREAM] = mem_dup(proof_upstream_word(p->upstream));
	r->cell[VERDICT] = mem_dup(p->good ? "good" : "BAD");
	if (p->signatures.n == 0)
		r->cell[KIND] = mem_dup("unsigned");
}

static int add_notes(struct proof_show *s, const struct proof *p)
{
	char name[ROUTE_SHOWN_MAX + TAG_MAX_BYTES + 2];
	bool told;
	int rc = 0;
	size_t i;

	name_of(p, name);
	if (!p->good)
		rc |= buf_addf(&s->notes, "%s: %s\n", name, p->why);
	else if (p->policy != NULL && policy_mode(p->policy) == POLICY_WARN &&
		 !p->signatures.accepted)
		rc |= buf_addf(&s->notes, "%s: warning: %s\n", name,
			       p->signatures.missing);
	if (p->copy == PROOF_PARTLY)
		rc |= buf_addf(&s->notes, "%s: %s\n", name, p->copy_why);
	if (p->upstream == PROOF_NO_ANSWER)
		rc |= buf_addf(&s->notes, "%s: its upstream was not asked: %s\n", name,
			       p->upstream_why);
	if (p->gap[0] != '\0')
		rc |= buf_addf(&s->notes,
			       "%s: there may be more signatures than these: %s\n", name,
			       p->gap);
	/* Of one alone, that there is no good one has said all. */
	told = p->signatures.n == 1 && strcmp(p->why, p->signatures.missing) == 0;
	for (i = 0; i < p->signatures.n && !told; i++) {
		const struct verify_signature *sig = &p->signatures.sig[i];

		if (sig->verdict != VERIFY_GOOD)
			rc |= buf_addf(&s->notes, "%s: %s signature%s%s: %s\n", name,
				       evidence_word(sig->kind),
				       sig->signer[0] != '\0' ? " that names " : "",
				       sig->signer, sig->why);
	}
	return rc;
}

int proof_show_add(struct proof_show *s, const struct proof *p, struct err *e)
{
	size_t i, n = p->signatures.n > 0 ? p->signatures.n : 1;

	s->images++;
	s->good += p->good;
	if (s->json)
		return proof_json_print(p, stdout, e);
	for (i = 0; i < n; i++) {
		struct row *r = new_row(s);

		if (r == NULL)
			return err_set(e, ERR_LIMIT, "more than %d rows; use --json",
				       ROWS_MAX);
		if (i == 0)
			fill_image(s, r, p);
		if (p->signatures.n > 0)
			fill_signature(r, &p->signatures.sig[i]);
	}
	if (add_notes(s, p) != 0)
		return err_set(e, ERR_LIMIT, "too much to say; use --json");
	return 0;
}

int proof_show_failed(struct proof_show *s, const char *image, const char *why,
		      struct err *e)
{
	s->images++;
	s->failed++;
	if (s->json)
		return proof_json_failed(image, why, stdout, e);
	return buf_addf(&s->notes, "%s: %s\n", image, why) == 0
		       ? 0
		       : err_set(e, ERR_LIMIT, "too much to say; use --json");
}

static const char *cell(const struct row *r, size_t c)
{
	return r->cell[c] != NULL ? r->cell[c] : "";
}

static void print_row(const char *const text[COLUMNS], const size_t width[COLUMNS],
		      FILE *to)
{
	size_t c, last = 0;

	for (c = 0; c < COLUMNS; c++)
		if (text[c][0] != '\0')
			last = c;
	for (c = 0; c <= last; c++) {
		human_print(to, text[c]);
		fprintf(to, "%*s", c < last ? (int)(width[c] - strlen(text[c])) + 2 : 0,
			"");
	}
	fputc('\n', to);
}

static void print_table(const struct proof_show *s, FILE *to)
{
	const char *text[COLUMNS];
	size_t width[COLUMNS], i, c;

	for (c = 0; c < COLUMNS; c++) {
		width[c] = strlen(titles[c]);
		for (i = 0; i < s->n; i++)
			if (strlen(cell(&s->row[i], c)) > width[c])
				width[c] = strlen(cell(&s->row[i], c));
	}
	print_row(titles, width, to);
	for (i = 0; i < s->n; i++) {
		for (c = 0; c < COLUMNS; c++)
			text[c] = cell(&s->row[i], c);
		print_row(text, width, to);
	}
}

static void print_notes(const struct proof_show *s, FILE *to)
{
	struct view left = buf_view(&s->notes);

	while (left.n > 0) {
		const char *end = memchr(left.p, '\n', left.n);
		size_t n = (size_t)(end - left.p);
		CLEANUP(mem_freep)
		char *line = mem_dupn(left.p, n);

		human_print(to, line);
		fputc('\n', to);
		left.p += n + 1;
		left.n -= n + 1;
	}
}

void proof_show_print(const struct proof_show *s, FILE *to)
{
	if (s->json)
		return;
	if (s->n > 0)
		print_table(s, to);
	if (s->n > 0 && s->notes.n > 0)
		fputc('\n', to);
	print_notes(s, to);
	fprintf(to, "%zu image%s, %zu good\n", s->images, s->images == 1 ? "" : "s",
		s->good);
}
