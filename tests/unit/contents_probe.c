/*
 * contents_probe.c ROOT NAME DIGEST... - what is inside images of a store, each as a line
 * of JSON (contents_json), or "kind: message" where that fails. Exit status 1: one
 * failed.
 */
#include <stdio.h>

#include "base/mem.h"
#include "trust/contents.h"

static int one(struct store *s, const char *name, const char *text)
{
	struct contents c = { 0 };
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(CONTENTS_JSON_MAX);
	struct reponame repository;
	struct digest digest;
	struct err e = { 0 };

	if (reponame_parse(view_of(name), &repository, &e) != 0 ||
	    digest_parse(view_of(text), &digest, &e) != 0 ||
	    contents_read(s, &repository, &digest, &c, &e) != 0) {
		printf("%s: %s\n", err_word(e.kind), e.msg);
		return 1;
	}
	if (contents_json(&c, &out) != 0)
		return 1;
	puts(buf_str(&out));
	contents_done(&c);
	return 0;
}

int main(int argc, char **argv)
{
	struct store *s;
	struct err e = { 0 };
	int i, rc = 0;

	if (argc < 4)
		return 100;
	if (store_look(argv[1], &s, &e) != 0) {
		printf("%s: %s\n", err_word(e.kind), e.msg);
		return 1;
	}
	for (i = 3; i < argc; i++)
		rc |= one(s, argv[2], argv[i]);
	store_close(s);
	return rc;
}
