/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tracepoints of lib/maple_tree.c: nobody listens. */
#pragma once

#define trace_ma_op(args...)	do { } while (0)
#define trace_ma_read(args...)	do { } while (0)
#define trace_ma_write(args...)	do { } while (0)
