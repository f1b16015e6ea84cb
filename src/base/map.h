/*
 * map.h - string keys to pointers, in memory, with a limit on entries.
 *
 * The map copies keys and never looks at values.  No lock: its owner has one.
 */
#ifndef LARDER_BASE_MAP_H
#define LARDER_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_new(size_t limit);
/* Frees the map and its keys; `each`, if given, gets every value first. */
void map_free(struct map *m, void (*each)(void *value));
void *map_get(const struct map *m, const char *key); /* NULL: absent */
/* Add or replace. 0, or -1 when a new key would exceed the limit. value is not NULL. */
int map_put(struct map *m, const char *key, void *value);
void *map_del(struct map *m, const char *key); /* the value that was there, or NULL */
size_t map_count(const struct map *m);
/* Take out every entry for which drop(value, arg) says so; drop may free the value. */
void map_sweep(struct map *m, bool (*drop)(void *value, void *arg), void *arg);

#endif
