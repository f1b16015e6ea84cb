/* trust/vuln_except: what a line is read as can be written as a line, and reads as the
 * same. */
#include "fuzz.h"

#include "base/mem.h"
#include "trust/vuln_except.h"

#define NOW INT64_C(1790812800000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done)
	struct buf text = BUF_INIT(1 << 20);
	struct vuln_excepts x, again;
	struct err e;
	size_t i;

	if (vuln_except_read(fuzz_view(data, size), NOW, &x, &e) == 0) {
		for (i = 0; i < x.n; i++)
			CHECK(buf_addf(&text, "%s %s %s %s\n", x.at[i].id,
				       x.at[i].package, x.at[i].until,
				       x.at[i].reason) == 0);
		CHECK(vuln_except_read(buf_view(&text), NOW, &again, &e) == 0);
		CHECK(again.n == x.n);
		for (i = 0; i < x.n; i++) {
			CHECK(strcmp(x.at[i].id, again.at[i].id) == 0);
			CHECK(strcmp(x.at[i].package, again.at[i].package) == 0);
			CHECK(strcmp(x.at[i].reason, again.at[i].reason) == 0);
			CHECK(x.at[i].expired == again.at[i].expired);
		}
		vuln_excepts_done(&again);
	}
	vuln_excepts_done(&x);
	return 0;
}
