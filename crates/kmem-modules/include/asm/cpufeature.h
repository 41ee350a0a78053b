/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the CPU can do: the plainest that runs these kernels. */
#pragma once

#define X86_FEATURE_FPU	(0 * 32 + 0)
#define X86_FEATURE_TSC	(0 * 32 + 4)
#define X86_FEATURE_CX8	(0 * 32 + 8)
#define X86_FEATURE_XMM	(0 * 32 + 25)
#define X86_FEATURE_XMM2	(0 * 32 + 26)
#define boot_cpu_has(feature)	((feature) == X86_FEATURE_CX8 || (feature) == X86_FEATURE_TSC)
#define cpu_feature_enabled(feature)	boot_cpu_has(feature)
#define static_cpu_has(feature)	boot_cpu_has(feature)
