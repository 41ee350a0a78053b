/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Slab caches and kmalloc. */
#pragma once
#include <linux/alloc_tag.h>
#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/export.h>
#include <linux/overflow_mm.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#if KMEM_ERA >= 60
#include <linux/workqueue.h>
#endif
#include <kmem/host.h>

struct kmem_cache;

#define SLAB_RED_ZONE		0x00000400U
#define SLAB_POISON		0x00000800U
#define SLAB_HWCACHE_ALIGN	0x00002000U
#define SLAB_CACHE_DMA		0x00004000U
#define SLAB_STORE_USER		0x00010000U
#define SLAB_RECLAIM_ACCOUNT	0x00020000U
#define SLAB_PANIC		0x00040000U
#define SLAB_MEM_SPREAD		0x00100000U

void *kmalloc(size_t size, gfp_t gfp);
void kfree(const void *p);
size_t ksize(const void *p);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *obj);
int kmem_cache_shrink(struct kmem_cache *cache);
unsigned int kmem_cache_size(struct kmem_cache *cache);
const char *kmem_cache_name(struct kmem_cache *cache);

#define __kmalloc(size, gfp)	kmalloc(size, gfp)
#define kmalloc_node(size, gfp, node)	((void)(node), kmalloc(size, gfp))
#define kmem_cache_alloc_node(cache, gfp, node)	((void)(node), kmem_cache_alloc(cache, gfp))

#if KMEM_ERA >= 60

#define SLAB_CONSISTENCY_CHECKS	((slab_flags_t)0x00000100U)
#define SLAB_CACHE_DMA32	((slab_flags_t)0x00008000U)
#define SLAB_TYPESAFE_BY_RCU	((slab_flags_t)0x00080000U)
#define SLAB_TRACE		((slab_flags_t)0x00200000U)
#define SLAB_NOLEAKTRACE	((slab_flags_t)0x00800000U)
#define SLAB_NO_MERGE		((slab_flags_t)0x01000000U)
#define SLAB_ACCOUNT		((slab_flags_t)0x04000000U)
#define SLAB_KASAN		((slab_flags_t)0x08000000U)
#define SLAB_NO_USER_FLAGS	((slab_flags_t)0x10000000U)
#define SLAB_KMALLOC		((slab_flags_t)0x00001000U)
#define SLAB_SKIP_KFENCE	((slab_flags_t)0x20000000U)
#define SLAB_TEMPORARY		SLAB_RECLAIM_ACCOUNT

#define ZERO_SIZE_PTR	((void *)16)
#define ZERO_OR_NULL_PTR(x)	((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)
#define KMALLOC_MAX_SIZE	((unsigned long)KMEM_KMALLOC_MAX)
#define KMALLOC_MAX_CACHE_SIZE	((unsigned long)KMEM_KMALLOC_MAX_CACHE)
#define KMALLOC_MIN_SIZE	KMEM_KMALLOC_MIN
#define KMALLOC_MAX_ORDER	KMEM_TOP_ORDER
#define ARCH_KMALLOC_MINALIGN	KMEM_KMALLOC_MINALIGN
#define ARCH_SLAB_MINALIGN	__alignof__(unsigned long long)

void kmem_cache_destroy(struct kmem_cache *cache);
/* waits until what kfree_rcu() was given is free; destroying a cache does so since 6.12 */
void kvfree_rcu_barrier(void);
#if LINUX_VERSION_CODE >= 0x060c00
#define kmem_cache_destroy(cache)	do { kvfree_rcu_barrier(); kmem_cache_destroy(cache); } while (0)
#endif
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t size, void **p);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t size, void **p);
void *krealloc(const void *p, size_t size, gfp_t gfp) __must_check;
size_t kmalloc_size_roundup(size_t size);
void kfree_sensitive(const void *p);
void *kvmalloc(size_t size, gfp_t gfp);
void kvfree(const void *p);
void kvfree_sensitive(const void *p, size_t len);
void kmem_kvfree_rcu(struct rcu_head *head, void *p);
void kmem_kvfree_after_readers(const void *p);

static __always_inline struct kmem_cache *
kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align,
			   slab_flags_t flags, unsigned int useroffset,
			   unsigned int usersize, void (*ctor)(void *))
{
	return kmem_host_cache_create(name, size, align, flags, useroffset, usersize,
				      ctor, NULL, ~0U);
}

static __always_inline struct kmem_cache *
__kmem_cache_create(const char *name, unsigned int size, unsigned int align,
		    slab_flags_t flags, void (*ctor)(void *))
{
	return kmem_host_cache_create(name, size, align, flags, 0, 0, ctor, NULL,
				      ~0U);
}

/* a source written for 6.12 may run on a machine before it */
struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset;
	unsigned int usersize;
	unsigned int freeptr_offset;
	bool use_freeptr_offset;
	void (*ctor)(void *);
};

static __always_inline struct kmem_cache *
__kmem_cache_create_args(const char *name, unsigned int size,
			 struct kmem_cache_args *args, slab_flags_t flags)
{
	return kmem_host_cache_create(name, size, args->align, flags, args->useroffset,
				      args->usersize, args->ctor, NULL,
				      args->use_freeptr_offset ? args->freeptr_offset : ~0U);
}

static __always_inline struct kmem_cache *
__kmem_cache_default_args(const char *name, unsigned int size,
			  struct kmem_cache_args *none, slab_flags_t flags)
{
	return kmem_host_cache_create(name, size, 0, flags, 0, 0, NULL, NULL, ~0U);
}

#define kmem_cache_create(name, size, args, ...)			\
	_Generic((args),						\
		struct kmem_cache_args *: __kmem_cache_create_args,	\
		void *: __kmem_cache_default_args,			\
		default: __kmem_cache_create)(name, size, args, __VA_ARGS__)

#define KMEM_CACHE(type, flags)	\
	__kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)
#define KMEM_CACHE_USERCOPY(type, flags, field)				\
	kmem_cache_create_usercopy(#type, sizeof(struct type),		\
		__alignof__(struct type), (flags), offsetof(struct type, field), \
		sizeof_field(struct type, field), NULL)

static __always_inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}

static __always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return kmalloc(bytes, gfp);
}

static __always_inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static __always_inline void *__must_check krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return krealloc(p, bytes, gfp);
}

static __always_inline void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return NULL;
	return kvmalloc(bytes, gfp);
}

static __always_inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* kvrealloc(p, size, gfp) since 6.12, with the old size in the second place before */
void *kmem_kvrealloc(const void *p, size_t size, gfp_t gfp) __must_check;
void *kmem_kvrealloc_sized(const void *p, size_t oldsize, size_t newsize, gfp_t gfp);
#define __kmem_arg5(a, b, c, d, e, ...)	e
#define kvrealloc(p, size...)	\
	__kmem_arg5(p, ##size, kmem_kvrealloc_sized, kmem_kvrealloc)(p, ##size)

DEFINE_FREE(kfree, void *, if (!IS_ERR_OR_NULL(_T)) kfree(_T))
DEFINE_FREE(kvfree, void *, if (!IS_ERR_OR_NULL(_T)) kvfree(_T))

#define kzalloc_node(size, gfp, node)	((void)(node), kzalloc(size, gfp))
#define kcalloc_node(n, size, gfp, node)	((void)(node), kcalloc(n, size, gfp))
#define kmalloc_array_node(n, size, gfp, node)	((void)(node), kmalloc_array(n, size, gfp))
#define kvmalloc_node(size, gfp, node)	((void)(node), kvmalloc(size, gfp))
#define kvzalloc_node(size, gfp, node)	((void)(node), kvzalloc(size, gfp))
#define kvcalloc_node(n, size, gfp, node)	((void)(node), kvcalloc(n, size, gfp))
#define kvmalloc_array_node(n, size, gfp, node)	((void)(node), kvmalloc_array(n, size, gfp))
#define kmalloc_track_caller(size, gfp)	kmalloc(size, gfp)
#define kmalloc_node_track_caller(size, gfp, node)	kmalloc_node(size, gfp, node)
#define kmem_cache_alloc_lru(cache, lru, gfp)	((void)(lru), kmem_cache_alloc(cache, gfp))
#define kfree_bulk(size, p)	kmem_cache_free_bulk(NULL, size, p)
#define kfree_const(x)	kfree(x)
#define kzfree(x)	kfree_sensitive(x)

/* objects by type, since 7.0; without flags GFP_KERNEL is meant */
#define default_gfp(gfp...)	__kmem_gfp_or(_, ##gfp, GFP_KERNEL)
#define __kmem_gfp_or(a, b, ...)	b
#define __kmem_objs(alloc, type, count, gfp)	\
	((__typeof__(type) *)alloc(size_mul(sizeof(__typeof__(type)), (count)), (gfp)))
#define kmalloc_obj(type, gfp...)	__kmem_objs(kmalloc, type, 1, default_gfp(gfp))
#define kzalloc_obj(type, gfp...)	__kmem_objs(kzalloc, type, 1, default_gfp(gfp))
#define kmalloc_objs(type, count, gfp...)	__kmem_objs(kmalloc, type, count, default_gfp(gfp))
#define kzalloc_objs(type, count, gfp...)	__kmem_objs(kzalloc, type, count, default_gfp(gfp))
#define kvmalloc_obj(type, gfp...)	__kmem_objs(kvmalloc, type, 1, default_gfp(gfp))
#define kvzalloc_obj(type, gfp...)	__kmem_objs(kvzalloc, type, 1, default_gfp(gfp))
#define kvmalloc_objs(type, count, gfp...)	__kmem_objs(kvmalloc, type, count, default_gfp(gfp))
#define kvzalloc_objs(type, count, gfp...)	__kmem_objs(kvzalloc, type, count, default_gfp(gfp))

#define __kmem_kvfree_rcu2(ptr, member) do {				\
	__typeof__(ptr) __p = (ptr);					\
	if (__p)							\
		kmem_kvfree_rcu(&__p->member, (void *)__p);		\
} while (0)
#define __kmem_kvfree_rcu1(ptr)	kmem_kvfree_after_readers(ptr)
#define __kmem_arg3(a, b, c, ...)	c
#define kvfree_rcu(ptr, member...)	\
	__kmem_arg3(ptr, ##member, __kmem_kvfree_rcu2, __kmem_kvfree_rcu1)(ptr, ##member)
#define kfree_rcu(ptr, member...)	kvfree_rcu(ptr, ##member)
#define kvfree_rcu_mightsleep(ptr)	kmem_kvfree_after_readers(ptr)
#define kfree_rcu_mightsleep(ptr)	kmem_kvfree_after_readers(ptr)

#define kmalloc_noprof	kmalloc
#define kmalloc_node_noprof	kmalloc_node
#define kzalloc_noprof	kzalloc
#define kcalloc_noprof	kcalloc
#define kmalloc_array_noprof	kmalloc_array
#define krealloc_noprof	krealloc
#define krealloc_array_noprof	krealloc_array
#define kmem_cache_alloc_noprof	kmem_cache_alloc
#define kmem_cache_alloc_node_noprof	kmem_cache_alloc_node
#define kmem_cache_alloc_bulk_noprof	kmem_cache_alloc_bulk
#define kvmalloc_noprof	kvmalloc
#define kvmalloc_node_noprof	kvmalloc_node
#define kvzalloc_noprof	kvzalloc
#define kvmalloc_array_noprof	kvmalloc_array
#define kvcalloc_noprof	kvcalloc
#define kvrealloc_noprof	kvrealloc
#define kmalloc_track_caller_noprof	kmalloc_track_caller
#define kmalloc_node_track_caller_noprof	kmalloc_node_track_caller
#define kzalloc_node_noprof	kzalloc_node
#define kcalloc_node_noprof	kcalloc_node
#define kmalloc_array_node_noprof	kmalloc_array_node
#define kvcalloc_node_noprof	kvcalloc_node
#define kvmalloc_array_node_noprof	kvmalloc_array_node
#define kmem_cache_zalloc_noprof	kmem_cache_zalloc
#define __kmalloc_noprof	kmalloc
#define __kmalloc_node_noprof	kmalloc_node
#define kmem_cache_alloc_lru_noprof	kmem_cache_alloc_lru
#define kmemdup_noprof	kmemdup

#else

#define SLAB_DEBUG_FREE		0x00000100UL
#define SLAB_DEBUG_INITIAL	0x00000200UL
#define SLAB_NO_REAP		0x00001000UL
#define SLAB_MUST_HWCACHE_ALIGN	0x00008000UL
#define SLAB_DESTROY_BY_RCU	0x00080000UL

#define SLAB_CTOR_CONSTRUCTOR	0x001UL
#define SLAB_CTOR_ATOMIC	0x002UL
#define SLAB_CTOR_VERIFY	0x004UL

#define SLAB_NOFS	GFP_NOFS
#define SLAB_NOIO	GFP_NOIO
#define SLAB_ATOMIC	GFP_ATOMIC
#define SLAB_USER	GFP_USER
#define SLAB_KERNEL	GFP_KERNEL
#define SLAB_DMA	GFP_DMA
#define SLAB_LEVEL_MASK	(__GFP_WAIT | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_COLD | \
			 __GFP_NOWARN | __GFP_REPEAT | __GFP_NOFAIL | __GFP_NORETRY | \
			 __GFP_NO_GROW | __GFP_COMP)

#if LINUX_VERSION_CODE >= 0x02060f
typedef struct kmem_cache kmem_cache_t;
#else
#define kmem_cache_s	kmem_cache
typedef struct kmem_cache_s kmem_cache_t;
#endif

int kmem_cache_destroy(kmem_cache_t *cache);

/* a constant size that no cache has does not link */
extern void __you_cannot_kmalloc_that_much(void);
#define kmalloc(size, gfp) ({						\
	if (__builtin_choose_expr(__builtin_constant_p(size), 1, 0) &&	\
	    (size) > KMEM_KMALLOC_MAX)					\
		__you_cannot_kmalloc_that_much();			\
	(kmalloc)((size), (gfp)); })

/* user copies are not watched by a 2.6 kernel, so all of the object is open to them */
static __always_inline kmem_cache_t *
kmem_cache_create(const char *name, size_t size, size_t align, unsigned long flags,
		  void (*ctor)(void *, kmem_cache_t *, unsigned long),
		  void (*dtor)(void *, kmem_cache_t *, unsigned long))
{
	return kmem_host_cache_create(name, size, align, flags, 0, size, ctor, dtor, ~0U);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? __builtin_memset(p, 0, size) : NULL;
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kzalloc(bytes, gfp);
}

static inline void *kmem_cache_zalloc(kmem_cache_t *cache, gfp_t gfp)
{
	void *p = kmem_cache_alloc(cache, gfp);

	return p ? __builtin_memset(p, 0, kmem_cache_size(cache)) : NULL;
}

#endif
