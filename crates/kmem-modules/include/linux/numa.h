/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nodes: one. */
#pragma once

#define NODES_SHIFT	0
#define MAX_NUMNODES	1
#define NUMA_NO_NODE	(-1)
