/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A driver of the PCI bus, managed throughout. */
#include <linux/module.h>
#include <linux/pci.h>

struct card {
	void __iomem *regs;
	int count;
};

static irqreturn_t on_irq(int irq, void *data)
{
	struct card *card = data;

	iowrite32(ioread32(card->regs) + ++card->count, card->regs + 4);
	return IRQ_HANDLED;
}

static int card_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct card *card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	int err;

	if (!card)
		return -ENOMEM;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, 1 << 0, "card");
	if (err)
		return err;
	pci_set_master(pdev);
	card->regs = pcim_iomap_table(pdev)[0];
	pci_set_drvdata(pdev, card);
	err = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), on_irq, IRQF_SHARED, "card", card);
	dev_info(&pdev->dev, "%04x:%04x, %u bytes, irq %u, table %s\n", pdev->vendor, pdev->device,
		 (u32)pci_resource_len(pdev, 0), pdev->irq, id->driver_data == 3 ? "yes" : "no");
	return err;
}

static void card_remove(struct pci_dev *pdev)
{
	struct card *card = pci_get_drvdata(pdev);

	dev_info(&pdev->dev, "gone after %d\n", card->count);
}

static const struct pci_device_id card_ids[] = {
	{ PCI_DEVICE(0x8086, 0x100e) },
	{ PCI_DEVICE(0x1b36, 0x0010), .driver_data = 3 },
	{ }
};
MODULE_DEVICE_TABLE(pci, card_ids);

static struct pci_driver card_driver = {
	.name = "card", .id_table = card_ids, .probe = card_probe, .remove = card_remove,
};
module_pci_driver(card_driver);
MODULE_LICENSE("Dual MIT/GPL");
