/*
 * pull_show.c - drawing. One thread.
 */
#include "app/pull_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "settings/setting_env.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"
#include "base/mem.h"

#define NOTE_MS 10000	   /* CI systems end what says nothing for minutes */
#define SCREEN_BYTES 65536 /* of one drawing */
#define MOST_BARS 16
#define LEAST_COLUMNS 40

enum pull_show_kind pull_show_choose(char **env)
{
	const char *term = setting_env_get(env, "TERM");
	const char *ci = setting_env_get(env, "CI");

	if (!isatty(STDERR_FILENO) || term == NULL || strcmp(term, "dumb") == 0 ||
	    (ci != NULL && *ci != '\0'))
		return PULL_SHOW_LINES;
	return PULL_SHOW_BARS;
}

void pull_show_init(struct pull_show *s, enum pull_show_kind kind,
		    const struct imageargs *a)
{
	*s = (struct pull_show){ .kind = kind, .noted_ms = clock_mono_ms() };
	s->has_line = mem_alloc(a->n + 1);
}

static unsigned columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

static bool runs(const struct imagearg *arg)
{
	enum batch_phase phase = atomic_load(&arg->im.phase);

	return phase == BATCH_FETCHING || phase == BATCH_HANDING;
}

struct amount {
	unsigned long long done, all;
	bool handing;
};

static struct amount amount_of(const struct imagearg *arg)
{
	const struct batch_image *im = &arg->im;

	if (atomic_load(&im->phase) != BATCH_HANDING)
		return (struct amount){ atomic_load(&im->progress.bytes_done),
					atomic_load(&im->progress.bytes), false };
	return (struct amount){ atomic_load(&im->loading.bytes_done) +
					atomic_load(&im->copying.bytes_done),
				atomic_load(&im->loading.bytes) +
					atomic_load(&im->copying.bytes),
				true };
}

/* "12.3 MB of 45.0 MB", or what it does where no bytes are known yet. */
static void say_progress(const struct imagearg *arg, char *out, size_t n)
{
	struct amount a = amount_of(arg);
	char done[HUMAN_MAX], whole[HUMAN_MAX];

	if (a.all == 0) {
		snprintf(out, n, "%s", a.handing ? "handing it on" : "asking");
		return;
	}
	human_bytes(a.done, done);
	human_bytes(a.all, whole);
	snprintf(out, n, "%s of %s%s", done, whole, a.handing ? " handed on" : "");
}

static void add_bar(struct buf *b, const struct imagearg *arg, unsigned width)
{
	struct amount a = amount_of(arg);
	unsigned name = width * 2 / 5, bar = width / 5, full, i;
	char progress[2 * HUMAN_MAX + 24];

	full = a.all > 0 && a.done <= a.all ? (unsigned)(a.done * bar / a.all) : 0;
	say_progress(arg, progress, sizeof(progress));
	buf_addf(b, "%-*.*s [", (int)name, (int)name, arg->text);
	for (i = 0; i < bar; i++)
		buf_adds(b, i < full ? "=" : i == full ? ">" : " ");
	buf_addf(b, "] %.*s\n", (int)(width - name - bar - 5), progress);
}

/* The line that stays of one that is over. */
static void add_line(struct buf *b, const struct imagearg *arg)
{
	const struct batch_image *im = &arg->im;
	char size[HUMAN_MAX], took[HUMAN_MAX];

	human_bytes(atomic_load(&im->progress.fetched), size);
	human_ms(im->took_ms, took);
	buf_addf(b, "%s: %s", arg->text, batch_result_word(im->result));
	if (im->result == BATCH_FAILED || im->result == BATCH_STALE)
		buf_addf(b, ": %s", im->err.msg);
	else if (atomic_load(&im->progress.fetched) > 0)
		buf_addf(b, ", %s in %s", size, took);
	buf_adds(b, "\n");
}

static void put(struct buf *b)
{
	fwrite(buf_str(b), 1, b->n, stderr);
	buf_clear(b);
}

static void add_over(struct pull_show *s, const struct imageargs *a, struct buf *b)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (s->has_line[i] || atomic_load(&a->arg[i]->im.phase) != BATCH_OVER)
			continue;
		s->has_line[i] = true;
		s->shown++;
		if (b->n > SCREEN_BYTES / 2) /* a long list may be over at once */
			put(b);
		add_line(b, a->arg[i]);
	}
}

static void add_bars(struct pull_show *s, const struct imageargs *a, struct buf *b)
{
	unsigned width = columns();
	size_t i, running = 0;

	for (i = 0; i < a->n; i++) {
		if (!runs(a->arg[i]) || ++running > MOST_BARS)
			continue;
		add_bar(b, a->arg[i], width);
		s->drawn++;
	}
	buf_addf(b, "%zu of %zu images\n", s->shown, a->n);
	s->drawn++;
}

static void add_notes(struct pull_show *s, const struct imageargs *a, struct buf *b)
{
	char progress[2 * HUMAN_MAX + 24];
	size_t i;

	if (clock_mono_ms() - s->noted_ms < NOTE_MS)
		return;
	s->noted_ms = clock_mono_ms();
	for (i = 0; i < a->n; i++) {
		if (!runs(a->arg[i]))
			continue;
		say_progress(a->arg[i], progress, sizeof(progress));
		buf_addf(b, "%s: %s\n", a->arg[i]->text, progress);
	}
}

static void draw(struct pull_show *s, const struct imageargs *a, bool last)
{
	CLEANUP(buf_done)
	struct buf b = BUF_INIT(SCREEN_BYTES);

	if (s->kind == PULL_SHOW_NOTHING)
		return;
	if (s->drawn > 0)
		buf_addf(&b, "\033[%uA\033[J", s->drawn);
	s->drawn = 0;
	add_over(s, a, &b);
	if (!last && s->kind == PULL_SHOW_BARS)
		add_bars(s, a, &b);
	if (!last && s->kind == PULL_SHOW_LINES)
		add_notes(s, a, &b);
	put(&b);
	fflush(stderr);
}

void pull_show_step(struct pull_show *s, const struct imageargs *a)
{
	draw(s, a, false);
}

void pull_show_done(struct pull_show *s, const struct imageargs *a)
{
	draw(s, a, true);
	free(TAKE(s->has_line));
}
