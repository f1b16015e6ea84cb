/*
 * scan_output.c - a finished document, to a file or to standard output.
 */
#include "app/scan_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/scan.h"
#include "base/fs.h"

int scan_output_check(const struct scan *s, struct err *e)
{
	struct stat st;

	if (s->output != NULL && strcmp(s->output, "-") != 0 &&
	    lstat(s->output, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(
			e, ERR_INVALID,
			"--output %.1000s: it is no regular file, and is not "
			"replaced; without --output it all goes to standard output",
			s->output);
	return 0;
}

int scan_output(const struct scan *s, const struct buf *out, struct err *e)
{
	if (s->output != NULL && strcmp(s->output, "-") != 0)
		return fs_put(AT_FDCWD, s->output, s->output, buf_str(out), out->n,
			      FS_REPLACE, e) == 0
			       ? 0
			       : err_add(e, "--output %.1000s", s->output);
	if (fwrite(buf_str(out), 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		return err_errno(e, "standard output");
	return 0;
}
