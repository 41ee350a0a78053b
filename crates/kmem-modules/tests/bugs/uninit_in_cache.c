/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct request {
	long number;
	int state;
	char name[20];
};

static int run(void)
{
	struct kmem_cache *cache = KMEM_CACHE(request, 0);
	struct request *request;

	if (!cache)
		return -ENOMEM;
	request = kmem_cache_alloc(cache, GFP_KERNEL); /* FIX: request = kmem_cache_zalloc(cache, GFP_KERNEL); */
	if (request) {
		/* a sum that nobody looks at uses nothing */
		request->number += request->name[3];
		switch (request->state) { /* BUG: uninit-value */
		case 0:
			use("new");
			break;
		case 7:
			use("done");
			break;
		}
		kmem_cache_free(cache, request);
	}
	kmem_cache_destroy(cache);
	return 0;
}
