/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is to happen only once, without more. */
#pragma once
#include <linux/types.h>

#define __ONCE_LITE_IF(condition) ({					\
	static bool __already_done;					\
	bool __cond = !!(condition), __once = __cond && !__already_done;	\
	if (__once)							\
		__already_done = true;					\
	__once; })
#define DO_ONCE_LITE_IF(condition, function, args...) ({		\
	bool __do = !!(condition);					\
	if (__ONCE_LITE_IF(__do))					\
		function(args);						\
	__do; })
#define DO_ONCE_LITE(function, args...)	DO_ONCE_LITE_IF(true, function, ##args)
