/*
 * package.c - lists of packages. The texts of one stand in one piece of memory, which
 * begins with the name and is freed by it.
 */
#include "trust/package.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *package_word(enum package_kind kind)
{
	static const char *const words[] = { "deb", "apk", "rpm", "python" };

	return words[kind];
}

enum version_scheme package_scheme(enum package_kind kind)
{
	static const enum version_scheme schemes[] = { VERSION_DEB, VERSION_APK,
						       VERSION_RPM, VERSION_PEP440 };

	return schemes[kind];
}

/* At most PACKAGE_TEXT_MAX bytes of text, with "?" for control characters; *at moves on
 * behind its NUL. */
static const char *put(char **at, struct view text)
{
	char *begin = *at;
	size_t i, n = text.n < PACKAGE_TEXT_MAX ? text.n : PACKAGE_TEXT_MAX;

	for (i = 0; i < n; i++)
		begin[i] = (unsigned char)text.p[i] < ' ' || text.p[i] == 127 ? '?'
									      : text.p[i];
	begin[n] = '\0';
	*at = begin + n + 1;
	return begin;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Runs of "-", "_" and "." are one "-", and letters small. */
static const char *put_normal(char **at, const char *name)
{
	char *begin = *at, *to = begin;

	for (; *name != '\0'; name++) {
		char c = strchr("-_.", *name) != NULL ? '-' : lower(*name);

		if (c != '-' || to == begin || to[-1] != '-')
			*to++ = c;
	}
	*to++ = '\0';
	*at = to;
	return begin;
}

static void fill(struct package *p, const struct package_found *f)
{
	const struct view *texts[] = { &f->name,	   &f->version,
				       &f->arch,	   &f->source,
				       &f->source_version, &f->license,
				       &f->path,	   &f->name };
	size_t i, room = 0;
	char *at;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		room += (texts[i]->n < PACKAGE_TEXT_MAX ? texts[i]->n
							: PACKAGE_TEXT_MAX) +
			1;
	at = mem_alloc(room);
	p->kind = f->kind;
	p->layer = f->layer;
	p->name = put(&at, f->name);
	p->version = put(&at, f->version);
	p->arch = put(&at, f->arch);
	p->source = f->source.n > 0 ? put(&at, f->source) : p->name;
	p->source_version = f->source_version.n > 0 ? put(&at, f->source_version)
						    : p->version;
	p->license = put(&at, f->license);
	p->path = put(&at, f->path);
	p->key = f->kind == PACKAGE_PYTHON ? put_normal(&at, p->name) : p->name;
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_LIMIT, "there are more than %d packages",
		       PACKAGE_MAX_COUNT);
}

static void make_room(struct packages *list, size_t n)
{
	if (list->n + n <= list->room)
		return;
	while (list->room < list->n + n)
		list->room = list->room > 0 ? 2 * list->room : 64;
	list->at = mem_grow(list->at, list->room * sizeof(*list->at));
}

int packages_add(struct packages *list, const struct package_found *found, struct err *e)
{
	if (found->name.n == 0 || found->version.n == 0)
		return err_set(e, ERR_INVALID, "a package without %s",
			       found->name.n == 0 ? "name" : "version");
	if (found->name.n > PACKAGE_TEXT_MAX || found->version.n > PACKAGE_TEXT_MAX)
		return err_set(e, ERR_INVALID,
			       "a package whose %s is longer than %d bytes",
			       found->name.n > PACKAGE_TEXT_MAX ? "name" : "version",
			       PACKAGE_TEXT_MAX);
	if (list->n == PACKAGE_MAX_COUNT)
		return too_many(e);
	make_room(list, 1);
	fill(&list->at[list->n], found);
	list->n++;
	return 0;
}

/* With the path left out it is the same package wherever its database lies. */
static int compare_here(const struct package *a, const struct package *b)
{
	int rc = (int)a->kind - (int)b->kind;

	if (rc == 0)
		rc = strcmp(a->key, b->key);
	if (rc == 0)
		rc = strcmp(a->arch, b->arch);
	if (rc == 0)
		rc = strcmp(a->version, b->version);
	return rc;
}

static int compare(const void *pa, const void *pb)
{
	const struct package *a = pa, *b = pb;
	int rc = compare_here(a, b);

	if (rc == 0)
		rc = strcmp(a->path, b->path);
	if (rc == 0)
		rc = strcmp(a->name, b->name);
	return rc;
}

static void drop(struct package *p)
{
	free((char *)p->name); /* see fill */
}

void packages_sort(struct packages *list)
{
	size_t i, n = 0;

	if (list->n > 1)
		qsort(list->at, list->n, sizeof(*list->at), compare);
	for (i = 0; i < list->n; i++)
		if (n > 0 && compare(&list->at[n - 1], &list->at[i]) == 0)
			drop(&list->at[i]);
		else
			list->at[n++] = list->at[i];
	list->n = n;
}

void packages_inherit(struct packages *list, const struct packages *before)
{
	size_t i = 0, j = 0;

	while (i < list->n && j < before->n) {
		int rc = compare_here(&list->at[i], &before->at[j]);

		if (rc == 0)
			list->at[i].layer = before->at[j].layer;
		if (rc <= 0)
			i++;
		else
			j++;
	}
}

int packages_take(struct packages *list, struct packages *from, struct err *e)
{
	if (from->n > PACKAGE_MAX_COUNT - list->n)
		return too_many(e);
	if (from->n > 0) {
		make_room(list, from->n);
		memcpy(&list->at[list->n], from->at, from->n * sizeof(*from->at));
	}
	list->n += from->n;
	from->n = 0;
	packages_done(from);
	return 0;
}

int packages_copy(struct packages *list, const struct packages *from, const char *path,
		  struct err *e)
{
	size_t i;

	for (i = 0; i < from->n; i++) {
		const struct package *p = &from->at[i];
		const struct package_found found = {
			.kind = p->kind,
			.name = view_of(p->name),
			.version = view_of(p->version),
			.arch = view_of(p->arch),
			.source = view_of(p->source),
			.source_version = view_of(p->source_version),
			.license = view_of(p->license),
			.path = view_of(path),
			.layer = p->layer,
		};

		if (packages_add(list, &found, e) != 0)
			return -1;
	}
	return 0;
}

void packages_done(struct packages *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		drop(&list->at[i]);
	free(list->at);
	*list = (struct packages){ NULL, 0, 0 };
}
