/*
 * scan_output.c - a finished document, to a file or to standard output.
 */
#include "app/scan_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "app/scan.h"
#include "base/fs.h"

int scan_output(const struct scan *s, const struct buf *out, struct err *e)
{
	if (s->output != NULL && strcmp(s->output, "-") != 0)
		return fs_put(AT_FDCWD, s->output, s->output, buf_str(out), out->n,
			      FS_REPLACE, e);
	if (fwrite(buf_str(out), 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		return err_errno(e, "standard output");
	return 0;
}
