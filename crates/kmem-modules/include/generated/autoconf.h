/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* CONFIG_* come with the machine. */
#pragma once
