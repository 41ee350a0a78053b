/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Switches that are asked often and thrown seldom. Here they are plain counts. */
#pragma once
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

#if KMEM_ERA < 60
#error linux/jump_label.h came after 2.6.18
#endif

struct static_key {
	atomic_t enabled;
};

struct static_key_true {
	struct static_key key;
};

struct static_key_false {
	struct static_key key;
};

#define STATIC_KEY_INIT_TRUE	{ .enabled = ATOMIC_INIT(1) }
#define STATIC_KEY_INIT_FALSE	{ .enabled = ATOMIC_INIT(0) }
#define STATIC_KEY_INIT		STATIC_KEY_INIT_FALSE
#define STATIC_KEY_TRUE_INIT	(struct static_key_true){ .key = STATIC_KEY_INIT_TRUE }
#define STATIC_KEY_FALSE_INIT	(struct static_key_false){ .key = STATIC_KEY_INIT_FALSE }
#define DEFINE_STATIC_KEY_TRUE(name)	struct static_key_true name = STATIC_KEY_TRUE_INIT
#define DEFINE_STATIC_KEY_TRUE_RO(name)	DEFINE_STATIC_KEY_TRUE(name)
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name = STATIC_KEY_FALSE_INIT
#define DEFINE_STATIC_KEY_FALSE_RO(name)	DEFINE_STATIC_KEY_FALSE(name)
#define DECLARE_STATIC_KEY_TRUE(name)	extern struct static_key_true name
#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_ARRAY_TRUE(name, count)	\
	struct static_key_true name[count] = { [0 ... (count) - 1] = STATIC_KEY_TRUE_INIT }
#define DEFINE_STATIC_KEY_ARRAY_FALSE(name, count)	\
	struct static_key_false name[count] = { [0 ... (count) - 1] = STATIC_KEY_FALSE_INIT }
#define DEFINE_STATIC_KEY_MAYBE(cfg, name)	\
	__PASTE(DEFINE_STATIC_KEY_, __kmem_key_word(IS_ENABLED(cfg)))(name)
#define __kmem_key_word(on)	__PASTE(__kmem_key_word_, on)
#define __kmem_key_word_0	FALSE
#define __kmem_key_word_1	TRUE

/* any of the three */
#define __kmem_key(x)	((struct static_key *)(x))

static inline int static_key_count(struct static_key *key)
{
	return atomic_read(&key->enabled);
}

static inline bool static_key_false(struct static_key *key)
{
	return static_key_count(key) > 0;
}

static inline bool static_key_true(struct static_key *key)
{
	return static_key_count(key) > 0;
}

static inline bool static_key_fast_inc_not_disabled(struct static_key *key)
{
	return atomic_inc_not_zero(&key->enabled);
}

static inline bool static_key_slow_inc(struct static_key *key)
{
	atomic_inc(&key->enabled);
	return true;
}

static inline void static_key_slow_dec(struct static_key *key)
{
	WARN(atomic_dec_return(&key->enabled) < 0, "jump label: negative count!");
}

static inline void static_key_enable(struct static_key *key)
{
	atomic_set(&key->enabled, 1);
}

static inline void static_key_disable(struct static_key *key)
{
	atomic_set(&key->enabled, 0);
}

#define static_key_enabled(x)	(static_key_count(__kmem_key(x)) > 0)
#define static_branch_likely(x)	likely(static_key_enabled(x))
#define static_branch_unlikely(x)	unlikely(static_key_enabled(x))
#define static_branch_maybe(config, x)	static_key_enabled(x)
#define static_branch_inc(x)	static_key_slow_inc(__kmem_key(x))
#define static_branch_dec(x)	static_key_slow_dec(__kmem_key(x))
#define static_branch_inc_cpuslocked(x)	static_branch_inc(x)
#define static_branch_dec_cpuslocked(x)	static_branch_dec(x)
#define static_branch_enable(x)	static_key_enable(__kmem_key(x))
#define static_branch_disable(x)	static_key_disable(__kmem_key(x))
#define static_branch_enable_cpuslocked(x)	static_branch_enable(x)
#define static_branch_disable_cpuslocked(x)	static_branch_disable(x)
#define jump_label_lock()	do { } while (0)
#define jump_label_unlock()	do { } while (0)
#define jump_label_ratelimit(key, interval)	do { } while (0)
