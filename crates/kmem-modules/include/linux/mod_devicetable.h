/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The tables by which a driver says which devices it serves. */
#pragma once
#include <linux/types.h>

typedef unsigned long kernel_ulong_t;

struct of_device_id {
	char name[32];
	char type[32];
	char compatible[128];
	const void *data;
};

#define PLATFORM_NAME_SIZE	24
struct platform_device_id {
	char name[PLATFORM_NAME_SIZE];
	kernel_ulong_t driver_data;
};

#define PCI_ANY_ID	(~0)
struct pci_device_id {
	u32 vendor, device;
	u32 subvendor, subdevice;
	u32 class, class_mask;
	kernel_ulong_t driver_data;
	u32 override_only;
};

#define ACPI_ID_LEN	16
struct acpi_device_id {
	u8 id[ACPI_ID_LEN];
	kernel_ulong_t driver_data;
	u32 cls, cls_msk;
};
