/*
 * paths.c - paths as texts. No state, and no file is looked at.
 */
#include "discover/paths.h"

#include <string.h>

#include "base/mem.h"

/* Takes the last component off, or says that there is none that can be taken. */
static bool take_off(char *out, size_t *n, size_t top)
{
	size_t i = *n;

	while (i > top && out[i - 1] != '/')
		i--;
	if (*n == top || strcmp(out + i, "..") == 0)
		return false;
	*n = i > top ? i - 1 : i;
	out[*n] = '\0';
	return true;
}

static void append(char *out, const char *path)
{
	size_t top = out[0] == '/' ? 1 : 0, n = strlen(out);

	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		bool up = len == 2 && memcmp(path, "..", 2) == 0;

		if (len > 0 && !(len == 1 && path[0] == '.') &&
		    !(up && (take_off(out, &n, top) || top == 1))) {
			if (n > top)
				out[n++] = '/';
			memcpy(out + n, path, len);
			n += len;
			out[n] = '\0';
		}
		path += len + (path[len] == '/');
	}
}

char *paths_join(const char *dir, const char *path)
{
	size_t room = (dir != NULL ? strlen(dir) : 0) + strlen(path) + 4;
	char *out = mem_alloc(room);

	if (path[0] == '/' || dir == NULL)
		dir = "";
	if (path[0] == '/' || dir[0] == '/')
		out[0] = '/';
	append(out, dir);
	append(out, path);
	return out;
}

char *paths_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_dup("");
	return mem_dupn(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *paths_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool paths_within(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (n == 0)
		return path[0] != '/' && !(strncmp(path, "..", 2) == 0 &&
					   (path[2] == '/' || path[2] == '\0'));
	return strncmp(path, dir, n) == 0 &&
	       (dir[n - 1] == '/' || path[n] == '/' || path[n] == '\0');
}
