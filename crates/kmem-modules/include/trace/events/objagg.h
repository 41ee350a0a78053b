/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tracepoints of lib/objagg.c: nobody listens. */
#pragma once

#define trace_objagg_create(args...)	do { } while (0)
#define trace_objagg_destroy(args...)	do { } while (0)
#define trace_objagg_obj_create(args...)	do { } while (0)
#define trace_objagg_obj_destroy(args...)	do { } while (0)
#define trace_objagg_obj_get(args...)	do { } while (0)
#define trace_objagg_obj_put(args...)	do { } while (0)
#define trace_objagg_obj_parent_assign(args...)	do { } while (0)
#define trace_objagg_obj_parent_unassign(args...)	do { } while (0)
#define trace_objagg_obj_root_create(args...)	do { } while (0)
#define trace_objagg_obj_root_destroy(args...)	do { } while (0)
