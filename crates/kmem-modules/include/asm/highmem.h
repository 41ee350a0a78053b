/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Windows onto pages that have no address of their own. */
#pragma once
#include <linux/highmem.h>
