/*
 * settings_try.h - settings_load with files, arguments and environments written in place.
 */
#ifndef LARDER_TESTS_SETTINGS_TRY_H
#define LARDER_TESTS_SETTINGS_TRY_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "settings/settings.h"
#include "base/mem.h"

static char dir[] = "/tmp/larder-settings-XXXXXX";
static struct err err;

static inline const char *file_with(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	return path;
}

#define ARGS(...) ((const char *[]){ "serve", ##__VA_ARGS__, NULL })
#define ENV(...) ((const char *[]){ "HOME=/home/me", ##__VA_ARGS__, NULL })

static inline struct settings *try(const char **args, const char **env)
{
	struct settings *s = NULL;
	int argc = 0;

	while (args[argc])
		argc++;
	memset(&err, 0, sizeof(err));
	if (settings_load(argc, (char **)args, (char **)env, &s, &err) != 0) {
		assert_null(s);
		assert_int_not_equal(err.kind, ERR_NONE);
		return NULL;
	}
	return s;
}

static inline struct settings *load(const char **args, const char **env)
{
	struct settings *s = try(args, env);

	if (s == NULL)
		fail_msg("refused: %s", err.msg);
	return s;
}

static inline struct settings *load_file(const char *text)
{
	return load(ARGS(file_with("config.yml", text)), ENV());
}

/* It is refused, with a message that has each of the given texts. */
static inline void refused(const char **args, const char **env, const char *has,
			   const char *also)
{
	struct settings *s = try(args, env);

	if (s != NULL)
		fail_msg("was taken, but should tell of \"%s\"", has);
	if (strstr(err.msg, has) == NULL || strstr(err.msg, also) == NULL)
		fail_msg("\"%s\" and \"%s\" should be in: %s", has, also, err.msg);
}

static inline void refused_file(const char *text, const char *has, const char *also)
{
	refused(ARGS(file_with("config.yml", text)), ENV(), has, also);
}

static inline bool warned(const struct settings *s, const char *what)
{
	for (size_t i = 0; i < s->n_warnings; i++)
		if (strstr(s->warnings[i], what))
			return true;
	return false;
}

static inline int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static inline int remove_dir(void **state)
{
	static const char *const names[] = { "config.yml", "a.yml", "b.yml", "c.yml",
					     "token" };
	char path[256];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return rmdir(dir);
}

#endif
