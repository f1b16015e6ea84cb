/*
 * carry_report.c - rows and sums. No state.
 */
#include "app/carry_report.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/human.h"
#include "base/mem.h"

#define LINE_MAX_BYTES 16384
#define WIDEST_NAME 60

void carry_report_fit(struct carry_report *r, const char *image)
{
	size_t n = strlen(image);

	if (n > WIDEST_NAME)
		n = WIDEST_NAME;
	if ((int)n > r->width)
		r->width = (int)n;
}

void carry_report_head(const struct carry_report *r)
{
	if (!r->json)
		fprintf(r->to, "%-*s  %-8s  %-19s  %s\n", r->width, "IMAGE", "RESULT",
			"DIGEST", "SIZE");
}

static void row_text(FILE *to, int width, const struct carry_row *r)
{
	char digest[DIGEST_TEXT_MAX] = "", size[HUMAN_MAX];

	fprintf(to, "%-*s  %-8s  ", width, r->image, r->result);
	if (r->error != NULL) {
		fprintf(to, "%s\n", r->error);
		return;
	}
	digest_text(r->digest, digest);
	human_bytes(r->bytes, size);
	fprintf(to, "%.19s  %s", digest, size);
	if (r->listed > 1)
		fprintf(to, ", %zu of %zu platforms", r->carried, r->listed);
	if (r->before != NULL) {
		digest_text(r->before, digest);
		fprintf(to, ", was %.19s", digest);
	}
	fputs(r->made ? ", manifest made here\n" : "\n", to);
}

static void add_text(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "\"%s\":\"", key);
	buf_add_json(b, value, strlen(value));
	buf_adds(b, "\"");
}

static void row_json(FILE *to, const struct carry_row *r)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char digest[DIGEST_TEXT_MAX];

	buf_adds(&line, "{");
	add_text(&line, "image", r->image);
	buf_adds(&line, ",");
	add_text(&line, "result", r->result);
	if (r->digest != NULL) {
		digest_text(r->digest, digest);
		buf_addf(&line, ",\"digest\":\"%s\"", digest);
	}
	if (r->before != NULL) {
		digest_text(r->before, digest);
		buf_addf(&line, ",\"before\":\"%s\"", digest);
	}
	if (r->error != NULL) {
		buf_adds(&line, ",");
		add_text(&line, "error", r->error);
	} else {
		buf_addf(&line, ",\"bytes\":%llu,\"platforms\":%zu,\"listed\":%zu",
			 (unsigned long long)r->bytes, r->carried, r->listed);
	}
	buf_addf(&line, ",\"made\":%s}", r->made ? "true" : "false");
	fprintf(to, "%s\n", buf_str(&line));
}

void carry_report_row(const struct carry_report *r, const struct carry_row *row)
{
	if (r->json)
		row_json(r->to, row);
	else
		row_text(r->to, r->width, row);
}

static void sum_json(FILE *to, const struct carry_sum *s)
{
	CLEANUP(buf_done)
	struct buf line = BUF_INIT(LINE_MAX_BYTES);

	buf_addf(&line,
		 "{\"images\":%zu,\"failed\":%zu,\"bytes\":%llu,\"blobs\":%llu,"
		 "\"sparedBytes\":%llu,\"sparedBlobs\":%llu,\"referrers\":%zu,"
		 "\"ms\":%lld,\"dryRun\":%s",
		 s->images, s->failed, (unsigned long long)s->bytes,
		 (unsigned long long)s->blobs, (unsigned long long)s->spared_bytes,
		 (unsigned long long)s->spared_blobs, s->about, (long long)s->took_ms,
		 s->dry_run ? "true" : "false");
	if (s->gone_blobs > 0)
		buf_addf(&line, ",\"prunedBytes\":%llu,\"prunedBlobs\":%llu",
			 (unsigned long long)s->gone_bytes,
			 (unsigned long long)s->gone_blobs);
	if (s->output != NULL) {
		buf_adds(&line, ",");
		add_text(&line, "output", s->output);
	}
	buf_adds(&line, "}");
	fprintf(to, "%s\n", buf_str(&line));
}

static void sum_text(FILE *to, const struct carry_sum *s)
{
	char bytes[HUMAN_MAX], spared[HUMAN_MAX], gone[HUMAN_MAX], took[HUMAN_MAX];

	human_bytes(s->bytes, bytes);
	human_bytes(s->spared_bytes, spared);
	human_bytes(s->gone_bytes, gone);
	human_ms(s->took_ms, took);
	fprintf(to, "%zu image%s", s->images, s->images == 1 ? "" : "s");
	if (s->failed > 0)
		fprintf(to, ", %zu failed", s->failed);
	if (s->about > 0)
		fprintf(to, ", %zu referrers", s->about);
	fprintf(to, "; %s in %llu blobs %s%s", bytes, (unsigned long long)s->blobs,
		s->dry_run ? "would be " : "", s->what);
	if (s->spared_blobs > 0)
		fprintf(to, ", %s in %llu are there already", spared,
			(unsigned long long)s->spared_blobs);
	if (s->gone_blobs > 0)
		fprintf(to, ", %s in %llu that no image needs removed", gone,
			(unsigned long long)s->gone_blobs);
	if (s->dry_run)
		fputs("; nothing was changed\n", to);
	else
		fprintf(to, " in %s\n", took);
}

void carry_report_sum(const struct carry_report *r, const struct carry_sum *s)
{
	if (r->json)
		sum_json(r->to, s);
	else
		sum_text(r->to, s);
	fflush(r->to);
}

enum exit_status carry_report_status(const struct carry_sum *s)
{
	return s->failed == 0	       ? EXIT_DONE
	       : s->failed < s->images ? EXIT_PARTLY
				       : EXIT_FAILED;
}
