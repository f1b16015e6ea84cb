/*
 * badread.c - preloaded by tests: reading one file fails from some offset on, as on a
 * disk that errs. LARDER_TEST_BAD_READ=INODE:OFFSET.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_bad(int fd, long long off, size_t n)
{
	const char *text = getenv("LARDER_TEST_BAD_READ");
	unsigned long long inode;
	long long from;
	struct stat st;

	if (text == NULL || sscanf(text, "%llu:%lld", &inode, &from) != 2 ||
	    fstat(fd, &st) != 0 || st.st_ino != inode || off + (long long)n <= from)
		return 0;
	errno = EIO;
	return 1;
}

/* So much of it as is right goes out first. */
static size_t good(int fd, long long off, size_t n)
{
	size_t less = n;

	while (less > 4096 && is_bad(fd, off, less))
		less /= 2;
	return less;
}

ssize_t sendfile64(int to, int from, off64_t *off, size_t n)
{
	ssize_t (*next)(int, int, off64_t *, size_t);
	long long at = off != NULL ? (long long)*off : 0;

	*(void **)&next = dlsym(RTLD_NEXT, "sendfile64");
	n = good(from, at, n);
	return is_bad(from, at, n) ? -1 : next(to, from, off, n);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t off)
{
	ssize_t (*next)(int, void *, size_t, off64_t);

	*(void **)&next = dlsym(RTLD_NEXT, "pread64");
	n = good(fd, (long long)off, n);
	return is_bad(fd, (long long)off, n) ? -1 : next(fd, p, n, off);
}
