/*
 * awaited.c - no state of its own.
 */
#include "mirror/awaited.h"

#include "base/clock.h"
#include "base/mem.h"
#include "mirror/ask_blob.h"
#include "mirror/await.h"

void awaited_bell(struct bell *b, uint64_t seen)
{
	struct await_place place = { 0 };
	struct await a;

	await_init(&a);
	if (await_add(&a, &place, b, seen))
		while (await_waits(&place))
			await_any(&a);
	await_done(&a);
}

int awaited_task(struct task *t, struct err *e)
{
	const struct task_result *result;
	int rc;

	for (;;) {
		uint64_t seen = bell_count(task_bell(t));

		result = task_result(t);
		if (result != NULL)
			break;
		awaited_bell(task_bell(t), seen);
	}
	rc = result->rc;
	if (rc != 0)
		*e = result->err;
	task_unref(t);
	return rc;
}

int awaited_blob(struct mirror *m, const struct route *r, const struct digest *d,
		 enum visit_for who, struct err *e)
{
	struct visit v = { .since_ms = clock_mono_ms(), .who = who };
	struct found_blob found;
	enum answer answer;
	int rc;

	while ((answer = ask_blob(m, r, d, true, &v, &found, e)) == ANSWER_WAIT)
		awaited_bell(v.bell, v.seen);
	rc = answer == ANSWER_READY ? 0 : -1;
	if (rc == 0) {
		mem_closep(&found.fd);
		if (found.flight != NULL)
			rc = awaited_task(found.flight, e);
	}
	visit_done(&v);
	return rc;
}
