/*
 * vuln.c - the packages of some images by the names that data have for them, and what is
 * said of them while data are read.
 */
#include "trust/vuln_impl.h"
#include "trust/vuln_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TEXT_BYTES (64u << 10)
#define MAX_ECOSYSTEMS 10000
#define KEY_BYTES (3 * PACKAGE_TEXT_MAX)

struct vuln_text {
	struct vuln_text *next;
	size_t used;
	_Alignas(max_align_t) char room[TEXT_BYTES];
};

static const char *const words[] = {
	[VULN_UNKNOWN] = "unknown", [VULN_NEGLIGIBLE] = "negligible",
	[VULN_LOW] = "low",	    [VULN_MEDIUM] = "medium",
	[VULN_HIGH] = "high",	    [VULN_CRITICAL] = "critical",
};

const char *vuln_severity_word(enum vuln_severity s)
{
	return words[s];
}

bool vuln_severity_parse(struct view text, enum vuln_severity *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (view_is_nocase(text, words[i])) {
			*out = (enum vuln_severity)i;
			return true;
		}
	return false;
}

enum vuln_severity vuln_severity_of(const char *word)
{
	static const struct {
		const char *word;
		enum vuln_severity severity;
	} others[] = { { "unimportant", VULN_NEGLIGIBLE },
		       { "none", VULN_NEGLIGIBLE },
		       { "minor", VULN_LOW },
		       { "moderate", VULN_MEDIUM },
		       { "important", VULN_HIGH } };
	struct view v = { word, strcspn(word, "*") };
	enum vuln_severity out;
	size_t i;

	if (vuln_severity_parse(v, &out))
		return out;
	for (i = 0; i < ARRAY_LEN(others); i++)
		if (view_is_nocase(v, others[i].word))
			return others[i].severity;
	return VULN_UNKNOWN;
}

enum vuln_severity vuln_severity_of_score(int score, bool v2)
{
	if (score < 0)
		return VULN_UNKNOWN;
	if (score >= 90 && !v2)
		return VULN_CRITICAL;
	if (score >= 70)
		return VULN_HIGH;
	if (score >= 40)
		return VULN_MEDIUM;
	return score > 0 ? VULN_LOW : VULN_NEGLIGIBLE;
}

bool vuln_id_ok(struct view id)
{
	size_t i;

	for (i = 0; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') ||
		      (id.p[i] >= 'A' && id.p[i] <= 'Z') ||
		      (id.p[i] >= 'a' && id.p[i] <= 'z') ||
		      (i > 0 && strchr("-._:", id.p[i]) != NULL && id.p[i] != '\0')))
			return false;
	return id.n > 2 && id.n < VULN_ID_MAX;
}

void *vuln_keep_room(struct vuln *v, size_t n)
{
	size_t step = (n + 7) / 8 * 8;
	struct vuln_text *t = v->text;
	void *p;

	if (t == NULL || TEXT_BYTES - t->used < step) {
		t = mem_alloc(sizeof(*t));
		t->next = v->text;
		v->text = t;
		v->text_bytes += TEXT_BYTES;
	}
	p = t->room + t->used;
	t->used += step;
	return p;
}

const char *vuln_keep(struct vuln *v, const char *s)
{
	size_t n = strnlen(s, PACKAGE_TEXT_MAX);
	char *p;

	if (n == 0)
		return "";
	p = vuln_keep_room(v, n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

struct vuln *vuln_new(void)
{
	struct vuln *v = mem_alloc(sizeof(*v));

	v->named = map_new(VULN_MAX_UNITS);
	v->known = map_new(VULN_MAX_UNITS);
	v->found = map_new(VULN_MAX_VERDICTS);
	v->seen = map_new(MAX_ECOSYSTEMS);
	return v;
}

static void free_named(void *value)
{
	struct vuln_named *n = value;

	free(n->unit);
	free(n);
}

void vuln_free(struct vuln *v)
{
	struct vuln_text *next;
	size_t i;

	if (v == NULL)
		return;
	map_free(v->named, free_named);
	map_free(v->known, NULL);
	map_free(v->found, NULL);
	map_free(v->seen, NULL);
	for (i = 0; i < v->nunits; i++)
		free(v->unit[i].packages);
	for (i = 0; i < v->nimages; i++)
		free(v->image[i].out.finding);
	for (; v->text != NULL; v->text = next) {
		next = v->text->next;
		free(v->text);
	}
	free(v->unit);
	free(v->image);
	free(v->verdict);
	free(v);
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_LIMIT,
		       "more than %d packages in all images: scan fewer at once",
		       VULN_MAX_UNITS);
}

static void named_key(enum package_kind kind, const char *name, char out[KEY_BYTES])
{
	snprintf(out, KEY_BYTES, "%s %s", package_word(kind), name);
}

const struct vuln_named *vuln_lookup(const struct vuln *v, enum package_kind kind,
				     const char *name)
{
	char key[KEY_BYTES];

	named_key(kind, name, key);
	return map_get(v->named, key);
}

/* From now on that name means the unit, too. */
static int add_name(struct vuln *v, enum package_kind kind, const char *name, size_t unit,
		    struct err *e)
{
	struct vuln_named *n;
	char key[KEY_BYTES];
	size_t i;

	named_key(kind, name, key);
	n = map_get(v->named, key);
	if (n == NULL) {
		n = mem_alloc(sizeof(*n));
		if (map_put(v->named, key, n) != 0) {
			free(n);
			return too_many(e);
		}
	}
	for (i = 0; i < n->n; i++)
		if (n->unit[i] == unit)
			return 0;
	if ((n->n & (n->n + 1)) == 0) /* 0, 1, 3, 7, ...: doubles */
		n->unit = mem_grow(n->unit, (2 * n->n + 1) * sizeof(*n->unit));
	n->unit[n->n++] = unit;
	return 0;
}

static int find_unit(struct vuln *v, size_t image, const struct package *p, size_t *out,
		     struct err *e)
{
	bool python = p->kind == PACKAGE_PYTHON;
	const char *name = python ? p->key : p->source;
	const char *version = python ? p->version : p->source_version;
	struct vuln_unit *u;
	char key[KEY_BYTES];
	size_t known;

	snprintf(key, sizeof(key), "%zu %s %s %s", image, package_word(p->kind), name,
		 version);
	known = (size_t)map_get(v->known, key);
	if (known == 0) {
		if (map_put(v->known, key, (void *)(v->nunits + 1)) != 0)
			return too_many(e);
		if ((v->nunits & (v->nunits + 1)) == 0)
			v->unit =
				mem_grow(v->unit, (2 * v->nunits + 1) * sizeof(*v->unit));
		u = &v->unit[v->nunits];
		*u = (struct vuln_unit){ .image = image, .kind = p->kind };
		u->name = vuln_keep(v, name);
		u->version = vuln_keep(v, version);
		known = ++v->nunits;
		if (add_name(v, p->kind, name, known - 1, e) != 0)
			return -1;
	}
	*out = known - 1;
	return 0;
}

static void add_package(struct vuln *v, struct vuln_unit *u, const char *name)
{
	if (u->npackages > 0 && strcmp(u->packages[u->npackages - 1], name) == 0)
		return; /* of another architecture; the list is sorted */
	u->packages = mem_grow(u->packages, (u->npackages + 1) * sizeof(*u->packages));
	u->packages[u->npackages++] = vuln_keep(v, name);
}

/* The list is sorted by kind and key, which of these kinds is the name. */
static bool is_installed(const struct contents *c, enum package_kind kind,
			 const char *prefix, const char *name)
{
	size_t low = 0, high = c->packages.n;
	char want[PACKAGE_TEXT_MAX];

	snprintf(want, sizeof(want), "%s%s", prefix, name);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct package *p = &c->packages.at[mid];
		int order = p->kind != kind ? (int)p->kind - (int)kind
					    : strcmp(p->key, want);

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* A Python distribution that a package of the system brought. */
static bool is_systems(const struct contents *c, const struct package *p)
{
	if (p->kind != PACKAGE_PYTHON || strncmp(p->path, "usr/lib", 7) != 0)
		return false;
	if (strstr(p->path, "/dist-packages/") != NULL) /* Debian's; pip has /usr/local */
		return true;
	return is_installed(c, PACKAGE_APK, "py3-", p->key) ||
	       is_installed(c, PACKAGE_RPM, "python3-", p->key);
}

/* Some data name what is installed and not what it was built from. */
static bool also_by_name(const struct contents *c, const struct package *p)
{
	return p->kind == PACKAGE_RPM ||
	       (p->kind == PACKAGE_APK && strcmp(c->os.id, "alpine") != 0);
}

static int add_one(struct vuln *v, const struct contents *c, size_t image,
		   const struct package *p, struct err *e)
{
	struct vuln_image *im = &v->image[image].out;
	size_t unit;

	if (is_systems(c, p))
		return 0;
	if (find_unit(v, image, p, &unit, e) != 0)
		return -1;
	add_package(v, &v->unit[unit], p->name);
	im->units += p->kind != PACKAGE_PYTHON;
	im->python += p->kind == PACKAGE_PYTHON;
	return also_by_name(c, p) ? add_name(v, p->kind, p->name, unit, e) : 0;
}

int vuln_add_image(struct vuln *v, const struct contents *c, struct err *e)
{
	size_t i, image = v->nimages;

	v->image = mem_grow(v->image, (image + 1) * sizeof(*v->image));
	v->image[image] = (struct vuln_of_image){ 0 };
	v->nimages++;
	vuln_system(&c->os, v->image[image].out.system, v->image[image].codename);
	for (i = 0; i < c->packages.n; i++)
		if (add_one(v, c, image, &c->packages.at[i], e) != 0)
			return -1;
	return 0;
}

size_t vuln_images(const struct vuln *v)
{
	return v->nimages;
}

struct vuln_image *vuln_image(struct vuln *v, size_t i)
{
	return &v->image[i].out;
}

void vuln_saw(struct vuln *v, const char *ecosystem)
{
	bool python = strcmp(ecosystem, "PyPI") == 0;
	size_t i;

	if (map_get(v->seen, ecosystem) != NULL)
		return;
	map_put(v->seen, ecosystem, v); /* where there is no room: again the next time */
	for (i = 0; i < v->nimages; i++) {
		struct vuln_image *im = &v->image[i].out;

		im->has_python |= python;
		im->has_system |= !python && vuln_system_is(im->system, ecosystem);
	}
}

int vuln_say(struct vuln *v, const struct vuln_verdict *what, struct err *e)
{
	struct vuln_verdict *to;
	size_t i;

	if (v->nverdicts == VULN_MAX_VERDICTS)
		return err_set(e, ERR_LIMIT,
			       "the data say more than %d things of these images: scan "
			       "fewer at once",
			       VULN_MAX_VERDICTS);
	if (v->text_bytes >= VULN_MAX_TEXT)
		return err_set(e, ERR_LIMIT,
			       "what the data say of these images takes more than %zu "
			       "bytes: scan fewer at once",
			       VULN_MAX_TEXT);
	if (v->nverdicts == v->room) {
		v->room = v->room > 0 ? 2 * v->room : 256;
		v->verdict = mem_grow(v->verdict, v->room * sizeof(*v->verdict));
	}
	to = &v->verdict[v->nverdicts++];
	*to = *what;
	to->fixed = vuln_keep(v, what->fixed);
	to->note = vuln_keep(v, what->note);
	to->id = vuln_keep_room(v, what->nids * sizeof(*to->id));
	for (i = 0; i < what->nids; i++)
		to->id[i] = vuln_keep(v, what->id[i]);
	return 0;
}
