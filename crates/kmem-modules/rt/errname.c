/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The names of error numbers. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "rt.h"

#define E(name)	[E##name] = "E" #name
static const char *const errnames[] = {
	E(PERM), E(NOENT), E(SRCH), E(INTR), E(IO), E(NXIO), E(2BIG), E(NOEXEC), E(BADF),
	E(CHILD), E(AGAIN), E(NOMEM), E(ACCES), E(FAULT), E(NOTBLK), E(BUSY), E(EXIST),
	E(XDEV), E(NODEV), E(NOTDIR), E(ISDIR), E(INVAL), E(NFILE), E(MFILE), E(NOTTY),
	E(TXTBSY), E(FBIG), E(NOSPC), E(SPIPE), E(ROFS), E(MLINK), E(PIPE), E(DOM), E(RANGE),
	E(DEADLK), E(NAMETOOLONG), E(NOLCK), E(NOSYS), E(NOTEMPTY), E(LOOP), E(NOMSG),
	E(IDRM), E(NODATA), E(TIME), E(NOLINK), E(PROTO), E(BADMSG), E(OVERFLOW), E(BADFD),
	E(ILSEQ), E(RESTART), E(USERS), E(NOTSOCK), E(MSGSIZE), E(OPNOTSUPP), E(ADDRINUSE),
	E(NOBUFS), E(ISCONN), E(NOTCONN), E(SHUTDOWN), E(TIMEDOUT), E(CONNREFUSED),
	E(HOSTDOWN), E(ALREADY), E(INPROGRESS), E(STALE), E(UCLEAN), E(REMOTEIO), E(DQUOT),
	E(NOMEDIUM), E(MEDIUMTYPE), E(CANCELED), E(NOKEY), E(OWNERDEAD), E(NOTRECOVERABLE),
	E(RFKILL), E(HWPOISON), E(RESTARTSYS), E(RESTARTNOINTR), E(RESTARTNOHAND),
	E(NOIOCTLCMD), E(RESTART_RESTARTBLOCK), E(PROBE_DEFER), E(NOTSUPP),
};
#undef E

const char *kmem_errname(int err)
{
	return err > 0 && err < (int)ARRAY_SIZE(errnames) ? errnames[err] : NULL;
}
