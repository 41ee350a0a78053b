/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hashes of names. */
#if KMEM_ERA >= 60
#include <linux/stringhash.h>

unsigned int full_name_hash(const void *salt, const char *name, unsigned int len)
{
	unsigned long hash = init_name_hash(salt);

	while (len--)
		hash = partial_name_hash((unsigned char)*name++, hash);
	return end_name_hash(hash);
}

u64 hashlen_string(const void *salt, const char *name)
{
	unsigned int len = 0;

	while (name[len])
		len++;
	return hashlen_create(full_name_hash(salt, name, len), len);
}
#endif
