/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counts and joins the arguments of a macro. */
#pragma once

#define __COUNT_ARGS(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, n, ...)	n
#define COUNT_ARGS(args...)	\
	__COUNT_ARGS(, ##args, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define __CONCAT(a, b)	a##b
#define CONCATENATE(a, b)	__CONCAT(a, b)
