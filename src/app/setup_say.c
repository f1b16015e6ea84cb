/*
 * setup_say.c - the words of larder setup. No state.
 */
#include "app/setup_say.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "clients/diff.h"

#define DIFF_MAX_BYTES (8u << 20)
#define ADVICE_MAX_BYTES (64u << 10)

void setup_say_by_hand(const struct setup_say *s, const char *registry)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_text t = { .now = VIEW(""), .registry = registry };

	if (!s->undo && s->client->add(&t, s->wish, &text, NULL) == 0)
		fprintf(stderr, "What larder would have put there:\n%s", buf_str(&text));
}

void setup_say_failure(const struct setup_say *s, const struct setup_file *f)
{
	fflush(stdout);
	fprintf(stderr, "larder setup: %s\n", f->e.msg);
	if (f->e.kind == ERR_DENIED && geteuid() != 0)
		fprintf(stderr,
			"That needs root: run it with sudo, or name another place "
			"with --path.\n");
	if (f->e.kind == ERR_INVALID)
		setup_say_by_hand(s, f->registry);
}

static void say_nothing(const struct setup_say *s, const struct setup_file *f)
{
	if (!s->undo)
		printf("%s: is so already\n", f->path);
	else if (!f->exists)
		printf("%s: is not there, so there is nothing to undo\n", f->path);
	else if (s->client->comments)
		printf("%s: nothing of larder's is in it\n", f->path);
	else
		printf("%s: %s is not in it; if larder was at another address, name that "
		       "with --mirror\n",
		       f->path, s->wish->url);
}

int setup_say_plan(const struct setup_say *s, struct setup_file *f)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(DIFF_MAX_BYTES);
	bool goes = f->step == SETUP_REMOVE;

	if (f->failed) {
		setup_say_failure(s, f);
		return 0;
	}
	if (f->step == SETUP_NOTHING) {
		say_nothing(s, f);
		return 0;
	}
	if (diff_unified(buf_view(&f->now), buf_view(&f->next),
			 f->exists ? f->path : "/dev/null", goes ? "/dev/null" : f->path,
			 &text) != 0)
		return err_set(&f->e, ERR_LIMIT,
			       "%s: the difference is too large to show", f->path);
	if (text.n == 0) /* empty before and after */
		buf_addf(&text, "%s: %s\n", f->path, goes ? "goes" : "an empty file");
	fwrite(text.p, 1, text.n, stdout);
	return 0;
}

void setup_say_done(const struct setup_file *f)
{
	switch (f->step) {
	case SETUP_WRITE:
		printf("%s: written", f->path);
		if (f->makes_copy)
			printf("; as it was: %s", f->copy);
		else if (f->has_copy)
			printf("; %s is older than that, and stays", f->copy);
		putchar('\n');
		break;
	case SETUP_REMOVE:
		printf("%s: removed, since nothing else was in it", f->path);
		printf(f->has_copy ? "; %s stays\n" : "\n", f->copy);
		break;
	case SETUP_RESTORE:
		printf("%s: as it was before larder\n", f->path);
		break;
	default:
		break;
	}
}

void setup_say_after(const struct setup_say *s)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(ADVICE_MAX_BYTES),
		   main_text = BUF_INIT(CLIENT_MAX_BYTES);
	struct client_place at = { .path = s->place->path,
				   .user = s->place->user,
				   .main_path = s->client->main_path };
	struct stat st;

	if (s->client->main_path != NULL && stat(s->client->main_path, &st) == 0 &&
	    S_ISREG(st.st_mode) &&
	    fs_read(AT_FDCWD, s->client->main_path, &main_text, NULL) == 0)
		at.main_text = buf_view(&main_text);
	if (s->client->after(s->wish, &at, s->undo, &text) == 0)
		fprintf(stderr, "%s", buf_str(&text));
}
