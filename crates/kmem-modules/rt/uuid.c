/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Identifiers of sixteen bytes: RFC 4122. */
#if KMEM_ERA >= 60
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/random.h>
#include <linux/uuid.h>

const guid_t guid_null;
const uuid_t uuid_null;
/* where in the structure the text's n-th byte goes */
const u8 guid_index[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
const u8 uuid_index[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* version 4: random; variant: the RFC's */
static void random_id(unsigned char *id, unsigned int version_at)
{
	get_random_bytes(id, UUID_SIZE);
	id[version_at] = (id[version_at] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
}

void generate_random_uuid(unsigned char uuid[16])
{
	random_id(uuid, 6);
}

void generate_random_guid(unsigned char guid[16])
{
	random_id(guid, 7);
}

void guid_gen(guid_t *u)
{
	random_id(u->b, 7);
}

void uuid_gen(uuid_t *u)
{
	random_id(u->b, 6);
}

static bool dash_at(unsigned int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_is_valid(const char *uuid)
{
	unsigned int i;

	for (i = 0; i < UUID_STRING_LEN; i++)
		if (dash_at(i) ? uuid[i] != '-' : !isxdigit(uuid[i]))
			return false;
	return true;
}

static int parse_id(const char *text, u8 *b, const u8 *index)
{
	unsigned int i, n = 0;

	if (!uuid_is_valid(text))
		return -EINVAL;
	for (i = 0; i < UUID_STRING_LEN; i++) {
		if (dash_at(i))
			continue;
		b[index[n++]] = hex_to_bin(text[i]) << 4 | hex_to_bin(text[i + 1]);
		i++;
	}
	return 0;
}

int guid_parse(const char *uuid, guid_t *u)
{
	return parse_id(uuid, u->b, guid_index);
}

int uuid_parse(const char *uuid, uuid_t *u)
{
	return parse_id(uuid, u->b, uuid_index);
}
#endif
