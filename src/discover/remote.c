/*
 * remote.c - forms of paths that are none. No state.
 */
#include "discover/remote.h"

#include <string.h>

#include "base/mem.h"

bool remote_is(const char *path)
{
	static const char *const begins[] = { "git@", "github.com/", "oci:", "service:" };
	size_t i;

	if (strstr(path, "://") != NULL)
		return true;
	for (i = 0; i < ARRAY_LEN(begins); i++)
		if (strncmp(path, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}
