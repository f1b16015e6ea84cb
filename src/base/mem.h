/*
 * mem.h - ownership helpers and small allocations.
 *
 * mem_alloc and friends are for small sizes that our own code chooses: they abort when
 * memory is exhausted.  Whatever a peer can size goes through a struct buf with a limit.
 */
#ifndef LARDER_BASE_MEM_H
#define LARDER_BASE_MEM_H

#include <stddef.h>

/* Run fn(&variable) when the variable's scope ends: CLEANUP(buf_done) struct buf b; */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hand over a pointer: the expression's value is the old one, the variable becomes NULL.
 */
#define TAKE(p)                                                                          \
	({                                                                               \
		__typeof__(p) taken_ = (p);                                              \
		(p) = NULL;                                                              \
		taken_;                                                                  \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

void *mem_alloc(size_t n);	   /* zeroed; never NULL */
void *mem_grow(void *p, size_t n); /* as realloc; never NULL */
char *mem_dup(const char *s);	   /* NULL stays NULL */
char *mem_dupn(const char *s, size_t n);
__attribute__((format(printf, 1, 2))) char *mem_fmt(const char *fmt, ...);

/* For CLEANUP on a `char *` (or any pointer that free() takes). */
void mem_freep(void *pp);
/* For CLEANUP on an `int` file descriptor; negative is left alone. */
void mem_closep(int *fd);

#endif
