/*
 * scrub_state.c - how far a scrub is, and what it knows by then, as one note, so that
 * both are of the same moment:
 *
 *   "2", the numbers of struct scrub_state and struct scrub_walk    a line
 *   the repository that has been looked at last, or nothing         a line
 *   "w" kind flags bytes images digest why                          one for each wound,
 *   "i" image, "s" repository                                       its images, sources
 *
 * Anything else, as from another larder, is no state: then nothing has been looked at.
 * What quarantine records (quarantine.h) is known without this.
 */
#include "store/scrub_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "store/note.h"

/* All wounds without images fit: each has at most 160 bytes of why and a digest. */
#define STATE_BYTES (4u << 20)
#define SAVE_MS 10000 /* between two notes of how far it is */
#define FEW_WOUNDS 100
#define NUMBERS 22

enum flag {
	FLAG_OUT = 1,
	FLAG_OLD = 2,
	FLAG_MANIFEST = 4,
};

/* --- to text --- */

static void total(const struct scrub *r, struct scrub_pass *t)
{
	const struct scrubbed *out = r->out;

	*t = r->before;
	t->blobs += out->blobs;
	t->bytes += out->bytes;
	t->repositories += out->repositories;
	t->manifests += out->manifests;
	t->links += out->links;
	t->findings += out->findings - r->known;
	t->mended += out->mended;
	t->repaired += out->repaired;
	t->quarantined += out->quarantined;
	t->lasting += out->harmed - r->harm_out;
	t->lasting_curable += out->curable - r->curable_out;
}

static int put_wound(struct buf *b, const struct wound *w, bool images)
{
	char digest[DIGEST_TEXT_MAX];
	unsigned flags = (w->out ? FLAG_OUT : 0) | (w->old || w->settled ? FLAG_OLD : 0) |
			 (w->is_manifest ? FLAG_MANIFEST : 0);
	size_t i, line, nimages = images && !w->settled ? w->nimages : 0;
	int rc;

	digest_text(&w->digest, digest);
	rc = buf_addf(b, "w %d %u %" PRIu64 " %zu %s ", (int)w->kind, flags, w->bytes,
		      nimages > 0 ? w->images : 0, digest);
	line = b->n;
	rc |= buf_adds(b, w->why);
	for (i = line; i < b->n; i++)
		if (b->p[i] == '\n')
			b->p[i] = ' ';
	rc |= buf_adds(b, "\n");
	for (i = 0; i < nimages; i++)
		rc |= buf_addf(b, "i %s\n", w->image[i]);
	for (i = 0; nimages > 0 && i < w->nsources; i++)
		rc |= buf_addf(b, "s %s\n", w->source[i].s);
	return rc;
}

static int put_state(struct buf *b, const struct scrub *r, const struct scrub_walk *walk,
		     bool images)
{
	const struct scrub_state *st = &r->state;
	const struct scrub_pass *p = &st->pass;
	size_t i;
	int rc = buf_addf(b,
			  "2 %" PRId64 " %" PRId64 " %d %u %" PRIu64 " %" PRIu64
			  " %" PRIu64 " %" PRIu64 " %u %d %" PRIu64 " %" PRIu64
			  " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			  " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n%s\n",
			  st->began_ms, st->ended_ms, (int)st->stage, st->at, st->harmed,
			  st->curable, st->lasting, st->lasting_curable, walk->round,
			  walk->grew, p->blobs, p->bytes, p->repositories, p->manifests,
			  p->links, p->findings, p->mended, p->repaired, p->quarantined,
			  p->lasting, p->lasting_curable, walk->last.s);

	for (i = 0; i < r->nwounds && rc == 0; i++)
		if (scrub_wounds_lasts(r, r->wound[i]))
			rc = put_wound(b, r->wound[i], images);
	return rc;
}

/* --- from text --- */

/* NULL: there are no more. Cuts the text. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = strchr(line, '\n');
	*text = end != NULL ? end + 1 : line + strlen(line);
	if (end != NULL)
		*end = '\0';
	return line;
}

static bool parse_numbers(const char *line, struct scrub_state *st,
			  struct scrub_walk *walk)
{
	struct scrub_pass *p = &st->pass;
	unsigned stage, grew;

	if (sscanf(line,
		   "2 %" SCNd64 " %" SCNd64 " %u %u %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %u %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &st->began_ms, &st->ended_ms, &stage, &st->at, &st->harmed,
		   &st->curable, &st->lasting, &st->lasting_curable, &walk->round, &grew,
		   &p->blobs, &p->bytes, &p->repositories, &p->manifests, &p->links,
		   &p->findings, &p->mended, &p->repaired, &p->quarantined, &p->lasting,
		   &p->lasting_curable) != NUMBERS - 1 ||
	    stage >= SCRUB_STAGES || st->at > SCRUB_PLACES)
		return false;
	st->stage = (enum scrub_stage)stage;
	walk->grew = grew != 0;
	return true;
}

/* When a larder of before was through, and what it found; not how far it was. */
static bool parse_older(const char *line, struct scrub_state *st)
{
	return sscanf(line,
		      "1 %*d %" SCNd64 " %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64,
		      &st->ended_ms, &st->harmed, &st->curable, &st->lasting) == 4;
}

static struct wound *parse_wound(struct scrub *r, const char *line)
{
	char digest[DIGEST_TEXT_MAX] = "", format[40];
	unsigned kind, flags;
	uint64_t bytes;
	size_t images;
	struct digest d;
	struct wound *w;
	int n = 0;

	snprintf(format, sizeof(format), "w %%u %%u %%" SCNu64 " %%zu %%%ds %%n",
		 DIGEST_TEXT_MAX - 1);
	if (sscanf(line, format, &kind, &flags, &bytes, &images, digest, &n) != 5 ||
	    n == 0 || kind >= SCRUB_KINDS || digest_parse(view_of(digest), &d, NULL) != 0)
		return NULL;
	w = scrub_wounds_add(r, &d, (enum scrub_kind)kind, line + n);
	if (w == NULL)
		return NULL;
	w->out = (flags & FLAG_OUT) != 0;
	w->is_manifest = (flags & FLAG_MANIFEST) != 0;
	w->bytes = bytes;
	w->images = images;
	w->old = (flags & FLAG_OLD) != 0;
	if (w->old)
		r->fresh--;
	return w;
}

static bool parse_of_wound(struct wound *w, const char *line)
{
	const char *text = line + 2;
	struct reponame name;

	if (w == NULL || (line[0] != 'i' && line[0] != 's') || line[1] != ' ')
		return false;
	if (reponame_parse((struct view){ text, strcspn(text, ":@") }, &name, NULL) != 0)
		return false;
	if (line[0] == 'i') {
		if (w->nimages == SCRUB_MAX_IMAGES || w->nimages >= w->images)
			return false;
		w->image[w->nimages++] = mem_dup(text);
		return true;
	}
	if (w->nsources == SCRUB_MAX_SOURCES)
		return false;
	w->source = mem_grow(w->source, (w->nsources + 1) * sizeof(*w->source));
	w->source[w->nsources++] = name;
	return true;
}

/* r NULL: not the wounds. */
static bool parse(char *text, struct scrub_state *st, struct scrub_walk *walk,
		  struct scrub *r)
{
	char *line = next_line(&text);
	struct wound *w = NULL;

	if (line == NULL)
		return false;
	if (!parse_numbers(line, st, walk)) {
		*st = (struct scrub_state){ 0 };
		return parse_older(line, st);
	}
	line = next_line(&text);
	if (line == NULL ||
	    (line[0] != '\0' && reponame_parse(view_of(line), &walk->last, NULL) != 0))
		return false;
	while (r != NULL && (line = next_line(&text)) != NULL) {
		if (line[0] == 'w')
			w = parse_wound(r, line);
		if (line[0] == 'w' ? w == NULL : !parse_of_wound(w, line))
			return false;
	}
	return true;
}

static bool load(struct store *s, struct scrub_state *st, struct scrub_walk *walk,
		 struct scrub *r)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(STATE_BYTES);

	*st = (struct scrub_state){ 0 };
	*walk = (struct scrub_walk){ 0 };
	if (note_read(s, LAYOUT_SCRUB_STATE, &text, NULL) == 0 && text.n > 0 &&
	    memchr(text.p, '\0', text.n) == NULL && buf_add(&text, "", 1) == 0 &&
	    parse(text.p, st, walk, r))
		return true;
	*st = (struct scrub_state){ 0 };
	*walk = (struct scrub_walk){ 0 };
	return false;
}

void scrub_state_read(struct store *s, struct scrub_state *out)
{
	struct scrub_walk walk;

	load(s, out, &walk, NULL);
}

/* Hardly a store has other digests than SHA-256, whose blobs come first. */
double scrub_state_share(const struct scrub_state *st)
{
	unsigned half = SCRUB_PLACES / 2, first = st->at < half ? st->at : half;
	unsigned later =
		st->stage > SCRUB_AT_HARM ? (unsigned)st->stage - SCRUB_AT_HARM - 1 : 0;

	return 0.89 * first / half + 0.01 * (st->at - first) / half +
	       0.1 * later / (SCRUB_STAGES - SCRUB_AT_HARM - 1);
}

const char *scrub_state_word(enum scrub_stage at)
{
	static const char *const words[SCRUB_STAGES] = { "blobs", "harm",   "names",
							 "notes", "strays", "end" };

	return words[at];
}

void scrub_state_take(struct scrub *r, bool wounds)
{
	struct scrub_walk walk;

	if (!load(r->s, &r->state, &walk, wounds ? r : NULL))
		scrub_wounds_begin(r);
	r->walk = walk;
}

/* --- writing it down --- */

static bool is_kept(const struct scrub *r)
{
	return !r->ask->look && r->ask->want == NULL;
}

static void make(struct scrub *r)
{
	struct scrub_walk none = { 0 };

	if (!r->names_only)
		total(r, &r->state.pass);
	buf_done(&r->noted);
	buf_init(&r->noted, STATE_BYTES);
	r->too_much = put_state(&r->noted, r, &r->walk, true) != 0;
	if (r->too_much) {
		buf_clear(&r->noted);
		put_state(&r->noted, r, &none, false);
	}
	r->is_written = false;
}

static void put(struct scrub *r)
{
	r->is_written = note_write_whole(r->s, LAYOUT_SCRUB_STATE, buf_view(&r->noted),
					 NULL) == 0;
	r->written_ms = clock_mono_ms();
	r->written_wounds = r->nwounds;
}

void scrub_state_note(struct scrub *r)
{
	bool due = clock_mono_ms() - r->written_ms >= SAVE_MS;

	if (!is_kept(r) || r->names_only)
		return;
	/* Most places of a small store have nothing. */
	if (!due && r->state.stage == SCRUB_AT_BLOBS && r->out->blobs == r->noted_blobs &&
	    r->nwounds == r->written_wounds)
		return;
	r->noted_blobs = r->out->blobs;
	due = fault("scrub.save") != 0 || due; /* tests say: now */
	if (r->nwounds > FEW_WOUNDS) {	       /* it takes a while */
		if (!due)
			return;
	} else if (r->nwounds != r->written_wounds) {
		due = true; /* nobody else remembers one that is missing */
	}
	make(r);
	if (due)
		put(r);
}

void scrub_state_write(struct scrub *r)
{
	if (!is_kept(r))
		return;
	make(r);
	put(r);
}

void scrub_state_keep(struct scrub *r)
{
	if (is_kept(r) && !r->is_written && r->noted.n > 0)
		put(r);
}
