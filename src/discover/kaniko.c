/*
 * kaniko.c - the executor's flags. No state.
 */
#include "discover/kaniko.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "discover/remote.h"

bool kaniko_is(const char *text)
{
	return strstr(text, "kaniko") != NULL;
}

/* Paths in a container or a runner begin with where the sources were put. */
static const char *within_sources(const char *path)
{
	static const char *const begins[] = {
		"dir://",
		"$CI_PROJECT_DIR",
		"${CI_PROJECT_DIR}",
		"$(workspaces.source.path)",
		"/workspace/source",
		"/workspace",
		"/",
	};
	size_t i, n;

	for (i = 0; i < ARRAY_LEN(begins); i++) {
		n = strlen(begins[i]);
		if (strncmp(path, begins[i], n) == 0)
			path += n;
	}
	return path;
}

struct flags {
	const char *dockerfile, *context, *sub_path;
};

/* The value of flag --NAME, or of its letter; *i is moved over a second word. */
static const char *value_of(char *const *word, size_t n, size_t *i, const char *name,
			    char letter)
{
	const char *w = word[*i];
	size_t len = strlen(name);

	if (letter != '\0' && w[0] == '-' && w[1] == letter) {
		if (w[2] != '\0')
			return w + 2 + (w[2] == '=');
	} else if (strncmp(w, "--", 2) != 0 || strncmp(w + 2, name, len) != 0) {
		return NULL;
	} else if (w[2 + len] == '=') {
		return w + 3 + len;
	} else if (w[2 + len] != '\0') {
		return NULL;
	}
	return *i + 1 < n ? word[++*i] : NULL;
}

static void set_paths(struct build *b, const struct flags *f, char **joined)
{
	const char *context = f->context != NULL ? within_sources(f->context) : "";
	const char *sub = f->sub_path != NULL ? f->sub_path : "";

	b->dockerfile =
		within_sources(f->dockerfile != NULL ? f->dockerfile : "Dockerfile");
	*joined = mem_fmt("%s%s%s", context,
			  context[0] != '\0' && sub[0] != '\0' ? "/" : "", sub);
	b->context = *joined;
	if (remote_is(context))
		b->why = "it is built from sources elsewhere";
	else if (strchr(b->dockerfile, '$') != NULL || strchr(*joined, '$') != NULL)
		b->why = "what kaniko builds here is known only where it runs";
	if (b->why != NULL)
		b->dockerfile = NULL;
}

void kaniko_words(struct reading *r, char *const *word, size_t n, unsigned line,
		  const char *where)
{
	struct build b = { .where = where, .line = line, .guess = true };
	struct flags f = { NULL, NULL, NULL };
	CLEANUP(mem_freep)
	char *joined = NULL;
	const char *value;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((value = value_of(word, n, &i, "dockerfile", 'f')) != NULL)
			f.dockerfile = value;
		else if ((value = value_of(word, n, &i, "context", 'c')) != NULL)
			f.context = value;
		else if ((value = value_of(word, n, &i, "context-sub-path", 0)) != NULL)
			f.sub_path = value;
		else if ((value = value_of(word, n, &i, "build-arg", 0)) != NULL)
			vars_set_pair(&b.args, view_of(value));
		else
			continue;
		any = true;
	}
	if (any) {
		set_paths(&b, &f, &joined);
		reading_build(r, b);
	}
	vars_done(&b.args);
}

/* --- a shell's command --- */

/* The next word, quotes taken away, up to the end of the command. NULL: none. */
static char *next_word(const char **p)
{
	CLEANUP(buf_done)
	struct buf word = BUF_INIT(FIND_MAX_TEXT);
	char quote = '\0';

	while (**p == ' ' || **p == '\t' || (**p == '\\' && (*p)[1] == '\n'))
		*p += **p == '\\' ? 2 : 1;
	if (**p == '\0' || strchr("\n;|&", **p) != NULL)
		return NULL;
	for (; **p != '\0' && (quote != '\0' || strchr(" \t\n;|&", **p) == NULL); ++*p) {
		if (**p == quote) {
			quote = '\0';
		} else if (quote == '\0' && (**p == '\'' || **p == '"')) {
			quote = **p;
		} else if (**p == '\\' && quote != '\'' && (*p)[1] == '\n') {
			++*p;
			break;
		} else {
			buf_add(&word, *p, 1); /* a longer one is no path of ours */
		}
	}
	return mem_dup(buf_str(&word));
}

void kaniko_command(struct reading *r, const char *command, unsigned line,
		    const char *where)
{
	char *word[KANIKO_MAX_WORDS];
	const char *p = command;
	size_t n;

	while ((p = strstr(p, "kaniko/executor")) != NULL) {
		p += strlen("kaniko/executor");
		if (*p == '\'' || *p == '"')
			p++;
		for (n = 0; n < KANIKO_MAX_WORDS && (word[n] = next_word(&p)) != NULL;)
			n++;
		kaniko_words(r, word, n, line, where);
		while (n > 0)
			free(word[--n]);
	}
}
