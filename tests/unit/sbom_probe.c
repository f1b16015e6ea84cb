/*
 * sbom_probe - a bill of materials of an image in a store, on standard output. Not a unit
 * test.
 *
 *	sbom_probe ROOT REPOSITORY DIGEST PLATFORM spdx|cyclonedx NAME [TAG]
 */
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "mirror/choose.h"
#include "trust/sbom.h"

static int make(char **argv, struct store *s, struct buf *out, struct err *e)
{
	struct sbom_image image = { .name = argv[6],
				    .tag = argv[7] != NULL ? argv[7] : "" };
	struct choice choice = { 0 };
	struct platform platform;
	enum sbom_format format;
	struct reponame repo;
	struct digest digest;
	struct contents c;
	int rc;

	if (reponame_parse(view_of(argv[2]), &repo, e) != 0 ||
	    digest_parse(view_of(argv[3]), &digest, e) != 0 ||
	    platform_parse(view_of(argv[4]), &platform, e) != 0 ||
	    sbom_format_parse(argv[5], &format, e) != 0 ||
	    choose_manifest(s, &repo, &digest, &platform, &choice, e) != 0)
		return -1;
	rc = contents_read(s, &repo, &choice.manifest->digest, &c, e);
	choice_done(&choice);
	if (rc != 0)
		return -1;
	image.when_s = sbom_when(environ);
	rc = sbom_write(format, &c, &image, out, e);
	contents_done(&c);
	return rc;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_done)
	struct buf out = BUF_INIT(SBOM_MAX_BYTES);
	struct store *s;
	struct err e;

	if (argc < 7) {
		fprintf(stderr, "see the head of sbom_probe.c\n");
		return 100;
	}
	if (store_look(argv[1], &s, &e) != 0 || make(argv, s, &out, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	store_close(s);
	fputs(buf_str(&out), stdout);
	return 0;
}
