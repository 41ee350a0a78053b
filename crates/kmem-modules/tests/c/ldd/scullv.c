/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The same over areas of vmalloc. */
#define AREAS
#include "scullp.c"
