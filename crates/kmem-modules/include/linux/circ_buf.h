/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ring buffers whose size is a power of two. */
#pragma once

struct circ_buf {
	char *buf;
	int head;
	int tail;
};

#define CIRC_CNT(head, tail, size)	(((head) - (tail)) & ((size) - 1))
#define CIRC_SPACE(head, tail, size)	CIRC_CNT((tail), ((head) + 1), (size))
/* up to the end of the buffer */
#define CIRC_CNT_TO_END(head, tail, size) ({				\
	int __to_end = (size) - (tail), __n = ((head) + __to_end) & ((size) - 1); \
	__n < __to_end ? __n : __to_end; })
#define CIRC_SPACE_TO_END(head, tail, size) ({				\
	int __to_end = (size) - 1 - (head), __n = (__to_end + (tail)) & ((size) - 1); \
	__n <= __to_end ? __n : __to_end + 1; })
