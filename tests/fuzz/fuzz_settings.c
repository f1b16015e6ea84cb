/* app/setting_*: a configuration file, then variables, with a NUL after each. What is
 * taken is printed as a file that comes to the same. */
#include "fuzz.h"

#include "settings/setting_apply.h"
#include "settings/setting_draft.h"
#include "settings/setting_env.h"
#include "settings/setting_set.h"
#include "settings/settings.h"
#include "base/mem.h"

#define VARIABLES_MAX 16
#define PRINTED_MAX_BYTES (8 << 20)

static void check_refusal(const struct err *e)
{
	CHECK(e->kind == ERR_INVALID && e->msg[0] != '\0');
}

static void print_again(struct setting_draft *d)
{
	CLEANUP(buf_done)
	struct buf first = BUF_INIT(PRINTED_MAX_BYTES);
	CLEANUP(buf_done)
	struct buf second = BUF_INIT(PRINTED_MAX_BYTES);
	CLEANUP(setting_draft_done)
	struct setting_draft again;
	struct err e = { 0 };

	if (d->s.threads == 0) /* found out later */
		d->s.threads = 1;
	setting_draft_init(&again);
	setting_set_defaults(&again);
	CHECK(settings_print(&d->s, &first) == 0);
	/* More text than a file may have is no fault. */
	if (setting_apply_file(&again, "printed", buf_view(&first), &e) != 0) {
		CHECK(first.n > 500000);
		return;
	}
	CHECK(settings_print(&again.s, &second) == 0);
	CHECK(strcmp(buf_str(&first), buf_str(&second)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(setting_draft_done)
	struct setting_draft d;
	CLEANUP(mem_freep)
	char *text = mem_dupn((const char *)data, size);
	char *envp[VARIABLES_MAX + 1] = { NULL };
	size_t n = 0, at = strnlen(text, size);
	struct view file = { text, at };
	struct err e = { 0 };

	setting_draft_init(&d);
	setting_set_defaults(&d);
	while (at < size && n < VARIABLES_MAX) {
		envp[n++] = text + at + 1;
		at += 1 + strlen(text + at + 1);
	}
	if ((file.n > 0 && setting_apply_file(&d, "file", file, &e) != 0) ||
	    setting_env_apply(&d, envp, &e) != 0)
		check_refusal(&e);
	else
		print_again(&d);
	return 0;
}
