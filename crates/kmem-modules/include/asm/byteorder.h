/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Byte order: all machines here are little-endian. */
#pragma once
#include <linux/swab.h>

#define __LITTLE_ENDIAN	1234
#define __LITTLE_ENDIAN_BITFIELD

#define cpu_to_le16(x)	((__le16)(u16)(x))
#define cpu_to_le32(x)	((__le32)(u32)(x))
#define cpu_to_le64(x)	((__le64)(u64)(x))
#define le16_to_cpu(x)	((u16)(__le16)(x))
#define le32_to_cpu(x)	((u32)(__le32)(x))
#define le64_to_cpu(x)	((u64)(__le64)(x))
#define cpu_to_be16(x)	((__be16)swab16(x))
#define cpu_to_be32(x)	((__be32)swab32(x))
#define cpu_to_be64(x)	((__be64)swab64(x))
#define be16_to_cpu(x)	swab16((__be16)(x))
#define be32_to_cpu(x)	swab32((__be32)(x))
#define be64_to_cpu(x)	swab64((__be64)(x))
#define __cpu_to_le16(x)	cpu_to_le16(x)
#define __cpu_to_le32(x)	cpu_to_le32(x)
#define __cpu_to_le64(x)	cpu_to_le64(x)
#define __le16_to_cpu(x)	le16_to_cpu(x)
#define __le32_to_cpu(x)	le32_to_cpu(x)
#define __le64_to_cpu(x)	le64_to_cpu(x)
#define __cpu_to_be16(x)	cpu_to_be16(x)
#define __cpu_to_be32(x)	cpu_to_be32(x)
#define __cpu_to_be64(x)	cpu_to_be64(x)
#define __be16_to_cpu(x)	be16_to_cpu(x)
#define __be32_to_cpu(x)	be32_to_cpu(x)
#define __be64_to_cpu(x)	be64_to_cpu(x)
#define cpu_to_le16p(p)	cpu_to_le16(*(const u16 *)(p))
#define cpu_to_le32p(p)	cpu_to_le32(*(const u32 *)(p))
#define cpu_to_le64p(p)	cpu_to_le64(*(const u64 *)(p))
#define le16_to_cpup(p)	le16_to_cpu(*(const __le16 *)(p))
#define le32_to_cpup(p)	le32_to_cpu(*(const __le32 *)(p))
#define le64_to_cpup(p)	le64_to_cpu(*(const __le64 *)(p))
#define cpu_to_be16p(p)	cpu_to_be16(*(const u16 *)(p))
#define cpu_to_be32p(p)	cpu_to_be32(*(const u32 *)(p))
#define cpu_to_be64p(p)	cpu_to_be64(*(const u64 *)(p))
#define be16_to_cpup(p)	be16_to_cpu(*(const __be16 *)(p))
#define be32_to_cpup(p)	be32_to_cpu(*(const __be32 *)(p))
#define be64_to_cpup(p)	be64_to_cpu(*(const __be64 *)(p))
#define cpu_to_le16s(p)	do { } while (0)
#define cpu_to_le32s(p)	do { } while (0)
#define cpu_to_le64s(p)	do { } while (0)
#define le16_to_cpus(p)	do { } while (0)
#define le32_to_cpus(p)	do { } while (0)
#define le64_to_cpus(p)	do { } while (0)
#define cpu_to_be16s(p)	swab16s(p)
#define cpu_to_be32s(p)	swab32s(p)
#define cpu_to_be64s(p)	swab64s(p)
#define be16_to_cpus(p)	swab16s(p)
#define be32_to_cpus(p)	swab32s(p)
#define be64_to_cpus(p)	swab64s(p)
#define htons(x)	cpu_to_be16(x)
#define htonl(x)	cpu_to_be32(x)
#define ntohs(x)	be16_to_cpu(x)
#define ntohl(x)	be32_to_cpu(x)

static inline void le16_add_cpu(__le16 *var, u16 val) { *var = cpu_to_le16(le16_to_cpu(*var) + val); }
static inline void le32_add_cpu(__le32 *var, u32 val) { *var = cpu_to_le32(le32_to_cpu(*var) + val); }
static inline void le64_add_cpu(__le64 *var, u64 val) { *var = cpu_to_le64(le64_to_cpu(*var) + val); }
static inline void be16_add_cpu(__be16 *var, u16 val) { *var = cpu_to_be16(be16_to_cpu(*var) + val); }
static inline void be32_add_cpu(__be32 *var, u32 val) { *var = cpu_to_be32(be32_to_cpu(*var) + val); }
static inline void be64_add_cpu(__be64 *var, u64 val) { *var = cpu_to_be64(be64_to_cpu(*var) + val); }
