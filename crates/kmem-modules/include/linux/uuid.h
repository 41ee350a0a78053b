/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Identifiers of sixteen bytes: a GUID has its first three numbers in little endian, a UUID in big endian. */
#pragma once
#include <linux/string.h>
#include <linux/types.h>

#define UUID_SIZE	16
#define UUID_STRING_LEN	36

typedef struct {
	__u8 b[UUID_SIZE];
} guid_t;

typedef struct {
	__u8 b[UUID_SIZE];
} uuid_t;

typedef guid_t uuid_le;

#define __kmem_u16le(x)	(x) & 0xff, ((x) >> 8) & 0xff
#define __kmem_u32le(x)	(x) & 0xff, ((x) >> 8) & 0xff, ((x) >> 16) & 0xff, ((x) >> 24) & 0xff
#define __kmem_u16be(x)	((x) >> 8) & 0xff, (x) & 0xff
#define __kmem_u32be(x)	((x) >> 24) & 0xff, ((x) >> 16) & 0xff, ((x) >> 8) & 0xff, (x) & 0xff
#define GUID_INIT(a, b, c, rest...)	\
	((guid_t) { { __kmem_u32le(a), __kmem_u16le(b), __kmem_u16le(c), rest } })
#define UUID_INIT(a, b, c, rest...)	\
	((uuid_t) { { __kmem_u32be(a), __kmem_u16be(b), __kmem_u16be(c), rest } })
#define UUID_LE(a, b, c, rest...)	GUID_INIT(a, b, c, rest)
#define NULL_UUID_LE	((uuid_le) { { 0 } })

extern const guid_t guid_null;
extern const uuid_t uuid_null;
extern const u8 guid_index[UUID_SIZE];
extern const u8 uuid_index[UUID_SIZE];

void generate_random_uuid(unsigned char uuid[UUID_SIZE]);
void generate_random_guid(unsigned char guid[UUID_SIZE]);
void guid_gen(guid_t *u);
void uuid_gen(uuid_t *u);
bool __must_check uuid_is_valid(const char *uuid);
int guid_parse(const char *uuid, guid_t *u);
int uuid_parse(const char *uuid, uuid_t *u);

static inline bool guid_equal(const guid_t *a, const guid_t *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline void guid_copy(guid_t *dst, const guid_t *src)
{
	memcpy(dst, src, sizeof(*dst));
}

static inline void import_guid(guid_t *dst, const __u8 *src)
{
	memcpy(dst, src, sizeof(*dst));
}

static inline void export_guid(__u8 *dst, const guid_t *src)
{
	memcpy(dst, src, sizeof(*src));
}

static inline bool guid_is_null(const guid_t *guid)
{
	return guid_equal(guid, &guid_null);
}

static inline bool uuid_equal(const uuid_t *a, const uuid_t *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline void uuid_copy(uuid_t *dst, const uuid_t *src)
{
	memcpy(dst, src, sizeof(*dst));
}

static inline void import_uuid(uuid_t *dst, const __u8 *src)
{
	memcpy(dst, src, sizeof(*dst));
}

static inline void export_uuid(__u8 *dst, const uuid_t *src)
{
	memcpy(dst, src, sizeof(*src));
}

static inline bool uuid_is_null(const uuid_t *uuid)
{
	return uuid_equal(uuid, &uuid_null);
}
