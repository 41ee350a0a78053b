/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fields of words, told by their masks. */
#pragma once
#include <linux/build_bug.h>
#include <linux/bits.h>
#include <linux/byteorder/generic.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#define __bf_shf(mask)	(__builtin_ffsll(mask) - 1)

#define FIELD_MAX(mask)	((__typeof__(mask))((mask) >> __bf_shf(mask)))
#define FIELD_FIT(mask, val)	(!((((__typeof__(mask))(val)) << __bf_shf(mask)) & ~(mask)))
#define FIELD_PREP(mask, val) ({					\
	BUILD_BUG_ON_MSG(__builtin_constant_p(mask) && (mask) == 0, "FIELD_PREP: mask is zero");	\
	((__typeof__(mask))(val) << __bf_shf(mask)) & (mask); })
#define FIELD_PREP_CONST(mask, val)	(((__typeof__(mask))(val) << __bf_shf(mask)) & (mask))
#define FIELD_GET(mask, reg)	((__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask)))
#define FIELD_MODIFY(mask, reg_p, val)	\
	((void)(*(reg_p) = (*(reg_p) & ~(mask)) | (((__typeof__(mask))(val) << __bf_shf(mask)) & (mask))))

/* the same with a type's name: u32_encode_bits() and its kin */
#define __kmem_field(type, base, to, from)				\
static __always_inline __##type type##_encode_bits(base v, base field)	\
{ return to((v & (field >> __bf_shf(field))) << __bf_shf(field)); }	\
static __always_inline __##type type##_replace_bits(__##type old, base v, base field)	\
{ return (old & ~to(field)) | type##_encode_bits(v, field); }		\
static __always_inline void type##p_replace_bits(__##type *p, base v, base field)	\
{ *p = type##_replace_bits(*p, v, field); }				\
static __always_inline base type##_get_bits(__##type v, base field)	\
{ return (from(v) & field) >> __bf_shf(field); }
#define __kmem_same(x)	(x)
__kmem_field(u8, u8, __kmem_same, __kmem_same)
__kmem_field(u16, u16, __kmem_same, __kmem_same)
__kmem_field(u32, u32, __kmem_same, __kmem_same)
__kmem_field(u64, u64, __kmem_same, __kmem_same)
__kmem_field(le16, u16, cpu_to_le16, le16_to_cpu)
__kmem_field(le32, u32, cpu_to_le32, le32_to_cpu)
__kmem_field(le64, u64, cpu_to_le64, le64_to_cpu)
__kmem_field(be16, u16, cpu_to_be16, be16_to_cpu)
__kmem_field(be32, u32, cpu_to_be32, be32_to_cpu)
__kmem_field(be64, u64, cpu_to_be64, be64_to_cpu)
#undef __kmem_field
