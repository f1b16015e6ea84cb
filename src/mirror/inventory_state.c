/*
 * inventory_state.c - the words of states.
 */
#include "mirror/inventory_state.h"

#include <string.h>

static const char *const words[INVENTORY_STATES] = {
	"fresh", "due",	     "stale",	 "pinned",  "locked",
	"local", "untagged", "unserved", "damaged",
};

const char *inventory_state_word(enum inventory_state s)
{
	return words[s];
}

enum inventory_state inventory_state_of(const char *word)
{
	unsigned i = 0;

	while (i < INVENTORY_STATES && strcmp(words[i], word) != 0)
		i++;
	return (enum inventory_state)i;
}
