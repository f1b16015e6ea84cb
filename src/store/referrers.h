#include "oci/reference.h"
#include "store/store.h"
int referrers_add(struct store *s, const struct reponame *name,
		  const struct digest *subject, const struct digest *referrer,
		  struct err *e);
int referrers_remove(struct store *s, const struct reponame *name,
		     const struct digest *subject, const struct digest *referrer,
		     struct err *e);
