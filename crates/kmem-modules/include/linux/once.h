/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is to happen only once. */
#pragma once
#include <linux/types.h>
#include <linux/random.h>

#define DO_ONCE(function, args...) ({					\
	static bool __done;						\
	bool __now = !__done;						\
	if (__now) {							\
		__done = true;						\
		function(args);						\
	}								\
	__now; })
#define DO_ONCE_SLEEPABLE(function, args...)	DO_ONCE(function, ##args)
#define get_random_once(buf, n)	DO_ONCE(get_random_bytes, (buf), (n))
