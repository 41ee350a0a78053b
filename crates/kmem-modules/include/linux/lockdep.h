/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Annotations for a lock checker that is not here; the locks check themselves. */
#pragma once
#include <linux/types.h>

struct lock_class_key { };
struct lockdep_map { };

#define DEFINE_STATIC_KEY_LOCKDEP(name)	struct lock_class_key name
#define lockdep_set_class(lock, key)	((void)(key))
#define lockdep_set_class_and_name(lock, key, name)	((void)(key))
#define lockdep_set_subclass(lock, sub)	((void)0)
#define lockdep_init_map(map, name, key, sub)	((void)(name), (void)(key))
#define lockdep_register_key(key)	((void)(key))
#define lockdep_unregister_key(key)	((void)(key))
#define lockdep_is_held(lock)	1
#define lockdep_assert_held(lock)	((void)(lock))
#define lockdep_assert_not_held(lock)	((void)(lock))
#define lockdep_assert_held_write(lock)	((void)(lock))
#define lockdep_assert_held_read(lock)	((void)(lock))
#define lockdep_assert_held_once(lock)	((void)(lock))
#define lockdep_assert_irqs_enabled()	do { } while (0)
#define lockdep_assert_irqs_disabled()	do { } while (0)
#define lockdep_assert_in_softirq()	do { } while (0)
#define lockdep_off()	do { } while (0)
#define lockdep_on()	do { } while (0)
#define SINGLE_DEPTH_NESTING	1
#define lock_acquire_exclusive(map, sub, try, nest, ip)	((void)(map), (void)(sub))
#define lock_acquire_shared(map, sub, try, nest, ip)	((void)(map), (void)(sub))
#define lock_acquire_shared_recursive(map, sub, try, nest, ip)	((void)(map), (void)(sub))
#define lock_release(map, ip)	((void)(map))
#define lock_is_held(map)	1
#define mutex_acquire(map, sub, try, ip)	((void)(map), (void)(sub))
#define mutex_release(map, ip)	((void)(map))
#define rwsem_acquire(map, sub, try, ip)	((void)(map), (void)(sub))
#define rwsem_acquire_read(map, sub, try, ip)	((void)(map), (void)(sub))
#define rwsem_release(map, ip)	((void)(map))
#define spin_acquire(map, sub, try, ip)	((void)(map), (void)(sub))
#define spin_release(map, ip)	((void)(map))
#define lock_map_acquire(map)	((void)(map))
#define lock_map_acquire_read(map)	((void)(map))
#define lock_map_release(map)	((void)(map))
#define lock_map_sync(map)	((void)(map))
