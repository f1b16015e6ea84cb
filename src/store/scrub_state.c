/*
 * scrub_state.c - how far a scrub is, as a note: "1", then the numbers of struct
 * scrub_state, in its order.
 */
#include "store/scrub_impl.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "store/note.h"

#define STATE_BYTES 256

void scrub_state_read(struct store *s, struct scrub_state *out)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(STATE_BYTES);
	struct scrub_state st = { 0 };

	*out = st;
	if (note_read(s, LAYOUT_SCRUB_STATE, &text, NULL) != 0 ||
	    sscanf(buf_str(&text),
		   "1 %" SCNd64 " %" SCNd64 " %u %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &st.began_ms, &st.ended_ms, &st.at, &st.blobs, &st.bytes, &st.harmed,
		   &st.curable, &st.lasting) != 8 ||
	    st.at > SCRUB_PLACES)
		return;
	*out = st;
}

/* Not to be had on disk at once: what is lost is looked at again. */
void scrub_state_write(struct scrub *r)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(STATE_BYTES);
	const struct scrub_state *st = &r->state;

	if (r->ask->look || r->ask->want != NULL)
		return;
	buf_addf(&text,
		 "1 %" PRId64 " %" PRId64 " %u %" PRIu64 " %" PRIu64 " %" PRIu64
		 " %" PRIu64 " %" PRIu64,
		 st->began_ms, st->ended_ms, st->at, st->blobs, st->bytes, st->harmed,
		 st->curable, st->lasting);
	note_write(r->s, LAYOUT_SCRUB_STATE, buf_view(&text), false, NULL);
}
